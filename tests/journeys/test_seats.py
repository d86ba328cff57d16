"""Seats: bought for the days that remain, given to people who come by mail, and given up at a renewal."""

from portal.subscription import seating
from tests.helpers.house import PASSWORD
from tests.helpers.journey import YEAR, Story, invoiced, link, look, order, path, read, status, subjects

BUY, PEOPLE = "/subscription/buy/administrators", "/subscription/administrators"
MARCO = {"suffix": "marco", "full_name": "Marco Conti", "email": "marco@example.com", "language": "it"}


def test_two_seats_and_a_person_who_comes_by_mail(story: Story) -> None:
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    one = read(look(anna, BUY, {"quantity": "1"}))
    assert "€120.00 × 99/365 €32.55 Net €32.55 VAT 22 % €7.16 Total €39.71" in one
    two = read(look(anna, BUY, {"quantity": "2"}))
    assert "2 × €120.00 × 99/365 €65.10 Net €65.10 VAT 22 % €14.32 Total €79.42" in two
    assert "Valid until 28 February 2027, with your subscription" in two
    order(anna, BUY, {"quantity": "2"})
    reference = story.pay_at_provider(anna)
    assert "1 of 1" in read(anna.get(PEOPLE))  # ordered is not paid
    (_received, paid) = story.becomes(reference)
    assert "2 additional administrators until 28 February 2027." in paid.text
    assert invoiced(anna) == [("2026-000001", "€79.42")]

    assert "2 seats are free." in read(anna.get(PEOPLE))
    page = read(anna.submit(MARCO))
    assert "m1234-marco is invited" in page
    assert "1 seat is free." in page
    invitation = next(letter for letter in story.house.work() if letter.recipient == "marco@example.com")
    marco = story.house.browser(language="it")
    marco.get(link(invitation, "/"))
    marco.submit({"password": PASSWORD, "password_again": PASSWORD})
    marco.sign_in("m1234-marco")
    assert path(marco) == "/subscription"
    for browser in (anna, marco):  # both at once
        assert browser.get("/subscription").state() == "active"
        assert path(browser) == "/subscription"
    assert "2 of 3" in read(anna.get(PEOPLE))


def test_on_the_first_day_and_on_the_last_a_seat_costs_what_the_rules_say(story: Story) -> None:
    for day, words in (
        ("2025-11-23 09:00:00", "365 days €120.00 €120.00 Net €120.00"),
        ("2026-11-22 23:59:00", "1 of 365 days €120.00 × 1/365 €0.33 Net €0.33"),
    ):
        story.now_is(day)
        if not story.house.administrator("m1234"):
            story.platform("2026-11-22")
        assert words in read(look(story.sign_in(), BUY, {"quantity": "1"}))


def test_fewer_seats_with_the_renewal_and_who_goes_is_picked(story: Story) -> None:
    story.now_is("2026-11-20 10:00:00")
    story.platform("2026-11-22", additional_seats=2)
    story.house.person("m1234-marco", email="marco@example.com")
    story.house.clock.move(minutes=1)
    story.house.person("m1234-lucia")
    anna = story.sign_in()
    fewer = {**YEAR, "additional": "1"}
    assert "these can no longer sign in: m1234-lucia." in read(look(anna, "/subscription/renew", fewer))
    anna.submit({**fewer, "picked": "m1234-marco", "look": "1"})
    assert "these can no longer sign in: m1234-marco." in read(anna.page)
    anna.submit({**fewer, "picked": "m1234-marco", "order": "1"})
    story.becomes(story.pay_at_provider(anna))
    page = read(anna.get(PEOPLE))
    assert "From Monday 23 November 2026 there are 2 seats. These user names are disabled then: m1234-marco." in page
    assert "3 of 3" in page

    story.now_is("2026-11-22 23:59:59")
    marco, lucia = story.sign_in("m1234-marco"), story.sign_in("m1234-lucia")
    assert story.house.work() == []
    assert marco.get("/subscription").state() == "active"

    story.now_is("2026-11-23 00:00:00")
    (told,) = story.house.work()
    assert (told.recipient, told.subject) == ("marco@example.com", "The user name m1234-marco has been disabled")
    marco.get("/subscription")
    assert path(marco) == "/login"
    assert "Your access was disabled" in read(marco.page)
    marco.sign_in("m1234-marco")
    assert status(marco) == 422
    assert lucia.get("/subscription").state() == "active"
    anna = story.sign_in()
    assert "2 of 2" in read(anna.page)
    with story.house.parts.database.read() as db:
        assert seating.find_reduction(db, 1234) is None


def test_a_seat_that_is_bought_meanwhile_keeps_everybody(story: Story) -> None:
    story.now_is("2026-11-20 10:00:00")
    story.platform("2026-11-22", additional_seats=1)
    story.house.person("m1234-marco")
    anna = story.sign_in()
    story.buy(anna, "/subscription/renew", YEAR)
    assert "These user names are disabled then: m1234-marco." in read(anna.get(PEOPLE))
    page = read(look(anna, BUY, {"quantity": "1"}))
    assert "3 of 365 days €120.00 × 3/365 €0.99" in page  # the rest of this term, and the whole of the next one
    assert "365 days €120.00 €120.00" in page
    assert "Order 2 is paid, invoice 2026-000002" in subjects(story.buy(anna, BUY, {"quantity": "1"}))
    story.now_is("2026-11-23 00:00:00")
    assert story.house.work() == []
    marco = story.sign_in("m1234-marco")
    assert "2 of 2" in read(marco.page)
