"""The rows of a platform put together: one for each of its terms, which have to fit each other and today.

Where RULES.md is silent:
- The last paid term is enough. Earlier ones may leave days out between them, as with a customer who came back; a term
  that has not begun follows the one before it without a gap, and there is at most one such, as with a renewal.
- Terms that follow each other are counted from the first day of the first of them, where the months allow it.
- A platform in its ten days of grace moves in, with what the rules give it. One whose grace is over is refused: the
  next night would mark it for deletion, and nobody ever imports something to be deleted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from portal.moving_in.circumstances import Circumstances
from portal.moving_in.faults import Faults, said, shown
from portal.moving_in.forms import PlatformRow, Unreadable
from portal.rules.dates import ONE_DAY, falls_on_anchor
from portal.rules.lifecycle import grace_last_day
from portal.rules.seats import Grant
from portal.rules.terms import GRACE_DAYS

Complaint = tuple[PlatformRow, str, str, str]  # the row, the column, what was found there, what is expected
SAME = ("company", "channels", "cancelled_on")  # what each row of a platform has to say alike
NO_TERM = ("edition", "first_day", "last_day", "trial", "cancelled_on", "additional_administrators")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A platform that moves in: its rows, the oldest term first."""

    rows: tuple[PlatformRow, ...]

    @property
    def last(self) -> PlatformRow:
        return self.rows[-1]

    @property
    def id(self) -> int:
        return self.last.id

    @property
    def expires_on(self) -> date | None:
        return self.last.last_day

    def grants(self) -> list[Grant]:
        """The additional administrators that each term has paid for."""
        paid = [(row.additional_administrators, row.first_day, row.last_day) for row in self.rows]
        return [Grant(count, first, last) for count, first, last in paid if count and first and last]

    def anchors(self) -> list[date | None]:
        """For each row, the day from which the months of its row of terms are counted."""
        found: list[date | None] = []
        for index, row in enumerate(self.rows):
            goes_on = index > 0 and _follows(self.rows[index - 1], row)
            earlier = found[-1] if goes_on else None
            fits = earlier and row.first_day and falls_on_anchor(earlier, row.first_day)
            found.append(earlier if fits else row.first_day)
        return found


@dataclass(frozen=True, slots=True)
class _Term:
    """A row with its days, which it has."""

    first_day: date
    last_day: date
    row: PlatformRow


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The platforms of a file, by their number. doubtful: those with a fault, of which nothing else is told."""

    found: dict[int, Arrival]
    doubtful: set[int]


def arrivals(rows: Iterable[PlatformRow | Unreadable], file: str, about: Circumstances, faults: Faults) -> Arrivals:
    """Put the rows together; every platform that cannot be as it is written is told of."""
    grouped: dict[int, list[PlatformRow]] = {}
    doubtful: set[int] = set()
    for row in rows:
        if isinstance(row, Unreadable):
            doubtful.add(row.values.get("id", 0))
        else:
            grouped.setdefault(row.id, []).append(row)
    found: dict[int, Arrival] = {}
    for number, mine in grouped.items():
        complaints = list(_complaints(mine, about))
        for row, column, what, expected in complaints:
            faults.add(file, row.line, column, what, expected)
        if complaints:
            doubtful.add(number)
        elif number not in doubtful:
            found[number] = Arrival(tuple(sorted(mine, key=lambda row: row.first_day or date.min)))
    return Arrivals(found, doubtful)


def require_time_left(new: Iterable[Arrival], file: str, about: Circumstances, faults: Faults) -> None:
    """Tell of every platform that is not here and whose grace is over. One that is here lives by what is stored."""
    for arrival in new:
        if arrival.expires_on and about.today > grace_last_day(arrival.expires_on):
            why = f"the time to renew ended {GRACE_DAYS} days after it, and the next night would mark it for deletion"
            faults.add(file, arrival.last.line, "last_day", str(arrival.expires_on), f"a later day: {why}")


def _complaints(rows: list[PlatformRow], about: Circumstances) -> Iterator[Complaint]:
    """What is wrong with each row by itself, or else with all of them together."""
    alone = [complaint for row in rows for complaint in _of_row(row, about)]
    yield from alone or _of_all(rows, about)


def _of_row(row: PlatformRow, about: Circumstances) -> Iterator[Complaint]:
    if not row.channels.email:
        for name in (name for name in NO_TERM if getattr(row, name)):
            yield row, name, said(getattr(row, name)), "nothing on a platform without e-mail"
        return
    if row.first_day is None or row.last_day is None:
        name = "first_day" if row.first_day is None else "last_day"
        yield row, name, "nothing", "a day: a platform with e-mail has a term"
    elif row.last_day < row.first_day:
        yield row, "last_day", str(row.last_day), f"a day from {row.first_day} on, the first one"
    if about.prices.find_edition(row.edition, about.today) is None:
        known = ", ".join(edition.code for edition in about.prices.on(about.today).editions)
        yield row, "edition", shown(row.edition), f"one that a price list has; today's has {known}"
    if row.cancelled_on and row.cancelled_on > about.today:
        yield row, "cancelled_on", str(row.cancelled_on), "a day that is not to come"


def _of_all(rows: list[PlatformRow], about: Circumstances) -> Iterator[Complaint]:
    first = rows[0]
    if not first.channels.email:
        yield from ((row, "id", str(row.id), f"each platform once: it is in line {first.line}") for row in rows[1:])
        return
    for row in rows[1:]:
        for name in (name for name in SAME if getattr(row, name) != getattr(first, name)):
            yield row, name, said(getattr(row, name) or None), f"what line {first.line} has: one platform, {row.id}"
    terms = [_Term(row.first_day, row.last_day, row) for row in rows if row.first_day and row.last_day]
    terms.sort(key=lambda term: term.first_day)
    for before, term in pairwise(terms):
        yield from _of_neighbours(before, term, about)
    yield from _of_last(terms, about)


def _of_neighbours(before: _Term, term: _Term, about: Circumstances) -> Iterator[Complaint]:
    if term.first_day <= before.last_day:
        later, other = (term, before) if term.row.line > before.row.line else (before, term)
        expected = f"days that are not in line {other.row.line}, which has {other.first_day} to {other.last_day}"
        yield later.row, "first_day", str(later.first_day), expected
    elif term.first_day > about.today and not _follows(before.row, term.row):
        yield term.row, "first_day", str(term.first_day), f"{before.last_day + ONE_DAY}: a term to come follows at once"
    if term.row.trial and not before.row.trial:
        yield term.row, "trial", "yes", f"no: line {before.row.line} has a paid term before it"


def _of_last(terms: list[_Term], about: Circumstances) -> Iterator[Complaint]:
    last = terms[-1]
    if last.row.trial and last.row.cancelled_on:
        yield last.row, "cancelled_on", str(last.row.cancelled_on), "nothing: a trial cannot be cancelled"
    to_come = [term for term in terms if term.first_day > about.today]
    if len(to_come) == len(terms) or len(to_come) > 1:
        yield last.row, "first_day", str(last.first_day), "at most one term to come, after one that has begun"


def _follows(before: PlatformRow, row: PlatformRow) -> bool:
    return before.last_day is not None and row.first_day == before.last_day + ONE_DAY
