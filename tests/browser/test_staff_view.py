"""Looking as a customer, in a real browser and by keyboard: allowed on the one side, seen and ended on the other."""

from collections.abc import Callable

import pytest

from tests.billing.bills import issue
from tests.browser.conftest import Person
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
WORDS = {
    "en": {
        "name": "User name",
        "code": "Code that the app shows",
        "allow": "Let our support look for 15 minutes",
        "reason": "Reason, or the ticket’s number",
        "begin": "Look at the portal as this person sees it",
        "banner": "You are looking at the portal as m1234 sees it",
        "invoices": "Invoices",
        "closed": "Closed to staff",
        "end": "Look no more",
    },
    "it": {
        "name": "Nome utente",
        "code": "Codice mostrato dall’app",
        "allow": "Fai vedere le pagine all’assistenza per 15 minuti",
        "reason": "Motivo, o numero del ticket",
        "begin": "Guarda il portale come lo vede questa persona",
        "banner": "Stai guardando il portale come lo vede m1234",
        "invoices": "Fatture",
        "closed": "Chiuso al personale",
        "end": "Chiudi la visita",
    },
}


def fine(person: Person) -> None:
    person.check_accessibility()
    assert person.fits(), f"{person.page.url} scrolls sideways"


def allow(person: Person, words: dict[str, str]) -> None:
    """The customer signs in and lets our support look."""
    person.go("/login")
    person.type(words["name"], "m1234")
    person.type("Password", PASSWORD)
    person.enter()
    person.go("/support/view")
    fine(person)
    person.press(words["allow"])
    fine(person)


def come_to_the_desk(person: Person, words: dict[str, str], code: Callable[[], str]) -> None:
    person.go("/staff/login")
    person.type(words["name"], "sara")
    person.type("Password", PASSWORD)
    person.enter()
    person.type(words["code"], code())
    person.enter()


@pytest.mark.parametrize(("language", "width", "dark"), [("it", 320, True), ("en", 1280, False)])
def test_support_looks_and_ends_it_by_keyboard(
    house: House, somebody: Somebody, language: str, width: int, dark: bool
) -> None:
    house.person("m1234", language=language)
    issue(house)
    hire(house, language=language)
    words = WORDS[language]
    allow(somebody(language, width=width, dark=dark), words)
    staff = somebody(language, width=width, dark=dark)
    come_to_the_desk(staff, words, lambda: code_of(house))
    staff.go("/staff/people/m1234")
    staff.type(words["reason"], "T-1234")
    fine(staff)
    staff.press(words["begin"])
    assert staff.page.url == f"{staff.address}/subscription"
    assert words["banner"] in staff.page.content()
    fine(staff)
    staff.press(words["invoices"])
    fine(staff)
    staff.go("/subscription/cancel")
    staff.page.get_by_role("main").get_by_role("button").first.focus()
    staff.enter()
    assert words["closed"] in staff.page.content()
    assert house.place().platform.cancelled_at is None
    staff.go("/profile/security")
    assert words["closed"] in staff.page.content()
    fine(staff)
    staff.press(words["end"])
    assert staff.page.url == f"{staff.address}/staff/people/m1234"
    assert words["banner"] not in staff.page.content()
    fine(staff)
