"""More at once, less with the next term: what is shown before, and what is true on the day."""

from datetime import date

from portal.billing.tasks import Task
from portal.subscription.queries import find_platform
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.journey import YEAR, Story, invoiced, look, path, read, subjects

EDITIONS, UPGRADE = "/subscription/edition", "/subscription/edition/business"
STARTER = {**YEAR, "edition": "starter"}
LOSSES = (
    "the SMS channel of the edition; credits that you have stay usable",
    "contacts beyond 5,000",
    "e-mails beyond 50,000 a month",
)


def plan(browser: Browser, edition: str) -> str:
    """Press the button that plans an edition ("" takes it back); what the page says then."""
    page = browser.get(EDITIONS)
    number = next(n for n in range(9) if page.form(n)[1].get("edition") == edition)
    return read(browser.submit(form=number))


def planned(house: House) -> str | None:
    with house.parts.database.read() as db:
        found = find_platform(db, 1234)
    return found.next_edition if found else None


def test_a_downgrade_is_planned_with_its_losses_and_taken_back(story: Story) -> None:
    story.now_is("2026-11-20 10:00:00")
    story.platform("2026-11-22")
    anna = story.sign_in()
    before = read(anna.get(EDITIONS))
    for loss in LOSSES:
        assert loss in before[: before.index("Change to Starter with the next term")], loss
    page = plan(anna, "starter")
    assert (
        "From Monday 23 November 2026, with the next term, the edition is Starter. Until then nothing changes." in page
    )
    assert "You have the edition Pro." in page
    overview = read(anna.get("/subscription"))
    assert "With the next term Starter" in overview
    assert "Renew the subscription · €300.00 + tax" in overview
    assert "The edition stays as it is." in plan(anna, "")
    overview = read(anna.get("/subscription"))
    assert "With the next term" not in overview
    assert "Renew the subscription · €480.00 + tax" in overview
    assert planned(story.house) is None


def test_a_downgrade_can_be_taken_back_until_the_last_instant(story: Story) -> None:
    story.now_is("2026-11-22 23:50:00")
    story.platform("2026-11-22")
    anna = story.sign_in()
    plan(anna, "starter")
    story.now_is("2026-11-22 23:59:59.999999")
    assert "The edition stays as it is." in plan(anna, "")
    plan(anna, "starter")
    anna.get(EDITIONS)
    story.now_is("2026-11-23 00:00:00")
    page = read(anna.submit(form=0))
    assert "Possible together with the renewal." in page
    assert planned(story.house) == "starter"  # and is what the renewal proposes
    assert "Edition Starter, 12 months" in read(anna.get("/subscription/renew"))


def test_a_downgrade_takes_effect_with_the_renewal(story: Story) -> None:
    story.now_is("2026-11-20 10:00:00")
    story.platform("2026-11-22")
    story.house.lot(1234, 700, bought_on=date(2026, 5, 1), expires_on=date(2026, 11, 22))
    anna = story.sign_in()
    plan(anna, "starter")
    page = read(look(anna, "/subscription/renew", STARTER))
    for loss in LOSSES:
        assert loss in page, loss
    assert "Edition Starter, 12 months €300.00 €300.00 Net €300.00 VAT 22 % €66.00 Total €366.00" in page
    (_received, paid) = story.buy(anna, "/subscription/renew", STARTER)
    assert "Edition Starter, paid from 23 November 2026 to 22 November 2027." in paid.text

    story.now_is("2026-11-22 23:59:59")
    anna = story.sign_in()
    assert "Edition Pro" in read(anna.page)
    story.now_is("2026-11-23 00:00:00")
    story.house.work()
    page = read(anna.get("/subscription"))
    assert "Edition Starter" in page
    assert "700 1 May 2026 22 November 2027 Usable" in page  # credits stay usable
    assert "Your subscription is paid until Monday 22 November 2027" in page
    assert invoiced(anna) == [("2026-000001", "€366.00")]


def test_an_upgrade_is_on_when_it_is_paid_and_costs_what_the_page_said(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    formula = "Change to Business, 99 of 365 days €720.00 × 99/365 €195.29"
    amounts = "Net €195.29 VAT 22 % €42.96 Total €238.25"
    page = read(anna.get(UPGRADE))
    assert f"{formula} {amounts}" in page
    assert "Expiry 28 February 2027, as before" in page
    anna.submit({"order": "1"})
    assert path(anna) == "/orders/1/pay"
    assert f"{formula} {amounts}" in read(anna.page)
    reference = story.pay_at_provider(anna)
    assert "Edition Pro" in read(anna.get("/subscription"))  # ordered is not paid
    assert "Order 1 is paid, invoice 2026-000001" in subjects(story.becomes(reference))

    page = read(anna.get("/subscription"))
    assert "Edition Business" in page
    assert "Your subscription is paid until Sunday 28 February 2027" in page
    assert story.expires_on() == "2027-02-28"
    assert f"{formula} {amounts}" in read(anna.get("/orders/1"))
    assert f"{formula} {amounts}" in read(anna.get("/subscription/invoices/2026-000001"))
    assert invoiced(anna) == [("2026-000001", "€238.25")]
    assert "This is the edition you have." in read(anna.get(UPGRADE))


def test_a_second_order_for_the_same_upgrade_is_given_back(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    references = []
    for _order in range(2):
        anna.get(UPGRADE)
        anna.submit({"order": "1"})
        references.append(story.pay_at_provider(anna))
    story.becomes(references[0])
    (told,) = story.becomes(references[1])
    assert told.subject == "Order 2: your payment could not be used"
    assert "Your subscription is no longer what the price was counted for." in told.text
    assert story.tasks() == [(Task.GIVE_BACK_CHANGED, 23825)]
    assert anna.get("/orders/2").heading == "Your payment has arrived and could not be used"
    assert "€238.25 have arrived and are with our staff." in read(anna.page)
    assert invoiced(anna) == [("2026-000001", "€238.25")]


def test_an_upgrade_forgets_the_downgrade_that_waited(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    plan(anna, "starter")
    anna.get(UPGRADE)
    anna.submit({"order": "1"})
    story.becomes(story.pay_at_provider(anna))
    assert "With the next term" not in read(anna.get("/subscription"))
    assert planned(story.house) is None
