"""Every text is translated, with the same placeholders, and no page says anything that cannot be translated."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment

import portal
from portal.kit import texts

PORTAL = Path(portal.__file__).parent
CATALOGUES = sorted((PORTAL / "translations").glob("*.po"))
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-zA-Z%]")
SEEN_ATTRIBUTES = re.compile(r"\b(?:alt|title|placeholder|aria-label|label|content)=\"([^\"]*)\"")
EXPRESSION = "\x00"
UNSEEN = (
    re.compile(r"<(svg|style)\b.*?</\1>|<!doctype[^>]*>", re.DOTALL),
    re.compile(r"<[^>]*>"),
    re.compile(r'[\w-]+="[^"]*"'),  # the attribute of a tag that another template opens
    re.compile(r"\x00/[\w/?=-]+"),  # an address after the origin
    re.compile(r"&#?\w+;"),
)
NO_WORDS = {
    "m00000",  # the placeholder that RULES.md gives
    "mail@example.com",
    "width=device-width, initial-scale=1",
    "light dark",
}
MsgId = str | tuple[str, ...]


def messages_of(text: str, method: str) -> set[MsgId]:
    """The message ids that a Python source or a template asks a translation for."""
    options = {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "trimmed": "false", "silent": "false"}
    found = extract(method, BytesIO(text.encode()), keywords=KEYWORDS, options=options)
    return {tuple(ids) if isinstance(ids, (tuple, list)) else ids for _, ids, _, _ in found}


def sources() -> Iterator[tuple[Path, str]]:
    for path in sorted(PORTAL.rglob("*.py")):
        yield path, "python"
    for path in sorted((PORTAL / "templates").rglob("*")):
        if path.is_file() and path.suffix in (".html", ".txt"):
            yield path, "jinja2"


def wanted() -> dict[MsgId, Path]:
    """Every message id of the portal, and a file that uses it."""
    return {ids: path for path, method in sources() for ids in messages_of(path.read_text("utf-8"), method)}


def hidden_in_f_strings(source: str) -> list[int]:
    """Lines where a text is asked for inside of an f-string: the extractor does not look there."""
    strings = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    calls = [node for string in strings for node in ast.walk(string) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id in KEYWORDS]


def entries(path: Path) -> dict[MsgId, Message]:
    catalogue: Catalog = read_po(BytesIO(path.read_bytes()), locale=path.stem)
    return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalogue if m.id}


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def forms(text: MsgId) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def fault_of(ids: MsgId, message: Message | None) -> str | None:
    """What is wrong with a translation, or None. Plural forms may leave out the number, as "one" does."""
    if message is None:
        return "is missing"
    if message.fuzzy:
        return "is fuzzy: look at it and take the mark away"
    translated = forms(message.string)
    if not all(text.strip() for text in translated):
        return "is empty"
    if len(translated) == 1:
        return None if placeholders(translated[0]) == placeholders(forms(ids)[0]) else "has other placeholders"
    allowed = set(placeholders(forms(ids)[-1]))
    same = (
        all(set(placeholders(text)) <= allowed for text in translated) and set(placeholders(translated[-1])) == allowed
    )
    return None if same else "has other placeholders"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_everything_is_translated_with_the_same_placeholders(path: Path) -> None:
    found = entries(path)
    faults = {ids: fault_of(ids, found.get(ids)) for ids in wanted()}
    bad = [f"{fault}: {ids!r} ({wanted()[ids].relative_to(PORTAL)})" for ids, fault in faults.items() if fault]
    assert not bad, f"{path.name}: mend these entries:\n" + "\n".join(bad)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_nothing_is_translated_that_nobody_says(path: Path) -> None:
    stale = set(entries(path)) - set(wanted())
    assert not stale, f"{path.name}: take these entries out, nobody uses them: {sorted(map(str, stale))}"


def test_no_text_hides_in_an_f_string() -> None:
    found = [
        (path.name, hidden_in_f_strings(path.read_text("utf-8"))) for path, method in sources() if method == "python"
    ]
    assert not [name for name, lines in found if lines], "take the call out of the f-string, or nobody translates it"


def test_each_language_but_the_one_of_the_sources_has_a_catalogue() -> None:
    assert {path.stem for path in CATALOGUES} == set(texts.LANGUAGES) - {"en"}


def said_outside(source: str, environment: Environment) -> str:
    """The letters of a template that stand between its expressions and tags, seen or read aloud."""
    data = "".join(_pieces(source, environment))
    seen = [text for text in SEEN_ATTRIBUTES.findall(data) if text not in NO_WORDS]
    for unseen in UNSEEN:
        data = unseen.sub(" ", data)
    words = " ".join(" ".join([data, *seen]).replace(EXPRESSION, " ").split())
    return words if re.search(r"[^\W\d_]", words) else ""


def _pieces(source: str, environment: Environment) -> Iterator[str]:
    """What a template says as it stands, with a mark for each expression, and without what {% trans %} translates."""
    before, translated = "", False
    for _line, kind, value in environment.lex(source):
        if kind == "name" and before == "block_begin" and value in ("trans", "endtrans"):
            translated = value == "trans"
        if kind == "data" and not translated:
            yield value
        elif kind == "variable_begin":
            yield EXPRESSION
        if kind != "whitespace":
            before = kind


@pytest.fixture(scope="module")
def environment() -> Environment:
    return Flask("portal").jinja_env.overlay(extensions=["jinja2.ext.i18n"])


TEMPLATES = [path for path, method in sources() if method == "jinja2"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PORTAL / "templates")))
def test_templates_say_nothing_outside_of_the_catalogue(path: Path, environment: Environment) -> None:
    words = said_outside(path.read_text("utf-8"), environment)
    assert not words, f"{path.name} says {words!r}: put it into _(…)"


# --- the extractors themselves ---------------------------------------------------------------------------------------


def test_messages_of_python_are_found_under_every_name() -> None:
    source = (
        'a = _("one"); b = _l("two"); c = gettext("three"); d = ngettext("%(num)d day", "%(num)d days", n); e = N_("4")'
    )
    assert messages_of(source, "python") == {"one", "two", "three", "4", ("%(num)d day", "%(num)d days")}


def test_texts_in_f_strings_are_found() -> None:
    assert hidden_in_f_strings("a = f'{x} {len(y)}'\nb = f'{_(1)} {z}'") == [2]


def test_messages_of_templates_are_found_in_texts_attributes_and_macros() -> None:
    source = """{% macro m(x) %}<a title="{{ _('one') }}">{{ _("two %(x)s", x=x) }}</a>{% endmacro %}
    {% trans %}three{% endtrans %}{{ ngettext("a day", "days", 2) }}"""
    assert messages_of(source, "jinja2") == {"one", "two %(x)s", "three", ("a day", "days")}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<p>{{ _('Hello') }}, {{ name }} · 12</p>", ""),
        ("<p>Hello {{ name }}</p>", "Hello"),
        ('<a class="{{ tone }} card" href="{{ place }}">{{ words }}</a>', ""),
        ('<img alt="A cart" src="{{ place }}">', "A cart"),
        ('<input placeholder="m00000">', ""),
        ("{% if x %}yes{% endif %}", "yes"),
        ("{% trans %}Hello{% endtrans %}{# a note #}&nbsp;", ""),
        ("{{ origin }}/login", ""),
        (' data-state="{{ state }}"', ""),
        ('<a href="x"{% if a > b %} aria-current="page"{% endif %}>{{ y }}</a>', ""),
    ],
)
def test_words_outside_of_the_catalogue_are_found(source: str, said: str, environment: Environment) -> None:
    assert said_outside(source, environment) == said


@pytest.mark.parametrize(
    ("ids", "string", "fault"),
    [
        ("Hello %(name)s", "Ciao %(name)s", None),
        ("Hello %(name)s", "Ciao", "has other placeholders"),
        ("Hello", "", "is empty"),
        (("%(num)d day", "%(num)d days"), ("un giorno", "%(num)d giorni"), None),
        (("%(num)d day", "%(num)d days"), ("un giorno", "giorni"), "has other placeholders"),
        (("%(num)d day", "%(num)d days"), ("%(nome)s", "%(num)d giorni"), "has other placeholders"),
    ],
)
def test_wrong_translations_are_found(ids: MsgId, string: MsgId, fault: str | None) -> None:
    assert fault_of(ids, Message(ids, string)) == fault


def test_missing_and_fuzzy_translations_are_found() -> None:
    assert fault_of("Hello", None) == "is missing"
    assert "fuzzy" in (fault_of("Hello", Message("Hello", "Ciao", flags={"fuzzy"})) or "")
