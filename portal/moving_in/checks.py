"""People, lots and invoices held against each other and against their platforms, wherever these are.

Each function gives back the rows that have no fault; of a platform that is doubtful itself nothing more is told.

Where RULES.md is silent:
- Credits last as long as this portal promises, or longer: with e-mail through E, without for 24 months. A day before
  that would shorten a right and is refused; a later one is kept.
- An invoice of the former system keeps its number. One that this portal may give itself, of this year or a year to
  come, is refused: two invoices of one number could not be told from each other.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from portal.moving_in.circumstances import Circumstances
from portal.moving_in.faults import Faults, shown
from portal.moving_in.forms import InvoiceRow, LotRow, PersonRow, Unreadable
from portal.rules import credits, invoices, names
from portal.rules.credits import Lot
from portal.rules.names import BadName
from portal.rules.terms import SMS_ONLY_LOT_MONTHS

Complaint = tuple[str, str, str]  # the column, what was found there, what is expected
Rule = Callable[[Any, "Homes", Circumstances], Iterator[Complaint]]


@dataclass(frozen=True, slots=True)
class Home:
    """A platform as far as the others need it: as it moves in, or as it stands here.

    enabled, first: how many administrators it has here, and whether the first one is among them. line: of a new one.
    """

    id: int
    email: bool
    sms: bool
    expires_on: date | None
    seats: int
    enabled: int = 0
    first: bool = False
    line: int | None = None

    @property
    def new(self) -> bool:
        return self.line is not None


@dataclass(slots=True)
class Homes:
    """Every platform that is spoken of, by its number. doubtful: those of which something is wrong already."""

    found: dict[int, Home]
    doubtful: set[int] = field(default_factory=set)


def judge(
    rows: Iterable[Any], key: str, rule: Rule, file: str, homes: Homes, about: Circumstances, faults: Faults
) -> list[Any]:
    """The rows in which nothing is wrong; `key` names the column that no two of them share, if there is one."""
    seen: dict[Any, int] = {}
    good = []
    for row in rows:
        if isinstance(row, Unreadable):
            homes.doubtful.add(row.values.get("platform", 0))
            continue
        complaints = list(rule(row, homes, about))
        if key and (line := seen.setdefault(getattr(row, key), row.line)) != row.line:
            complaints.append((key, _said(getattr(row, key)), f"each one once: it is in line {line}"))
        for column, found, expected in complaints:
            faults.add(file, row.line, column, found, expected)
        if not complaints and row.platform in homes.found:
            good.append(row)
    return good


def _said(value: Any) -> str:
    return shown(str(getattr(value, "folded", value)))


def of_person(row: PersonRow, homes: Homes, about: Circumstances) -> Iterator[Complaint]:
    number = row.platform
    if isinstance(names.new_user_name(row.user_name.folded, number), BadName):
        yield "user_name", shown(row.user_name.folded), f"a name of platform {number}, such as m{number}-anna"
    elif row.first != (row.user_name.suffix is None):
        expected = "no: only m and the platform's number is the first one's name"
        yield "first", "yes" if row.first else "no", expected if row.first else "yes: nobody else has such a name"
    if row.disabled_on and row.disabled_on > about.today:
        yield "disabled_on", str(row.disabled_on), "a day that is not to come"
    yield from _platform(number, homes)


def of_lot(row: LotRow, homes: Homes, about: Circumstances) -> Iterator[Complaint]:
    yield from _platform(row.platform, homes)
    if row.left > row.credits:
        yield "left", str(row.left), f"at most {row.credits}, as many as were bought"
    if row.bought_on > about.today:
        yield "bought_on", str(row.bought_on), "a day that is not to come"
    if home := homes.found.get(row.platform):
        yield from _expiry(row, home, about)


def _expiry(row: LotRow, home: Home, about: Circumstances) -> Iterator[Complaint]:
    if not home.sms:
        yield "platform", str(home.id), "a platform that sends SMS"
        return
    promised = last_day(replace(row, expires_on=None), home)
    if row.expires_on and row.expires_on < promised:
        why = "as long as the subscription" if home.email else f"{SMS_ONLY_LOT_MONTHS} months"
        yield "expires_on", str(row.expires_on), f"{promised} or later, or nothing: credits last {why}"
    elif row.left and not home.email and last_day(row, home) < about.today:
        yield "left", str(row.left), f"0: these credits ended on {last_day(row, home)}"


def kept_until(row: LotRow, home: Home) -> date | None:
    """The lot's own last day (`rules.credits`): none where it follows E."""
    own = credits.buy(0, row.bought_on, row.credits, home.expires_on).kept_until
    return max((day for day in (own, row.expires_on) if day and day != home.expires_on), default=None)


def last_day(row: LotRow, home: Home) -> date:
    """The last day on which its credits can be spent, as things stand."""
    return credits.last_day(Lot(0, row.bought_on, row.left, kept_until(row, home)), home.expires_on)


def of_invoice(row: InvoiceRow, homes: Homes, about: Circumstances) -> Iterator[Complaint]:
    yield from _platform(row.platform, homes)
    if invoices.may_be_given(row.number, about.today.year):
        yield "number", shown(row.number), "a number that this portal does not give itself from this year on"
    if row.issued_on > about.today:
        yield "issued_on", str(row.issued_on), "a day that is not to come"
    if row.net + row.tax != row.total:
        yield "total", amount(row.total), f"{amount(row.net + row.tax)}, net and tax together"
    if (row.net < 0) != (row.total < 0):
        yield "net", amount(row.net), "an amount on the same side of zero as the total"


def amount(cents: int) -> str:
    """An amount as the files have it.

    >>> amount(-5), amount(123456)
    ('-0.05', '1234.56')
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _platform(number: int, homes: Homes) -> Iterator[Complaint]:
    if number not in homes.found and number not in homes.doubtful:
        yield "platform", str(number), "a platform that moves in with this import, or is here"


def everybody_has_a_first(
    people: Iterable[PersonRow | Unreadable], homes: Homes, files: tuple[str, str], faults: Faults
) -> None:
    """A platform that moves in without its first administrator would belong to nobody. files: platforms, people."""
    firsts = {row.platform for row in people if isinstance(row, PersonRow) and _is_first(row)}
    for home in homes.found.values():
        if home.line is not None and home.id not in firsts and home.id not in homes.doubtful:
            expected = f"its first administrator, m{home.id}, in {files[1]}"
            faults.add(files[0], home.line, "id", str(home.id), expected)


def _is_first(row: PersonRow) -> bool:
    """Whether the row means the first administrator, be it by half: where the two do not fit, that is told already."""
    return row.first or row.user_name.suffix is None


def seats_suffice(new: Iterable[PersonRow], homes: Homes, file: str, faults: Faults) -> None:
    """Enabled administrators never exceed the seats; of each platform the first one too many is told."""
    taken = {home.id: home.enabled for home in homes.found.values()}
    firsts = {home.id for home in homes.found.values() if home.first}
    told: set[int] = set()
    for row in new:
        home = homes.found[row.platform]
        taken[home.id] += row.disabled_on is None
        if row.first and home.id in firsts:
            faults.add(file, row.line, "first", "yes", f"no: platform {home.id} has its first administrator")
        elif taken[home.id] > home.seats and home.id not in told:
            faults.add(file, row.line, "user_name", shown(row.user_name.folded), _seats(home))
            told.add(home.id)
        if row.first:
            firsts.add(home.id)


def _seats(home: Home) -> str:
    return f"no more than the {home.seats} administrators that platform {home.id} has seats for"
