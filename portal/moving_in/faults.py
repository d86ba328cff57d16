"""What is wrong with the files, place by place: all of it is looked for, and a bounded part of it is told."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_KEPT = 1_000  # faults; beyond that they are counted
LONGEST_SHOWN = 60  # characters of what was found


@dataclass(frozen=True, slots=True)
class Unfit:
    """A cell holds no such value; what is expected there, for a person to read. secret: what was found is not shown."""

    expected: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A place, what was found there and what is expected. line: as an editor counts. column: empty for a whole line."""

    file: str
    line: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{where}: found {self.found}, expected {self.expected}"


class Faults:
    """Every fault is counted, and the first ones are kept. files: their names, in the order in which they are told."""

    def __init__(self, files: Sequence[str], most: int = MOST_KEPT) -> None:
        self._files, self._most = files, most
        self._kept: list[Fault] = []
        self.count = 0

    def add(self, file: str, line: int, column: str, found: str, expected: str) -> None:
        self.count += 1
        if len(self._kept) < self._most:
            self._kept.append(Fault(file, line, column, found, expected))

    def kept(self) -> list[Fault]:
        """Those that are told: file by file, in the order of their lines."""
        return sorted(self._kept, key=lambda fault: (self._files.index(fault.file), fault.line))


def shown(text: str) -> str:
    """What stands in a cell, cut, and without what a terminal would obey.

    >>> shown("Rossi\\x1b[2J"), shown("")
    ("'Rossi\\\\x1b[2J'", 'nothing')
    """
    if not text:
        return "nothing"
    return repr(text) if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]!r}… ({len(text)} characters)"


def said(value: object) -> str:
    """A value as the files have it.

    >>> said(True), said(None), said("Rossi"), said(7)
    ('yes', 'nothing', "'Rossi'", '7')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "nothing"
    return shown(str(value)) if isinstance(value, str) else str(value)  # the word of an enumeration, and not its name
