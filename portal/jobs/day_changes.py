"""What a day changes of its own accord: lots whose time is over are written off, and the sending service hears of it.

The service goes over from day to day by itself (`portal/outside/service.py`), so nothing hangs on the hour at which it
is told here. It is told nevertheless, on the first day of the grace, on the day after it, where a new term begins, and
where credits have expired, of which it knows the number but not the days. What people do is announced when they do it.

Only lots of platforms without E are written off, when no renewal can bring them back; the purge does the others.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal import standing
from portal.credits import actions
from portal.credits import queries as credits
from portal.jobs.night import Night, Tally, each, slices
from portal.rules import credits as rules
from portal.rules import dates, lifecycle
from portal.rules.credits import Lot
from portal.standing import Standing
from portal.subscription import switches

INSTANT = timedelta(microseconds=1)


def write_off(night: Night) -> Tally:
    """Book as lost what is left of every lot whose last day has passed."""
    tally = Tally()
    for places in slices(night):
        due = [place.platform.id for place, _lots in find_lost(night, places)]
        tally += each(night, "platform", due, lambda db, number: _write_off(db, night, number))
    return tally


def find_lost(night: Night, places: list[Standing]) -> Iterator[tuple[Standing, list[Lot]]]:
    """The platforms with lots to be written off."""
    for place, lots in _with_lots(night, places):
        if lost := [lot for lot in lots if _is_lost(lot, place)]:
            yield place, lost


def _write_off(db: Connection, night: Night, platform_id: int) -> int:
    """Hold the platform, so that nobody adds e-mail meanwhile, and its lots, so that nobody spends."""
    place = standing.lock(db, platform_id, at=night.parts.clock.now(), zone=night.zone)
    held = credits.lock_lots(db, platform_id)
    lost = [lot for lot in credits.lots_of(db, platform_id) if lot.lot_id in held and _is_lost(lot, place)]
    for lot in lost:
        actions.write_off(db, lot, at=place.at)
    return len(lost)


def _is_lost(lot: Lot, place: Standing) -> bool:
    return lot.remaining > 0 and rules.may_write_off(lot, place.expires_on, place.at, place.zone)


def announce(night: Night) -> Tally:
    """Have the sending service told of every platform that this day has changed; once for each day."""
    tally = Tally()
    if night.parts.service is None:  # nobody is told: it asks by itself
        return tally
    for places in slices(night):
        due = [place.platform.id for place in find_changed(night, places)]
        tally += each(night, "platform", due, lambda db, number: _announce(db, night, number))
    return tally


def find_changed(night: Night, places: list[Standing]) -> Iterator[Standing]:
    """The platforms for which the day of the night is another one than the day before it."""
    for place, lots in _with_lots(night, places):
        if _changes(place, lots, night.day, night.zone):
            yield place


def _changes(place: Standing, lots: Iterable[Lot], day: date, zone: ZoneInfo) -> bool:
    first = dates.start_of(day, zone)
    state = lifecycle.state(place.life, first, zone)
    if state is not lifecycle.state(place.life, first - INSTANT, zone):
        return True
    if any(term.starts_on == day for term in place.terms):
        return True
    yesterday = day - dates.ONE_DAY
    return any(lot.remaining and rules.last_day(lot, place.expires_on) == yesterday for lot in lots)


def _announce(db: Connection, night: Night, platform_id: int) -> int:
    at, day = night.parts.clock.now(), night.day.isoformat()
    switches.announce(db, platform_id, at=at, key=f"night:{platform_id}:{day}", night=day)
    return 1


def _with_lots(night: Night, places: list[Standing]) -> Iterator[tuple[Standing, list[Lot]]]:
    """Each platform; with its lots where these do not follow E."""
    alone = [place.platform.id for place in places if place.expires_on is None]
    with night.parts.database.read() as db:
        wallets = credits.lots_of_many(db, alone)
    for place in places:
        number = place.platform.id
        yield place, wallets[number].lots if number in wallets else []
