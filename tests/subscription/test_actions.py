"""What is done to platforms."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.kit.audit import events
from portal.rules.access import Block
from portal.subscription import actions, queries
from portal.subscription.actions import NewPlatform, Taken
from portal.subscription.tables import blocks
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
TERM = (date(2026, 3, 1), date(2027, 2, 28))


def create(house: House, platform_id: int = 1234, **facts: Any) -> Taken | None:
    given = {"email_channel": True, "sms_channel": True, "term": TERM} | facts
    with house.parts.database.write() as db:
        return actions.create(db, NewPlatform(platform_id, "pro", **given), at=START)


def tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())


@both_databases
def test_a_platform_begins_with_its_first_term_and_seats(house: House) -> None:
    assert create(house, company="Bianchi S.r.l.", additional_seats=2) is None
    with house.parts.database.read() as db:
        found = queries.find_platform(db, 1234)
        (paid,) = queries.terms_of(db, 1234)
        (grant,) = queries.seat_grants_of(db, 1234)
    assert found is not None
    assert (found.company, found.trial, found.sms_only, found.created_at) == ("Bianchi S.r.l.", False, False, START)
    term = paid.term
    assert (term.anchor, term.starts_on, term.ends_on, paid.edition) == (TERM[0], *TERM, "pro")
    assert (grant.quantity, grant.starts_on, grant.ends_on) == (2, *TERM)
    assert tags(house) == ["subscription.platform_created"]


@both_databases
def test_an_id_is_given_once_also_to_two_at_once(house: House) -> None:
    results = together(lambda _: create(house), 4)
    assert sum(result is None for result in results) == 1
    with house.parts.database.read() as db:
        assert len(queries.terms_of(db, 1234)) == 1


def test_a_platform_that_sends_nothing_is_none(house: House) -> None:
    with pytest.raises(IntegrityError):
        create(house, email_channel=False, sms_channel=False, term=None)


def test_a_term_that_ends_before_it_begins_is_none(house: House) -> None:
    with pytest.raises(IntegrityError):
        create(house, term=(TERM[1], TERM[0]))


@both_databases
def test_a_platform_is_blocked_once_for_a_reason_also_by_two_at_once(house: House) -> None:
    create(house)

    def block(_: int) -> bool:
        with house.parts.database.write() as db:
            return actions.block(db, 1234, Block.ABUSE, by="test", note="spam", at=START)

    assert together(block, 4).count(True) == 1
    with house.parts.database.read() as db:
        row = db.execute(select(blocks)).one()
    assert (row.code, row.set_by, row.note, row.since) == ("abuse", "test", "spam", START)
    assert tags(house).count("subscription.blocked") == 1


def test_another_reason_is_another_block_and_a_lifted_one_can_come_back(house: House) -> None:
    create(house)
    with house.parts.database.write() as db:
        for code in (Block.ABUSE, Block.LEGAL):
            assert actions.block(db, 1234, code, by="test", note="", at=START)
        assert actions.lift(db, 1234, Block.ABUSE, by="test", at=START)
        assert not actions.lift(db, 1234, Block.ABUSE, by="test", at=START)
        assert not actions.lift(db, 1234, Block.COMPROMISED, by="test", at=START)
        assert [block.code for block in queries.open_blocks(db, 1234)] == [Block.LEGAL]
        assert actions.block(db, 1234, Block.ABUSE, by="test", note="", at=START)
    assert tags(house).count("subscription.unblocked") == 1


@both_databases
def test_a_hold_is_put_on_and_taken_off_once(house: House) -> None:
    create(house)
    with house.parts.database.write() as db:
        assert not actions.release(db, 1234, by="test", at=START)
        assert actions.hold(db, 1234, by="test", at=START)
        assert not actions.hold(db, 1234, by="test", at=START)
        assert actions.release(db, 1234, by="test", at=START)
    assert tags(house)[1:] == ["subscription.legal_hold", "subscription.legal_hold_released"]


def test_a_sign_in_is_remembered_by_its_business_day_and_never_an_earlier_one(house: House) -> None:
    create(house)

    def day(at: datetime) -> date | None:
        with house.parts.database.write() as db:
            actions.note_sign_in(db, 1234, at=at, zone=ROME)
            found = queries.find_platform(db, 1234)
        assert found is not None
        return found.last_sign_in_on

    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert day(START) == date(2026, 11, 20)
    assert day(late) == date(2026, 11, 21)
    assert day(START) == date(2026, 11, 21)


def test_cancelling_is_kept_with_its_instant_and_written_down_with_who_did_it(house: House) -> None:
    create(house)
    with house.parts.database.write() as db:
        assert actions.cancel(db, 1234, by="m1234", at=START + timedelta(days=1))
        found = queries.find_platform(db, 1234)
        event = db.execute(select(events).where(events.c.tag == "subscription.cancelled")).one()
    assert found is not None
    assert found.cancelled_at == START + timedelta(days=1)
    assert (event.platform_id, event.details) == (1234, {"by": "m1234"})


@both_databases
def test_of_two_cancellations_at_once_one_is_done_and_so_of_two_that_take_it_back(house: House) -> None:
    create(house)
    for act in (actions.cancel, actions.undo_cancel):

        def once(number: int, act: Any = act) -> bool:
            with house.parts.database.write() as db:
                return bool(act(db, 1234, by=f"browser {number}", at=START + timedelta(hours=number)))

        assert together(once, 4).count(True) == 1
    assert tags(house)[1:] == ["subscription.cancelled", "subscription.cancellation_undone"]


def test_a_second_cancellation_keeps_the_first_instant_and_another_platform_is_left_alone(house: House) -> None:
    create(house)
    create(house, 5678)
    with house.parts.database.write() as db:
        assert actions.cancel(db, 1234, by="m1234", at=START)
        assert not actions.cancel(db, 1234, by="m1234", at=START + timedelta(days=1))
        assert not actions.undo_cancel(db, 5678, by="m5678", at=START)
        found, other = queries.find_platform(db, 1234), queries.find_platform(db, 5678)
    assert found is not None
    assert other is not None
    assert (found.cancelled_at, other.cancelled_at) == (START, None)


def test_a_cancellation_that_is_taken_back_leaves_no_mark(house: House) -> None:
    create(house)
    with house.parts.database.write() as db:
        actions.cancel(db, 1234, by="m1234", at=START)
        assert actions.undo_cancel(db, 1234, by="m1234", at=START)
        assert not actions.undo_cancel(db, 1234, by="m1234", at=START)
        found = queries.find_platform(db, 1234)
    assert found is not None
    assert found.cancelled_at is None


def test_a_platform_that_nobody_has_is_not_found(house: House) -> None:
    with house.parts.database.read() as db:
        assert queries.find_platform(db, 404) is None
        assert queries.terms_of(db, 404) == []
        assert queries.open_blocks(db, 404) == []
