"""A passkey in a real Chromium with an authenticator of its own: added, beside the password, alone, and as a proof."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, expect
from werkzeug.serving import make_server

from portal.accounts import limits, passkeys
from portal.kit.texts import catalogue
from portal.rules import terms
from portal.rules.throttle import client_network
from tests.browser.conftest import Person
from tests.helpers.authenticator import Authenticator, give
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.processes import free_port

Somebody = Callable[..., Person]
LANGUAGES = ["en", "it"]
KINDS = {
    "platform": {"transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True},
    "touch only": {"transport": "usb", "hasResidentKey": False, "hasUserVerification": False},
}
BY_HAND = """
    delete PublicKeyCredential.parseCreationOptionsFromJSON;
    delete PublicKeyCredential.parseRequestOptionsFromJSON;
    delete PublicKeyCredential.prototype.toJSON;
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def house(tmp_path: Path, database_url: str, port: int) -> Iterator[House]:
    """A house that knows the port it is reached by: passkeys belong to an origin."""
    found = build(tmp_path, database_url, public_url=f"http://127.0.0.1:{port}")
    yield found
    found.parts.database.close()


@pytest.fixture
def address(house: House, port: int) -> Iterator[str]:
    """The house behind a real server, by the name that passkeys know this machine by."""
    server = make_server("127.0.0.1", port, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


def words(language: str) -> Callable[[str], str]:
    return catalogue(language).gettext


def plug_in(person: Person, kind: str = "platform") -> tuple[CDPSession, str]:
    """Give the person's browser an authenticator; returns how to speak to it."""
    chromium = person.context.new_cdp_session(person.page)
    chromium.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "automaticPresenceSimulation": True} | KINDS[kind]
    made = chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return chromium, made["authenticatorId"]


def sign_in(person: Person, language: str = "en") -> None:
    _ = words(language)
    person.go("/login")
    person.type(_("User name"), "m1234")
    person.type(_("Password"), PASSWORD)
    person.enter()


def sign_out(person: Person, language: str = "en") -> None:
    _ = words(language)
    person.tab_to(_("Your menu:") + " m1234")
    person.page.keyboard.press("Enter")
    person.press(_("Sign out"))


def add(person: Person, language: str = "en", name: str = "My key") -> None:
    """Add a passkey, from the page of the second factors."""
    _ = words(language)
    person.go("/profile/security")
    person.press(_("Add a passkey"))
    person.type(_("Name of the passkey"), name)
    person.press(_("Make the passkey"))


def names(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return [key.name for key in passkeys.of(db, 1)]


@pytest.mark.parametrize("by_hand", [False, True], ids=["the browser's JSON", "ours"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_passkey_is_added_and_opens_beside_the_password_and_in_its_place(
    house: House, somebody: Somebody, language: str, by_hand: bool
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language)
    if by_hand:
        anna.page.add_init_script(BY_HAND)
    plug_in(anna)
    sign_in(anna, language)
    add(anna, language)
    expect(anna.page.locator("h1")).to_have_text(_("Your recovery codes"))
    assert names(house) == ["My key"]
    sign_out(anna, language)
    sign_in(anna, language)
    assert anna.page.url == f"{anna.address}/login/second-factor"
    anna.press(_("Use a passkey"))
    assert anna.page.url == f"{anna.address}/subscription"
    sign_out(anna, language)
    anna.go("/login")
    anna.press(_("Sign in with a passkey"))
    assert anna.page.url == f"{anna.address}/subscription"


def test_a_passkey_proves_it_again_and_what_waited_is_done(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    plug_in(anna)
    sign_in(anna)
    add(anna)
    house.clock.move(minutes=10)
    anna.go("/subscription/cancel")
    anna.page.get_by_role("main").get_by_role("button").first.focus()
    anna.enter()
    assert "/login/again" in anna.page.url
    anna.check_accessibility()
    anna.press("Use a passkey instead")
    assert anna.page.url.endswith("/subscription/cancel")
    assert house.place().platform.cancelled_at is not None


def test_a_key_that_knows_only_a_touch_opens_beside_the_password(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    plug_in(anna, "touch only")
    sign_in(anna)
    add(anna)
    sign_out(anna)
    sign_in(anna)
    anna.press("Use a passkey")
    assert anna.page.url == f"{anna.address}/subscription"


def test_a_device_does_not_make_a_second_one(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    plug_in(anna)
    sign_in(anna)
    add(anna)
    anna.go("/profile/security")
    anna.press("Add a passkey")
    anna.tab_to("Make the passkey")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("[data-told]")).to_have_text("This device holds one of your passkeys already.")
    assert names(house) == ["My key"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_person_cancels_is_told_and_can_be_tried_again(
    house: House, somebody: Somebody, language: str
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language)
    chromium, device = plug_in(anna)
    sign_in(anna, language)
    add(anna, language)
    sign_out(anna, language)
    chromium.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    anna.go("/login")
    anna.tab_to(_("Sign in with a passkey"))
    anna.page.keyboard.press("Enter")
    told = anna.page.locator("[data-told]")
    expect(told).to_have_text(
        _("It was cancelled, or took too long. Nothing has changed: try once more, or take another way.")
    )
    assert told.get_attribute("role") == "status"
    chromium.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    anna.enter()
    assert anna.page.url == f"{anna.address}/subscription"


def test_a_stranger_reads_that_it_did_not_work_and_no_more(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    plug_in(anna)
    sign_in(anna)
    add(anna)
    with house.parts.database.write() as db:
        db.execute(passkeys.passkeys.delete())
    sign_out(anna)
    anna.go("/login")
    anna.press("Sign in with a passkey")
    expect(anna.page.get_by_role("alert")).to_contain_text("This passkey does not open the platform")
    expect(anna.page.get_by_role("alert")).to_be_focused()
    anna.check_accessibility()


def test_what_the_server_says_against_it_is_told(house: House, somebody: Somebody) -> None:
    with house.parts.database.write() as db:
        for _ in range(terms.PASSKEY_REQUESTS_PER_NETWORK):
            assert limits.claim_passkey(db, client_network("127.0.0.1"), at=house.clock.now())
    anna = somebody()
    plug_in(anna)
    anna.go("/login")
    anna.tab_to("Sign in with a passkey")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("[data-told]")).to_contain_text("Too many sign-ins were begun from your network.")


def test_a_page_that_was_open_for_too_long_says_so(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    plug_in(anna)
    anna.go("/login")
    anna.context.clear_cookies()
    anna.tab_to("Sign in with a passkey")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("[data-told]")).to_contain_text("This page was open for too long.")


@pytest.mark.parametrize("javascript", [True, False], ids=["a browser without passkeys", "no script"])
def test_where_no_passkey_can_be_used_no_button_is_dead(house: House, somebody: Somebody, javascript: bool) -> None:
    give(house, house.person("m1234"), Authenticator())
    anna = somebody(javascript=javascript)
    if javascript:
        anna.page.add_init_script("delete window.PublicKeyCredential;")
    anna.go("/login")
    expect(anna.page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    sign_in(anna)
    expect(anna.page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    expect(anna.page.get_by_text("Using a passkey needs JavaScript")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["a browser without passkeys", "no script"])
def test_where_no_passkey_can_be_made_the_page_says_what_it_needs(
    house: House, somebody: Somebody, javascript: bool
) -> None:
    house.person("m1234")
    anna = somebody(javascript=javascript)
    if javascript:
        anna.page.add_init_script("delete window.PublicKeyCredential;")
    sign_in(anna)
    anna.go("/profile/security")
    anna.press("Add a passkey")
    expect(anna.page.get_by_text("Making a passkey needs JavaScript")).to_be_visible()
    expect(anna.page.get_by_role("button", name="Make the passkey")).to_have_count(0)


def test_by_the_number_of_the_machine_the_page_leads_to_its_name(house: House, somebody: Somebody) -> None:
    anna = somebody()
    anna.page.goto(f"{house.parts.settings.public_url}/login")
    anna.press(anna.address)
    assert anna.page.url == f"{anna.address}/login"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("it", 320), ("en", 1280)])
def test_every_page_with_passkeys_can_be_read(
    house: House, somebody: Somebody, dark: bool, language: str, width: int
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language, width=width, dark=dark)
    plug_in(anna)

    def look() -> None:
        anna.check_accessibility()
        assert anna.fits(), f"{anna.page.url} scrolls sideways"

    sign_in(anna, language)
    anna.go("/profile/security")
    look()
    anna.press(_("Add a passkey"))
    expect(anna.page.get_by_role("button", name=_("Make the passkey"))).to_be_visible()
    look()
    anna.type(_("Name of the passkey"), "W" * 60)
    anna.press(_("Make the passkey"))
    anna.go("/profile/security")
    expect(anna.page.get_by_text("W" * 60)).to_have_count(2)  # in the list, and in the name of its button
    look()
    sign_out(anna, language)
    look()
    sign_in(anna, language)
    expect(anna.page.get_by_role("button", name=_("Use a passkey"))).to_be_visible()
    look()
