"""Forgotten user name, forgotten password: from the page, through the worker and a real mail server, to the link."""

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest

from portal import people_office
from portal.accounts import administrators, recovery
from portal.accounts.recovery import RESET_TASK, Asked
from portal.kit import outbox
from portal.rules import terms
from portal.rules.throttle import client_network
from portal.subscription.tables import platforms
from tests.helpers.browser import Browser
from tests.jobs.conftest import PostalHouse
from tests.outside.servers import Do, Step

NEW_PASSWORD = "another short sentence is fine"


def ask_reset(postal: PostalHouse, username: str, email: str, address: str = "198.51.100.7") -> tuple[str, str]:
    """(address, text) of the page that answers; from a browser that nobody has used before."""
    browser = Browser(postal.house.app, address=address)
    browser.get("/reset-password")
    page = browser.submit({"username": username, "email": email})
    assert browser.response is not None
    return browser.response.request.path, page.html


def ask_user_names(postal: PostalHouse, email: str) -> tuple[str, str]:
    browser = Browser(postal.house.app)
    browser.get("/recover-username")
    page = browser.submit({"email": email})
    assert browser.response is not None
    return browser.response.request.path, page.html


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(["plain"])
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def link_in(postal: PostalHouse, mail: EmailMessage, path: str = "/reset-password/") -> str:
    """The path of the first link of this kind, as the plain text has it."""
    origin = postal.house.parts.settings.public_url
    found = re.search(rf"^{re.escape(origin)}({re.escape(path)}\S+)$", text_of(mail), re.MULTILINE)
    assert found, text_of(mail)
    return found[1]


ASKED = {
    "right pair": ("m1234", "anna@example.com"),
    "unknown name": ("m999", "anna@example.com"),
    "unknown address": ("m1234", "nobody@example.com"),
    "address of somebody else": ("m1234", "bruno@example.com"),
    "name of a disabled administrator": ("m1234-carla", "carla@example.com"),
}


@pytest.mark.parametrize("server_is", ["up", "down"])
def test_whatever_is_asked_the_page_is_the_same(postal: PostalHouse, server_is: str) -> None:
    postal.house.person("m5678", email="bruno@example.com")
    _disabled(postal)
    if server_is == "down":
        postal.server.stop()
    pages = {ask_reset(postal, *asked) for asked in ASKED.values()}
    postal.work()
    pages |= {ask_reset(postal, *asked) for asked in ASKED.values()}
    assert len(pages) == 1


@pytest.mark.parametrize("what", ASKED)
def test_only_the_right_pair_gets_a_mail(postal: PostalHouse, what: str) -> None:
    postal.house.person("m5678", email="bruno@example.com")
    _disabled(postal)
    ask_reset(postal, *ASKED[what])
    postal.work()
    assert postal.server.recipients == (["Anna@Example.com"] if what == "right pair" else [])
    (task,) = postal.rows(outbox.TASK)
    assert (task.outcome, task.payload) == ("handled", {})  # the same trace for all of them


def _disabled(postal: PostalHouse) -> None:
    person = postal.house.person("m1234-carla", email="carla@example.com")
    with postal.house.parts.database.write() as db:
        administrators.disable(db, person, at=postal.house.clock.now())
        db.execute(outbox.outbox.delete())  # its notice


@pytest.mark.parametrize("typed", ["ANNA@EXAMPLE.COM", " anna@example.com "])
@pytest.mark.parametrize("username", ["m1234", "M1234 "])
def test_the_mail_goes_to_the_stored_address_however_it_was_typed(
    postal: PostalHouse, username: str, typed: str
) -> None:
    ask_reset(postal, username, typed)
    postal.work()
    assert postal.server.recipients == ["Anna@Example.com"]
    assert postal.server.accepted[0]["To"] == "Anna@Example.com"


def test_the_link_opens_and_sets_a_password_once(postal: PostalHouse) -> None:
    ask_reset(postal, "m1234", "anna@example.com")
    postal.work()
    path = link_in(postal, postal.server.accepted[0])
    scanner = Browser(postal.house.app)
    for method in ("GET", "HEAD", "GET"):
        scanner.open(path, method=method)
    browser = Browser(postal.house.app)
    browser.get(path)
    assert browser.response is not None
    assert path not in browser.response.request.url, "the token has left the address bar"
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    assert browser.response.request.path == "/login"
    postal.work()
    notice = postal.server.accepted[-1]
    assert notice["Subject"] == "The password of m1234 has been set"
    assert "20 November 2026, 10:00 (Europe/Rome)" in text_of(notice)
    again = Browser(postal.house.app)
    again.open(path, follow_redirects=True)
    assert again.response is not None
    assert again.response.status_code == 410
    browser.sign_in("m1234", NEW_PASSWORD)
    assert browser.response.request.path == "/subscription"


def test_the_link_not_asked_for_is_dead_after_one_press(postal: PostalHouse) -> None:
    ask_reset(postal, "m1234", "anna@example.com")
    postal.work()
    mail = postal.server.accepted[0]
    browser = Browser(postal.house.app)
    browser.get(link_in(postal, mail, "/reset-password/not-asked/"))
    browser.submit()
    browser.open(link_in(postal, mail), follow_redirects=True)
    assert browser.response is not None
    assert browser.response.status_code == 410


def test_five_mails_for_an_account_and_day(postal: PostalHouse) -> None:
    pages = {ask_reset(postal, "m1234", "anna@example.com") for _ in range(7)}
    postal.work()
    # Asked for at once, only the newest link is alive: the worker sends no dead ones.
    assert [row.outcome for row in postal.rows()] == ["expired"] * 4 + ["sent"]
    postal.house.clock.set(postal.house.clock.now() + terms.RECOVERY_ACCOUNT_WINDOW - timedelta(microseconds=1))
    pages.add(ask_reset(postal, "m1234", "anna@example.com"))
    postal.work()
    assert len(postal.rows()) == 5
    postal.house.clock.move(seconds=0.000001)
    pages.add(ask_reset(postal, "m1234", "anna@example.com"))
    postal.work()
    assert len(postal.rows()) == 6
    assert len(pages) == 1


def test_five_mails_one_after_the_other(postal: PostalHouse) -> None:
    for _ in range(7):
        ask_reset(postal, "m1234", "anna@example.com")
        postal.work()
    assert len(postal.ids) == 5


def test_twenty_requests_of_a_network_in_an_hour(postal: PostalHouse) -> None:
    people = ["m1234-p19", "m1234-p20", "m1234-p21", "m1234-p22"]
    for username in people:
        postal.house.person(username, email=f"{username}@example.com")
    network, at = client_network("198.51.100.7"), postal.house.clock.now()
    with postal.house.parts.database.write() as db:  # as the page does it, eighteen times; unknown names count too
        for number in range(18):
            recovery.ask(db, RESET_TASK, Asked(f"m99-{number}", "anna@example.com", network, at))
    pages = {ask_reset(postal, name, f"{name}@example.com", "198.51.100.99") for name in people[:3]}
    postal.work()
    assert postal.server.recipients == [f"{name}@example.com" for name in people[:2]]
    ask_reset(postal, people[2], f"{people[2]}@example.com", "203.0.113.1")  # another network is not held up
    postal.work()
    assert postal.server.recipients[2:] == [f"{people[2]}@example.com"]
    postal.house.clock.set(at + terms.RECOVERY_NETWORK_WINDOW)
    pages.add(ask_reset(postal, people[3], f"{people[3]}@example.com"))
    postal.work()
    assert postal.server.recipients[3:] == [f"{people[3]}@example.com"]
    assert len(pages) == 1


def test_all_user_names_of_an_address_but_those_of_deleted_platforms(postal: PostalHouse) -> None:
    house, email = postal.house, "studio@example.com"
    house.platform(10, ends_in=-3)
    house.platform(20, ends_in=10, cancelled=True)
    house.platform(30, trial=True, ends_in=5)
    house.platform(40, ends_in=-200)
    house.platform(50, ends_in=-200)
    for username in ("m10", "m20", "m30", "m40", "m50", "m1234-studio"):
        house.person(username, email=email.upper() if username == "m20" else email)
    house.person("m60", email="else@example.com")
    with house.parts.database.write() as db:
        db.execute(platforms.update().where(platforms.c.id == 50).values(deleted_at=house.clock.now()))
    ask_user_names(postal, "Studio@Example.Com")
    postal.work()
    (mail,) = postal.server.accepted
    lines = [line for line in text_of(mail).splitlines() if line.startswith("- ")]
    assert lines == [
        "- m10: Expired, still renewable",
        "- m20: Cancelled, still active",
        "- m30: Trial",
        "- m40: Being deleted",
        "- m1234-studio: Active",
    ]
    assert "m50" not in mail.as_string()
    assert postal.server.recipients == [email]


def test_an_address_without_user_names_gets_nothing_and_the_same_page(postal: PostalHouse) -> None:
    postal.house.person("m70", email="gone@example.com")
    with postal.house.parts.database.write() as db:
        db.execute(platforms.update().where(platforms.c.id == 70).values(deleted_at=postal.house.clock.now()))
    pages = {ask_user_names(postal, email) for email in ("anna@example.com", "nobody@example.com", "gone@example.com")}
    postal.work()
    assert len(pages) == 1
    assert postal.server.recipients == ["Anna@Example.com"]


@pytest.mark.parametrize("trouble", ["down", "hanging"])
def test_with_the_mail_server_away_the_mail_arrives_later(postal: PostalHouse, trouble: str) -> None:
    if trouble == "down":
        postal.server.stop()
    else:
        postal.server.behaviour[Step.GREETING] = Do.HANG
    page = ask_reset(postal, "m1234", "anna@example.com")
    assert page == ask_reset(postal, "m999", "anna@example.com")
    postal.work()
    assert not postal.server.accepted
    if trouble == "down":
        postal.server.start()
    postal.server.behaviour.clear()
    postal.house.clock.move(seconds=15)
    postal.work()
    browser = Browser(postal.house.app)
    browser.get(link_in(postal, postal.server.accepted[0]))
    assert browser.response is not None
    assert browser.response.status_code == 200


def test_a_link_from_staff_names_its_reason_and_lives_a_day(postal: PostalHouse) -> None:
    people_office.send_reset_link(postal.house.parts, "m1234", "ticket 4711")
    postal.work()
    (mail,) = postal.server.accepted
    assert "ticket 4711" in text_of(mail)
    assert "until 21 November 2026, 10:00 (Europe/Rome)" in text_of(mail)
    browser = Browser(postal.house.app)
    postal.house.clock.set(postal.house.clock.now() + terms.SUPPORT_LINK_LIFE - timedelta(microseconds=1))
    browser.open(link_in(postal, mail), follow_redirects=True)
    assert browser.response is not None
    assert browser.response.status_code == 200
    postal.house.clock.move(seconds=0.000001)
    browser.open(link_in(postal, mail), follow_redirects=True)
    assert browser.response.status_code == 410


def test_an_invitation_sets_the_first_password(postal: PostalHouse) -> None:
    postal.house.person("m1234-anna", password=None, email="new@example.com")
    postal.work()
    (mail,) = postal.server.accepted
    browser = Browser(postal.house.app)
    browser.get(link_in(postal, mail, "/invitation/"))
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    browser.sign_in("m1234-anna", NEW_PASSWORD)
    assert browser.response is not None
    assert browser.response.request.path == "/subscription"
