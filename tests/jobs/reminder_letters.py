"""The reminders that are reviewed as snapshots: each kind, before E and after it, and on days that read differently."""

from collections.abc import Callable
from datetime import date, timedelta

from portal.jobs import nightly
from portal.rules import dates
from portal.rules.access import Block
from portal.subscription import actions as subscription
from tests.helpers.house import House


def today(house: House) -> date:
    return dates.business_date(house.clock.now(), house.parts.settings.timezone)


def night(house: House) -> None:
    """The reminders of today."""
    assert nightly.work(house.parts, today(house), "reminders").complete


def of_a_platform(house: House, language: str, ends_in: int, **facts: bool) -> None:
    house.platform(1234, ends_in=ends_in, **facts)
    house.person("m1234", language=language)
    night(house)


def term_reminder(house: House, language: str) -> None:
    of_a_platform(house, language, 90)


def term_reminder_on_the_last_day(house: House, language: str) -> None:
    of_a_platform(house, language, 0)


def term_reminder_when_blocked(house: House, language: str) -> None:
    house.platform(1234, ends_in=7)
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.MISSING_DOCUMENTS, by="test", note="", at=house.clock.now())
    house.person("m1234", language=language)
    night(house)


def term_reminder_when_over(house: House, language: str) -> None:
    house.platform(1234, ends_in=-1)
    house.lot(1234, 12_480, bought_on=date(2026, 3, 1), expires_on=today(house) - timedelta(days=1))
    house.person("m1234", language=language)
    night(house)


def term_reminder_on_the_very_last_day(house: House, language: str) -> None:
    of_a_platform(house, language, -10)


def cancelled_reminder(house: House, language: str) -> None:
    house.platform(1234, ends_in=15, cancelled=True)
    house.lot(1234, 1, bought_on=today(house), expires_on=today(house) + timedelta(days=15))
    house.person("m1234", language=language)
    night(house)


def cancelled_reminder_when_over(house: House, language: str) -> None:
    house.platform(1234, ends_in=-5, cancelled=True)
    house.lot(1234, 1, bought_on=date(2026, 3, 1), expires_on=today(house) - timedelta(days=5))
    house.person("m1234", language=language)
    night(house)


def trial_reminder(house: House, language: str) -> None:
    of_a_platform(house, language, 1, trial=True)


def trial_reminder_when_over(house: House, language: str) -> None:
    of_a_platform(house, language, -8, trial=True)


def credits_reminder(house: House, language: str) -> None:
    """With E, 60 days off: no other notice falls on that day."""
    house.platform(1234, ends_in=60, trial=False)
    house.lot(1234, 12_000, bought_on=date(2026, 3, 1), expires_on=today(house) + timedelta(days=60))
    house.lot(1234, 480, bought_on=date(2026, 5, 1), expires_on=today(house) + timedelta(days=60))
    house.person("m1234", language=language)
    half_a_year_only(house)
    night(house)


def half_a_year_only(house: House) -> None:
    """The term is shorter than a year, so that nothing is told 90 days before its end."""
    with house.parts.database.write() as db:
        from portal.subscription.tables import terms

        db.execute(terms.update().values(starts_on=date(2026, 7, 1)))


def credits_reminder_when_cancelled(house: House, language: str) -> None:
    house.platform(1234, ends_in=60, cancelled=True)
    house.lot(1234, 500, bought_on=date(2026, 3, 1), expires_on=today(house) + timedelta(days=60))
    house.person("m1234", language=language)
    night(house)


def credits_reminder_for_sms_only(house: House, language: str) -> None:
    house.platform(1234, ends_in=None)
    house.lot(1234, 1, bought_on=dates.add_months(today(house), -24), expires_on=None)
    house.person("m1234", language=language)
    night(house)


def dormant_reminder(house: House, language: str) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234", language=language)
    house.clock.move(days=365 - 30 + 1)
    night(house)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case
    for case in (
        term_reminder,
        term_reminder_on_the_last_day,
        term_reminder_when_blocked,
        term_reminder_when_over,
        term_reminder_on_the_very_last_day,
        cancelled_reminder,
        cancelled_reminder_when_over,
        trial_reminder,
        trial_reminder_when_over,
        credits_reminder,
        credits_reminder_when_cancelled,
        credits_reminder_for_sms_only,
        dormant_reminder,
    )
}
