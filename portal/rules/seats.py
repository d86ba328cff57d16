"""Seats: how many administrators a platform may have, how many are free, and who loses the seat.

In which states somebody may invite is the table of `access`. Source: RULES.md, Additional administrators.

Where RULES.md is silent:
- An open invitation occupies a seat, so that two people never accept the same one.
- In the grace the seats that covered E are kept.
- If the customer picks too few people, the newest of the others follow; a pick beyond what is needed is not used.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal.rules.dates import as_utc
from portal.rules.terms import INCLUDED_SEATS


@dataclass(frozen=True, slots=True)
class Grant:
    """Additional administrators that have been paid for, from the first to the last business day.

    Raises ValueError for a grant of nobody or of no day.
    """

    quantity: int
    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.ends_on < self.starts_on:
            raise ValueError("a grant is for at least one administrator and one day")

    def covers(self, day: date) -> bool:
        """Both its first and its last day are inside."""
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True, slots=True)
class Administrator:
    """An enabled administrator, as far as seats are concerned; first: the one who came with the platform."""

    user_name: str
    created_at: datetime
    first: bool = False


def seats(grants: Iterable[Grant], today: date, expires_on: date | None) -> int:
    """How many administrators may be enabled today: the included one and those paid for.

    After E the grants that covered E still count, so that nobody is disabled before it is clear what is renewed.

    >>> seats([Grant(2, date(2026, 3, 1), date(2027, 2, 28))], date(2027, 3, 5), date(2027, 2, 28))
    3
    """
    day = today if expires_on is None else min(today, expires_on)
    return INCLUDED_SEATS + sum(grant.quantity for grant in grants if grant.covers(day))


def free_seats(paid: int, enabled: int, invited: int = 0) -> int:
    """How many more people can be invited: those enabled and those invited together never exceed the seats.

    Asked without `invited` when an invitation is accepted: it has kept its own seat until then.

    >>> free_seats(3, enabled=1, invited=1)
    1
    """
    return max(0, paid - enabled - invited)


def pick_disabled(
    enabled: Iterable[Administrator], paid_seats: int, picked: Collection[str] = ()
) -> tuple[Administrator, ...]:
    """Who loses the seat when a term begins with fewer of them, in the order of going.

    picked: the user names the customer chose; then the newest first. Never the first administrator. Raises ValueError
    for fewer seats than the one that is always included.
    """
    if paid_seats < INCLUDED_SEATS:
        raise ValueError(f"a platform has at least {INCLUDED_SEATS} seat")
    everybody = list(enabled)
    newest = sorted(everybody, key=lambda person: (as_utc(person.created_at), person.user_name), reverse=True)
    order = sorted((person for person in newest if not person.first), key=lambda person: person.user_name not in picked)
    return tuple(order[: max(0, len(everybody) - paid_seats)])
