"""What every page must be, whatever test fetched it; the message of each law tells the remedy."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import html5lib
from werkzeug.test import TestResponse

HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
)
UNLABELLED = ("hidden", "submit", "button")
PASSWORD_TOKENS = ("current-password", "new-password")
NAMELESS = ("/request-trial/start",)  # the user name is given on the next page


@dataclass(frozen=True)
class Page:
    """A parsed page. `text` is what a person reads, blanks folded."""

    path: str
    root: Element
    html: str

    @classmethod
    def empty(cls) -> "Page":
        return cls("", Element("html"), "")

    @property
    def bytes_but_token(self) -> str:
        """The page as it came, but for the forgery token: it is signed with the second it was made in."""
        return re.sub(r'(name="csrf_token"[^>]*value=")[^"]*', r"\1", self.html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.root.itertext()).split())

    @property
    def heading(self) -> str:
        return " ".join(" ".join(self.all("h1")[0].itertext()).split())

    def all(self, tag: str) -> list[Element]:
        return list(self.root.iter(tag))

    def with_attribute(self, name: str) -> list[Element]:
        return [element for element in self.root.iter() if element.get(name) is not None]

    def state(self) -> str | None:
        return self.all("main")[0].get("data-state")

    def form(self, number: int = 0) -> tuple[str, dict[str, str]]:
        """(action, values as the browser would send them untouched) of the n-th POST form inside <main>."""
        chosen = self.forms()[number]
        values = {i.get("name", ""): i.get("value", "") for i in chosen.iter("input") if i.get("name") and _sent(i)}
        for select in chosen.iter("select"):
            options = list(select.iter("option"))
            picked = next((o for o in options if o.get("selected") is not None), options[0])
            values[select.get("name", "")] = picked.get("value", "")
        for area in chosen.iter("textarea"):
            values[area.get("name", "")] = area.text or ""
        return chosen.get("action", ""), values

    def value(self, name: str) -> str:
        """What stands in the field of this name, in whichever form it is."""
        return next(fields[name] for _, fields in map(self.form, range(len(self.forms()))) if name in fields)

    def forms(self) -> list[Element]:
        """The POST forms inside <main>."""
        return [f for f in self.all("main")[0].iter("form") if f.get("method", "").lower() == "post"]

    def form_with(self, name: str, value: str | None = None) -> int:
        """Which of the forms has a field of this name, and of this value if one is given."""
        found = [fields for _, fields in map(self.form, range(len(self.forms())))]
        return next(n for n, fields in enumerate(found) if name in fields and value in (None, fields[name]))

    def errors(self) -> list[str]:
        """The messages beside the fields."""
        found = [e for e in self.root.iter() if "error" in (e.get("class") or "").split()]
        return [" ".join("".join(e.itertext()).split()) for e in found]


def _sent(field: Element) -> bool:
    """A browser sends a box or a radio button only where it is checked."""
    return field.get("type") not in ("radio", "checkbox") or field.get("checked") is not None


def check_page(path: str, response: TestResponse) -> Page | None:
    """The page of an answer, once it has passed; None for what is no HTML."""
    for name in HEADERS:
        assert response.headers.get(name), f"{path}: no {name}; portal/web/headers.py sets it on every answer"
    if (
        response.request.method == "HEAD"
        or response.mimetype != "text/html"
        or response.status_code in (301, 302, 303, 307, 308)
    ):
        return None
    html = response.get_data(as_text=True)
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parse(html)
    faults = [f"{position}: {code}" for position, code, _ in parser.errors]
    assert not faults, f"{path}: invalid HTML {faults[:5]}; mend the template"
    page = Page(path, root, html)
    _check_frame(page)
    _check_ids(page)
    _check_labels(page)
    _check_secrets(page, nameless=response.request.path in NAMELESS)
    _check_policy(page)
    return page


def _check_frame(page: Page) -> None:
    where = page.path
    assert page.root.get("lang") in ("it", "en"), f"{where}: <html lang> is missing; extend layout.html"
    assert len(page.all("h1")) == 1, f"{where}: {len(page.all('h1'))} <h1>; a page has one"
    assert len(page.all("main")) == 1, f"{where}: a page has one <main>"
    title = "".join(page.all("title")[0].itertext()) if page.all("title") else ""
    assert title.strip(), f"{where}: no <title>; fill the block"
    if page.errors():
        assert title.startswith(("Error", "Errore")), f"{where}: the title of a page with errors says so first"


def _check_ids(page: Page) -> None:
    ids = [element.get("id") for element in page.with_attribute("id")]
    twice = {i for i in ids if ids.count(i) > 1}
    assert not twice, f"{page.path}: ids used twice: {twice}; an id names one thing"
    for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
        for element in page.with_attribute(name):
            missing = [i for i in (element.get(name) or "").split() if i not in ids]
            assert not missing, f"{page.path}: {name} points to {missing}, which is not there"
    for link in page.all("a"):
        href = link.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids, f"{page.path}: a link to {href}, which is not there"


def _check_labels(page: Page) -> None:
    labelled = {label.get("for") for label in page.all("label")}
    wrapped = {id(child) for label in page.all("label") for child in label.iter()}
    for tag in ("input", "select", "textarea"):
        for control in page.all(tag):
            if control.get("type") in UNLABELLED:
                continue
            named = control.get("id") in labelled or id(control) in wrapped or control.get("aria-label")
            assert named, f"{page.path}: the field {control.get('name')} has no label"
    for form in page.all("form"):
        if form.get("method", "").lower() == "post":
            names = [i.get("name") for i in form.iter("input")]
            assert "csrf_token" in names, f"{page.path}: a form to {form.get('action')} without csrf_token"


def _check_secrets(page: Page, *, nameless: bool) -> None:
    """What password managers go by: whose password it is, and whether it is the present or a new one; any length."""
    for form in page.all("form"):
        fields = list(form.iter("input"))
        tokens = [field.get("autocomplete") for field in fields]
        for secret in (field for field in fields if field.get("type") == "password"):
            where = f"{page.path}: the field {secret.get('name')}"
            assert secret.get("autocomplete") in PASSWORD_TOKENS, f"{where} is none of {PASSWORD_TOKENS}"
            assert nameless or "username" in tokens, f"{where} has no autocomplete=username beside it"
            assert secret.get("maxlength") is None, f"{where} cuts what is pasted; the rules refuse and say why"
            assert not secret.get("value"), f"{where} comes with a value; no page repeats a password"
        for code in (field for field in fields if field.get("name") == "code"):
            token = code.get("autocomplete")
            assert token == "one-time-code", f"{page.path}: {token} on a code; phones go by one-time-code"


def _check_policy(page: Page) -> None:
    for element in page.root.iter():
        inline = [name for name in element.keys() if name.startswith("on") or name == "style"]  # noqa: SIM118
        assert not inline, (
            f"{page.path}: <{element.tag} {inline}>; the content policy forbids it, use portal.css / portal.js"
        )
    assert not page.all("style"), f"{page.path}: <style>; put it into portal.css"
    for script in page.all("script"):
        assert script.get("src"), f"{page.path}: an inline script; put it into portal.js"
    raw = re.search(r"%\((\w+)\)[sd]|\{\{|\}\}|\bundefined\b", page.text)
    assert raw is None, f"{page.path}: a placeholder was left open: {raw}"
