"""The words of a language, read as the tools that write them mean them."""

from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from portal.kit import texts
from portal.kit.catalogues import Catalogue

HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=3; plural=(n == 0 ? 0 : n == 1 ? 1 : 2);\\n"\n\n'


@pytest.mark.parametrize("path", sorted(texts.PLACES.glob("*.po")), ids=lambda path: path.stem)
def test_every_entry_is_read_as_babel_reads_it(path: Path) -> None:
    source = path.read_text("utf-8")
    found = Catalogue(source)
    for message in read_po(BytesIO(source.encode())):
        if isinstance(message.id, tuple):
            assert [found.ngettext(*message.id, num) for num in (1, 2)] == list(message.string)
        elif message.id:
            assert found.gettext(message.id) == message.string


def test_a_text_of_several_lines_is_one_text_and_its_marks_are_what_they_stand_for() -> None:
    source = 'msgid ""\n"one \\"two\\"\\n"\n"three"\nmsgstr "uno\\tdue\\\\n"'
    assert Catalogue(source).gettext('one "two"\nthree') == "uno\tdue\\n"
    (babel,) = [message.string for message in read_po(StringIO(source)) if message.id]
    assert babel == "uno\tdue\\n"


def test_the_language_says_which_form_a_number_has() -> None:
    found = Catalogue(HEADER + 'msgid "a"\nmsgid_plural "as"\nmsgstr[0] "none"\nmsgstr[1] "one"\nmsgstr[2] "many"\n')
    assert [found.ngettext("a", "as", num) for num in (0, 1, 2, 21)] == ["none", "one", "many", "many"]


def test_what_is_not_translated_is_said_in_english() -> None:
    found = Catalogue(HEADER + 'msgid "here"\nmsgstr ""\n\nmsgid "a"\nmsgid_plural "as"\nmsgstr[0] "x"\nmsgstr[1] ""\n')
    assert (found.gettext("here"), found.gettext("there"), found.gettext("")) == ("here", "there", "")
    assert [found.ngettext("a", "as", num) for num in (1, 2)] == ["a", "as"]
    assert [Catalogue().ngettext("a", "as", num) for num in (0, 1, 2)] == ["as", "a", "as"]
