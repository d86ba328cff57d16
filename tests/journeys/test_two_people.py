"""Two administrators who renew in the same minute: one term, one invoice, and the second one's money is not lost."""

import pytest

from portal.billing.tasks import Task
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.journey import RECEIVED, YEAR, Story, invoiced, order, path, post, read, subjects
from tests.helpers.together import together

WITH_MARCO = {**YEAR, "additional": "1"}


@pytest.fixture
def people(story: Story) -> tuple[Browser, Browser]:
    """Anna and Marco at their own browsers, both with an order for the same term."""
    story.now_is("2026-11-21 10:00:00")
    story.platform("2026-11-22", additional_seats=1)
    story.house.person("m1234-marco", email="marco@example.com", full_name="Marco Conti")
    anna, marco = story.sign_in(), story.sign_in("m1234-marco")
    for browser in (anna, marco):
        order(browser, "/subscription/renew", WITH_MARCO)
    return anna, marco


def test_both_pay_and_one_renews(story: Story, people: tuple[Browser, Browser]) -> None:
    anna, marco = people
    first, second = (story.pay_at_provider(browser) for browser in people)
    story.house.work()
    assert story.provider.move(second, RECEIVED)
    (paid,) = story.becomes(first)
    assert (paid.recipient, paid.subject) == ("m1234@example.com", "Order 1 is paid, invoice 2026-000001")
    assert story.tell(second) == 200
    (told,) = story.house.work()
    assert (told.recipient, told.subject) == ("marco@example.com", "Order 2: your payment could not be used")
    assert "€732.00 have arrived" in told.text
    assert "Nothing is lost: we give it back" in told.text
    page = read(marco.get("/orders/2?back=paid"))
    assert "€732.00 have arrived and are with our staff." in page
    assert "Nothing is lost: we give it back" in page
    assert "The same had been paid before." in told.text
    assert story.tasks() == [(Task.GIVE_BACK_SECOND, 73200)]
    assert "Order again" not in page
    for browser in people:
        assert "Your subscription is paid until Monday 22 November 2027" in read(browser.get("/subscription"))
        assert "The next term is paid already." in read(browser.get("/subscription/renew"))
        assert invoiced(browser) == [("2026-000001", "€732.00")]
    assert len(story.house.place().terms) == 2
    assert anna.get("/orders/1").heading == "Your order is paid and delivered"


@both_databases
def test_both_payments_are_confirmed_in_the_same_moment(story: Story, people: tuple[Browser, Browser]) -> None:
    references = [story.pay_at_provider(browser) for browser in people]
    for reference in references:
        assert story.provider.move(reference, RECEIVED)
    together(lambda number: story.tell(references[number]), 2)
    together(lambda _number: story.house.work(), 2)
    assert story.expires_on() == "2027-11-22"
    assert [cents for _kind, cents in story.tasks()] == [73200]
    assert len(invoiced(people[0])) == 1


def test_who_has_not_paid_yet_is_not_sent_to_pay_any_more(story: Story, people: tuple[Browser, Browser]) -> None:
    anna, marco = people
    story.becomes(story.pay_at_provider(anna))
    marco.get("/orders/2/pay")
    assert path(marco) == "/orders/2"
    assert "The same term has been paid with another order. Nothing is owed for this one." in read(marco.page)
    post(marco, "/orders/2/pay", {"way": "demo"})
    assert "This order does not wait for a payment any more." in read(marco.page)
    assert story.tasks() == []


def test_who_pays_at_the_provider_after_the_other_is_stopped_there(
    story: Story, people: tuple[Browser, Browser]
) -> None:
    first, second = (story.pay_at_provider(browser) for browser in people)
    assert "Order 1 is paid, invoice 2026-000001" in subjects(story.becomes(first))
    assert not story.provider.move(second, RECEIVED)  # the worker had it closed
    assert story.tasks() == []
