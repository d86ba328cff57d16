"""The demonstration's payment page: each button, what becomes of the session, and what is told of it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.kit import outbox
from portal.outside.demo_payments import DemoPayments
from portal.rules.orders import Way
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.helpers.together import together
from tests.outside.providers import BEGUN, EXPIRED, FAILED, PENDING, RECEIVED
from tests.outside.test_payments_contract import ASKING

MINUTES_5 = timedelta(minutes=5)


@pytest.fixture
def demo(tmp_path: Path, database_url: str) -> Iterator[House]:
    found = build(tmp_path, database_url, demo=True)
    yield found
    found.parts.database.close()


def provider(demo: House) -> DemoPayments:
    found = demo.parts.providers[Way.DEMO]
    assert isinstance(found, DemoPayments)
    return found


@pytest.fixture
def reference(demo: House) -> str:
    return provider(demo).start(ASKING).reference


@pytest.fixture
def visitor(demo: House, reference: str) -> Browser:
    """Somebody on the payment page, whom the portal does not know."""
    browser = demo.browser()
    browser.get(f"/demo/pay/{reference}")
    return browser


def told(demo: House) -> list[tuple[str, timedelta]]:
    """The events that wait: (state, how long from now)."""
    with demo.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == outbox.ERRAND)).all()
    assert {row.name for row in rows} <= {"demo_event"}
    return [(row.payload["state"], row.due_at - demo.clock.now()) for row in rows]


def press(browser: Browser, choice: str) -> Any:
    browser.submit({"choice": choice}, follow=False)
    return browser.response


def test_the_page_says_what_is_paid_and_how_much(visitor: Browser) -> None:
    assert visitor.page is not None
    assert "€366.00" in visitor.page.heading
    assert ASKING.description in visitor.page.text


@pytest.mark.parametrize(
    ("choice", "state", "events"),
    [
        ("pay", RECEIVED, [("received", timedelta(0))]),
        ("decline", FAILED, [("failed", timedelta(0))]),
        ("late", RECEIVED, [("received", MINUTES_5)]),
        ("slow", PENDING, [("pending", timedelta(0)), ("received", MINUTES_5)]),
        ("never", RECEIVED, []),
        ("twice", RECEIVED, [("received", timedelta(0))] * 2),
    ],
)
def test_each_button_does_what_it_says_and_leads_back_to_the_shop(
    demo: House, reference: str, visitor: Browser, choice: str, state: Any, events: list[tuple[str, timedelta]]
) -> None:
    answer = press(visitor, choice)
    assert (answer.status_code, answer.headers["Location"]) == (303, ASKING.return_url)
    assert provider(demo).look_up(reference).state is state
    assert told(demo) == events


@pytest.mark.parametrize(("answer", "state"), [("confirm", RECEIVED), ("refuse", FAILED), ("", FAILED)])
def test_the_bank_may_ask_first(demo: House, reference: str, visitor: Browser, answer: str, state: Any) -> None:
    asked = visitor.submit({"choice": "authenticate"})
    assert asked.heading == "Confirm with your bank"
    assert (provider(demo).look_up(reference).state, told(demo)) == (BEGUN, [])
    assert press(visitor, answer).headers["Location"] == ASKING.return_url
    assert provider(demo).look_up(reference).state is state
    assert told(demo) == [(str(state), timedelta(0))]


def test_what_is_over_shows_why_and_the_way_back(demo: House, reference: str, visitor: Browser) -> None:
    press(visitor, "pay")
    page = visitor.get(f"/demo/pay/{reference}")
    assert "This is paid." in page.text
    assert [link.get("href") for link in page.all("main")[0].iter("a")] == [ASKING.return_url]
    assert not page.all("form")


def test_a_second_press_changes_nothing_and_tells_nothing_more(demo: House, reference: str) -> None:
    first, second = demo.browser(), demo.browser()
    for browser in (first, second):
        browser.get(f"/demo/pay/{reference}")
    press(first, "pay")
    assert press(second, "decline").headers["Location"] == ASKING.return_url
    second.get(f"/demo/pay/{reference}/bank")
    press(second, "refuse")
    assert provider(demo).look_up(reference).state is RECEIVED
    assert len(told(demo)) == 1


def test_of_two_people_who_decide_at_one_moment_one_decides(demo: House, reference: str) -> None:
    browsers = [demo.browser() for _ in range(4)]
    for browser in browsers:
        browser.get(f"/demo/pay/{reference}")
    together(lambda number: press(browsers[number], ("pay", "decline")[number % 2]), len(browsers))
    assert told(demo) == [(str(provider(demo).look_up(reference).state), timedelta(0))]


def test_what_was_closed_or_waited_too_long_cannot_be_paid(demo: House, reference: str, visitor: Browser) -> None:
    demo.clock.set(ASKING.expires_at)
    assert press(visitor, "pay").status_code == 303
    assert (provider(demo).look_up(reference).state, told(demo)) == (EXPIRED, [])
    assert "This can no longer be paid." in visitor.get(f"/demo/pay/{reference}").text


def test_an_unknown_choice_is_asked_again(demo: House, reference: str, visitor: Browser) -> None:
    answer = press(visitor, "nonsense")
    assert answer.status_code == 422
    assert (provider(demo).look_up(reference).state, told(demo)) == (BEGUN, [])


@pytest.mark.parametrize("path", ["/demo/pay/cs_demo_" + "0" * 32, "/demo/pay/x", "/demo/pay/x/bank"])
def test_a_session_that_is_none_is_not_found(demo: House, path: str) -> None:
    assert demo.browser().open(path).status_code == 404


def test_these_buttons_need_the_forgery_token_like_all_others(demo: House, reference: str) -> None:
    for path in (f"/demo/pay/{reference}", f"/demo/pay/{reference}/bank"):
        assert demo.browser().open(path, method="POST", data={"choice": "pay"}).status_code == 400
    assert provider(demo).look_up(reference).state is BEGUN


def test_the_page_is_found_in_the_demonstration_alone(house: House) -> None:
    for path in ("/demo/pay/x", "/demo/pay/x/bank"):
        assert house.browser().open(path).status_code == 404
    assert house.parts.providers == {}


def test_a_new_cast_finds_no_session_of_the_last_one(demo: House, reference: str) -> None:
    provider(demo).empty()
    assert provider(demo).find(reference) is None
    assert provider(demo).start(ASKING).reference == reference
