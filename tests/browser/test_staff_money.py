"""The pages about money at the desk, by keyboard: axe finds nothing, nothing scrolls sideways, slips take the focus."""

from collections.abc import Callable

import pytest

from portal.billing import queries
from portal.rules.orders import OrderState
from portal.rules.staff import StaffRole
from tests.browser.conftest import Person
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House
from tests.helpers.till import LARGE, REASON, TODAY, awaited, billing, give, short, take

Somebody = Callable[..., Person]
LABELS = {
    "en": ("Value date", "The bank’s reference", "Amount that has arrived", "Reason, or the ticket’s number"),
    "it": ("Data valuta", "Riferimento della banca", "Importo arrivato", "Motivo, o numero del ticket"),
}
BUTTON = {"en": "Take the transfer", "it": "Registra il bonifico"}


def enter(house: House, person: Person, language: str) -> None:
    hire(house, "bea", StaffRole.BILLING, language=language)
    person.go("/staff")
    person.page.fill("#username", "bea")
    person.page.fill("#password", PASSWORD)
    person.enter()
    person.page.fill("#code", code_of(house, "bea"))
    person.enter()


def look(person: Person, path: str) -> None:
    person.go(path)
    person.check_accessibility()
    assert person.fits(), f"{path} scrolls sideways at {person.page.viewport_size}"


@pytest.mark.parametrize(("language", "width", "dark"), [("it", 320, True), ("en", 1280, False)])
def test_a_transfer_is_taken_by_keyboard(
    house: House, somebody: Somebody, language: str, width: int, dark: bool
) -> None:
    order = awaited(house)
    person = somebody(language, width=width, dark=dark)
    enter(house, person, language)
    look(person, "/staff/work")
    person.press(str(order.id))
    person.check_accessibility()
    assert person.fits()
    person.tab_to(BUTTON[language])
    person.enter()
    assert person.page.locator("[data-focus]").evaluate("e => e === document.activeElement")
    person.check_accessibility()
    assert person.page.input_value("#amount") == {"en": "366.00", "it": "366,00"}[language]
    person.page.fill("#value_date", TODAY)
    person.type(LABELS[language][1], "TRN 1")
    person.type(LABELS[language][3], REASON)
    person.tab_to(BUTTON[language])
    person.enter()
    person.check_accessibility()
    with house.parts.database.read() as db:
        assert queries.get_order(db, order.id).state is OrderState.DELIVERED


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("it", 320), ("en", 1280)])
def test_every_page_about_money(house: House, somebody: Somebody, language: str, width: int, dark: bool) -> None:
    ben = billing(house, "ben")
    take(ben, awaited(house), amount="366.01")
    waiting = awaited(house, key="second")
    short(house, ben, waiting)
    take(ben, waiting, amount=LARGE, reference="TRN 3")
    give(ben, credits="10001")
    person = somebody(language, width=width, dark=dark)
    enter(house, person, language)
    for path in ("/staff", "/staff/work", "/staff/approvals", "/staff/platforms/1234"):
        look(person, path)
    for path in ("/staff/orders/1", "/staff/orders/2", "/staff/tasks/1", "/staff/tasks/2"):
        look(person, path)
    for path in ("/staff/invoices/2026-000001", "/staff/platforms/1234/credits"):
        look(person, path)
        person.page.get_by_role("main").get_by_role("button").last.press("Enter")
        person.page.wait_for_selector(".error")
        person.check_accessibility()
        assert person.fits()
