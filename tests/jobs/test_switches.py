"""The sending service hears of what was paid and of what is blocked: after the commit, until it has heard."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal import office
from portal.billing.choices import UpgradeChoice
from portal.billing.queries import Order
from portal.billing.settle import switch_key
from portal.jobs import switches
from portal.jobs.post import work_once
from portal.kit import outbox
from portal.kit.outbox import RETRY_AFTER
from portal.outside.service import DemoService, HttpService, NotAccepted, PlatformState, ServiceDown
from portal.rules.lifecycle import State
from portal.subscription import actions
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.helpers.shop import A_YEAR, PACK
from tests.outside.service_server import SECRET, ServiceServer

E = date(2027, 2, 26)  # of the house's platform, in 98 days
WAITS, DONE = "being switched on at the sending service", "Everything is switched on."
STAFF = "Our staff see to it"


@dataclass
class Listener:
    """A service that keeps what it is told, and can be told to refuse."""

    told: list[tuple[PlatformState, str]] = field(default_factory=list)
    fault: Exception | None = None

    def tell(self, state: PlatformState, key: str) -> None:
        if self.fault:
            raise self.fault
        self.told.append((state, key))

    @property
    def last(self) -> PlatformState:
        return self.told[-1][0]


@pytest.fixture
def service() -> Listener:
    return Listener()


@pytest.fixture
def shop(tmp_path: Path, database_url: str, service: Listener) -> Iterator[House]:
    """A house whose service is the listener."""
    found = build(tmp_path, database_url, service=service)
    yield found
    found.parts.database.close()


def work(house: House) -> None:
    while work_once(house.app):
        pass


def row_of(house: House, order: Order) -> Any:
    with house.parts.database.read() as db:
        mine = outbox.outbox.c.deduplication_key == switch_key(order.id)
        return db.execute(select(outbox.outbox).where(mine)).one()


def anna(house: House) -> Browser:
    """The buyer, signed in."""
    browser = house.browser()
    browser.sign_in("m1234")
    return browser


def page(browser: Browser, order: Order) -> str:
    return browser.get(f"/orders/{order.id}").text


@both_databases
def test_what_was_paid_is_told_and_the_page_says_so(shop: House, service: Listener) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    browser = anna(shop)
    assert WAITS in page(browser, order)
    work(shop)
    ((state, key),) = service.told
    assert (state.platform_id, state.as_of, state.credits) == (1234, shop.clock.now(), 5000)
    assert key == f"order_id-{order.id}-platform_id-1234-20261120T090000.000000"
    assert DONE in page(browser, order)
    assert row_of(shop, order).outcome == "handled"


def test_what_was_only_ordered_is_not_told(shop: House, service: Listener) -> None:
    shop.order(PACK)
    work(shop)
    assert service.told == []


def test_a_service_that_is_away_is_told_when_it_is_back(
    shop: House, service: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = ServiceDown("the service answered 503")
    log = logging.getLogger("portal")
    log.addHandler(caplog.handler)
    try:
        work(shop)
    finally:
        log.removeHandler(caplog.handler)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "sending service not told"
    ]
    assert (row_of(shop, order).error, row_of(shop, order).outcome) == ("the service answered 503", None)
    browser = anna(shop)
    assert WAITS in page(browser, order)

    service.fault = None
    shop.clock.set(shop.clock.now() + RETRY_AFTER[0] - timedelta(microseconds=1))
    work(shop)
    assert service.told == []
    shop.clock.move(microseconds=1)
    work(shop)
    assert service.last.as_of == shop.clock.now()
    assert DONE in page(browser, order)


def test_a_service_that_stays_away_is_left_to_staff_after_days(shop: House, service: Listener) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = ServiceDown("TimeoutError")
    for wait in (*RETRY_AFTER, timedelta()):
        assert row_of(shop, order).outcome is None
        work(shop)
        shop.clock.set(shop.clock.now() + wait)
    assert (row_of(shop, order).outcome, row_of(shop, order).error) == ("failed", "TimeoutError")
    assert STAFF in page(anna(shop), order)


def test_what_the_service_does_not_accept_is_left_to_staff_at_once(
    shop: House, service: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = NotAccepted("the service answered 422")
    log = logging.getLogger("portal")
    log.addHandler(caplog.handler)
    try:
        work(shop)
    finally:
        log.removeHandler(caplog.handler)
    (fault,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    row = row_of(shop, order)
    assert (fault.message, fault.__dict__["row"], fault.__dict__["why"]) == ("errand given up", row.id, row.error)
    assert (row.outcome, row.error, row.attempts) == ("failed", "the service answered 422", 1)
    assert STAFF in page(anna(shop), order)


def test_the_next_word_that_is_heard_makes_up_for_those_that_failed(shop: House, service: Listener) -> None:
    """A whole platform is told each time; staff have it told again once the fault is mended."""
    order, other = shop.order(PACK), shop.order(PACK, by=shop.person("m7"))
    for one in (order, other):
        shop.pay(one)
    service.fault = NotAccepted("the service answered 422")
    work(shop)
    service.fault = None
    shop.clock.move(minutes=1)
    office.tell_service(shop.parts, 1234)
    work(shop)
    assert [state.platform_id for state, _ in service.told] == [1234]
    assert (row_of(shop, order).outcome, row_of(shop, other).outcome) == ("handled", "failed")
    assert DONE in page(anna(shop), order)


def test_a_word_that_is_not_heard_makes_up_for_nothing(shop: House, service: Listener) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = NotAccepted("the service answered 422")
    work(shop)
    shop.clock.move(minutes=1)
    office.tell_service(shop.parts, 1234)
    work(shop)
    assert row_of(shop, order).outcome == "failed"


def test_an_order_that_failed_after_the_look_at_the_platform_is_not_made_up_for(shop: House, service: Listener) -> None:
    """What was told then does not hold it."""
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = NotAccepted("the service answered 422")
    work(shop)
    service.fault = None
    office.tell_service(shop.parts, 1234)
    work(shop)
    assert (len(service.told), row_of(shop, order).outcome) == (1, "failed")


@pytest.mark.parametrize(("service_is_there", "platform_id"), [(False, 1234), (True, 99)])
def test_telling_again_needs_a_service_and_a_platform(
    house: House, shop: House, service_is_there: bool, platform_id: int
) -> None:
    house.platform(1234)
    with pytest.raises(office.Refused):
        office.tell_service((shop if service_is_there else house).parts, platform_id)


def test_a_fault_of_the_client_itself_is_put_off_like_any_other(shop: House, service: Listener) -> None:
    order = shop.order(PACK)
    shop.pay(order)
    service.fault = KeyError("edition")
    work(shop)
    assert (row_of(shop, order).error, row_of(shop, order).outcome) == ("KeyError", None)


def test_nobody_is_told_while_a_transaction_is_open(shop: House, service: Listener) -> None:
    """A service that takes its time must not hold the database: another one can write meanwhile."""
    order = shop.order(PACK)
    shop.pay(order)
    written: list[bool] = []

    def tell(state: PlatformState, _key: str) -> None:
        with shop.parts.database.write() as db:
            written.append(actions.hold(db, state.platform_id, by="test", at=shop.clock.now()))

    service.tell = tell  # type: ignore[method-assign]
    work(shop)
    assert written == [True]
    assert row_of(shop, order).outcome == "handled"


def test_where_no_service_is_configured_there_is_nobody_to_tell(house: House) -> None:
    order = house.order(PACK)
    house.pay(order)
    work(house)
    assert row_of(house, order).outcome == "handled"
    assert DONE in page(anna(house), order)


# --- what it is told


def look(house: House, platform_id: int = 1234) -> PlatformState:
    with house.parts.database.read() as db:
        return switches.snapshot(db, house.place(platform_id))


def test_a_platform_is_told_whole(shop: House) -> None:
    shop.platform(1234, additional_seats=2)
    shop.lot(1234, 700, bought_on=date(2026, 11, 1), expires_on=E)
    state = look(shop)
    assert (state.state, state.sending, state.edition) == (State.ACTIVE, True, "pro")
    assert (state.email, state.sms) == (True, True)
    assert (state.expires_on, state.renewable_until, state.deleted_from) == (E, date(2027, 3, 8), date(2027, 3, 9))
    assert [(term.starts_on, term.ends_on, term.edition) for term in state.terms] == [(date(2026, 2, 27), E, "pro")]
    assert (state.seats, state.credits) == (3, 700)


def test_a_renewal_adds_the_term_that_is_to_come(shop: House, service: Listener) -> None:
    shop.clock.move(days=20)  # the renewal opens at E - 90
    shop.person("m1234")
    shop.pay(shop.order(A_YEAR))
    work(shop)
    terms = [(term.starts_on, term.ends_on) for term in service.last.terms]
    assert len(terms) == 2
    assert terms[1][0] == terms[0][1] + timedelta(days=1)
    assert service.last.expires_on == terms[1][1]
    shop.clock.set(shop.clock.now() + timedelta(days=200))
    assert len(look(shop).terms) == 1


def test_an_upgrade_is_told_with_its_edition(shop: House, service: Listener) -> None:
    shop.person("m1234")
    shop.pay(shop.order(UpgradeChoice("pro", "business")))
    work(shop)
    assert (service.last.edition, service.last.terms[0].edition) == ("business", "business")


@pytest.mark.parametrize(
    ("ends_in", "state", "sending"),
    [
        (0, State.ACTIVE, True),
        (-1, State.GRACE, False),
        (-10, State.GRACE, False),
        (-11, State.DUE_FOR_DELETION, False),
    ],
)
def test_sending_is_what_the_table_of_who_may_do_what_says(
    shop: House, ends_in: int, state: State, sending: bool
) -> None:
    shop.platform(1234, ends_in=ends_in)
    found = look(shop)
    assert (found.state, found.sending, bool(found.terms)) == (state, sending, sending)


def test_a_trial_and_a_cancelled_platform_send_until_their_last_day(shop: House) -> None:
    trial, cancelled = look(shop, shop.platform(1, ends_in=5, trial=True)), shop.platform(2, ends_in=5, cancelled=True)
    assert (trial.state, trial.sending) == (State.TRIAL, True)
    assert (look(shop, cancelled).state, look(shop, cancelled).sending) == (State.CANCELLED, True)


def test_a_platform_that_only_sends_sms_has_credits_and_no_days(shop: House) -> None:
    shop.platform(7, ends_in=None)
    shop.lot(7, 300, bought_on=date(2026, 11, 1), expires_on=None)
    state = look(shop, 7)
    assert (state.edition, state.terms, state.expires_on, state.renewable_until) == (None, (), None, None)
    assert (state.email, state.sms, state.sending, state.credits) == (False, True, True, 300)


@both_databases
def test_a_block_stops_sending_and_its_lifting_starts_it_again(shop: House, service: Listener) -> None:
    """Both within one instant of the clock: none of the two may be taken for the other."""
    shop.platform(1234)
    office.block(shop.parts, 1234, "abuse", "spam")
    work(shop)
    assert service.last.sending is False
    office.unblock(shop.parts, 1234, "abuse")
    work(shop)
    assert (service.last.sending, len(service.told)) == (True, 2)


def test_a_block_that_was_there_already_is_not_told_again(shop: House, service: Listener) -> None:
    shop.platform(1234)
    office.block(shop.parts, 1234, "abuse", "spam")
    with pytest.raises(office.Refused):
        office.block(shop.parts, 1234, "abuse", "spam")
    with pytest.raises(office.Refused):
        office.unblock(shop.parts, 1234, "legal")
    work(shop)
    assert len(service.told) == 1


# --- over the wire


def test_a_real_service_hears_of_two_orders_whatever_comes_first(tmp_path: Path, database_url: str) -> None:
    with ServiceServer() as server:
        house = build(tmp_path, database_url, service=HttpService(server.url, SECRET))
        orders = [house.order(PACK) for _ in range(2)]
        server.behaviour = 500
        house.pay(orders[0])
        work(house)
        server.behaviour = None
        house.clock.move(seconds=5)
        house.pay(orders[1])
        work(house)
        assert server.known[1234]["credits"] == 10000
        assert (row_of(house, orders[0]).outcome, row_of(house, orders[1]).outcome) == (None, "handled")
        house.clock.move(seconds=10)
        work(house)
        assert row_of(house, orders[0]).outcome == "handled"
        assert server.known[1234]["credits"] == 10000
        assert server.statuses == [500, 204, 204]
        house.parts.database.close()


def test_a_worker_whose_clock_is_behind_tells_again_until_its_word_is_the_newest(
    tmp_path: Path, database_url: str
) -> None:
    """What it knew first would be lost if the service just dropped it."""
    with ServiceServer() as server:
        house = build(tmp_path, database_url, service=HttpService(server.url, SECRET))
        house.platform(1234)
        house.clock.move(seconds=3)
        with house.parts.database.write() as db:
            actions.block(db, 1234, "legal", by="test", note="", at=house.clock.now())
        work(house)
        house.clock.move(seconds=-3)
        with house.parts.database.write() as db:
            actions.lift(db, 1234, "legal", by="test", at=house.clock.now())
        work(house)
        assert server.known[1234]["sending"] is False
        house.clock.set(house.clock.now() + RETRY_AFTER[0])
        work(house)
        assert (server.known[1234]["sending"], server.statuses) == (True, [204, 409, 204])
        house.parts.database.close()


def test_the_demonstrations_service_can_be_looked_into(tmp_path: Path, database_url: str) -> None:
    house = build(tmp_path, database_url, demo=True)
    house.pay(house.order(PACK))
    work(house)
    service = house.parts.service
    assert isinstance(service, DemoService)
    found = service.find(1234)
    assert found is not None
    assert (found["credits"], found["sending"]) == (5000, True)
    assert json.loads(next((tmp_path / "demo-service").glob("*.json")).read_text("utf-8")) == found
    house.parts.database.close()
