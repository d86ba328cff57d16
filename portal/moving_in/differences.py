"""What moves in against what is here: new, there already and the same, or there and different, which is a fault.

An import never overwrites. So it can be run again, as it is: what it has written is the same, and is passed over.
What people do here afterwards may make a difference, and is then named; but a password is its owner's, and never
compared.

A lot has no number by which it could be known again: those of one platform, one day and one size are laid beside each
other, the equal ones first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.billing import former
from portal.moving_in.checks import Home, amount, kept_until
from portal.moving_in.faults import Faults, said, shown
from portal.moving_in.forms import InvoiceRow, LotRow, PersonRow, PlatformRow
from portal.moving_in.platforms import Arrival
from portal.moving_in.stored import Stored, StoredInvoice, StoredLot, StoredPerson
from portal.rules.dates import business_date

Difference = tuple[str, Any, Any]  # the column, what the file has, what is stored


def new_platforms(
    arrivals: Iterable[Arrival], here: dict[int, Stored], zone: ZoneInfo, file: str, faults: Faults
) -> list[Arrival]:
    """Those that are not here; what is different of the others is told, row by row."""
    found = []
    for arrival in arrivals:
        stored = here.get(arrival.id)
        if stored is None:
            found.append(arrival)
        elif stored.deleted_at is not None:
            faults.add(file, arrival.last.line, "id", str(arrival.id), "a number that no deleted platform had")
        else:
            for row in arrival.rows:
                _tell(file, row.line, _of_term(row, stored), faults)
            _tell(file, arrival.last.line, _of_platform(arrival.last, stored, zone), faults)
    return found


def _of_platform(row: PlatformRow, stored: Stored, zone: ZoneInfo) -> Iterator[Difference]:
    yield "company", row.company, stored.company
    yield "channels", row.channels, "+".join(name for name in ("email", "sms") if getattr(stored, name))
    yield "cancelled_on", row.cancelled_on, _day(stored.cancelled_at, zone)


def _of_term(row: PlatformRow, stored: Stored) -> Iterator[Difference]:
    """A term that is here and not in the file is no difference: it was bought here since, or not asked about."""
    if row.first_day is None or row.last_day is None:
        return
    term = next((term for term in stored.terms if term.starts_on == row.first_day), None)
    if term is None:
        yield "first_day", row.first_day, ", ".join(str(term.starts_on) for term in stored.terms)
        return
    covering = sum(grant.quantity for grant in stored.grants if grant.covers(row.last_day))
    yield "last_day", row.last_day, term.ends_on
    yield "edition", row.edition, term.edition
    yield "trial", row.trial, term.trial
    yield "additional_administrators", row.additional_administrators, covering


def new_people(
    people: Iterable[PersonRow], here: dict[int, Stored], zone: ZoneInfo, file: str, faults: Faults
) -> list[PersonRow]:
    """Those whose user name is not here."""
    found = []
    for row in people:
        home = here.get(row.platform)
        stored = home.people.get(row.user_name.folded) if home else None
        if stored is None:
            found.append(row)
        else:
            _tell(file, row.line, _of_person(row, stored, zone), faults)
    return found


def _of_person(row: PersonRow, stored: StoredPerson, zone: ZoneInfo) -> Iterator[Difference]:
    for name in ("name", "email", "language", "first"):
        yield name, getattr(row, name), getattr(stored, name)
    yield "disabled_on", row.disabled_on, _day(stored.disabled_at, zone)


def new_lots(
    lots: Iterable[LotRow], here: dict[int, Stored], homes: dict[int, Home], file: str, faults: Faults
) -> list[LotRow]:
    """Those that are not among the lots here."""
    waiting = {number: _by_size(stored.lots) for number, stored in here.items()}
    unmatched = []
    for row in lots:
        alike = waiting.get(row.platform, {}).get((row.bought_on, row.credits), [])
        same = (row.left, kept_until(row, homes[row.platform]))
        match = next((lot for lot in alike if (lot.left, lot.kept_until) == same), None)
        if match is None:
            unmatched.append((row, alike))
        else:
            alike.remove(match)
    found = []
    for row, alike in unmatched:
        if not alike:
            found.append(row)
        else:
            home = homes[row.platform]
            _tell(file, row.line, _of_lot(row, alike.pop(0), home), faults)
    return found


def _by_size(lots: list[StoredLot]) -> dict[tuple[date, int], list[StoredLot]]:
    found: dict[tuple[date, int], list[StoredLot]] = {}
    for lot in lots:
        found.setdefault((lot.bought_on, lot.credits), []).append(lot)
    return found


def _of_lot(row: LotRow, stored: StoredLot, home: Home) -> Iterator[Difference]:
    yield "left", row.left, stored.left
    yield "expires_on", kept_until(row, home) or home.expires_on, stored.kept_until or home.expires_on


def new_invoices(
    rows: Iterable[InvoiceRow], here: dict[str, StoredInvoice], file: str, faults: Faults
) -> list[InvoiceRow]:
    """Those whose number is not here."""
    found = []
    for row in rows:
        stored = here.get(row.number)
        if stored is None:
            found.append(row)
        elif not stored.former:
            faults.add(file, row.line, "number", shown(row.number), "a number that no invoice issued here has")
        else:
            _tell(file, row.line, _of_invoice(row, stored), faults)
    return found


def _of_invoice(row: InvoiceRow, stored: StoredInvoice) -> Iterator[Difference]:
    for name in ("platform", "issued_on", "currency"):
        yield name, getattr(row, name), getattr(stored, name)
    for name in ("net", "tax", "total"):
        yield name, amount(getattr(row, name)), amount(getattr(stored, name))
    kept = asdict(former.from_json(stored.billing, stored.offer, stored.seller))
    for name, value in asdict(row.printed).items():
        yield name, value, kept[name]


def _tell(file: str, line: int, pairs: Iterable[Difference], faults: Faults) -> None:
    for column, given, kept in pairs:
        if given != kept:
            expected = f"{said(kept)}, which is stored: an import never overwrites"
            faults.add(file, line, column, said(given), expected)


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    return business_date(at, zone) if at else None
