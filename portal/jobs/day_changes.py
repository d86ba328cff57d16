"""What a day changes of its own accord: lots whose time is over are written off, and the sending service hears of it.

The service goes over from day to day by itself (`portal/outside/service.py`), so nothing hangs on the hour at which it
is told here. It is told nevertheless, on the first day of the grace, on the day after it, where a new term begins, and
where credits have expired, of which it knows the number but not the days. What people do is announced when they do it.

Only lots of platforms without E are written off, when no renewal can bring them back; the purge does the others.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from portal import standing
from portal.credits import actions
from portal.credits import queries as credits
from portal.jobs.night import Night, Tally, due, each
from portal.rules import credits as rules
from portal.rules import dates, lifecycle
from portal.rules.credits import Lot
from portal.standing import Standing
from portal.subscription import switches

INSTANT = timedelta(microseconds=1)


def write_off(night: Night) -> Tally:
    """Book as lost what is left of every lot whose last day has passed."""
    tally = Tally()
    for numbers in due(night, partial(judge_lost, night)):
        tally += each(night, "platform", numbers, lambda db, number: _write_off(db, night, number))
    return tally


def judge_lost(night: Night, places: list[Standing]) -> Iterator[int]:
    """The platforms with lots to be written off."""
    return (place.platform.id for place, lots in _with_lots(night, places) if find_lost(place, lots))


def find_lost(place: Standing, lots: Iterable[Lot]) -> list[Lot]:
    """The lots of which something is left, that no renewal can bring back."""
    when = (place.expires_on, place.at, place.zone)
    return [lot for lot in lots if lot.remaining and rules.may_write_off(lot, *when)]


def _write_off(db: Connection, night: Night, platform_id: int) -> int:
    """Hold the platform, so that nobody adds e-mail meanwhile, and its lots, so that nobody spends."""
    place = standing.lock(db, platform_id, at=night.parts.clock.now(), zone=night.zone)
    held = credits.lock_lots(db, platform_id)
    lost = [lot for lot in find_lost(place, credits.lots_of(db, platform_id)) if lot.lot_id in held]
    for lot in lost:
        actions.write_off(db, lot, at=place.at)
    return len(lost)


def announce(night: Night) -> Tally:
    """Have the sending service told of every platform that this day has changed; once for each day."""
    tally = Tally()
    if night.parts.service is None:  # nobody is told: it asks by itself
        return tally
    for numbers in due(night, partial(judge_changed, night)):
        tally += each(night, "platform", numbers, lambda db, number: _announce(db, night, number))
    return tally


def judge_changed(night: Night, places: list[Standing]) -> Iterator[int]:
    """The platforms for which the day of the night is another one than the day before it."""
    return (place.platform.id for place, lots in _with_lots(night, places) if is_changed(night, place, lots))


def is_changed(night: Night, place: Standing, lots: Iterable[Lot]) -> bool:
    """Whether the state, the term or the credits are others than they were the day before, by the date alone.

    A lot whose last day was yesterday counts also when nothing is left of it: it may have been written off by now.
    """
    first, yesterday = dates.start_of(night.day, night.zone), night.day - dates.ONE_DAY
    state = lifecycle.state(place.life, first, night.zone)
    if state is not lifecycle.state(place.life, first - INSTANT, night.zone):
        return True
    if any(term.starts_on == night.day for term in place.terms):
        return True
    return any(rules.last_day(lot, place.expires_on) == yesterday for lot in lots)


def _announce(db: Connection, night: Night, platform_id: int) -> int:
    at, day = night.parts.clock.now(), night.day.isoformat()
    if not is_changed(night, standing.find(db, platform_id, at=at, zone=night.zone), credits.lots_of(db, platform_id)):
        return 0
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
