"""What holds for every answer, whatever was sent."""

import re
from typing import Any

from tests.attack.blows import FORM, Blow
from tests.attack.forms import Form, read
from tests.helpers.pages import check_page

INNARDS = re.compile(
    r"Traceback|File \"|Werkzeug|Python/|werkzeug\.|sqlalchemy|psycopg|sqlite3|granian|jinja2", re.IGNORECASE
)
AS_SENT = "werkzeug.url_quote"  # what is no UTF-8 stays as it stood in the body: %FF
ONCE = "code"  # counts once, and is asked for anew
BLANKS = re.compile(r"\s+")


def check(blow: Blow, answer: Any) -> None:
    """No fault of ours, nothing of our innards, a page that is one, and what was typed still there."""
    fault = answer.status_code >= 500 and not (answer.status_code == 503 and answer.headers.get("Retry-After"))
    assert not fault, f"{answer.status_code} for {blow}"
    if answer.get_data() or answer.request.method != "OPTIONS":  # whose answer is its heads, called a page all the same
        check_page(blow.path, answer)
    if answer.mimetype in ("text/html", "text/plain", "application/json"):
        found = INNARDS.search(answer.get_data(as_text=True))
        assert not found, f"{found} is told to {blow}"
    if answer.status_code == 422 and blow.kind == FORM:
        keeps(blow, answer)


def keeps(blow: Blow, answer: Any) -> None:
    """A form that comes back has in it what was typed: as far as a page can show it, and but for secrets."""
    typed = _first_of_each(blow)
    for form in read(answer.get_data(as_text=True)).forms:
        if form.method != "POST" or not set(form.fields) & set(typed) - {"csrf_token"}:
            continue
        for name, value in typed.items():
            if name != ONCE and form.shown(name) and not _is_kept(form, name, value):
                raise AssertionError(
                    f"{name}: {value[:80]!r} was typed, and {form.fields[name][:80]!r} is there: {blow}"
                )


def _is_kept(form: Form, name: str, value: str) -> bool:
    there = form.fields[name]
    return _plain(there) == _plain(value)


def _plain(text: str) -> str:
    """Without what may differ: blanks, and what no page can hold."""
    return BLANKS.sub("", "".join(c for c in text if c.isprintable() and c != "\ufffd"))


def _first_of_each(blow: Blow) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in blow.typed:
        found.setdefault(name.decode("utf-8", AS_SENT), value.decode("utf-8", AS_SENT))
    return found
