"""Credits: bought once whatever people and providers do, and kept when a platform that only sent SMS adds e-mail."""

from datetime import date

from sqlalchemy import select

from portal.credits.tables import Kind, lots, movements
from tests.helpers.journey import RECEIVED, YEAR, Story, invoiced, look, read, subjects

BUY = "/subscription/sms/buy"
PACK = {"pack": "5000", "country": "DE"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def bought(story: Story) -> list[tuple[int, date]]:
    """Each lot: credits, and the day from which they count."""
    with story.house.parts.database.read() as db:
        rows = select(movements.c.amount, lots.c.bought_on).join(lots).where(movements.c.kind == Kind.BOUGHT)
        return [tuple(row) for row in db.execute(rows.order_by(lots.c.id))]


def test_a_pack_with_the_estimate_for_a_country(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    page = read(look(anna, BUY, PACK))
    for words in (
        "1,000 €60.00 + tax 500 messages to: Germany",
        "5,000 €300.00 + tax 2,500 messages to: Germany",
        "Only changes the estimate: credits work for every country.",
        "5,000 SMS credits €300.00 €300.00 Net €300.00 VAT 22 % €66.00 Total €366.00",
        "Valid until 28 February 2027, with your subscription: each renewal moves the date",
    ):
        assert words in page, words
    assert "5,000 €300.00 + tax 5,000 messages to: Italy" in read(look(anna, BUY, {**PACK, "country": "IT"}))


def test_a_double_click_is_one_order_and_three_messages_are_one_lot(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    _action, fields = look(anna, BUY, PACK).form()
    for _click in range(2):
        answer = anna.open(BUY, method="POST", data=fields | PACK | {"order": "1"}, headers=SAME_ORIGIN)
        assert (answer.status_code, answer.location) == (303, "/orders/1/pay")
    assert len(story.orders()) == 1

    anna.get("/orders/1/pay")
    reference = story.pay_at_provider(anna)
    anna.get("/orders/1/pay")
    assert story.pay_at_provider(anna) == reference
    assert story.provider.move(reference, RECEIVED)
    mails = []
    for _message in range(3):
        assert story.tell(reference) == 200
        mails += story.house.work()
    story.house.clock.move(minutes=3)  # and the worker asks on its own account, too
    mails += story.house.work()
    assert subjects(mails) == ["Order 1 received · €366.00", "Order 1 is paid, invoice 2026-000001"]
    assert bought(story) == [(5000, date(2026, 11, 22))]
    assert invoiced(anna) == [("2026-000001", "€366.00")]
    page = read(anna.get("/subscription/sms"))
    assert "5,000 Valid until Sunday 28 February 2027, with your subscription" in page
    assert page.count("Credits bought") == 1


def test_who_wants_two_packs_gets_two(story: Story) -> None:
    """The page has a key of its own each time it is opened: only the same page twice is a double click."""
    story.platform("2027-02-28")
    anna = story.sign_in()
    for _pack in range(2):
        story.buy(anna, BUY, PACK)
    assert [amount for amount, _day in bought(story)] == [5000, 5000]
    assert [number for number, _total in invoiced(anna)] == ["2026-000002", "2026-000001"]


def test_a_platform_that_only_sent_sms_adds_e_mail_and_keeps_what_it_had(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform(None)
    story.house.lot(1234, 300, bought_on=date(2025, 1, 10), expires_on=None)
    story.house.lot(1234, 500, bought_on=date(2026, 1, 10), expires_on=None)
    anna = story.sign_in()
    page = read(anna.page)
    assert "Your SMS platform is active: the next credits expire on Sunday 10 January 2027" in page
    assert "Expiry none: SMS only" in page
    found = look(anna, "/subscription/purchase", YEAR)
    assert found.heading == "Add the e-mail channel"
    assert "Your credits stay, and never expire earlier." in read(found)
    assert "Paid from 22 November 2026" in read(found)
    story.buy(anna, "/subscription/purchase", YEAR)
    page = read(anna.get("/subscription"))
    assert "Your subscription is paid until Sunday 21 November 2027" in page
    assert "Expiry 21 November 2027" in page
    assert "Channels E-mail and SMS" in page
    assert "300 10 January 2025 21 November 2027 Usable" in page  # E is later than its own day
    assert "500 10 January 2026 10 January 2028 Usable" in page  # its own day is later than E
    assert anna.page is not None
    assert anna.page.state() == "active"
    assert invoiced(anna) == [("2026-000001", "€585.60")]


def test_credits_of_a_platform_that_only_sends_sms_are_good_for_24_months(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform(None)
    anna = story.sign_in()
    assert "24 months from the payment, through that whole day" in read(look(anna, BUY, PACK))
    story.buy(anna, BUY, PACK)
    assert "5,000 SMS credits, valid until 22 November 2028." in read(anna.get("/orders/1"))
    story.now_is("2028-11-22 23:59:59")
    anna = story.sign_in()
    assert "5,000 22 November 2026 22 November 2028 Usable" in read(anna.page)
    story.now_is("2028-11-23 00:00:00")
    assert "5,000 22 November 2026 22 November 2028 Expired" in read(anna.get("/subscription"))
