"""What a page offers to whoever reads it: its links and its forms, by the standard library's parser, which is quick."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

UNSENT = ("submit", "button", "reset", "image", "file")
SHOWN = ("text", "email", "tel", "search", "url", "number", "textarea")


@dataclass
class Form:
    """A form as it stands on a page: where it leads, and each field with the value it would be sent with."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kind: str, value: str, *, chosen: bool = True) -> None:
        if chosen or name not in self.fields:
            self.fields[name] = value
        self.kinds[name] = kind

    def shown(self, name: str) -> bool:
        """Whether what was typed here can be read on the page."""
        return self.kinds.get(name) in SHOWN


@dataclass
class Reader(HTMLParser):
    """`links` and `forms` of a page, once it was fed."""

    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._form: Form | None = None
        self._select: str | None = None
        self._area: str | None = None
        self._elsewhere: list[str] = []  # where single buttons of this form lead

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
            self.forms.append(self._form)
        elif tag == "button" and given.get("formaction"):
            self._elsewhere.append(given["formaction"])
        elif self._form is not None and given.get("name"):
            self._field(tag, given)
        elif tag == "option" and self._form and self._select:
            self._form.add(self._select, "select", given.get("value", ""), chosen="selected" in given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = given["name"], given.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            self._form.add(name, "textarea", "")
        elif tag == "button" and given.get("value"):
            self._form.add(name, "button", given["value"])
        elif tag == "input" and kind not in UNSENT:
            on = kind not in ("radio", "checkbox") or "checked" in given
            self._form.add(name, kind, given.get("value", "on" if kind == "checkbox" else ""), chosen=on)

    def handle_data(self, data: str) -> None:
        if self._form and self._area:
            self._form.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            self.forms += [
                replace(self._form, action=action, fields=dict(self._form.fields)) for action in self._elsewhere
            ]
            self._form, self._elsewhere = None, []
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._form and self._area:
            text = self._form.fields[self._area]  # the first line break after the tag is none of the text
            self._form.fields[self._area] = text.removeprefix("\r\n").removeprefix("\n")
            self._area = None


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader
