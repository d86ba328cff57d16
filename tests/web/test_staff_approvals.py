"""What waits for a second one of the staff: told in words, decided once, and never half decided."""

import pytest

from portal.billing.queries import Order
from portal.rules.staff import StaffAct, StaffRole
from portal.web.staff.approvals import ACTS
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.till import LARGE, REASON, awaited, billing, decide, give, lots_of, payments, requests, take, token


@pytest.fixture
def order(house: House) -> Order:
    return awaited(house)


@pytest.fixture
def bea(house: House, order: Order) -> Browser:
    """She has asked that a transfer be taken."""
    browser = billing(house)
    take(browser, order, amount=LARGE)
    return browser


def test_what_can_wait_for_a_second_person_stands_in_the_table() -> None:
    assert set(ACTS) == {StaffAct.SEND_RESET_LINK, StaffAct.CONFIRM_TRANSFER, StaffAct.GRANT_CREDITS}


def test_a_transfer_that_waits_says_in_words_what_will_be_done(house: House, bea: Browser) -> None:
    text = billing(house, "ben").get("/staff/approvals").text
    facts = "Platform 1234 Order 1 Amount €1,000.01 Still missing €366.00 Value date 20 November 2026"
    assert f"Take a bank transfer {facts} The bank’s reference TRN 1" in text
    assert (
        f"What comes of it The order is paid and delivered. Asked by bea, 20 November 2026, 10:01 Reason {REASON}"
        in text
    )


def test_credits_that_wait_say_how_many(house: House) -> None:
    house.person("m1234")
    give(billing(house), credits="10001")
    text = billing(house, "ben").get("/staff/approvals").text
    assert (
        f"Give SMS credits Platform 1234 SMS credits 10,001 Asked by bea, 20 November 2026, 10:01 Reason {REASON}"
        in text
    )


def test_it_is_said_in_italian_too(house: House, bea: Browser) -> None:
    text = billing(house, "ben").get("/staff/approvals?lang=it").text
    assert "Importo 1.000,01" in text
    assert "20 novembre 2026" in text


@pytest.mark.parametrize("role", [StaffRole.BILLING, StaffRole.ADMINISTRATION])
def test_whoever_might_do_it_too_approves(house: House, bea: Browser, order: Order, role: StaffRole) -> None:
    assert "is paid and delivered" in decide(house, at_the_desk(house, role, "leo"))
    assert len(payments(house, order)) == 1


def test_what_was_refused_is_not_done_and_not_decided_again(house: House, bea: Browser, order: Order) -> None:
    ben = billing(house, "ben")
    assert "Refused: nothing is done." in decide(house, ben, "refuse")
    assert "does not wait any more" in decide(house, ben)
    assert payments(house, order) == []


def test_after_a_refusal_it_may_be_asked_for_anew(house: House, bea: Browser, order: Order) -> None:
    decide(house, billing(house, "ben"), "refuse")
    take(bea, order, amount=LARGE)
    assert "is paid and delivered" in decide(house, billing(house, "ben"))


@pytest.mark.parametrize("choice", ["", "yes", "APPROVE"])
def test_only_the_two_buttons_decide(house: House, bea: Browser, order: Order, choice: str) -> None:
    decide(house, billing(house, "ben"), choice)
    (row,) = requests(house)
    assert (row.approved_at, row.refused_at) == (None, None)
    assert payments(house, order) == []


def test_an_approval_waits_a_day_and_then_nothing_is_done(house: House, bea: Browser, order: Order) -> None:
    house.clock.move(hours=24)
    assert "does not wait any more" in decide(house, billing(house, "ben"))
    assert payments(house, order) == []


def test_nobody_decides_about_what_does_not_exist(house: House) -> None:
    browser = billing(house)
    browser.get("/staff")
    data = {"csrf_token": token(browser), "choice": "approve"}
    browser.open("/staff/approvals/9999", method="POST", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    assert browser.page
    assert "does not wait any more" in browser.page.text


def test_a_fault_on_the_way_leaves_the_request_as_it_was(
    house: House, bea: Browser, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What approves and what is done are one transaction."""
    from portal.billing import invoices

    def broken(*_given: object, **_more: object) -> None:
        raise RuntimeError("the disk is full")

    ben = billing(house, "ben")
    monkeypatch.setattr(invoices, "issue", broken)
    decide(house, ben)
    (row,) = requests(house)
    assert (row.approved_at, row.refused_at, row.decided_by) == (None, None, None)
    assert payments(house, order) == []


def test_each_of_several_requests_is_decided_by_itself(house: House, bea: Browser, order: Order) -> None:
    give(bea, credits="10001")
    assert "The credits are given." in decide(house, billing(house, "ben"))
    assert lots_of(house) == [(10001, "granted")]
    assert payments(house, order) == []
    assert "Take a bank transfer" in bea.get("/staff/approvals").text


def test_what_waits_is_shown_where_it_belongs_and_nowhere_else(house: House, bea: Browser, order: Order) -> None:
    other = awaited(house, username="m1235")
    give(bea, credits="10001")
    shown = {f"/staff/orders/{order.id}": True, f"/staff/orders/{other.id}": False}
    shown |= {"/staff/platforms/1234/credits": True, "/staff/platforms/1235/credits": False}
    for path, waits in shown.items():
        assert ("This waits for a second person" in bea.get(path).text) is waits, path
