"""The same rules at every door where a password is chosen (ASVS, V6.2)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal import people_office
from portal.rules.passwords import common_passwords
from portal.rules.terms import PASSWORD_MAX, PASSWORD_MIN
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.web.test_recovery import link

Door = Callable[[House], Browser]
COMPANY = "Rossi Formaggi"


def _person(house: House, **facts: object) -> None:
    house.platform(1234, company=COMPANY)
    house.person("m1234", **facts)


def by_change(house: House) -> Browser:
    """Changed by somebody who is signed in."""
    _person(house)
    browser = house.browser()
    browser.sign_in()
    browser.get("/profile/password")
    return browser


def by_reset(house: House) -> Browser:
    """Set by a link that was asked for."""
    _person(house)
    browser = house.browser()
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": "m1234@example.com"})
    browser.get(link(house.work()[-1].text))
    return browser


def by_support(house: House) -> Browser:
    """Set by a link that staff sent."""
    _person(house)
    people_office.send_reset_link(house.parts, "m1234", "ticket 7")
    browser = house.browser()
    browser.get(link(house.work()[-1].text))
    return browser


def by_invitation(house: House) -> Browser:
    """The first one of an administrator."""
    _person(house, password=None)
    browser = house.browser()
    browser.get(link(house.work()[-1].text, "/invitation/"))
    return browser


def by_trial(house: House) -> Browser:
    """The first one of a trial; its user name is given afterwards."""
    browser = house.browser()
    browser.get("/request-trial")
    browser.submit({"full_name": "Anna Bianchi", "company": COMPANY, "email": "m1234@example.com"})
    browser.get(link(house.work()[-1].text, "/request-trial/"))
    return browser


DOORS = (by_change, by_reset, by_support, by_invitation, by_trial)
at_every_door = pytest.mark.parametrize("door", DOORS)


def chosen(browser: Browser, password: str) -> int:
    """Choose it; the status of the form's own answer."""
    fields = {"password": password, "password_again": password}
    assert browser.page is not None
    form = browser.page.form_with("password_again")
    if "current_password" in browser.page.form(form)[1]:
        fields["current_password"] = PASSWORD
    browser.submit(fields, form=form, follow=False)
    assert browser.response is not None
    return browser.response.status_code


REFUSED = {
    "shorter by one": "x1y2z3w4v5u6t7"[: PASSWORD_MIN - 1],
    "common": "passwordpassword",
    "common and wrapped": "__password_2026_",
    "the company": "all of rossi formaggi!",
    "the service": "this is my Portal here",
    "the address": "is M1234@example.com mine",
    "too long": "k" * (PASSWORD_MAX + 1),
}
ACCEPTED = {
    "as short as may be": "x1y2z3w4v5u6t7s8"[:PASSWORD_MIN],
    "one letter and a blank": "aaaaaaaaaaaaaaaaaaaa b",
    "as long as may be": "kq" * (PASSWORD_MAX // 2),
    "any script, blanks at the ends": "  日本語のパスワードはとても長いです 🐎🔋 ",
}


@at_every_door
def test_what_the_rules_refuse_is_refused_with_its_reason(house: House, door: Door) -> None:
    browser = door(house)
    for what, password in REFUSED.items():
        assert chosen(browser, password) == 422, what
        assert browser.page is not None
        assert len(browser.page.errors()) == 1, what


@at_every_door
@pytest.mark.parametrize("password", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_the_rules_accept_opens_the_platform_exactly_as_it_was_typed(
    house: House, door: Door, password: str
) -> None:
    assert chosen(door(house), password) == 303
    username = "m1234" if house.administrator("m1234") else "m1"
    house.clock.move(hours=1)
    for typed in (password + " ", " " + password, password.swapcase(), password[:-1]):
        if typed != password:
            browser = house.browser()
            browser.sign_in(username, typed)
            assert browser.open("/subscription").status_code == 303, typed
    browser = house.browser()
    browser.sign_in(username, password)
    assert browser.open("/subscription").status_code == 200


@at_every_door
def test_the_user_name_is_refused_where_there_is_one_already(house: House, door: Door) -> None:
    assert (chosen(door(house), "M1234 and what follows") == 422) is (door is not by_trial)


@at_every_door
def test_common_ones_are_refused_without_asking_anybody_else(house: House, door: Door) -> None:
    """The list is shipped: where the network is away, as here, nothing is let through."""
    browser = door(house)
    long_enough = sorted(entry for entry in common_passwords() if len(entry) >= PASSWORD_MIN)
    doubled = [entry * 2 for entry in sorted(common_passwords())[::2000]]
    assert len(doubled) > 5
    for password in (*long_enough[::20], *doubled):
        assert chosen(browser, password) == 422, password


def test_a_password_does_not_grow_old(house: House) -> None:
    """Nobody is made to change one that nobody else knows."""
    house.platform(1234, ends_in=4000)
    house.person("m1234")
    house.clock.instant += timedelta(days=10 * 365)
    browser = house.browser()
    browser.sign_in()
    assert browser.open("/subscription").status_code == 200
