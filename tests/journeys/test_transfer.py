"""A renewal by bank transfer, ordered in the grace: what the page and the mail say of its days is what happens."""

from datetime import date

import pytest

from portal import bookkeeping
from portal.billing.tasks import Task
from portal.rules.lifecycle import State
from tests.helpers.browser import Browser
from tests.helpers.journey import YEAR, Story, invoiced, order, path, read, subjects

LAST_VALUE_DATE = date(2026, 12, 2)  # E + 10


@pytest.fixture
def anna(story: Story) -> Browser:
    """She has chosen to pay by transfer on the third day of the grace; her order's page is open."""
    story.now_is("2026-11-25 10:00:00")
    story.platform("2026-11-22")
    browser = story.sign_in()
    order(browser, "/subscription/renew", YEAR)
    browser.submit({"way": "transfer"})
    assert path(browser) == "/orders/1"
    return browser


def confirm(story: Story, value_date: date = LAST_VALUE_DATE) -> str:
    """Staff have found the money on the bank's statement."""
    return bookkeeping.confirm_transfer(story.house.parts, 1, value_date, "CRO 4711", None)


def test_the_page_and_the_mail_say_where_to_send_it_and_until_when(story: Story, anna: Browser) -> None:
    text = read(anna.page)
    assert anna.page is not None
    assert anna.page.heading == "This order waits for your bank transfer until Wednesday 2 December 2026, 23:59"
    for words in (
        "Amount €585.60 Reference RF74 1 Holder Posta Chiara S.r.l.",
        "IBAN IT60 X054 2811 1010 0000 0123 456 BIC BCITITMM",
        "Value date at the latest Wednesday 2 December 2026",
        "our staff have confirmed it by Wednesday 9 December 2026",
        "Period: 23 November 2026 – 22 November 2027",
    ):
        assert words in text, words
    letters = story.house.work()
    assert subjects(letters) == ["Order 1 received · €585.60", "Bank transfer of €585.60 for order 1"]
    for words in ("RF74 1", "IT60 X054 2811 1010 0000 0123 456", "Wednesday 2 December 2026 or earlier"):
        assert words in letters[1].text
    assert story.house.place().state is State.GRACE
    assert invoiced(anna) == []


@pytest.mark.parametrize("confirmed", ["2026-12-07 10:00:00", "2026-12-09 23:59:59"], ids=["third day", "fifth day"])
def test_money_of_day_ten_renews_when_staff_read_the_statement_in_time(
    story: Story, anna: Browser, confirmed: str
) -> None:
    story.house.work()
    story.now_is(confirmed)
    assert story.house.place().state is State.DUE_FOR_DELETION
    assert confirm(story) == "Order 1: paid and delivered."
    (letter,) = story.house.work()
    assert letter.subject == "Order 1 is paid, invoice 2026-000001"
    assert "Edition Pro, paid from 23 November 2026 to 22 November 2027." in letter.text
    anna = story.sign_in()
    assert anna.page is not None
    assert anna.page.heading == "Your subscription is paid until Monday 22 November 2027"
    page = anna.get("/orders/1")
    assert page.heading == "Your order is paid and delivered"
    assert "Bank transfer Received, value date 2 December 2026 €585.60" in read(page)
    assert invoiced(anna) == [("2026-000001", "€585.60")]
    assert story.tasks() == []


@pytest.mark.parametrize(
    ("value_date", "confirmed"),
    [(LAST_VALUE_DATE, "2026-12-10 00:00:00"), (date(2026, 12, 3), "2026-12-03 12:00:00")],
    ids=["sixth bank day", "a day too late"],
)
def test_money_that_came_too_late_is_given_back(story: Story, anna: Browser, value_date: date, confirmed: str) -> None:
    story.house.work()
    story.now_is(confirmed)
    assert "there is a task to give it back" in confirm(story, value_date)
    (letter,) = story.house.work()
    assert letter.subject == "Order 1: your payment could not be used"
    assert "€585.60 have arrived" in letter.text
    assert "It arrived after the last day on which it could count." in letter.text
    assert story.tasks() == [(Task.GIVE_BACK_LATE, 58560)]
    assert (story.expires_on(), story.house.place().state) == ("2026-11-22", State.DUE_FOR_DELETION)


def test_who_changes_her_mind_pays_the_same_order_by_card(story: Story, anna: Browser) -> None:
    anna.get("/orders/1/pay")
    assert "Order 1 is paid, invoice 2026-000001" in subjects(story.becomes(story.pay_at_provider(anna)))
    assert (story.expires_on(), story.tasks()) == ("2027-11-22", [])
    confirm(story, date(2026, 11, 25))  # and the transfer was on its way all the same
    assert story.tasks() == [(Task.GIVE_BACK_SECOND, 58560)]
    assert invoiced(anna) == [("2026-000001", "€585.60")]
