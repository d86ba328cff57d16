"""The way of an import: read and check everything, compare with what is here, and write all of it or nothing.

Reading and comparing hold nobody up: they see one instant of the database. Only then is the one transaction opened that
writes. What moves in is new, so that the database itself refuses whatever somebody else has created meanwhile; and the
platforms that are here already, to which something is added, are held and read once more, and have to be as they were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from portal.kit.db import Database
from portal.moving_in import checks, differences, forms, platforms, stored, writing
from portal.moving_in.checks import Home, Homes
from portal.moving_in.circumstances import Circumstances
from portal.moving_in.faults import Faults
from portal.moving_in.forms import Form, InvoiceRow, LotRow, PersonRow, Unreadable
from portal.moving_in.platforms import Arrival, Arrivals
from portal.moving_in.sheets import Sheet
from portal.moving_in.stored import Stored
from portal.moving_in.writing import New
from portal.rules import seats
from portal.rules.invoices import FORMER

NAMED = 3  # of what is new, named in the report


class Kind(StrEnum):
    """The files."""

    PLATFORMS = "platforms"
    PEOPLE = "people"
    LOTS = "lots"
    INVOICES = "invoices"


@dataclass(frozen=True, slots=True)
class Count:
    """What an import is about, of one kind: how many are new, and are here and the same; the first new ones by name."""

    new: int
    same: int
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an import creates, kind by kind; without_password: of the new people, who can sign in only after a mail."""

    counts: dict[Kind, Count]
    without_password: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The faults that are told, in the order of the files, and how many there are in all. Nothing was imported."""

    faults: Faults


class Overtaken:
    """Somebody else has changed a platform, or created one, between the look and the write. Nothing was imported."""


class _Overtaken(Exception):
    """Undoes the transaction."""


@dataclass(slots=True)
class _Read:
    """The rows of the files, as far as they can be."""

    names: Mapping[Kind, str]
    arrivals: Arrivals
    people: list[PersonRow | Unreadable]
    lots: list[LotRow | Unreadable]
    invoices: list[InvoiceRow | Unreadable]
    numbers: set[int] = field(default_factory=set)


def move_in(
    database: Database, paths: Mapping[Kind, Path], about: Circumstances, *, dry_run: bool, tell: bool
) -> Difference | Refused | Overtaken:
    """Import the files. dry_run: only say what would be. tell: a sending service is to hear of it."""
    names = {kind: str(paths.get(kind, f"{kind}.csv")) for kind in Kind}
    faults = Faults(list(names.values()))
    read = _read(names, paths, about, faults)
    with database.snapshot() as db:
        before = stored.load(db, read.numbers)
        new, difference = _compare(db, read, before, about, faults, tell=tell)
    if faults.count:
        return Refused(faults)
    if dry_run:
        return difference
    try:
        with database.write() as db:
            _hold(db, new, before)
            writing.write(db, new, about)
    except (IntegrityError, _Overtaken):
        return Overtaken()
    return difference


def _hold(db: Connection, new: New, before: dict[int, Stored]) -> None:
    """Keep the platforms that are here from changing; raises where one has changed already."""
    added = {row.platform for rows in (new.people, new.lots, new.invoices) for row in rows}
    here = {number: before[number] for number in added if number in before}
    if stored.load(db, here, hold=True) != here:
        raise _Overtaken


def _read(names: Mapping[Kind, str], paths: Mapping[Kind, Path], about: Circumstances, faults: Faults) -> _Read:
    def of(kind: Kind, form: Form[Any]) -> Iterable[Any]:
        return forms.records(form, Sheet(names[kind], paths[kind]), faults) if kind in paths else ()

    rows = of(Kind.PLATFORMS, forms.PLATFORMS)
    arrivals = platforms.arrivals(rows, names[Kind.PLATFORMS], about, faults)
    people = list(of(Kind.PEOPLE, forms.people(about.strength)))
    lots, invoices = list(of(Kind.LOTS, forms.LOTS)), list(of(Kind.INVOICES, forms.INVOICES))
    told = (row.platform for row in [*people, *lots, *invoices] if not isinstance(row, Unreadable))
    return _Read(names, arrivals, people, lots, invoices, {*arrivals.found, *told})


def _compare(
    db: Connection, read: _Read, before: dict[int, Stored], about: Circumstances, faults: Faults, *, tell: bool
) -> tuple[New, Difference]:
    """What is new, and the report of it; every fault that is found on the way is told."""
    homes = _homes(read.arrivals, before, about)
    good = _judged(read, homes, about, faults)
    papers = stored.load_invoices(db, (row.number for row in good[Kind.INVOICES]), FORMER)
    of = read.names
    new = New(
        differences.new_platforms(read.arrivals.found.values(), before, about.zone, of[Kind.PLATFORMS], faults),
        differences.new_people(good[Kind.PEOPLE], before, about.zone, of[Kind.PEOPLE], faults),
        differences.new_lots(good[Kind.LOTS], before, homes.found, of[Kind.LOTS], faults),
        differences.new_invoices(good[Kind.INVOICES], papers, of[Kind.INVOICES], faults),
        homes.found,
        tell,
    )
    platforms.require_time_left(new.platforms, of[Kind.PLATFORMS], about, faults)
    checks.seats_suffice(new.people, homes, of[Kind.PEOPLE], faults)
    return new, _difference(new, read, good)


def _judged(read: _Read, homes: Homes, about: Circumstances, faults: Faults) -> dict[Kind, list[Any]]:
    """The people, lots and invoices in which nothing is wrong."""
    files = (
        (Kind.PEOPLE, read.people, "user_name", checks.of_person),
        (Kind.LOTS, read.lots, "", checks.of_lot),
        (Kind.INVOICES, read.invoices, "number", checks.of_invoice),
    )
    good = {
        kind: checks.judge(rows, key, rule, read.names[kind], homes, about, faults) for kind, rows, key, rule in files
    }
    if read.people:
        both = (read.names[Kind.PLATFORMS], read.names[Kind.PEOPLE])
        checks.everybody_has_a_first(read.people, homes, both, faults)
    return good


def _homes(arrivals: Arrivals, before: dict[int, Stored], about: Circumstances) -> Homes:
    """Every platform that lives: those that are here as they are here, and the others as they move in."""
    found = {number: _arriving(arrival, about) for number, arrival in arrivals.found.items()}
    found |= {number: _here(place, about) for number, place in before.items() if place.deleted_at is None}
    again = {number for number in found if number in before and before[number].deleted_at is not None}
    return Homes({number: home for number, home in found.items() if number not in again}, arrivals.doubtful | again)


def _arriving(arrival: Arrival, about: Circumstances) -> Home:
    sends, expires_on = arrival.last.channels, arrival.expires_on
    paid = seats.seats(arrival.grants(), about.today, expires_on)
    return Home(arrival.id, sends.email, sends.sms, expires_on, paid, line=arrival.last.line)


def _here(place: Stored, about: Circumstances) -> Home:
    paid = seats.seats(place.grants, about.today, place.expires_on)
    enabled = sum(person.disabled_at is None for person in place.people.values())
    first = any(person.first for person in place.people.values())
    return Home(place.id, place.email, place.sms, place.expires_on, paid, enabled, first)


def _difference(new: New, read: _Read, good: dict[Kind, list[Any]]) -> Difference:
    given = good | {Kind.PLATFORMS: list(read.arrivals.found)}
    made: dict[Kind, list[Any]] = {Kind.PLATFORMS: new.platforms, Kind.PEOPLE: new.people}
    made |= {Kind.LOTS: new.lots, Kind.INVOICES: new.invoices}
    counts = {
        kind: Count(len(rows), len(given[kind]) - len(rows), tuple(_name(kind, row) for row in rows[:NAMED]))
        for kind, rows in made.items()
    }
    return Difference(counts, sum(row.password_hash is None for row in new.people if row.disabled_on is None))


def _name(kind: Kind, row: Any) -> str:
    match kind:
        case Kind.PLATFORMS:
            return f"{row.id} {row.last.company}".strip()
        case Kind.PEOPLE:
            return str(row.user_name.folded)
        case Kind.LOTS:
            return f"{row.left} of {row.credits} credits, bought on {row.bought_on}, of platform {row.platform}"
        case Kind.INVOICES:
            return f"{row.number} of platform {row.platform}"
