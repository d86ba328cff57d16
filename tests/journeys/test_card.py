"""A card that is declined, a browser that says too much, and a provider that says too little."""

import pytest

from portal.rules.orders import OrderState
from tests.helpers.browser import Browser
from tests.helpers.journey import FAILED, PENDING, RECEIVED, Story, invoiced, order, path, read, subjects

BUY, PACK = "/subscription/sms/buy", {"pack": "1000"}


@pytest.fixture
def anna(story: Story) -> Browser:
    """At the page on which she pays order 1."""
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    browser = story.sign_in()
    order(browser, BUY, PACK)
    story.house.work()
    return browser


def pay_again(story: Story, anna: Browser) -> str:
    anna.get("/orders/1/pay")
    return story.pay_at_provider(anna)


def test_declined_then_tried_again_then_paid(story: Story, anna: Browser) -> None:
    first = story.pay_at_provider(anna)
    (told,) = story.becomes(first, FAILED)
    assert told.subject == "Order 1: the payment did not go through"
    assert "Nothing was taken." in told.text
    assert "until 23 November 2026, 09:59" in told.text
    page = anna.get("/orders/1?back=paid")
    assert page.heading == "This order waits for its payment until 23 November 2026, 09:59"
    assert "The last payment did not go through, and nothing was taken. Try again, or pay in another way." in read(page)
    second = pay_again(story, anna)
    assert second != first
    assert subjects(story.becomes(second)) == ["Order 1 is paid, invoice 2026-000001"]
    page = anna.get("/orders/1")
    assert page.heading == "Your order is paid and delivered"
    assert "Did not go through €73.20" in read(page)
    assert "Received €73.20" in read(page)
    assert invoiced(anna) == [("2026-000001", "€73.20")]
    assert story.tasks() == []


def test_a_browser_that_says_paid_is_told_that_we_wait_and_the_page_follows(story: Story, anna: Browser) -> None:
    reference = story.pay_at_provider(anna)
    page = anna.get("/orders/1?back=paid")
    assert page.heading == "We are waiting for the confirmation of your payment"
    assert "Begun, not confirmed yet €73.20" in read(page)
    assert "SMS credits 0" in read(anna.get("/subscription"))
    assert invoiced(anna) == []
    assert story.orders()[0].state is OrderState.AWAITING_PAYMENT

    (region,) = page.with_attribute("data-follow")
    address = f"{region.get('data-state')}&seen={region.get('data-version')}"
    assert anna.open(address).json == {
        "state": "awaiting-payment",
        "version": region.get("data-version"),
        "follow": True,
    }
    story.becomes(reference)
    told = anna.open(address).json
    assert told
    assert (told["state"], told["words"]) == ("delivered", "Your order is paid and delivered")
    assert "SMS credits 1,000" in read(anna.get("/subscription"))


def test_money_of_which_nobody_told_us_is_found_by_asking(story: Story, anna: Browser) -> None:
    reference = story.pay_at_provider(anna)
    assert story.provider.move(reference, RECEIVED)
    story.house.clock.move(minutes=1, seconds=59)
    assert story.house.work() == []
    story.house.clock.move(seconds=1)
    assert subjects(story.house.work()) == ["Order 1 is paid, invoice 2026-000001"]
    assert story.tell(reference) == 200  # and the message comes after all
    assert story.house.work() == []
    assert invoiced(anna) == [("2026-000001", "€73.20")]


def test_while_a_bank_confirms_nobody_is_asked_to_pay_again(story: Story, anna: Browser) -> None:
    reference = story.pay_at_provider(anna)
    assert story.becomes(reference, PENDING) == []
    page = anna.get("/orders/1")
    assert page.heading == "Your payment is on its way"
    assert "Do not pay again" in read(page)
    anna.get("/orders/1/pay")
    assert path(anna) == "/orders/1"
    story.now_is("2026-11-23 09:00:00")
    assert subjects(story.becomes(reference)) == ["Order 1 is paid, invoice 2026-000001"]
    assert story.tasks() == []


def test_a_message_that_nobody_signed_changes_nothing(story: Story, anna: Browser) -> None:
    reference = story.pay_at_provider(anna)
    assert story.provider.move(reference, RECEIVED)
    body = story.provider.event(reference, RECEIVED)
    assert body
    client = story.house.app.test_client()
    good = story.provider.headers(body)
    for data, headers in (
        (body, {}),
        (body, {name: value.replace("v1=", "v1=0") for name, value in good.items()}),
        (body.replace(b"7320", b"7321"), good),
    ):
        assert client.post("/payments/demo/events", data=data, headers=headers).status_code == 400
    assert story.house.work() == []
    assert story.orders()[0].state is OrderState.AWAITING_PAYMENT


def test_an_order_that_is_cancelled_cannot_be_paid_and_is_closed_at_the_provider(story: Story, anna: Browser) -> None:
    reference = story.pay_at_provider(anna)
    page = anna.get("/orders/1")
    anna.submit(form=page.form_with("csrf_token"))
    assert "The order is cancelled. Nothing is owed for it." in read(anna.page)
    story.house.work()
    assert not story.provider.move(reference, RECEIVED)
    assert invoiced(anna) == []
