"""The reminders of a night: who is told what, each notice once, to every enabled administrator of the platform.

Platforms are read in slices, and decided upon with the rules alone; only where something is due is the platform held,
read anew and decided upon again, in the transaction that writes the key and the mails. So whoever renews at the same
moment comes before, and gets nothing, or after, and the mail that already waits is not sent any more (`is_over`).

Where RULES.md is silent:
- A night that is worked late tells only what is still the newest notice on the day on which it is worked.
- A mail that could not leave is forgotten once it is no longer the newest notice of its row, or no longer true: also
  where an exception has moved the last day that it names, since another mail tells the new one.
- Credits are told of while the features are on; in the grace, and on a trial, by the notices about E.
- Whoever shares an address with another administrator gets a mail for each user name.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection

from portal import standing
from portal.accounts import queries as accounts
from portal.accounts.queries import Administrator
from portal.credits import mails as credit_mails
from portal.credits import queries as credits
from portal.credits.mails import Expiring
from portal.jobs.night import Night, Tally, due, each
from portal.kit.outbox import Message
from portal.parts import Parts
from portal.rules import credits as credit_rules
from portal.rules import dates, lifecycle, reminders
from portal.rules.credits import Lot
from portal.rules.lifecycle import State
from portal.rules.reminders import Kind, Notice, Paid
from portal.rules.terms import CREDIT_REMINDER_DAYS
from portal.standing import Standing
from portal.subscription import mails, notices
from portal.subscription.notices import Outlook

Finder = Callable[[date, Container[str]], Notice | None]
ABOUT_E = {
    Kind.TERM: mails.term_reminder,
    Kind.CANCELLED: mails.cancelled_reminder,
    Kind.TRIAL: mails.trial_reminder,
}
MAILS = {kind: mail.__name__ for kind, mail in ABOUT_E.items()} | {
    Kind.CREDITS: credit_mails.credits_reminder.__name__,
    Kind.DORMANT: mails.dormant_reminder.__name__,
}
FEATURES_ON = frozenset({State.ACTIVE, State.CANCELLED})


def send(night: Night) -> Tally:
    """Write every notice that is due, and is not written yet."""
    tally = Tally()
    for numbers in due(night, partial(judge, night)):
        tally += each(night, "platform", numbers, lambda db, number: tell(db, night, number))
    return tally


def judge(night: Night, places: list[Standing]) -> Iterator[int]:
    """The platforms to which something is to be told, by what can be read of many together."""
    wanting = [place.platform.id for place in places if _has_credits_near_their_end(place)]
    with night.parts.database.read() as db:
        sent = notices.keys_of(db, [place.platform.id for place in places])
        wallets = credits.lots_of_many(db, wanting)
    for place in places:
        number = place.platform.id
        lots = wallets[number].lots if number in wallets else []
        if find_due(place, lots, night.day, sent[number]):
            yield number


def _has_credits_near_their_end(place: Standing) -> bool:
    """Whether it is worth looking at the lots: they end with E, or later and then are told of by then."""
    return place.expires_on is None or place.expires_on <= place.today + timedelta(days=max(CREDIT_REMINDER_DAYS))


def tell(db: Connection, night: Night, platform_id: int) -> int:
    """Write what is due on the platform, which nobody changes meanwhile; returns how many notices."""
    at = night.parts.clock.now()
    place = standing.lock(db, platform_id, at=at, zone=night.zone)
    lots = credits.lots_of(db, platform_id)
    fresh = [n for n in find_of(db, night, place, lots) if notices.write_once(db, platform_id, n.key, at=at)]
    for notice in fresh:
        for person in recipients(db, platform_id):
            _mail(db, place, lots, notice, person)
    return len(fresh)


def find_of(db: Connection, night: Night, place: Standing, lots: Iterable[Lot]) -> list[Notice]:
    """What is due on the platform, and is not written yet."""
    number = place.platform.id
    return find_due(place, lots, night.day, notices.keys_of(db, [number])[number])


def recipients(db: Connection, platform_id: int) -> list[Administrator]:
    return [person for person in accounts.administrators_of_platform(db, platform_id) if person.enabled]


def find_due(place: Standing, lots: Iterable[Lot], day: date, sent: Container[str]) -> list[Notice]:
    """The notices of the night of a day that are due on the platform and, on the day of its standing, still true."""
    if not place.state.may_sign_in:
        return []
    found = (_newest(finder, day, place.today, sent) for finder in _finders(place, lots))
    return [notice for notice in found if notice]


def _newest(find: Finder, day: date, today: date, sent: Container[str]) -> Notice | None:
    notice = find(day, sent)
    return notice if notice and find(today, ()) == notice else None


def _finders(place: Standing, lots: Iterable[Lot]) -> Iterator[Finder]:
    """The rule of each subject of which there may be something to tell."""
    number = place.platform.id
    if place.expires_on is not None:
        days, cancelled = (place.terms[-1].starts_on, place.expires_on), place.platform.cancelled_at is not None
        paid = Paid(number, *days, place.platform.trial, cancelled, place.life.grace_until)
        yield lambda day, sent: reminders.find_expiry_notice(paid, day, sent)
    if place.state in FEATURES_ON:
        for last_day, ending in _by_last_day(place, lots).items():
            first = min(lot.bought_on for lot in ending)
            yield _credits_finder(number, first, last_day)
    if (quiet := place.life.quiet_since) is not None:
        yield lambda day, sent: reminders.find_dormant_notice(number, quiet, day, sent)


def _credits_finder(number: int, first: date, last_day: date) -> Finder:
    return lambda day, sent: reminders.find_credit_notice(number, first, last_day, day, sent)


def _by_last_day(place: Standing, lots: Iterable[Lot]) -> dict[date, list[Lot]]:
    """The lots that have credits left, by the last day on which these can be spent."""
    found: dict[date, list[Lot]] = {}
    for lot in lots:
        if lot.remaining:
            found.setdefault(credit_rules.last_day(lot, place.expires_on), []).append(lot)
    return found


def _mail(db: Connection, place: Standing, lots: list[Lot], notice: Notice, to: Administrator) -> None:
    at = place.at
    if notice.kind is Kind.CREDITS:
        credit_mails.credits_reminder(db, to=to, key=notice.key, expiring=_expiring(place, lots, notice), at=at)
    elif notice.kind is Kind.DORMANT:
        days = {"quiet_on": place.life.quiet_since or place.today, "deleted_on": notice.about}
        left = (notice.about - place.today).days
        mails.dormant_reminder(db, to=to, key=notice.key, **days, counted_on=place.today, days_left=left, at=at)
    else:
        ABOUT_E[notice.kind](db, to=to, key=notice.key, outlook=outlook(place, lots, notice.about), at=at)


def outlook(place: Standing, lots: Iterable[Lot], expires_on: date) -> Outlook:
    """What a notice about E tells of the platform as it stands."""
    grace_until = place.life.grace_until
    last_day = lifecycle.grace_last_day(expires_on, grace_until)
    owned = credit_rules.balance(lots, expires_on, place.at, place.zone, grace_until)
    return Outlook(
        expires_on,
        off_on=expires_on + dates.ONE_DAY,
        renewable_until=last_day,
        deleted_on=last_day + dates.ONE_DAY,
        counted_on=place.today,
        days_left=place.days_left or 0,
        over=place.state is State.GRACE,
        blocked=bool(place.blocks),
        credits=owned.spendable + owned.frozen,
    )


def _expiring(place: Standing, lots: Iterable[Lot], notice: Notice) -> Expiring:
    follows = place.expires_on == notice.about
    return Expiring(
        sum(lot.remaining for lot in _by_last_day(place, lots)[notice.about]),
        ends_on=notice.about,
        deleted_on=place.deleted_from if follows else None,
        counted_on=place.today,
        days_left=(notice.about - place.today).days + 1,
        cancelled=follows and place.platform.cancelled_at is not None,
        blocked=bool(place.blocks),
    )


def is_over(db: Connection, parts: Parts, message: Message) -> bool:
    """Whether a mail is a notice that the rules, asked now, would not write any more: renewed, cancelled, used, …"""
    key = message.payload.get("notice")
    if key is None:
        return False
    number = message.payload["platform_id"]
    place = standing.find(db, number, at=parts.clock.now(), zone=parts.settings.timezone)
    if _tells_another_day(message, place):
        return True
    true = find_due(place, credits.lots_of(db, number), place.today, ())
    return not any(notice.key == key and MAILS[notice.kind] == message.name for notice in true)


def _tells_another_day(message: Message, place: Standing) -> bool:
    """Whether the last day to renew was moved since the mail was written."""
    told = message.payload.get("last_on")
    return told is not None and place.renewable_until is not None and told != place.renewable_until.isoformat()
