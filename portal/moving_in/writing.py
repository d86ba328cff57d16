"""Everything that moves in, written into the tables in slices of many rows; the caller's one transaction holds it all.

Where RULES.md is silent:
- Nobody is mailed. Who has no password sets one by "Forgot your password?", with the user name and the stored address.
- Reminders of days before this one count as passed over: the former system has told of them, or nobody will. In the
  grace they do not, because the last warnings must arrive before anything is deleted: the next night tells the newest.
- What was used of a lot is one movement of this day: the former system knows when it was, and the portal does not.
- Whatever comes to a platform by one import is one line of its activity. The sending service is told, where there is
  one, as of a platform that was created here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

from portal.accounts.tables import administrators
from portal.billing import former
from portal.billing.former import FormerInvoice
from portal.credits import ledger
from portal.credits.ledger import Entry
from portal.credits.tables import Kind, lots
from portal.kit import audit
from portal.moving_in.checks import Home, kept_until, last_day
from portal.moving_in.circumstances import Circumstances
from portal.moving_in.forms import InvoiceRow, LotRow, PersonRow
from portal.moving_in.platforms import Arrival
from portal.rules import names, reminders
from portal.rules.access import Role
from portal.rules.dates import ONE_DAY, start_of
from portal.rules.money import Money
from portal.rules.reminders import Paid
from portal.subscription import searched_names, switches
from portal.subscription.events import Event
from portal.subscription.searched_names import NameOf
from portal.subscription.tables import notices, platforms, seat_grants, terms
from portal.subscription.tables import searched_names as forms_of_names

SLICE = 1_000  # rows written with one statement
BY = "command line"


@dataclass(frozen=True, slots=True)
class New:
    """What is not here yet, with the platforms it belongs to. tell: whether a sending service is to be told."""

    platforms: list[Arrival]
    people: list[PersonRow]
    lots: list[LotRow]
    invoices: list[InvoiceRow]
    homes: dict[int, Home]
    tell: bool


def write(db: Connection, new: New, about: Circumstances) -> None:
    """All of it. Raises the database's IntegrityError where somebody has come before."""
    _write_platforms(db, new.platforms, about)
    _insert(db, administrators, (_person(row, about) for row in new.people))
    _write_lots(db, new, about)
    former.store(db, [_invoice(row) for row in new.invoices], at=about.at, zone=about.zone)
    _insert(db, notices, _passed_over(new, about))
    _insert(db, audit.events, _events(new, about))
    if new.tell:
        for number in sorted({arrival.id for arrival in new.platforms} | {row.platform for row in new.lots}):
            switches.announce(db, number, at=about.at)


def _insert(db: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for some in _slices(rows):
        db.execute(table.insert(), some)


def _slices(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(rows)
    while some := list(islice(rest, SLICE)):
        yield some


def _write_platforms(db: Connection, arrivals: list[Arrival], about: Circumstances) -> None:
    _insert(db, platforms, (_platform(arrival, about) for arrival in arrivals))
    names = ((arrival.id, arrival.last.company) for arrival in arrivals)
    _insert(db, forms_of_names, (row for each in names for row in searched_names.rows_of(NameOf.COMPANY, *each)))
    _insert(db, terms, (row for arrival in arrivals for row in _terms(arrival)))
    _insert(db, seat_grants, (row for arrival in arrivals for row in _seats(arrival)))


def _platform(arrival: Arrival, about: Circumstances) -> dict[str, Any]:
    last = arrival.last
    cancelled_at = start_of(last.cancelled_on, about.zone) if last.cancelled_on else None
    row: dict[str, Any] = {"id": last.id, "company": last.company, "trial": last.trial, "cancelled_at": cancelled_at}
    return row | {"email_channel": last.channels.email, "sms_channel": last.channels.sms, "created_at": about.at}


def _terms(arrival: Arrival) -> Iterator[dict[str, Any]]:
    for row, anchor in zip(arrival.rows, arrival.anchors(), strict=True):
        if row.first_day and row.last_day:
            days = {"starts_on": row.first_day, "ends_on": row.last_day, "anchor_on": anchor}
            yield {"platform_id": row.id, "edition": row.edition, "trial": row.trial} | days


def _seats(arrival: Arrival) -> Iterator[dict[str, Any]]:
    for grant in arrival.grants():
        days = {"starts_on": grant.starts_on, "ends_on": grant.ends_on}
        yield {"platform_id": arrival.id, "quantity": grant.quantity} | days


def _person(row: PersonRow, about: Circumstances) -> dict[str, Any]:
    found: dict[str, Any] = {"platform_id": row.platform, "username": row.user_name.folded}
    found |= {"role": Role.FIRST if row.first else Role.ADDITIONAL}
    found |= {"email": row.email, "email_folded": names.fold_email(row.email)}
    found |= {"full_name": row.name, "language": row.language, "password_hash": row.password_hash}
    disabled_at = start_of(row.disabled_on, about.zone) if row.disabled_on else None
    return found | {"must_reset": False, "created_at": about.at, "disabled_at": disabled_at}


def _write_lots(db: Connection, new: New, about: Circumstances) -> None:
    statement = lots.insert().returning(lots.c.id, sort_by_parameter_order=True)
    for some in _slices(new.lots):
        rows = [_lot(row, new.homes[row.platform]) for row in some]
        ids = db.execute(statement, rows).scalars().all()
        booked = (_movements(number, row, about) for number, row in zip(ids, some, strict=True))
        ledger.begin(db, (movement for both in booked for movement in both))


def _lot(row: LotRow, home: Home) -> dict[str, Any]:
    return {"platform_id": row.platform, "bought_on": row.bought_on, "kept_until": kept_until(row, home)}


def _movements(lot_id: int, row: LotRow, about: Circumstances) -> Iterator[Entry]:
    yield Entry(lot_id, row.credits, Kind.BOUGHT, start_of(row.bought_on, about.zone))
    if row.left < row.credits:
        yield Entry(lot_id, row.left - row.credits, Kind.SPENT, about.at)


def _invoice(row: InvoiceRow) -> FormerInvoice:
    amounts = (Money(cents, row.currency) for cents in (row.net, row.tax, row.total))
    return FormerInvoice(row.number, row.platform, row.issued_on, row.printed, *amounts)


def _passed_over(new: New, about: Circumstances) -> Iterator[dict[str, Any]]:
    """The newest notice of each row of notices that would have been written by yesterday."""
    credits = _credits_by_last_day(new)
    for arrival in new.platforms:
        for key in _keys(arrival, credits.get(arrival.id, {}), about.today - ONE_DAY):
            yield {"platform_id": arrival.id, "key": key, "written_at": about.at}


def _keys(arrival: Arrival, credits: dict[date, date], yesterday: date) -> Iterator[str]:
    last = arrival.last
    if last.first_day and last.last_day:
        if last.last_day <= yesterday:
            return
        paid = Paid(arrival.id, last.first_day, last.last_day, last.trial, last.cancelled_on is not None)
        if notice := reminders.find_expiry_notice(paid, yesterday, ()):
            yield notice.key
    for ends_on, first in credits.items():
        if notice := reminders.find_credit_notice(arrival.id, first, ends_on, yesterday, ()):
            yield notice.key


def _credits_by_last_day(new: New) -> dict[int, dict[date, date]]:
    """For each platform, the last days of its credits, each with the day of the first purchase that ends there."""
    found: dict[int, dict[date, date]] = {}
    for row in new.lots:
        if row.left:
            mine, ends_on = found.setdefault(row.platform, {}), last_day(row, new.homes[row.platform])
            mine[ends_on] = min(row.bought_on, mine.get(ends_on, row.bought_on))
    return found


def _events(new: New, about: Circumstances) -> Iterator[dict[str, Any]]:
    """What has come to each platform, in numbers."""
    counts: dict[int, Counter[str]] = {arrival.id: Counter(platforms=1) for arrival in new.platforms}
    for kind, rows in (("people", new.people), ("lots", new.lots), ("invoices", new.invoices)):
        for row in rows:
            counts.setdefault(row.platform, Counter())[kind] += 1
    event = {"at": about.at, "tag": Event.MOVED_IN, "administrator_id": None, "network": None}
    for number, count in counts.items():
        yield event | {"platform_id": number, "details": {"by": BY} | dict(count)}
