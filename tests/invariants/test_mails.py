"""Mails: each function of a `mails.py` has its folder of three texts, and a reviewed snapshot of them per language."""

import ast
import re
from pathlib import Path

import pytest

import portal
from portal.kit import texts
from portal.web.letter_words import LETTERS

CODE = Path(portal.__file__).parent
FOLDERS = CODE / "templates" / "mail"
SNAPSHOTS = Path(__file__).parents[1] / "jobs" / "snapshots"
PARTS = ("subject.txt", "body.txt", "body.html")
OPEN_PLACEHOLDER = re.compile(r"%\(\w+\)|%[sd]\b|\{\{|\}\}|\{%|\bNone\b|\bUndefined\b|datetime\.|<bound method")


def functions() -> dict[str, list[ast.FunctionDef]]:
    """The public functions of every feature's mails.py, by name."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for path in sorted(CODE.glob("*/mails.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(node)
    return found


MAILS = functions()


def snapshots(mail: str) -> list[Path]:
    """Of the mail and of its variants, such as reset_link_from_staff."""
    return [path for path in sorted(SNAPSHOTS.iterdir()) if path.name.startswith((f"{mail}.", f"{mail}_"))]


def test_there_are_mails() -> None:
    assert {"user_names", "reset_link", "invitation", "password_set", "administrator_disabled"} <= set(MAILS)


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_has_its_three_texts(mail: str) -> None:
    assert len(MAILS[mail]) == 1, f"two features have a mail {mail}: give one of them another name"
    for part in PARTS:
        assert (FOLDERS / mail / part).is_file(), f"write portal/templates/mail/{mail}/{part}"


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_takes_its_facts_by_name(mail: str) -> None:
    given = MAILS[mail][0].args
    assert [a.arg for a in given.args] == ["db"], f"{mail}: everything but db is keyword-only"
    assert {"to", "at"} <= {a.arg for a in given.kwonlyargs}, f"{mail}: to whom, and when?"


def test_there_is_no_folder_without_its_mail() -> None:
    extra = {path.name for path in FOLDERS.iterdir() if path.is_dir()} - set(MAILS)
    assert not extra, f"no function makes the mails {extra}: take the folders away"


@pytest.mark.parametrize("mail", MAILS)
@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_a_mail_has_a_snapshot_in_every_language(mail: str, language: str, kind: str) -> None:
    path = SNAPSHOTS / f"{mail}.{language}.{kind}"
    assert path.is_file(), f"add the mail to CASES of tests/jobs/test_letters.py, then make {path.name}"


@pytest.mark.parametrize("path", sorted(SNAPSHOTS.iterdir()), ids=lambda path: path.name)
def test_a_snapshot_is_finished(path: Path) -> None:
    assert any(path in snapshots(mail) for mail in MAILS), f"{path.name} belongs to no mail: take it away"
    text = path.read_text("utf-8")
    assert not OPEN_PLACEHOLDER.search(text), f"{path.name}: a placeholder was left open; mend the template"
    if path.suffix == ".txt":
        first, second, *_ = text.splitlines()
        assert re.fullmatch(r"Subject: \S.*", first)
        assert len(first) <= len("Subject: ") + 78, f"{path.name}: the subject is too long for one line"
        assert second == "", f"{path.name}: a subject is one line"
        assert "<" not in text, f"{path.name}: HTML in the plain text"


@pytest.mark.parametrize("mail", MAILS)
def test_no_language_is_a_copy_of_another(mail: str) -> None:
    """A sentence that stands in the plain texts of two languages was forgotten in the translation."""
    lines = {
        language: set((SNAPSHOTS / f"{mail}.{language}.txt").read_text("utf-8").splitlines())
        for language in texts.LANGUAGES
    }
    for line in set.intersection(*lines.values()):
        neutral = line.startswith("http") or "·" in line or line in ("", "--")
        assert neutral, f"{line!r} is not translated: add it to portal/translations"


def test_each_mail_has_its_words_at_the_desk_and_no_other_has() -> None:
    """Staff read which mails were sent: not the names of templates."""
    assert set(LETTERS) == set(MAILS), "say in portal/web/letter_words.py what the mail is about"
