"""Who sits on which seat: administrators never exceed the seats that are paid.

Above the features, because it needs the people of the accounts, the seats of the subscription and the standing of
both. Whoever adds somebody, page or command, comes through here: the platform's row is held while seats are counted,
so of two people invited at once to one free seat one gets it.

Where RULES.md is silent: somebody who was disabled comes back by a new invitation, if a seat is free. The first
administrator is told by mail of everybody who is added, whoever did it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal import standing
from portal.accounts import administrators, mails, queries
from portal.accounts.administrators import HasFirst, Newcomer, Taken
from portal.accounts.queries import Administrator, Member
from portal.kit.links import Links
from portal.rules import seats as rules
from portal.rules.access import Role
from portal.standing import Standing
from portal.subscription import queries as subscription
from portal.subscription import seating
from portal.subscription.seating import Reduction

BY_REDUCTION = "fewer seats"  # who disabled somebody, in the activity, where it was the day of a plan


class NoFreeSeat:
    """There are as many administrators, those invited included, as seats."""


class NotDisabled:
    """Nobody has disabled this person, or not any more."""


def free(db: Connection, place: Standing) -> int:
    """How many more people may be invited today. An invited person has an enabled row, and so a seat."""
    found = standing.seats(db, place)
    return rules.free_seats(found.paid, found.taken)


def create(
    db: Connection,
    maker: Links,
    newcomer: Newcomer,
    zone: ZoneInfo,
    *,
    by: str,
    at: datetime,
    password_hash: str | None = None,
) -> Administrator | Taken | HasFirst | NoFreeSeat:
    """Give a free seat to a new person; without a password they get an invitation. Raises LookupError: no platform."""
    place = standing.lock(db, newcomer.name.platform_id, at=at, zone=zone)
    if free(db, place) == 0:
        return NoFreeSeat()
    made = administrators.create(db, maker, newcomer, at=at, password_hash=password_hash, by=by)
    if isinstance(made, Administrator):
        _tell_first(db, made, at=at)
    return made


def enable(
    db: Connection, maker: Links, person: Administrator, zone: ZoneInfo, *, by: str, at: datetime
) -> Administrator | NotDisabled | NoFreeSeat:
    """Give a free seat to somebody who was disabled."""
    place = standing.lock(db, person.platform_id, at=at, zone=zone)
    if queries.get_administrator(db, person.id).enabled:
        return NotDisabled()
    if free(db, place) == 0:
        return NoFreeSeat()
    administrators.enable(db, maker, person, at=at, by=by)
    _tell_first(db, person, at=at)
    return queries.get_administrator(db, person.id)


def _tell_first(db: Connection, added: Administrator, *, at: datetime) -> None:
    people = queries.administrators_of_platform(db, added.platform_id)
    first = next((person for person in people if person.role == Role.FIRST), None)
    if first is not None and first.id != added.id:
        mails.administrator_added(db, to=first, added=added, at=at)


@dataclass(frozen=True, slots=True)
class Coming:
    """What a plan does as things stand: from `due_on` so many `seats`, without these user names."""

    due_on: date
    seats: int
    going: tuple[str, ...]


def coming(db: Connection, place: Standing) -> Coming | None:
    """The next plan of the platform; None where none is open."""
    plan = seating.find_reduction(db, place.platform.id)
    if plan is None:
        return None
    paid = rules.seats(subscription.seat_grants_of(db, place.platform.id), plan.due_on, place.expires_on)
    return Coming(plan.due_on, paid, tuple(person.username for person in _going(db, plan, paid)))


def apply_reduction(db: Connection, plan: Reduction, zone: ZoneInfo, *, at: datetime) -> tuple[Administrator, ...]:
    """Carry out a plan whose day has come; returns who was disabled. Of several workers one does it, all others
    nothing: the mark and what it stands for are one transaction.
    """
    place = standing.lock(db, plan.platform_id, at=at, zone=zone)
    if not seating.finish_reduction(db, plan, at=at):
        return ()
    going = _going(db, plan, standing.seats(db, place).paid)
    for person in sorted(going, key=lambda person: person.id):  # as everybody does who holds several
        administrators.disable(db, person, at=at, by=BY_REDUCTION)
    return going


def _going(db: Connection, plan: Reduction, paid: int) -> tuple[Administrator, ...]:
    """Who loses the seat, in the order of going."""
    enabled = [member for member in queries.members_of(db, plan.platform_id) if member.administrator.enabled]
    names = {member.administrator.username: member.administrator for member in enabled}
    order = rules.pick_disabled([_seated(member) for member in enabled], paid, plan.picked)
    return tuple(names[found.user_name] for found in order)


def _seated(member: Member) -> rules.Administrator:
    person = member.administrator
    return rules.Administrator(person.username, member.created_at, first=person.role == Role.FIRST)
