"""Who belongs to the platform: everybody reads it, the first administrator invites, disables and lets in again."""

import re
from datetime import date

import pytest

from portal.accounts import administrators, queries
from portal.outside.post import Letter
from portal.rules import renewal
from portal.rules.access import Block
from portal.subscription import actions, sales, seating
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.together import together
from tests.rules.instants import rome
from tests.web.test_overview import told

LIST = "/subscription/administrators"
MARCO = {"suffix": "marco", "full_name": "Marco Conti", "email": "marco@example.com", "language": "it"}
NEW = "another short sentence"


def sign_in(house: House, username: str = "m1234", *, seats: int = 1, **facts: object) -> Browser:
    """Somebody signed in on a platform with so many additional seats."""
    house.platform(1234, additional_seats=seats, **facts)  # type: ignore[arg-type]
    house.person("m1234")
    if username != "m1234":
        house.person(username)
    browser = house.browser()
    browser.sign_in(username)
    return browser


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def invite(browser: Browser, **changed: str) -> Page:
    return post(browser, LIST, **(MARCO | changed))


def post(browser: Browser, path: str, **fields: str) -> Page:
    """A POST as a page sends it, whatever the present page offers; redirects followed."""
    token = browser.get("/profile").form()[1]["csrf_token"]
    headers = {"Sec-Fetch-Site": "same-origin"}
    browser.open(path, method="POST", data={"csrf_token": token} | fields, headers=headers, follow_redirects=True)
    return browser.page or Page.empty()


def enabled(house: House, platform_id: int = 1234) -> list[str]:
    with house.parts.database.read() as db:
        people = queries.administrators_of_platform(db, platform_id)
    return [person.username for person in people if person.enabled]


def to(letters: list[Letter], address: str) -> Letter:
    return next(letter for letter in letters if letter.recipient == address)


def link(letter: Letter) -> str:
    return re.search(r"http://127\.0\.0\.1:8000(\S+)", letter.text)[1]  # type: ignore[index]


def row(page: Page, username: str) -> str:
    """What the list says of somebody."""
    rows = [" ".join(" ".join(item.itertext()).split()) for item in page.all("main")[0].iter("li")]
    return next(text for text in rows if text.startswith(f"{username} "))


@both_databases
def test_somebody_is_invited_sets_a_password_and_signs_in(house: House) -> None:
    browser = sign_in(house)
    assert "1 seat is free." in told(browser.get(LIST))
    page = browser.submit(MARCO)
    assert status(browser) == 200
    assert "m1234-marco is invited" in told(page)
    assert "Every seat is taken." in told(page)
    assert "The link works until 27 November 2026, 10:00" in row(page, "m1234-marco")
    letters = house.work()
    assert sorted(letter.recipient for letter in letters) == ["m1234@example.com", "marco@example.com"]
    assert "m1234-marco" in to(letters, "m1234@example.com").subject
    marco = house.browser()
    marco.get(link(to(letters, "marco@example.com")))
    marco.submit({"password": NEW, "password_again": NEW})
    page = marco.sign_in("m1234-marco", NEW)
    assert marco.response is not None
    assert marco.response.request.path == "/subscription"
    assert page.root.get("lang") == "it"
    assert "Can sign in" in row(browser.get(LIST), "m1234-marco")


def test_the_page_speaks_italian(house: House) -> None:
    browser = sign_in(house)
    browser.get(f"{LIST}?lang=it")
    page = browser.submit(MARCO)
    assert page.heading == "Amministratori"
    assert "m1234-marco è invitato" in told(page)
    assert "Invitato" in row(page, "m1234-marco")
    assert "Disabilita m1234-marco" in told(browser.get(f"{LIST}/m1234-marco/disable"))


@pytest.mark.parametrize("typed", ["marco", " Marco ", "m1234-marco", "M1234-MARCO"])
def test_the_whole_name_may_be_typed_in_any_case(house: House, typed: str) -> None:
    invite(sign_in(house), suffix=typed)
    assert enabled(house) == ["m1234", "m1234-marco"]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("suffix", ""),
        ("suffix", "-marco"),
        ("suffix", "màrco"),
        ("suffix", "mar co"),
        ("suffix", "marco@example.com"),
        ("suffix", "x" * 33),
        ("suffix", "mar\x00co"),
        ("suffix", "mar\u212ao"),
        ("full_name", " "),
        ("full_name", "x" * 121),
        ("full_name", "a\x00b"),
        ("email", "marco"),
        ("email", "marco@localhost@example.com"),
        ("email", "a@example.com,b@example.com"),
        ("language", "xx"),
    ],
)
@both_databases
def test_what_is_wrong_is_told_beside_the_field_and_what_was_typed_stays(house: House, field: str, typed: str) -> None:
    browser = sign_in(house)
    page = invite(browser, **{field: typed})
    assert status(browser) == 422
    assert len(page.errors()) == 1
    for name in ("suffix", "full_name", "email"):
        if name != field:
            assert page.value(name) == MARCO[name]
    assert enabled(house) == ["m1234"]
    assert house.work() == []


@pytest.mark.parametrize("length", [32, 120])
@both_databases
def test_the_longest_that_fits_is_taken(house: House, length: int) -> None:
    browser = sign_in(house)
    invite(browser, **({"suffix": "x" * 32} if length == 32 else {"full_name": "x" * 120}))
    assert len(enabled(house)) == 2


@pytest.mark.parametrize("gone", [False, True], ids=["taken", "retired"])
def test_a_name_that_exists_or_did_is_refused_at_the_field(house: House, gone: bool) -> None:
    browser = sign_in(house, seats=2)
    marco = house.person("m1234-marco")
    if gone:
        with house.parts.database.write() as db:
            administrators.disable(db, marco, at=house.clock.now())
    house.work()
    page = invite(browser)
    assert status(browser) == 422
    assert "m1234-marco exists already, or did" in page.errors()[0]
    assert page.value("full_name") == "Marco Conti"
    assert house.work() == []


def test_without_a_free_seat_the_page_leads_to_buying_one_and_keeps_what_was_typed(house: House) -> None:
    browser = sign_in(house, seats=0)
    page = browser.get(LIST)
    assert any(link.get("href", "").startswith("/subscription/buy") for link in page.all("main")[0].iter("a"))
    assert [f for f in page.all("main")[0].iter("form") if f.get("method") == "post"] == []
    page = invite(browser)
    assert status(browser) == 409
    assert "Every seat is taken: buy one" in told(page)
    assert page.value("email") == "marco@example.com"
    assert enabled(house) == ["m1234"]


@both_databases
def test_of_two_invitations_at_once_for_one_seat_one_wins_and_the_other_is_told(house: House) -> None:
    browser = sign_in(house)
    action, fields = browser.get(LIST).form()

    def ask(number: int) -> int:
        twin = house.browser()
        twin.client.set_cookie("portal", browser.client.get_cookie("portal").value)
        data = fields | MARCO | {"suffix": f"marco{number}"}
        return twin.open(action, method="POST", data=data, headers={"Sec-Fetch-Site": "same-origin"}).status_code

    assert sorted(together(ask, 2)) == [303, 409]
    assert len(enabled(house)) == 2
    assert len([letter for letter in house.work() if letter.recipient == "marco@example.com"]) == 1


def test_fields_that_nobody_asked_for_change_nothing(house: House) -> None:
    browser = sign_in(house)
    house.platform(5678, additional_seats=3)
    invite(browser, role="first", platform_id="5678", username="m5678-marco", password_hash="x", disabled_at="x")
    with house.parts.database.read() as db:
        marco = queries.find_administrator(db, "m1234-marco")
        assert marco is not None
        assert (marco.role, marco.platform_id) == ("additional", 1234)
        assert queries.administrators_of_platform(db, 5678) == []


# --- the invitation, again -------------------------------------------------------------------------------------------


def test_an_invitation_is_sent_again_and_the_earlier_link_is_dead(house: House) -> None:
    browser = sign_in(house)
    invite(browser)
    first = link(to(house.work(), "marco@example.com"))
    house.clock.move(days=1)
    browser.sign_in()
    page = post(browser, f"{LIST}/m1234-marco/invite")
    assert "A new invitation is on its way to m1234-marco." in told(page)
    assert "28 November 2026, 10:00" in row(page, "m1234-marco")
    second = link(to(house.work(), "marco@example.com"))
    marco = house.browser()
    assert "replaced by a newer one" in told(marco.get(first))
    marco.get(second)
    marco.submit({"password": NEW, "password_again": NEW})
    marco.sign_in("m1234-marco", NEW)
    assert marco.response is not None
    assert marco.response.request.path == "/subscription"
    page = post(browser, f"{LIST}/m1234-marco/invite")
    assert status(browser) == 409
    assert "has accepted the invitation already" in told(page)
    assert [letter.recipient for letter in house.work()] == ["marco@example.com"]  # that the password is set, no more


@pytest.mark.parametrize(("seconds", "words"), [(-1, "The link works until"), (0, "The link has expired: send it")])
def test_an_invitation_that_has_expired_says_so_from_that_instant(house: House, seconds: int, words: str) -> None:
    browser = sign_in(house)
    house.person("m1234-marco", password=None)
    house.clock.move(days=7, seconds=seconds)
    browser.sign_in()
    assert words in row(browser.get(LIST), "m1234-marco")


def test_nobodys_mailbox_is_filled_with_invitations(house: House) -> None:
    browser = sign_in(house)
    invite(browser)
    for _ in range(4):
        post(browser, f"{LIST}/m1234-marco/invite")
        assert status(browser) == 200
    assert len([letter for letter in house.work() if letter.recipient == "marco@example.com"]) == 1
    page = post(browser, f"{LIST}/m1234-marco/invite")
    assert status(browser) == 409
    assert "5 invitations in 24 hours" in told(page)
    post(browser, f"{LIST}/m1234-marco/disable")
    house.work()
    post(browser, f"{LIST}/m1234-marco/enable")
    assert status(browser) == 409
    page = invite(browser, suffix="marco2", email="Marco@Example.com")
    assert status(browser) == 422
    assert "5 invitations in 24 hours" in page.errors()[0]
    assert enabled(house) == ["m1234"]
    assert house.work() == []
    house.clock.move(days=1)
    browser.sign_in()
    invite(browser, suffix="marco2")
    assert enabled(house) == ["m1234", "m1234-marco2"]


# --- disabling, and letting in again ---------------------------------------------------------------------------------


@both_databases
def test_whoever_is_disabled_is_out_at_the_next_request_and_told_by_mail(house: House) -> None:
    browser = sign_in(house)
    house.person("m1234-marco")
    marco = house.browser()
    marco.sign_in("m1234-marco")
    page = browser.get(f"{LIST}/m1234-marco/disable")
    assert "signed out at once" in told(page)
    page = browser.submit()
    assert "m1234-marco is disabled, and signed out everywhere." in told(page)
    assert "Since 20 November 2026, 10:00" in row(page, "m1234-marco")
    assert marco.open("/subscription").status_code == 303
    assert "Your access was disabled" in told(marco.get("/subscription"))
    marco.sign_in("m1234-marco")
    assert status(marco) == 422
    assert [letter.recipient for letter in house.work()] == ["m1234-marco@example.com"]


def test_whoever_comes_back_sets_a_new_password_by_a_new_invitation(house: House) -> None:
    browser = sign_in(house)
    house.person("m1234-marco")
    post(browser, f"{LIST}/m1234-marco/disable")
    house.work()
    page = post(browser, f"{LIST}/m1234-marco/enable")
    assert "m1234-marco may come back" in told(page)
    assert "Invited" in row(page, "m1234-marco")
    letters = house.work()
    assert sorted(letter.recipient for letter in letters) == ["m1234-marco@example.com", "m1234@example.com"]
    marco = house.browser()
    marco.sign_in("m1234-marco")
    assert status(marco) == 422
    marco.get(link(to(letters, "m1234-marco@example.com")))
    marco.submit({"password": NEW, "password_again": NEW})
    marco.sign_in("m1234-marco", NEW)
    assert marco.response is not None
    assert marco.response.request.path == "/subscription"


def test_nobody_comes_back_to_a_seat_that_is_taken(house: House) -> None:
    browser = sign_in(house)
    house.person("m1234-marco")
    post(browser, f"{LIST}/m1234-marco/disable")
    invite(browser, suffix="luca", email="luca@example.com")
    house.work()
    assert "Can be enabled again once a seat is free." in row(browser.get(LIST), "m1234-marco")
    page = post(browser, f"{LIST}/m1234-marco/enable")
    assert status(browser) == 409
    assert "Every seat is taken" in told(page)
    assert enabled(house) == ["m1234", "m1234-luca"]
    assert house.work() == []


@pytest.mark.parametrize(("act", "words"), [("disable", "is disabled already"), ("enable", "is enabled already")])
def test_what_is_done_already_is_told_and_done_once(house: House, act: str, words: str) -> None:
    browser = sign_in(house)
    house.person("m1234-marco")
    if act == "disable":
        post(browser, f"{LIST}/m1234-marco/disable")
    house.work()
    page = post(browser, f"{LIST}/m1234-marco/{act}")
    assert status(browser) == 409
    assert words in told(page)
    assert house.work() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_first_administrator_is_never_disabled(house: House, method: str) -> None:
    browser = sign_in(house)
    page = post(browser, f"{LIST}/m1234/disable") if method == "POST" else browser.get(f"{LIST}/m1234/disable")
    assert status(browser) == 409
    assert "cannot be disabled" in told(page)
    assert "m1234" in enabled(house)
    assert "Disable" not in row(page, "m1234")


@pytest.mark.parametrize("act", ["invite", "disable", "enable"])
@pytest.mark.parametrize("name", ["m5678-luca", "m1234-nobody", "m5678", "anna@example.com", "m1234-%00", "x" * 300])
@both_databases
def test_somebody_of_another_platform_and_nobody_are_not_found_alike(house: House, act: str, name: str) -> None:
    browser = sign_in(house)
    house.platform(5678, additional_seats=1)
    house.person("m5678")
    house.person("m5678-luca", password=None)
    before = house.work()
    post(browser, f"{LIST}/{name}/{act}")
    assert status(browser) == 404
    if act == "disable":
        assert browser.open(f"{LIST}/{name}/{act}").status_code == 404
    assert enabled(house, 5678) == ["m5678", "m5678-luca"]
    assert before
    assert house.work() == []


def test_an_additional_administrator_reads_the_list_without_addresses_and_changes_nothing(house: House) -> None:
    browser = sign_in(house, "m1234-marco", seats=2)
    house.person("m1234-luca", password=None)
    house.work()
    page = browser.get(LIST)
    assert "First administrator" in row(page, "m1234")
    assert "@" not in " ".join(row(page, name) for name in ("m1234", "m1234-marco", "m1234-luca"))
    assert [f for f in page.all("main")[0].iter("form") if f.get("method") == "post"] == []
    for path in (f"{LIST}/m1234-luca/invite", f"{LIST}/m1234-luca/disable", f"{LIST}/m1234-luca/enable"):
        page = post(browser, path)
        assert status(browser) == 403
        assert "Only the first administrator can do this." in told(page)
    invite(browser, suffix="eva")
    assert status(browser) == 403
    assert enabled(house) == ["m1234", "m1234-marco", "m1234-luca"]
    assert house.work() == []


@pytest.mark.parametrize(
    ("when", "state", "words"),
    [("2026-11-22 23:59:59.999", 200, "is invited"), ("2026-11-23 00:00:00", 409, "renew it first")],
)
def test_people_are_invited_until_the_last_instant_of_the_last_day(
    house: House, when: str, state: int, words: str
) -> None:
    browser = sign_in(house, ends_in=2)
    house.clock.set(rome("2026-11-22 23:50:00"))
    browser.sign_in()
    action, fields = browser.get(LIST).form()
    house.clock.set(rome(when))
    headers = {"Sec-Fetch-Site": "same-origin"}
    browser.open(action, method="POST", data=fields | MARCO, headers=headers, follow_redirects=True)
    assert status(browser) == state
    assert browser.page is not None
    assert words in told(browser.page)


def test_in_the_grace_people_can_still_be_disabled(house: House) -> None:
    browser = sign_in(house, ends_in=-3)
    house.person("m1234-marco")
    post(browser, f"{LIST}/m1234-marco/disable")
    assert enabled(house) == ["m1234"]
    post(browser, f"{LIST}/m1234-marco/enable")
    assert status(browser) == 409


def test_on_a_blocked_platform_nobody_is_invited_and_everybody_may_be_disabled(house: House) -> None:
    browser = sign_in(house, seats=2)
    house.person("m1234-marco")
    with house.parts.database.write() as db:
        actions.block(db, 1234, Block.ABUSE, by="test", note="", at=house.clock.now())
    assert "Not while the platform is blocked." in told(invite(browser, suffix="eva"))
    assert status(browser) == 409
    post(browser, f"{LIST}/m1234-marco/disable")
    assert enabled(house) == ["m1234"]


def test_a_half_filled_invitation_survives_the_time_out(house: House) -> None:
    browser = sign_in(house)
    browser.get(LIST)
    house.clock.move(minutes=30)
    browser.submit(MARCO)
    page = browser.submit({"username": "m1234", "password": "a short sentence is easiest"})
    assert "back in the form" in told(page)
    assert (page.value("suffix"), page.value("email")) == ("marco", "marco@example.com")
    assert enabled(house) == ["m1234"]


def test_fewer_seats_that_are_coming_are_told_with_who_goes(house: House) -> None:
    browser = sign_in(house, seats=2, ends_in=2)
    for name in ("m1234-marco", "m1234-luca"):
        house.person(name)
    following = renewal.new_term(date(2026, 11, 23), 12)
    with house.parts.database.write() as db:
        sales.begin_term(db, 1234, following, "pro", sms=True, order_id=1)
        sales.grant_seats(db, 1234, 1, starts_on=following.starts_on, ends_on=following.ends_on, order_id=1)
        seating.plan_reduction(db, 1234, due_on=following.starts_on, picked=["m1234-marco"])
    text = told(browser.get(LIST))
    assert "From Monday 23 November 2026 there are 2 seats." in text
    assert "These user names are disabled then: m1234-marco." in text
