"""What fuzzing has found, each as a small test of its own."""

from tests.attack.forms import read
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import House
from tests.helpers.till import awaited, billing, take, token


def test_inviting_without_a_free_seat_shows_the_fields_that_its_errors_are_about(
    house: House, browser: Browser
) -> None:
    house.person("m1234")
    browser.sign_in()
    data = {"csrf_token": token(browser)}
    answer = browser.open("/subscription/administrators", method="POST", data=data, headers=SAME_ORIGIN)
    assert answer.status_code == 422
    assert browser.page
    assert browser.page.errors()


def test_a_number_that_was_seen_and_cannot_be_printed_breaks_no_page(house: House) -> None:
    desk = billing(house)
    take(desk, awaited(house))
    page = desk.get("/staff/invoices/2026-000001")
    form = page.form_with("credited")
    desk.submit({"credited": "a\0b", "reason": ""}, form=form)
    assert desk.response is not None
    assert desk.response.status_code == 422
    assert read(desk.response.get_data(as_text=True)).forms
