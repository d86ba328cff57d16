"""Where a platform stands, through the database: per instant, with its blocks, seats and credits."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from portal import standing
from portal.accounts import administrators
from portal.credits.tables import Kind
from portal.rules import dates, lifecycle
from portal.rules.access import Act, Allowed, Block, Reason, Refused, Role
from portal.rules.credits import Balance, LotState
from portal.rules.lifecycle import State
from portal.standing import Standing
from portal.subscription import actions as subscription
from portal.subscription.tables import platforms, seat_grants, terms
from tests.conftest import both_databases
from tests.helpers.credits import book
from tests.helpers.house import House

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 11, 20, 9, tzinfo=UTC)  # where the house's clock stands
TODAY = date(2026, 11, 20)
E = date(2026, 11, 22)
TICK = timedelta(microseconds=1)


def place(house: House, at: datetime = START, platform_id: int = 1234) -> Standing:
    with house.parts.database.read() as db:
        return standing.find(db, platform_id, at=at, zone=ROME)


def change(house: House, **values: Any) -> None:
    with house.parts.database.write() as db:
        db.execute(update(platforms).values(values))


def end(day: date) -> datetime:
    return dates.end_of(day, ROME)


@both_databases
@pytest.mark.parametrize("facts", [{}, {"cancelled": True}, {"trial": True}], ids=["active", "cancelled", "trial"])
def test_the_state_changes_at_the_first_instant_after_e_and_after_the_grace(
    house: House, facts: dict[str, bool]
) -> None:
    house.platform(ends_in=2, **facts)
    before = State("".join(facts) or "active")
    assert place(house).expires_on == E
    instants = {
        START: before,
        end(E) - TICK: before,
        end(E): State.GRACE,
        end(E + timedelta(days=10)) - TICK: State.GRACE,
        end(E + timedelta(days=10)): State.DUE_FOR_DELETION,
        end(E) + timedelta(days=4000): State.DUE_FOR_DELETION,
    }
    assert {at: place(house, at).state for at in instants} == instants


def test_what_the_overview_tells_follows_from_the_same_facts(house: House) -> None:
    house.platform(ends_in=2)
    found = place(house)
    assert (found.today, found.last_day, found.days_left) == (TODAY, E, 3)
    assert found.next_change == lifecycle.Change(State.GRACE, datetime(2026, 11, 22, 23, tzinfo=UTC))
    assert found.deleted_from == date(2026, 12, 3)
    last = place(house, datetime(2026, 12, 2, 12, tzinfo=UTC))
    assert (last.state, last.last_day, last.days_left) == (State.GRACE, date(2026, 12, 2), 1)


def test_a_deleted_platform_is_deleted_from_that_instant(house: House) -> None:
    house.platform(ends_in=2)
    gone = end(E) + timedelta(days=20)
    change(house, deleted_at=gone)
    assert place(house, gone - TICK).state is State.DUE_FOR_DELETION
    assert place(house, gone).state is State.DELETED


def test_a_platform_that_nobody_has_is_told_by_an_exception(house: House) -> None:
    with pytest.raises(LookupError, match="404"):
        place(house, platform_id=404)


def test_the_last_of_several_terms_is_e_and_the_one_that_runs_is_the_present(house: House) -> None:
    house.platform(ends_in=2)
    following = {"starts_on": date(2026, 11, 23), "ends_on": date(2027, 11, 22), "anchor_on": date(2026, 11, 23)}
    with house.parts.database.write() as db:
        db.execute(terms.insert().values(following | {"platform_id": 1234, "edition": "pro", "trial": False}))
    found = place(house)
    assert found.expires_on == date(2027, 11, 22)
    assert found.term is not None
    assert found.term.ends_on == E
    then = place(house, end(E))
    assert then.state is State.ACTIVE
    assert then.term is not None
    assert then.term.ends_on == date(2027, 11, 22)


def test_before_its_first_day_a_term_is_already_the_one_of_the_platform(house: House) -> None:
    with house.parts.database.write() as db:
        new = subscription.NewPlatform(
            1234, "pro", email_channel=True, sms_channel=False, term=(date(2027, 1, 1), date(2027, 12, 31))
        )
        subscription.create(db, new, at=START)
    found = place(house)
    assert found.term is not None
    assert found.term.starts_on == date(2027, 1, 1)
    assert found.state is State.ACTIVE


# --- SMS-only: twelve months without credits and without sign-in


def quiet(house: House, at: datetime = START) -> date | None:
    return place(house, at).life.quiet_since


@both_databases
def test_a_new_sms_only_platform_is_quiet_from_its_first_day(house: House) -> None:
    house.platform(ends_in=None)
    found = place(house)
    assert (found.expires_on, found.state, quiet(house)) == (None, State.ACTIVE, TODAY)
    due = end(date(2027, 11, 20))
    assert place(house, due - TICK).state is State.ACTIVE
    assert place(house, due).state is State.DUE_FOR_DELETION


@both_databases
def test_it_is_in_use_while_there_are_credits(house: House) -> None:
    house.platform(ends_in=None)
    house.lot(1234, 100, bought_on=TODAY, expires_on=None)
    last = end(date(2028, 11, 20))
    assert quiet(house) is None
    assert quiet(house, last - TICK) is None
    assert quiet(house, last) == date(2028, 11, 20)
    assert place(house, end(date(2029, 11, 20)) - TICK).state is State.ACTIVE
    assert place(house, end(date(2029, 11, 20))).state is State.DUE_FOR_DELETION


def test_one_lot_with_credits_is_enough(house: House) -> None:
    house.platform(ends_in=None)
    spent = house.lot(1234, 100, bought_on=TODAY - timedelta(days=600), expires_on=None)
    house.lot(1234, 5, bought_on=TODAY, expires_on=None)
    house.lot(1234, 100, bought_on=date(2020, 1, 1), expires_on=None)
    book(house, spent, -100, at=START)
    assert quiet(house) is None


@both_databases
def test_it_is_quiet_from_the_business_day_of_its_last_credit(house: House) -> None:
    """23:30 in London on the 30th is the 1st in Rome: the customer's day counts, which is the later one."""
    house.platform(ends_in=None)
    lot = house.lot(1234, 100, bought_on=TODAY, expires_on=None)
    book(house, lot, -99, at=datetime(2026, 12, 1, 12, tzinfo=UTC))
    book(house, lot, -1, at=datetime(2027, 1, 31, 23, 30, tzinfo=UTC))
    assert quiet(house, datetime(2027, 3, 1, tzinfo=UTC)) == date(2027, 2, 1)


def test_credits_that_expired_count_through_their_last_day(house: House) -> None:
    house.platform(ends_in=None)
    lot = house.lot(1234, 100, bought_on=date(2025, 1, 15), expires_on=None)
    book(house, lot, -40, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert quiet(house, datetime(2027, 1, 15, 12, tzinfo=UTC)) is None
    assert quiet(house, datetime(2027, 1, 16, 12, tzinfo=UTC)) == date(2027, 1, 15)


def test_booking_the_rest_as_lost_moves_nothing_however_late_it_is_done(house: House) -> None:
    house.platform(ends_in=None)
    lot = house.lot(1234, 100, bought_on=date(2025, 1, 15), expires_on=None)
    before = quiet(house, datetime(2027, 6, 1, tzinfo=UTC))
    book(house, lot, -100, at=datetime(2027, 2, 20, tzinfo=UTC), kind=Kind.WRITTEN_OFF)
    assert quiet(house, datetime(2027, 6, 1, tzinfo=UTC)) == before == date(2027, 1, 15)


@both_databases
def test_a_sign_in_starts_the_twelve_months_again(house: House) -> None:
    house.platform(ends_in=None)
    at = datetime(2027, 3, 31, 22, 30, tzinfo=UTC)  # 1 April in Rome
    with house.parts.database.write() as db:
        subscription.note_sign_in(db, 1234, at=at, zone=ROME)
    assert quiet(house, at) == date(2027, 4, 1)
    assert place(house, end(date(2028, 4, 1)) - TICK).state is State.ACTIVE
    assert place(house, end(date(2028, 4, 1))).state is State.DUE_FOR_DELETION


def test_the_later_of_credit_and_sign_in_counts(house: House) -> None:
    house.platform(ends_in=None)
    lot = house.lot(1234, 100, bought_on=TODAY, expires_on=None)
    book(house, lot, -100, at=datetime(2026, 12, 24, 12, tzinfo=UTC))
    change(house, last_sign_in_on=date(2026, 12, 23))
    assert quiet(house, datetime(2027, 1, 7, tzinfo=UTC)) == date(2026, 12, 24)
    change(house, last_sign_in_on=date(2026, 12, 25))
    assert quiet(house, datetime(2027, 1, 7, tzinfo=UTC)) == date(2026, 12, 25)


def test_the_credits_and_sign_ins_of_another_platform_keep_nothing_alive(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.platform(2000, ends_in=None)
    house.lot(2000, 100, bought_on=TODAY, expires_on=None)
    with house.parts.database.write() as db:
        subscription.note_sign_in(db, 2000, at=START + timedelta(days=100), zone=ROME)
    assert quiet(house) == TODAY


def test_a_platform_that_has_given_up_e_mail_has_no_e_any_more(house: House) -> None:
    house.platform(ends_in=2, cancelled=True)
    house.lot(1234, 100, bought_on=TODAY, expires_on=None)
    change(house, email_channel=False)
    found = place(house, end(E) + timedelta(days=100))
    assert (found.state, found.expires_on, found.days_left) == (State.ACTIVE, None, None)


def test_a_platform_with_a_term_is_never_quiet(house: House) -> None:
    house.platform(ends_in=2)
    assert quiet(house) is None


# --- blocks, seats, decisions


@both_databases
def test_open_blocks_are_told_oldest_first_and_lifted_ones_no_more(house: House) -> None:
    house.platform()
    with house.parts.database.write() as db:
        for days, code in ((2, Block.LEGAL), (1, Block.PAYMENT_OVERDUE), (3, Block.ABUSE)):
            subscription.block(db, 1234, code, by="test", note="", at=START + timedelta(days=days))
        subscription.lift(db, 1234, Block.LEGAL, by="test", at=START + timedelta(days=4))
    assert [block.code for block in place(house).blocks] == [Block.PAYMENT_OVERDUE, Block.ABUSE]


def test_a_block_stops_no_clock(house: House) -> None:
    house.platform(ends_in=2)
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.LEGAL, by="test", note="", at=START)
        subscription.hold(db, 1234, by="test", at=START)
    assert place(house, end(E)).state is State.GRACE
    assert place(house, end(E + timedelta(days=10))).state is State.DUE_FOR_DELETION


def test_what_is_decided_knows_of_blocks_trial_and_the_day(house: House) -> None:
    house.platform(1234, ends_in=90)
    house.platform(2000, ends_in=91)
    house.platform(3000, ends_in=5, trial=True)
    house.platform(4000, ends_in=None)
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.ABUSE, by="test", note="", at=START)
    assert place(house, platform_id=1234).decide(Act.RENEW, Role.FIRST) == Allowed()
    assert place(house, platform_id=1234).decide(Act.USE_FEATURES, Role.FIRST) == Refused(Reason.BLOCKED, Block.ABUSE)
    assert place(house, platform_id=2000).decide(Act.RENEW, Role.FIRST) == Refused(Reason.TOO_EARLY)
    assert isinstance(place(house, platform_id=3000).decide(Act.PURCHASE, Role.FIRST), Allowed)
    assert place(house, platform_id=4000).decide(Act.BUY_SEATS, Role.FIRST) == Refused(Reason.PURCHASE_FIRST)
    assert isinstance(place(house, platform_id=4000).decide(Act.PURCHASE, Role.FIRST), Allowed)


@both_databases
def test_seats_are_the_included_one_and_those_paid_for_and_enabled_people_take_them(house: House) -> None:
    house.platform(1234, ends_in=2, additional_seats=2)
    house.person("m1234")
    anna = house.person("m1234-anna")

    def seats(at: datetime = START) -> tuple[int, int]:
        with house.parts.database.read() as db:
            found = standing.seats(db, standing.find(db, 1234, at=at, zone=ROME))
        return found.paid, found.taken

    assert seats() == (3, 2)
    assert seats(end(E)) == (3, 2)  # in the grace nobody loses a seat
    with house.parts.database.write() as db:
        administrators.disable(db, anna, at=START)
        db.execute(seat_grants.update().values(ends_on=TODAY - timedelta(days=1)))
    assert seats() == (1, 1)


# --- credits


@both_databases
def test_lots_are_told_in_the_order_in_which_they_expire(house: House) -> None:
    house.platform(ends_in=None)
    days = [date(2026, 3, 1), date(2025, 1, 1), date(2026, 3, 1), date(2024, 12, 1)]
    lots = [house.lot(1234, 10 * (n + 1), bought_on=day, expires_on=None) for n, day in enumerate(days)]
    book(house, lots[3], -40, at=START)
    with house.parts.database.read() as db:
        found = standing.credits_of(db, place(house))
    assert [view.lot_id for view in found.lots] == [lots[1], lots[0], lots[2]]
    assert [view.last_day for view in found.lots] == [date(2027, 1, 1), date(2028, 3, 1), date(2028, 3, 1)]
    assert found.balance == Balance(spendable=60, frozen=0)


@both_databases
def test_beside_e_mail_credits_live_with_e_and_freeze_in_the_grace(house: House) -> None:
    house.platform(ends_in=2)
    lot = house.lot(1234, 100, bought_on=TODAY, expires_on=E)
    book(house, lot, -30, at=START)

    def balance(at: datetime) -> tuple[Balance, list[tuple[int, date, LotState]]]:
        with house.parts.database.read() as db:
            found = standing.credits_of(db, standing.find(db, 1234, at=at, zone=ROME))
        return found.balance, [(view.remaining, view.last_day, view.state) for view in found.lots]

    assert balance(end(E) - TICK) == (Balance(70, 0), [(70, E, LotState.SPENDABLE)])
    assert balance(end(E)) == (Balance(0, 70), [(70, E, LotState.FROZEN)])
    assert balance(end(E + timedelta(days=10))) == (Balance(0, 0), [(70, E, LotState.EXPIRED)])


def test_credits_of_another_platform_are_not_mine(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.platform(2000, ends_in=None)
    house.lot(2000, 100, bought_on=TODAY, expires_on=None)
    with house.parts.database.read() as db:
        found = standing.credits_of(db, place(house))
    assert (found.balance, found.lots) == (Balance(0, 0), [])


# --- many at once


@both_databases
@pytest.mark.parametrize("most", [1, 3, 100])
def test_platforms_that_are_read_together_stand_as_each_of_them_stands_alone(house: House, most: int) -> None:
    house.platform(1)
    house.platform(2, ends_in=2, cancelled=True)
    house.platform(3, ends_in=-3, trial=True)
    house.platform(5, ends_in=None)
    house.lot(5, 100, bought_on=date(2025, 3, 1), expires_on=None)
    spent = house.lot(5, 10, bought_on=TODAY, expires_on=None)
    house.platform(8, ends_in=None)
    book(house, house.lot(8, 100, bought_on=date(2024, 3, 1), expires_on=None), -100, at=START)
    book(house, spent, -10, at=START)
    house.platform(9, ends_in=-20)
    with house.parts.database.write() as db:
        subscription.block(db, 2, Block.LEGAL, by="test", note="", at=START)
        subscription.block(db, 2, Block.ABUSE, by="test", note="", at=START + TICK)
        db.execute(update(platforms).where(platforms.c.id == 9).values(deleted_at=START))
    found: list[Standing] = []
    with house.parts.database.read() as db:
        while more := standing.find_after(db, found[-1].platform.id if found else 0, at=START, zone=ROME, most=most):
            assert len(more) <= most
            found += more
        asked = standing.find_many(db, [9, 8, 5, 2, 404], at=START, zone=ROME)
    assert found == [place(house, platform_id=number) for number in (1, 2, 3, 5, 8)]
    assert asked == {number: place(house, platform_id=number) for number in (2, 5, 8, 9)}
