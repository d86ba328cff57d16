"""Money at the desk: a transfer is taken, an invoice credited, credits given; each once, with a reason, exactly."""

from datetime import timedelta

import pytest

from portal.billing import invoices, queries
from portal.billing.choices import TermChoice
from portal.billing.queries import Order
from portal.credits import queries as credits
from portal.credits.tables import Kind
from portal.rules.credits import own_last_day
from portal.rules.orders import OrderState, PaymentState
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.shop import PACK
from tests.helpers.till import (
    LARGE,
    REASON,
    TODAY,
    awaited,
    billing,
    customer_reads,
    decide,
    give,
    lots_of,
    payments,
    race,
    requests,
    send,
    status,
    take,
    tasks,
    token,
    told,
)
from tests.helpers.together import together

NUMBER = "2026-000001"


@pytest.fixture
def order(house: House) -> Order:
    """Credits for 366.00, to be paid by transfer."""
    return awaited(house)


@pytest.fixture
def bea(house: House, order: Order) -> Browser:
    return billing(house)


def state(house: House, order: Order) -> OrderState:
    with house.parts.database.read() as db:
        return queries.get_order(db, order.id).state


# --- an order, and a transfer for it ---------------------------------------------------------------------------------


def test_the_page_of_an_order_tells_what_staff_need(bea: Browser, order: Order) -> None:
    text = bea.get(f"/staff/orders/{order.id}").text
    for fact in ("Waits for the payment", "1234", "Bianchi S.r.l.", "5,000 SMS credits", "€300.00", "€66.00"):
        assert fact in text
    assert "Still missing €366.00" in text
    assert "Last value date Sunday 20 December" in text


@both_databases
def test_a_transfer_pays_its_order(house: House) -> None:
    order = awaited(house)
    page = take(billing(house), order, reference="  trn  1 ")
    assert "Order 1 is paid and delivered." in page.text
    (paid,) = payments(house, order)
    assert (paid.reference, paid.amount, paid.state) == ("TRN 1", order.total, PaymentState.RECEIVED)
    assert str(paid.value_date) == TODAY
    assert state(house, order) is OrderState.DELIVERED
    assert "Received, value date 20 November 2026 TRN 1 €366.00" in page.text
    assert NUMBER in page.text


def test_the_customer_reads_that_staff_took_it_how_much_and_why(house: House, bea: Browser, order: Order) -> None:
    take(bea, order)
    text = customer_reads(house)
    assert f"A bank transfer of €366.00 was taken for order 1. Reason: {REASON}" in text
    assert "bea" not in text


def test_who_it_was_is_kept_among_ourselves(house: House, bea: Browser, order: Order) -> None:
    take(bea, order)
    (facts,) = told(house, "desk.transfer_taken")
    assert facts == {
        "by": "staff",
        "member": "bea",
        "reason": REASON,
        "cents": 36600,
        "currency": "EUR",
        "order": 1,
        "value_date": TODAY,
    }


@both_databases
def test_the_same_form_twice_makes_one_payment(house: House) -> None:
    order, browser = awaited(house), billing(house)
    page = browser.get(f"/staff/orders/{order.id}")
    action, fields = page.form(page.form_with("value_date"))
    sent = fields | {"reason": REASON, "value_date": TODAY, "reference": "TRN 1"}
    for _ in range(2):
        browser.open(action, method="POST", data=sent, headers=SAME_ORIGIN, follow_redirects=True)
    assert browser.page is not None
    assert "This transfer was known already: nothing was changed." in browser.page.text
    assert len(payments(house, order)) == 1
    assert len(told(house, "desk.transfer_taken")) == 1


@both_databases
def test_two_who_send_the_same_transfer_at_once_make_one_payment(house: House) -> None:
    order = awaited(house)
    browsers = [billing(house, name) for name in ("bea", "ben")]
    typed = {"value_date": TODAY, "reference": "TRN 1"}
    race(browsers, f"/staff/orders/{order.id}", "value_date", typed, typed)
    assert len(payments(house, order)) == 1
    assert tasks(house, order) == []


@pytest.mark.parametrize(
    ("amount", "said", "left"),
    [("365.99", "It is less than order 1 costs", "€365.99"), ("366.01", "is paid and delivered", "€0.01")],
)
def test_another_amount_is_something_to_look_at(
    house: House, bea: Browser, order: Order, amount: str, said: str, left: str
) -> None:
    page = take(bea, order, amount=amount)
    assert said in page.text
    assert left in page.text
    assert len(tasks(house, order)) == 1


def test_the_rest_is_proposed_once_a_part_has_come(bea: Browser, order: Order) -> None:
    page = take(bea, order, amount="300.00")
    assert page.value("amount") == "66.00"
    assert "Still missing €66.00" in page.text


def test_money_for_an_order_that_is_closed_has_to_be_given_back(house: House, bea: Browser, order: Order) -> None:
    take(bea, order)
    page = bea.get("/staff/orders/1")
    assert "This order does not wait for money any more" in page.text
    assert page.value("amount") == ""
    page = take(bea, order, reference="TRN 2", amount="366.00")
    assert "it has to be given back" in page.text
    assert [task.kind for task in tasks(house, order)] == ["give-back-second"]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"value_date": "2026-11-19"}, "value_date", "The value date lies before the day of the order."),
        ({"value_date": "2026-11-21"}, "value_date", "The value date lies in the future."),
        ({"value_date": "20/11"}, "value_date", "Write the day such as 2026-11-22."),
        ({"value_date": ""}, "value_date", "Write the day such as 2026-11-22."),
        ({"reference": " "}, "reference", "Write the bank’s own reference: it names the money."),
        ({"reference": "x" * 121}, "reference", "This reference cannot be used: write a shorter one."),
        ({"reference": "ab\x07c"}, "reference", "There is a character here that cannot be used. Type it again."),
        ({"amount": "0.00"}, "amount", "Write how much has arrived: more than nothing."),
        ({"amount": ""}, "amount", "Write an amount with its cents, such as 1,234.56."),
        ({"amount": "366"}, "amount", "Write an amount with its cents, such as 1,234.56."),
        ({"amount": "366,00"}, "amount", "Write an amount with its cents, such as 1,234.56."),
        ({"amount": "-366.00"}, "amount", "Write an amount with its cents, such as 1,234.56."),
        ({"reason": " "}, "reason", "Write why: the customer reads it."),
        ({"reason": "T-1"}, "reason", "Write a few words more, or the ticket’s number."),
        ({"reason": "x" * 201}, "reason", "This is too long: at most 200 characters."),
    ],
)
def test_a_slip_is_told_beside_its_field_and_keeps_what_was_typed(
    house: House, bea: Browser, order: Order, typed: dict[str, str], field: str, said: str
) -> None:
    page = take(bea, order, **typed)
    assert status(bea) == 422
    assert error_of(page, field) == said
    assert {name: page.value(name) for name in typed} == {n: v.replace("\x07", "\ufffd") for n, v in typed.items()}
    assert page.value("reason") == typed.get("reason", REASON)
    assert (payments(house, order), requests(house)) == ([], [])


def error_of(page: Page, field: str) -> str:
    found = next(e for e in page.with_attribute("id") if e.get("id") == f"{field}-error")
    return " ".join("".join(found.itertext()).split())


def test_a_reference_names_the_money_of_one_order(house: House, bea: Browser, order: Order) -> None:
    take(bea, order)
    second = awaited(house, key="second")
    page = take(bea, second)
    assert status(bea) == 422
    assert error_of(page, "reference") == "This reference is that of a transfer for another order."
    assert payments(house, second) == []


def test_money_is_typed_as_the_language_writes_it(house: House) -> None:
    order = awaited(house, TermChoice("pro", 24))
    browser = billing(house)
    browser.get("/staff?lang=it")
    take(browser, order, amount="1,234.56")
    assert status(browser) == 422
    page = take(browser, order, amount="1.234,56")
    assert [row.facts["cents"] for row in requests(house)] == [123456]
    assert "Importo 1.234,56" in page.text


# --- more than one person takes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "waits"), [("1,000.00", False), ("1,000.01", True)])
def test_exactly_the_limit_is_taken_by_one_and_a_cent_more_by_two(
    house: House, bea: Browser, order: Order, amount: str, waits: bool
) -> None:
    page = take(bea, order, amount=amount)
    assert ("a second person has to approve it within 24 hours" in page.text) is waits
    assert len(requests(house)) == int(waits)
    assert len(payments(house, order)) == int(not waits)


def test_what_waits_holds_exactly_what_will_be_done(house: House, bea: Browser, order: Order) -> None:
    page = take(bea, order, amount=LARGE, reference=" trn  1")
    (row,) = requests(house)
    assert row.facts == {
        "order": 1,
        "value_date": TODAY,
        "cents": 100001,
        "currency": "EUR",
        "reference": "TRN 1",
        "missing": 36600,
        "leads_to": "delivered",
    }
    assert (state(house, order), payments(house, order)) == (OrderState.AWAITING_PAYMENT, [])
    assert "This waits for a second person" in page.text


@both_databases
def test_what_was_approved_is_done_as_it_was_asked_for(house: House) -> None:
    order = awaited(house)
    take(billing(house), order, amount=LARGE)
    assert "Order 1 is paid and delivered." in decide(house, billing(house, "ben"))
    (paid,) = payments(house, order)
    assert (paid.amount.cents, paid.reference, str(paid.value_date)) == (100001, "TRN 1", TODAY)
    (facts,) = told(house, "desk.transfer_taken")
    assert (facts["member"], facts["approved_by"], facts["reason"]) == ("bea", "ben", REASON)
    (row,) = requests(house)
    assert row.approved_at
    assert not row.refused_at


def test_whoever_asked_does_not_approve(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE)
    assert "is not yours to decide" in decide(house, bea)
    assert payments(house, order) == []


def test_support_does_not_approve_what_it_might_not_do(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE)
    sara = at_the_desk(house)
    assert "Somebody decides who might do it too." in sara.get("/staff/approvals").text
    assert "is not yours to decide" in decide(house, sara)
    assert payments(house, order) == []


@both_databases
def test_of_two_who_approve_at_once_one_does(house: House) -> None:
    order = awaited(house)
    take(billing(house), order, amount=LARGE)
    browsers = [billing(house, name) for name in ("ben", "bob")]
    found = together(lambda number: decide(house, browsers[number]), 2)
    assert sorted("is paid and delivered" in text for text in found) == [False, True]
    assert len(payments(house, order)) == 1
    assert len(told(house, "desk.transfer_taken")) == 1


def test_the_same_request_is_asked_for_once(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE)
    assert "The same was asked for before" in take(bea, order, amount=LARGE).text
    assert len(requests(house)) == 1


def test_once_it_is_done_the_same_form_is_known(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE)
    decide(house, billing(house, "ben"))
    assert "known already" in take(bea, order, amount=LARGE).text
    assert len(requests(house)) == 1


def test_where_the_order_was_closed_meanwhile_nothing_is_done(house: House, bea: Browser, order: Order) -> None:
    """The money would have become a task to give it back, which nobody had asked for."""
    from portal.billing import orders

    take(bea, order, amount=LARGE)
    anna = house.administrator("m1234")
    assert anna
    with house.parts.database.write() as db:
        assert orders.cancel(db, order, by=anna, at=house.clock.now())
    assert "Nothing was done: the order is not as it was" in decide(house, billing(house, "ben"))
    assert (payments(house, order), tasks(house, order)) == ([], [])
    (row,) = requests(house)
    assert not row.approved_at
    assert row.refused_at
    assert "Nothing waits." in bea.get("/staff/approvals").text


@both_databases
def test_where_the_reference_was_used_elsewhere_meanwhile_nothing_is_done(house: House) -> None:
    order = awaited(house)
    browser = billing(house)
    take(browser, order, amount=LARGE)
    second = awaited(house, key="second")
    take(browser, second)
    assert "Nothing was done" in decide(house, billing(house, "ben"))
    assert (payments(house, order), state(house, order)) == ([], OrderState.AWAITING_PAYMENT)


def test_where_a_part_has_come_meanwhile_nothing_is_done(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE)
    take(bea, order, amount="1.00", reference="TRN 2")
    assert "Nothing was done" in decide(house, billing(house, "ben"))
    assert len(payments(house, order)) == 1


def test_a_slip_is_told_at_once_and_not_to_the_second_person(house: House, bea: Browser, order: Order) -> None:
    take(bea, order, amount=LARGE, value_date="2026-11-21")
    assert status(bea) == 422
    assert requests(house) == []


# --- credit notes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def billed(house: House, bea: Browser, order: Order) -> Browser:
    """The order is paid: invoice 2026-000001 of 366.00."""
    take(bea, order)
    return bea


def credit(browser: Browser, **typed: str) -> Page:
    return send(browser, f"/staff/invoices/{NUMBER}", "credited", **typed)


def notes(house: House) -> list[tuple[str, int, str]]:
    with house.parts.database.read() as db:
        invoice = invoices.find_invoice(db, 1234, NUMBER)
        assert invoice
        return [(note.number, note.total.cents, note.note) for note in invoices.credit_notes_of(db, invoice)]


def test_the_whole_of_an_invoice_is_proposed_and_credited(house: House, billed: Browser) -> None:
    assert billed.get(f"/staff/invoices/{NUMBER}").value("amount") == "366.00"
    page = credit(billed)
    assert "Credit note C2026-000001 is issued. It moves no money." in page.text
    assert f"C2026-000001 20 November 2026 €366.00 {REASON}" in page.text
    assert "Left to be credited €0.00" in page.text
    assert notes(house) == [("C2026-000001", -36600, REASON)]
    assert "Issue the credit note" not in page.text


def test_a_part_leaves_the_rest(house: House, billed: Browser) -> None:
    page = credit(billed, amount="12.50")
    assert page.value("amount") == "353.50"
    assert notes(house) == [("C2026-000001", -1250, REASON)]


def test_the_customer_reads_the_amount_and_the_reason(house: House, billed: Browser) -> None:
    credit(billed, amount="12.50")
    said = f"Credit note C2026-000001 of €12.50 was issued for invoice {NUMBER}. Reason: {REASON}"
    assert said in customer_reads(house)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("366.01", "Only €366.00 are left of this invoice."),
        ("0.00", "Write how much is to be credited: more than nothing."),
        ("12,50", "Write an amount with its cents, such as 1,234.56."),
    ],
)
def test_what_cannot_be_credited_is_told_and_kept(house: House, billed: Browser, amount: str, said: str) -> None:
    page = credit(billed, amount=amount)
    assert status(billed) == 422
    assert error_of(page, "amount") == said
    assert (page.value("amount"), page.value("reason")) == (amount, REASON)
    assert notes(house) == []


@both_databases
def test_the_same_form_twice_issues_one_credit_note(house: House) -> None:
    order, browser = awaited(house), billing(house)
    take(browser, order)
    page = browser.get(f"/staff/invoices/{NUMBER}")
    action, fields = page.form(page.form_with("credited"))
    sent = fields | {"reason": REASON, "amount": "12.50"}
    for _ in range(2):
        browser.open(action, method="POST", data=sent, headers=SAME_ORIGIN, follow_redirects=True)
    assert status(browser) == 409
    assert browser.page is not None
    assert "something has been credited since this page was made" in browser.page.text
    assert "C2026-000001" in browser.page.text
    assert len(notes(house)) == 1


@both_databases
def test_two_who_credit_the_same_at_once_issue_one(house: House) -> None:
    take(billing(house), awaited(house))
    browsers = [billing(house, name) for name in ("ben", "bob")]
    typed = {"amount": "12.50"}
    race(browsers, f"/staff/invoices/{NUMBER}", "credited", typed, typed)
    assert len(notes(house)) == 1


def test_a_slip_in_the_form_does_not_hide_what_a_colleague_did(house: House, billed: Browser) -> None:
    ben = billing(house, "ben")
    ben.get(f"/staff/invoices/{NUMBER}")
    credit(billed, amount="12.50")
    assert ben.page
    page = ben.submit({"amount": "12.50", "reason": ""}, form=ben.page.form_with("credited"))
    assert status(ben) == 422
    page = ben.submit({"amount": "12.50", "reason": REASON}, form=page.form_with("credited"))
    assert status(ben) == 409
    assert len(notes(house)) == 1
    ben.submit(form=page.form_with("credited"))
    assert [cents for _number, cents, _note in notes(house)] == [-1250, -1250]


def test_after_that_it_is_sent_again_on_purpose(house: House, billed: Browser) -> None:
    credit(billed, amount="12.50")
    credit(billed, amount="12.50")
    assert [cents for _number, cents, _note in notes(house)] == [-1250, -1250]


def test_a_credit_note_is_shown_with_its_invoice_and_not_credited(house: House, billed: Browser) -> None:
    credit(billed, amount="12.50")
    page = billed.get("/staff/invoices/C2026-000001")
    assert "Issue the credit note" not in page.text
    assert NUMBER in page.text
    path = "/staff/invoices/C2026-000001/credit-note"
    data = {"csrf_token": token(billed), "platform_id": "1234", "reason": REASON, "amount": "1.00", "credited": "0"}
    billed.open(path, method="POST", data=data, headers=SAME_ORIGIN)
    assert status(billed) == 422
    assert len(notes(house)) == 1


# --- credits ---------------------------------------------------------------------------------------------------------


@both_databases
def test_credits_are_given_with_the_life_of_the_subscription(house: House) -> None:
    house.person("m1234")
    page = give(billing(house), credits="500")
    assert "The credits are given." in page.text
    assert lots_of(house) == [(500, Kind.GRANTED)]
    with house.parts.database.read() as db:
        (lot,) = credits.lots_of(db, 1234)
    assert lot.kept_until is None
    assert "500 20 November 2026 26 February 2027" in page.text


def test_on_a_platform_without_e_mail_they_live_24_months(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    give(billing(house), credits="500")
    with house.parts.database.read() as db:
        (lot,) = credits.lots_of(db, 1234)
    assert lot.kept_until == own_last_day(lot.bought_on)


def test_the_first_administrator_reads_of_them(house: House) -> None:
    house.person("m1234", email="anna@example.com")
    house.person("m1234-marco")
    give(billing(house), credits="500")
    (letter,) = [found for found in house.work() if "SMS" in found.subject]
    assert (letter.recipient, letter.subject) == ("anna@example.com", "Platform 1234: you got 500 SMS credits")
    assert REASON in letter.text
    customer = house.browser()
    customer.sign_in()
    assert f"SMS credits were given: 500. Reason: {REASON}" in customer.get("/subscription/activity").text
    assert "Credits given by our staff" in customer.get("/subscription/sms").text


@pytest.mark.parametrize(("number", "waits"), [("10000", False), ("10001", True)])
def test_more_credits_than_that_are_given_by_two(house: House, number: str, waits: bool) -> None:
    house.person("m1234")
    page = give(billing(house), credits=number)
    assert ("a second person has to approve it" in page.text) is waits
    assert len(lots_of(house)) == int(not waits)
    if waits:
        assert "SMS credits 10,001" in page.text
        assert "The credits are given." in decide(house, billing(house, "ben"))
        assert lots_of(house) == [(10001, Kind.GRANTED)]


@both_databases
def test_the_same_form_twice_gives_once(house: House) -> None:
    house.person("m1234")
    browser = billing(house)
    page = browser.get("/staff/platforms/1234/credits")
    action, fields = page.form(page.form_with("newest"))
    for _ in range(2):
        sent = fields | {"reason": REASON, "credits": "500"}
        browser.open(action, method="POST", data=sent, headers=SAME_ORIGIN, follow_redirects=True)
    assert status(browser) == 409
    assert browser.page is not None
    assert "Other credits have come meanwhile." in browser.page.text
    assert browser.page.value("reason") == REASON
    assert lots_of(house) == [(500, Kind.GRANTED)]


def test_a_slip_does_not_hide_that_a_colleague_gave_credits(house: House) -> None:
    house.person("m1234")
    bea, ben = billing(house), billing(house, "ben")
    ben.get("/staff/platforms/1234/credits")
    give(bea, credits="500")
    assert ben.page
    page = ben.submit({"credits": "x", "reason": REASON}, form=ben.page.form_with("newest"))
    assert status(ben) == 422
    page = ben.submit({"credits": "500"}, form=page.form_with("newest"))
    assert status(ben) == 409
    assert lots_of(house) == [(500, Kind.GRANTED)]
    ben.submit(form=page.form_with("newest"))
    assert len(lots_of(house)) == 2


@both_databases
def test_two_who_give_at_once_give_once(house: House) -> None:
    house.person("m1234")
    browsers = [billing(house, name) for name in ("bea", "ben")]
    race(browsers, "/staff/platforms/1234/credits", "newest", {"credits": "500"}, {"credits": "500"})
    assert lots_of(house) == [(500, Kind.GRANTED)]


@both_databases
def test_two_who_ask_at_once_ask_once(house: House) -> None:
    house.person("m1234")
    browsers = [billing(house, name) for name in ("bea", "ben")]
    race(browsers, "/staff/platforms/1234/credits", "newest", {"credits": "10001"}, {"credits": "10001"})
    assert len(requests(house)) == 1


@pytest.mark.parametrize("typed", ["0", "", "-1", "1.5", "12,000", "1000000000"])
def test_credits_are_a_whole_number(house: House, typed: str) -> None:
    house.person("m1234")
    browser = billing(house)
    page = give(browser, credits=typed)
    assert status(browser) == 422
    assert error_of(page, "credits") == "Enter a whole number from 1 to 999999999."
    assert page.value("credits") == typed
    assert lots_of(house) == []


@pytest.mark.parametrize(("ends_in", "given"), [(0, True), (-1, False), (-11, False)])
def test_credits_are_given_while_somebody_can_spend_them(house: House, ends_in: int, given: bool) -> None:
    house.platform(1234, ends_in=ends_in)
    house.person("m1234")
    page = billing(house).get("/staff/platforms/1234/credits")
    assert ("Give the credits" in page.text) is given
    assert ("The features of this platform are off" in page.text) is not given


def test_what_was_asked_for_in_time_is_not_given_once_the_features_are_off(house: House) -> None:
    house.platform(1234, ends_in=0)
    house.person("m1234")
    give(billing(house), credits="10001")
    house.clock.move(hours=15)
    assert "The features of this platform are off" in decide(house, billing(house, "ben"))
    assert lots_of(house) == []
    (row,) = requests(house)
    assert row.refused_at


def test_a_form_of_the_day_before_gives_nothing_in_the_grace(house: House) -> None:
    house.platform(1234, ends_in=0)
    house.person("m1234")
    browser = billing(house)
    page = browser.get("/staff/platforms/1234/credits")
    _action, fields = page.form(page.form_with("newest"))
    house.clock.move(hours=15)
    browser = billing(house)
    browser.get("/staff")
    sent = fields | {"reason": REASON, "credits": "1", "csrf_token": token(browser)}
    browser.open("/staff/platforms/1234/credits", method="POST", data=sent, headers=SAME_ORIGIN)
    assert status(browser) == 409
    assert lots_of(house) == []


# --- who may, and whose it is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/staff/orders/1", f"/staff/invoices/{NUMBER}", "/staff/platforms/1234"])
def test_support_reads_and_is_offered_nothing_to_do(house: House, billed: Browser, path: str) -> None:
    sara = at_the_desk(house)
    page = sara.get(path)
    assert not [form for form in page.forms() if form.find(".//input[@name='reason']") is not None]
    assert "/credits" not in page.html.replace("#credits", "")


@pytest.mark.parametrize(
    "path", ["/staff/orders/1/transfer", f"/staff/invoices/{NUMBER}/credit-note", "/staff/platforms/1234/credits"]
)
def test_support_moves_no_money(house: House, billed: Browser, path: str) -> None:
    sara = at_the_desk(house)
    sara.get("/staff")
    data = {"csrf_token": token(sara), "platform_id": "1234", "reason": REASON, "credits": "5", "newest": "1"}
    data |= {"amount": "1.00", "credited": "0", "value_date": TODAY, "reference": "TRN 9"}
    assert sara.open(path, method="POST", data=data, headers=SAME_ORIGIN).status_code == 403
    assert notes(house) == []
    assert lots_of(house) == [(5000, Kind.BOUGHT)]


@pytest.mark.parametrize(
    "path", ["/staff/orders/1/transfer", f"/staff/invoices/{NUMBER}/credit-note", "/staff/platforms/1234/credits"]
)
@pytest.mark.parametrize("platform_id", ["1235", "", "x", "01234"])
def test_what_does_not_belong_to_the_platform_is_not_found(
    house: House, billed: Browser, path: str, platform_id: str
) -> None:
    house.person("m1235")
    billed.get("/staff")
    data = {"csrf_token": token(billed), "platform_id": platform_id, "reason": REASON, "credits": "5", "newest": "1"}
    data |= {"amount": "1.00", "credited": "0", "value_date": TODAY, "reference": "TRN 9"}
    assert billed.open(path, method="POST", data=data, headers=SAME_ORIGIN).status_code == 404
    assert notes(house) == []


@pytest.mark.parametrize(
    "path", ["/staff/orders/9999", "/staff/invoices/2026-999999", "/staff/invoices/x", "/staff/platforms/9999/credits"]
)
def test_there_is_no_page_of_what_does_not_exist(bea: Browser, path: str) -> None:
    assert bea.open(path).status_code == 404


def test_an_order_that_expired_can_still_be_paid_by_its_value_date(house: House, bea: Browser, order: Order) -> None:
    house.clock.set(order.open_until + timedelta(hours=10))
    browser = billing(house, "ben")
    page = browser.get("/staff/orders/1")
    assert "Expired" in page.text
    assert page.value("amount") == "366.00"
    take(browser, order, value_date="2026-12-20")
    assert state(house, order) is OrderState.DELIVERED


def test_the_pack_costs_what_these_tests_say(order: Order) -> None:
    assert (order.total.cents, order.choice) == (36600, PACK)
