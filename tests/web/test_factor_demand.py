"""A second factor demanded from everybody: who may decide it, who is told, and what opens for whoever has none."""

import pytest

from portal import office
from portal.accounts import administrators
from portal.accounts.queries import Administrator
from portal.rules.access import Act, Refused, Role
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.together import together
from tests.web.security_people import (
    BEGIN,
    DEMAND,
    LIFT,
    PAGE,
    come_in,
    has,
    offers,
    press,
    rows,
    send,
    status,
    tags,
    where,
)

LIST = "/subscription/administrators"


@pytest.fixture
def anna(house: House) -> Administrator:
    """The first administrator, with an app; Marco and Luca have none."""
    house.platform(1234, additional_seats=3)
    person = house.person("m1234")
    house.add_app(person)
    house.person("m1234-marco", full_name="Marco Conti")
    house.person("m1234-luca", full_name="Luca Serra", language="it")
    return person


def is_demanded(house: House) -> bool:
    return house.place().platform.second_factor_since is not None


def demanded(house: House) -> Browser:
    """Anna has demanded it."""
    browser = come_in(house)
    browser.get(PAGE)
    press(browser, DEMAND)
    assert is_demanded(house)
    return browser


# --- decided ---------------------------------------------------------------------------------------------------------


@both_databases
def test_the_first_administrator_demands_it_and_the_others_are_told_by_mail(house: House) -> None:
    house.platform(1234, additional_seats=3)
    person = house.person("m1234")
    house.add_app(person)
    house.person("m1234-marco", full_name="Marco Conti")
    gone = house.person("m1234-luca")
    with house.parts.database.write() as db:
        administrators.disable(db, gone, at=house.clock.now())
    house.work()
    browser = come_in(house)
    browser.get(PAGE)
    page = press(browser, DEMAND)
    assert "From now on nobody comes in without a second factor." in page.text
    (letter,) = house.work()
    assert letter.recipient == "m1234-marco@example.com"
    assert letter.subject == "m1234-marco needs a second factor to sign in"
    assert "http://127.0.0.1:8000/profile/security" in letter.text
    assert tags(house, "subscription.second") == ["second_factor_demanded"]


def test_each_is_told_in_the_own_language(house: House, anna: Administrator) -> None:
    demanded(house)
    found = {letter.recipient: letter.subject for letter in house.work()}
    assert found == {
        "m1234-marco@example.com": "m1234-marco needs a second factor to sign in",
        "m1234-luca@example.com": "Per entrare come m1234-luca serve un secondo fattore",
    }


def test_only_whoever_has_one_demands_one(house: House) -> None:
    browser = come_in(house)
    page = browser.get(PAGE)
    assert not offers(page, DEMAND)
    assert "Add a second factor for yourself first" in page.text
    send(browser, DEMAND)
    assert (status(browser), is_demanded(house)) == (409, False)


@pytest.mark.parametrize("path", [DEMAND, LIFT])
def test_an_additional_administrator_decides_nothing(house: House, anna: Administrator, path: str) -> None:
    marco = house.administrator("m1234-marco")
    assert marco is not None
    house.add_app(marco)
    if path == LIFT:
        demanded(house)
    browser = come_in(house, "m1234-marco")
    page = browser.get(PAGE)
    assert not offers(page, path)
    before = rows(house)
    page = send(browser, path, role="first", platform_id="1234")
    assert (status(browser), rows(house)) == (403, before)
    assert "Only the first administrator can do this." in page.text


def test_a_platform_decides_for_itself_alone(house: House, anna: Administrator) -> None:
    house.add_app(house.person("m1235"))
    browser = come_in(house, "m1235")
    send(browser, DEMAND, platform_id="1234", username="m1234")
    assert (is_demanded(house), house.place(1235).platform.second_factor_since is not None) == (False, True)


def test_demanded_twice_it_is_told_once(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    form = browser.get(PAGE)
    press(browser, DEMAND)
    browser.page = form
    page = press(browser, DEMAND)
    assert (status(browser), "It is demanded already." in page.text) == (409, True)
    assert (len(house.work()), tags(house, "subscription.second")) == (2, ["second_factor_demanded"])


@both_databases
def test_of_many_at_once_one_demands_it(house: House) -> None:
    from portal.subscription import second_factor

    house.platform(1234, additional_seats=1)
    person = house.person("m1234")
    house.person("m1234-marco")

    def act(_number: int) -> bool:
        with house.parts.database.write() as db:
            return second_factor.demand(db, by=person, at=house.clock.now())

    assert sorted(together(act, 4)) == [False, False, False, True]
    assert len(house.work()) == 1


@both_databases
def test_it_is_left_to_everybodys_choice_again(house: House) -> None:
    house.platform(1234, additional_seats=1)
    person = house.person("m1234")
    house.add_app(person)
    house.person("m1234-marco")
    browser = demanded(house)
    browser.get(PAGE)
    page = press(browser, LIFT)
    assert "A second factor is everybody's own choice again." in page.text
    assert (is_demanded(house), has(house, person).app) == (False, True)
    assert tags(house, "subscription.second") == ["second_factor_demanded", "second_factor_left_free"]
    assert come_in(house, "m1234-marco").get("/subscription").state() == "active"


def test_what_is_everybodys_choice_already_is_not_lifted(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    before = rows(house)
    send(browser, LIFT)
    assert (status(browser), rows(house)) == (409, before)


@pytest.mark.parametrize("path", [DEMAND, LIFT])
def test_on_a_compromised_platform_it_stays_as_it_is(house: House, anna: Administrator, path: str) -> None:
    if path == LIFT:
        demanded(house)
    office.block(house.parts, 1234, "compromised", "")
    assert isinstance(house.place().decide(Act.DEMAND_SECOND_FACTOR, Role.FIRST), Refused)
    with house.parts.database.write() as db:
        from portal.accounts.tables import administrators as people

        db.execute(people.update().values(must_reset=False))  # she has set a new password
    browser = come_in(house)
    assert not offers(browser.get(PAGE), path)
    before = is_demanded(house)
    send(browser, path)
    assert (status(browser), is_demanded(house)) == (409, before)


@pytest.mark.parametrize("platform", [{"ends_in": -3}, {"ends_in": 20, "trial": True}, {"ends_in": None}])
def test_it_is_demanded_in_every_state_that_opens(house: House, platform: dict[str, int]) -> None:
    house.platform(1234, **platform)
    house.add_app(house.person("m1234"))
    browser = house.browser()
    browser.sign_in()
    person = house.administrator("m1234")
    assert person is not None
    browser.code(house.code(person))
    browser.get(PAGE)
    press(browser, DEMAND)
    assert is_demanded(house)


# --- who has one -----------------------------------------------------------------------------------------------------


def test_the_first_administrator_sees_who_has_one_and_the_others_do_not(house: House, anna: Administrator) -> None:
    page = come_in(house).get(LIST)
    entries = {e.all_text: e for e in map(Entry, page.root.iter("li")) if e.name}
    found = {entry.name: entry.factor for entry in entries.values()}
    assert found == {"m1234": "yes", "m1234-marco": "no", "m1234-luca": "no"}
    assert f"{PAGE}#everybody" in [a.get("href") for a in page.all("main")[0].iter("a")]
    page = come_in(house, "m1234-marco").get(LIST)
    assert "Second factor" not in page.text


def test_nothing_is_told_of_who_can_no_longer_sign_in(house: House, anna: Administrator) -> None:
    luca = house.administrator("m1234-luca")
    assert luca is not None
    house.add_app(luca)
    with house.parts.database.write() as db:
        administrators.disable(db, luca, at=house.clock.now())
    entries = [Entry(item) for item in come_in(house).get(LIST).root.iter("li")]
    assert {e.name: e.factor for e in entries if e.name}["m1234-luca"] == ""


# --- whoever has none ------------------------------------------------------------------------------------------------


@both_databases
def test_whoever_has_none_adds_one_right_after_the_password_and_then_everything_opens(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.add_app(house.person("m1234"))
    marco = house.person("m1234-marco")
    demanded(house)
    browser = house.browser()
    page = browser.sign_in("m1234-marco")
    assert where(browser) == PAGE
    assert "Add one now: until then no other page opens." in page.text
    browser.get("/subscription")
    assert where(browser) == PAGE
    press(browser, BEGIN)
    browser.submit({"code": house.code(marco)})
    assert browser.get("/subscription").state() == "active"


def test_whoever_has_one_notices_nothing(house: House, anna: Administrator) -> None:
    browser = demanded(house)
    assert browser.get("/subscription").state() == "active"
    assert "until then no other page opens" not in browser.get(PAGE).text


def test_who_is_signed_in_is_led_there_at_the_next_request(house: House, anna: Administrator) -> None:
    marco = come_in(house, "m1234-marco")
    demanded(house)
    marco.get("/subscription/invoices")
    assert where(marco) == PAGE


def test_a_half_filled_form_waits_until_the_factor_is_there(house: House, anna: Administrator) -> None:
    marco = come_in(house, "m1234-marco")
    marco.get("/profile")
    demanded(house)
    marco.submit({"full_name": "Marco Conti the Younger"})
    assert where(marco) == PAGE
    press(marco, BEGIN)
    person = house.administrator("m1234-marco")
    assert person is not None
    marco.submit({"code": house.code(person)})
    page = marco.get("/profile")
    assert page.value("full_name") == "Marco Conti the Younger"
    assert person.full_name == "Marco Conti"


def test_the_password_can_be_changed_before(house: House, anna: Administrator) -> None:
    demanded(house)
    browser = house.browser()
    browser.sign_in("m1234-marco")
    browser.get("/profile/password")
    new = "another short sentence"
    browser.submit({"current_password": PASSWORD, "password": new, "password_again": new})
    assert where(browser) == PAGE
    other = house.browser()
    other.sign_in("m1234-marco", new)
    assert where(other) == "/login/take-over"


def test_one_can_always_leave(house: House, anna: Administrator) -> None:
    demanded(house)
    browser = house.browser()
    page = browser.sign_in("m1234-marco")
    assert any(form.get("action") == "/logout" for form in page.all("form"))
    token = page.value("csrf_token")
    browser.open("/logout", method="POST", data={"csrf_token": token}, headers=SAME_ORIGIN, follow_redirects=True)
    browser.get(PAGE)
    assert where(browser) == "/login"


def test_a_script_is_told_so_and_keeps_nothing_alive(house: House, anna: Administrator) -> None:
    marco = come_in(house, "m1234-marco")
    demanded(house)
    answer = marco.open("/orders/1/state")
    assert (answer.status_code, answer.json) == (403, {"status": "second factor"})
    assert marco.open("/session").status_code == 200


def test_strangers_are_led_to_the_sign_in_as_before(house: House, anna: Administrator, browser: Browser) -> None:
    demanded(house)
    browser.get("/subscription")
    assert where(browser) == "/login"


class Entry:
    """A line of the list of administrators."""

    def __init__(self, item: object) -> None:
        self.all_text = " ".join(" ".join(item.itertext()).split())  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        first = self.all_text.split(" ")[0]
        return first if first.startswith("m1234") else ""

    @property
    def factor(self) -> str:
        return self.all_text.partition("Second factor: ")[2].split(" ")[0]
