"""Blocked platforms: an overdue payment is lifted by the money itself, abuse by nobody who pays."""

from portal.rules.access import Block
from portal.subscription import actions
from tests.helpers.journey import YEAR, Story, invoiced, path, post, read, status, subjects


def block(story: Story, code: Block) -> None:
    with story.house.parts.database.write() as db:
        actions.block(db, 1234, code, by="staff", note="", at=story.house.clock.now())


def blocks(story: Story) -> list[Block]:
    return [found.code for found in story.house.place().blocks]


def test_who_is_blocked_for_an_overdue_payment_renews_and_is_free(story: Story) -> None:
    story.now_is("2026-11-21 10:00:00")
    story.platform("2026-11-22")
    block(story, Block.PAYMENT_OVERDUE)
    anna = story.sign_in()
    page = read(anna.page)
    assert page.startswith("The platform is blocked. A payment is overdue. How to lift it quickly: Pay the open amount")
    assert "Contact Administration, help@example.com" in page
    assert "Sending is off while the platform is blocked." in page
    assert "Renew the subscription · €480.00 + tax" in page
    mails = story.buy(anna, "/subscription/renew", YEAR)
    assert subjects(mails) == ["Order 1 received · €585.60", "Order 1 is paid, invoice 2026-000001"]
    page = read(anna.get("/subscription"))
    assert "blocked" not in page
    assert "Your subscription is paid until Monday 22 November 2027 Sending is on." in page
    assert blocks(story) == []


def test_ordering_lifts_nothing(story: Story) -> None:
    story.now_is("2026-11-21 10:00:00")
    story.platform("2026-11-22")
    block(story, Block.PAYMENT_OVERDUE)
    anna = story.sign_in()
    anna.get("/subscription/renew")
    anna.submit({**YEAR, "order": "1"})
    assert path(anna) == "/orders/1/pay"
    story.house.work()
    assert "The platform is blocked." in read(anna.get("/subscription"))


def test_who_is_blocked_for_abuse_may_renew_and_buy_nothing_else(story: Story) -> None:
    story.now_is("2026-11-21 10:00:00")
    story.platform("2026-11-22")
    block(story, Block.ABUSE)
    anna = story.sign_in()
    for where, choice in (
        ("/subscription/sms/buy", {"pack": "1000"}),
        ("/subscription/buy/administrators", {"quantity": "1"}),
        ("/subscription/edition/business", {}),
    ):
        assert "Not now. Not while the platform is blocked." in read(anna.get(where)), where
        assert post(anna, where, {**choice, "order": "1"}) == 409, where
    assert story.orders() == []
    story.buy(anna, "/subscription/renew", YEAR)
    page = read(anna.get("/subscription"))
    assert "Messages from this platform were reported as abuse." in page
    assert "Your subscription is paid until Monday 22 November 2027" in page
    assert "Sending is off while the platform is blocked." in page
    assert blocks(story) == [Block.ABUSE]
    assert invoiced(anna) == [("2026-000001", "€585.60")]


def test_credits_ordered_before_the_block_are_delivered_when_their_money_comes(story: Story) -> None:
    """A block stops new orders; money for an old one is not taken for nothing."""
    story.now_is("2026-11-21 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    anna.get("/subscription/sms/buy")
    anna.submit({"pack": "1000", "look": "1"})
    anna.submit({"pack": "1000", "order": "1"})
    reference = story.pay_at_provider(anna)
    block(story, Block.ABUSE)
    story.becomes(reference)
    assert "SMS credits 1,000" in read(anna.get("/subscription"))
    assert status(anna) == 200
    assert story.tasks() == []
