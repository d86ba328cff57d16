"""The words of a language, read from its `.po` file: nothing to build, nothing to go stale.

Babel reads such files too, for tools that change them: with the places of each message, and a check of its parts. That
took a tenth of the start (measured); our tests read them so (tests/invariants/test_words.py), and a server like this.
"""

import re
from collections.abc import Callable, Iterator
from gettext import c2py  # undocumented, and what the standard library itself reads the same line with

_PLURAL = re.compile(r"\bplural=([^;\n]+)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}  # any other is itself: \" and \\
_Entry = dict[str, str]


class Catalogue:
    """Translations by their English, which stands in where there is none."""

    def __init__(self, source: str = "") -> None:
        self._one: dict[str, str] = {}
        self._many: dict[str, list[str]] = {}
        self._form: Callable[[int], int] = lambda num: int(num != 1)
        for entry in _entries(source):
            if not entry["msgid"]:
                rule = _PLURAL.search(entry["msgstr"])
                self._form = c2py(rule[1]) if rule else self._form
            elif "msgid_plural" in entry:
                forms = [text for name, text in sorted(entry.items()) if name.startswith("msgstr[")]
                if all(forms):
                    self._many[entry["msgid"]] = forms
            elif entry["msgstr"]:
                self._one[entry["msgid"]] = entry["msgstr"]

    def gettext(self, text: str) -> str:
        return self._one.get(text, text)

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        forms = self._many.get(singular)
        if forms is None:
            return singular if num == 1 else plural
        return forms[self._form(num)]


def _entries(source: str) -> Iterator[_Entry]:
    """What stands between two empty lines: texts by their keyword, each of one line or several."""
    for block in source.split("\n\n"):
        entry: _Entry = {}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("msg"):
                keyword, _, line = line.partition(" ")
                entry[keyword] = ""
            if line.startswith('"'):
                entry[keyword] += _read(line)
        if entry:
            yield entry


def _read(quoted: str) -> str:
    text = quoted[1:-1]
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text
