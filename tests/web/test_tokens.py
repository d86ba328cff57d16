"""Tokens of ours: believed only if signed by this portal, unchanged, for this very purpose, and in time (ASVS, V9)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import session
from itsdangerous import URLSafeSerializer
from sqlalchemy import Table, insert

from portal.accounts import email_changes, sessions
from portal.accounts.links import Purpose
from portal.accounts.tables import factor_removals
from portal.kit.links import Fault, Link
from portal.rules.orders import Kind
from portal.rules.staff import StaffRole
from portal.setting_values import Secret
from portal.staff import members
from portal.staff.links import Purpose as StaffPurpose
from portal.staff.members import Newcomer
from portal.staff.queries import Member
from portal.subscription.tables import trial_requests
from portal.web import challenges, coming_in, mailed_links, sealed
from portal.web.sealed import LookAgain
from portal.web.staff import sign_in as staff_sign_in
from tests.conftest import both_databases
from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, SECRET, House, build
from tests.helpers.shop import A_YEAR, COMPANY, kind_of, offer
from tests.invariants.test_routes import routes

# Where a link from a mail is opened, and what for; the page that it leads to is the one that believes it.
DOORS = {
    "/reset-password/<token>": {Purpose.RESET, Purpose.SUPPORT_RESET},
    "/reset-password/not-asked/<token>": {Purpose.RESET, Purpose.SUPPORT_RESET},
    "/invitation/<token>": {Purpose.INVITATION},
    "/request-trial/<token>": {Purpose.TRIAL},
    "/profile/email/<token>": {Purpose.EMAIL_CHANGE},
    "/profile/email/undo/<token>": {Purpose.EMAIL_UNDO},
    "/not-me/<token>": {Purpose.NOT_ME},
    "/lost-factor/<token>": {Purpose.STOP_REMOVAL},
    "/staff/invitation/<token>": {StaffPurpose.INVITATION},
}
# What waits in the cookie of one browser: the page of the step, where it waits, and what for.
STEPS = {
    "/login/second-factor": (coming_in.WAITING, Purpose.SECOND_FACTOR),
    "/login/take-over": (coming_in.WAITING, Purpose.TAKE_OVER),
    "/staff/login/second-factor": (staff_sign_in.WAITING, StaffPurpose.SECOND_FACTOR),
}
ALL: tuple[Purpose | StaffPurpose, ...] = (*Purpose, *StaffPurpose)
CHALLENGES = {Purpose.PASSKEY, Purpose.NEW_PASSKEY, Purpose.PROOF}
REMEDY = "add the door of the new link, or its step, to the tables of tests/web/test_tokens.py"


@pytest.fixture
def subjects(house: House) -> dict[Any, int]:
    """What a link of each purpose is about, all of it there and waiting."""
    anna, at = house.person("m1234"), house.clock.now()
    person: dict[Any, int] = dict.fromkeys(ALL, anna.id)
    gino = Newcomer("gino", StaffRole.SUPPORT, "gino@example.com", "Gino", "en")
    with house.parts.database.write() as db:
        sessions.start(db, anna, at=at, network="198.51.100.0/24", device="Firefox · Linux")
        assert email_changes.ask(db, house.parts.links, anna, "anna.new@example.com", at=at)
        member = members.create(db, house.parts.links, gino, by="test", at=at)
        assert isinstance(member, Member)
        members.begin_app(db, house.parts.vault, member)
        _row(db, trial_requests, anna, at)
        _row(db, factor_removals, anna, at)
    return person | dict.fromkeys((Purpose.TRIAL, Purpose.EMAIL_CHANGE, Purpose.EMAIL_UNDO, Purpose.NOT_ME), 1)


def _row(db: Any, table: Table, anna: Any, at: datetime) -> None:
    """A row of the table with what it cannot be without."""
    facts = {"administrator_id": anna.id, "asked_at": at, "due_at": at + timedelta(days=3), "asked_by": "staff"}
    facts |= {"reason": "lost", "full_name": "Zoe", "company": "", "language": "en", "requested_at": at}
    facts |= {"email": "zoe@example.com", "email_folded": "zoe@example.com"}
    db.execute(insert(table).values({name: value for name, value in facts.items() if name in table.c}))


def issue(house: House, purpose: Purpose | StaffPurpose, subject: int) -> str:
    with house.parts.database.write() as db:
        at = house.clock.now()
        link_id = house.parts.links.issue(db, purpose, subject, at=at, expires_at=at + timedelta(hours=1))
        return house.parts.links.token(db, link_id)


def put(browser: Browser, **facts: Any) -> None:
    """Something into the browser's cookie, as if a page of ours had put it there."""
    with browser.client.session_transaction() as cookie:
        cookie.update(facts)


def find(house: House, token: str, purpose: str) -> Link | Fault:
    with house.parts.database.read() as db:
        return house.parts.links.find(db, token, purpose, at=house.clock.now())


# --- the purpose: each token at every door ----------------------------------------------------------------------------


def test_every_door_and_every_purpose_stands_in_the_tables(house: House) -> None:
    assert {route.rule for route in routes(house) if "<token>" in route.rule} == set(DOORS), REMEDY
    steps = {purpose for _, purpose in STEPS.values()}
    assert set().union(*DOORS.values(), steps, CHALLENGES) == set(ALL), REMEDY


@both_databases
def test_a_link_is_found_for_its_own_purpose_only(house: House) -> None:
    house.person("m1234")
    for purpose in ALL:
        token = issue(house, purpose, 1)
        assert {asked for asked in ALL if isinstance(find(house, token, asked), Link)} == {purpose}


@pytest.mark.parametrize("door", DOORS)
def test_a_mailed_link_opens_its_own_door_and_is_broken_at_every_other(
    house: House, subjects: dict[Any, int], door: str
) -> None:
    browser = house.browser()
    for purpose in ALL:
        token = issue(house, purpose, subjects[purpose])
        browser.open(door.replace("<token>", token), follow_redirects=True)
        assert browser.response is not None
        expected = 200 if purpose in DOORS[door] else mailed_links.STATUS[Fault.BROKEN]
        assert browser.response.status_code == expected, purpose


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_sign_in_opens_with_its_own_token_and_no_other(
    house: House, subjects: dict[Any, int], step: str
) -> None:
    slot, own = STEPS[step]
    for purpose in ALL:
        browser = house.browser()
        put(browser, **{slot: issue(house, purpose, subjects[purpose])})
        assert (browser.open(step).status_code == 200) is (purpose is own), purpose
        for inside in ("/subscription", "/staff"):
            assert browser.open(inside).status_code == 303, purpose


def test_a_challenge_is_its_own_token_and_no_other(house: House) -> None:
    anna = house.person("m1234")
    with house.app.test_request_context("/"):
        for challenge in CHALLENGES:
            for purpose in ALL:
                session[challenge] = issue(house, purpose, anna.id)
                assert (challenges.waiting(challenge, anna.id) is not None) is (purpose is challenge)
                assert challenges.waiting(challenge, anna.id + 1) is None


def test_no_link_is_a_session_or_a_forgery_token(house: House, subjects: dict[Any, int]) -> None:
    for purpose in ALL:
        browser = house.browser()
        token = issue(house, purpose, subjects[purpose])
        put(browser, _user_id=token, staff=token)
        assert browser.open("/subscription").status_code == 303, purpose
        assert browser.open("/staff").status_code == 303, purpose
        browser.client.set_cookie(house.parts.settings.cookie_name, token)
        assert browser.open("/subscription").status_code == 303, purpose
        assert browser.open("/logout", method="POST", data={"csrf_token": token}).status_code == 400, purpose


def test_what_is_signed_for_one_use_is_nothing_in_another(house: House, seal: str) -> None:
    """Cookie, seal and forgery token: each where the others belong."""
    browser = house.browser()
    csrf = browser.get("/login").form()[1]["csrf_token"]
    cookie = browser.client.get_cookie(house.parts.settings.cookie_name).value
    browser.sign_in()
    session_cookie = browser.client.get_cookie(house.parts.settings.cookie_name).value
    for text in (csrf, cookie, session_cookie):
        assert looks_again(house, text) is LookAgain.CHOICE_CHANGED
    for text in (csrf, seal):
        other = house.browser()
        other.client.set_cookie(house.parts.settings.cookie_name, text)
        assert other.open("/subscription").status_code == 303
    for text in (seal, session_cookie):
        assert browser.open("/logout", method="POST", data={"csrf_token": text}).status_code == 400
    for text in (csrf, cookie, session_cookie, seal):
        assert {find(house, text, purpose) for purpose in ALL} == {Fault.BROKEN}


# --- the signature ----------------------------------------------------------------------------------------------------


def price(house: House) -> tuple[Kind, Any]:
    if house.administrator("m1234") is None:
        house.person("m1234")
    place = house.place()
    return kind_of(A_YEAR, place), offer(A_YEAR, place, house.parts.prices, COMPANY)


@pytest.fixture
def seal(house: House) -> str:
    """A year as it is offered now."""
    kind, made = price(house)
    with house.app.test_request_context("/"):
        return sealed.seal(kind, A_YEAR, made)


def looks_again(house: House, text: str) -> LookAgain | None:
    """What a seal is good for: None, where it may be ordered."""
    kind, made = price(house)
    with house.app.test_request_context("/"):
        return sealed.refusal(text, kind, A_YEAR, made)


def flipped(text: str) -> Iterator[str]:
    """Each character but the last one changed: of that one, two bits mean nothing to whoever decodes it."""
    for position, character in enumerate(text[:-1]):
        for bit in (1, 4, 32):
            yield text[:position] + chr(ord(character) ^ bit) + text[position + 1 :]


def test_a_seal_is_believed_unchanged_or_not_at_all(house: House, seal: str) -> None:
    assert looks_again(house, seal) is None
    for forged in flipped(seal):
        assert looks_again(house, forged) is LookAgain.CHOICE_CHANGED, forged


def test_a_cookie_is_believed_unchanged_or_not_at_all(house: House) -> None:
    house.person("m1234")
    browser, name = house.browser(), house.parts.settings.cookie_name
    browser.sign_in()
    cookie = browser.client.get_cookie(name).value
    interface: Any = house.app.session_interface
    for forged in flipped(cookie):
        request = house.app.request_class({"HTTP_COOKIE": f"{name}={forged}", "wsgi.url_scheme": "http"})
        assert dict(interface.open_session(house.app, request)) == {}, forged
    assert browser.open("/subscription").status_code == 200


def other_algorithms(key: str, salt: str, content: Any) -> dict[str, str]:
    """The same content with the right key, signed in every way but ours."""

    def by(**how: Any) -> str:
        return str(URLSafeSerializer(key, salt, signer_kwargs=how).dumps(content))

    body = by().rpartition(".")[0]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    right = URLSafeSerializer(key, salt, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"})
    plain = hmac.new(key.encode(), body.encode(), hashlib.sha256).digest()
    return {
        "none": body,
        "empty": body + ".",
        "none of JWT": f"{header}.{body}.",
        "the key in the header": f"{header}.{right.dumps(content)}",
        "no derivation": by(digest_method=hashlib.sha256, key_derivation="none"),
        "no salt": body + "." + base64.urlsafe_b64encode(plain).decode().rstrip("="),
        "sha1": by(digest_method=hashlib.sha1, key_derivation="hmac"),
        "sha512": by(digest_method=hashlib.sha512, key_derivation="hmac"),
        "md5": by(digest_method=hashlib.md5, key_derivation="hmac"),
    }


def test_no_other_algorithm_makes_a_link(house: House) -> None:
    house.person("m1234")
    token = issue(house, Purpose.RESET, 1)
    key = house.parts.settings.token_keys[0]
    right = URLSafeSerializer(key, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"})
    right.salt = b"portal.link.reset"
    content = right.loads(token)
    assert isinstance(find(house, str(right.dumps(content)), Purpose.RESET), Link)
    for algorithm, forged in other_algorithms(key, "portal.link.reset", content).items():
        assert find(house, forged, Purpose.RESET) is Fault.BROKEN, algorithm


def test_no_other_algorithm_makes_a_cookie(house: House) -> None:
    anna = house.person("m1234")
    with house.parts.database.write() as db:
        started = sessions.start(db, anna, at=house.clock.now(), network="198.51.100.0/24", device="")
    key, name, browser = house.parts.settings.token_keys[0], house.parts.settings.cookie_name, house.browser()
    put(browser, _user_id=started.token)
    assert browser.open("/subscription").status_code == 200  # with ours it is one
    for algorithm, forged in other_algorithms(key, "portal.cookie", {"_user_id": started.token}).items():
        browser.client.set_cookie(name, forged)
        assert browser.open("/subscription").status_code == 303, algorithm


def test_no_other_algorithm_makes_a_seal(house: House, seal: str) -> None:
    key = house.parts.settings.token_keys[0]
    content = URLSafeSerializer(key, "portal.quote", signer_kwargs={"digest_method": hashlib.sha256}).loads(seal)
    for algorithm, forged in other_algorithms(key, "portal.quote", content).items():
        assert looks_again(house, forged) is LookAgain.CHOICE_CHANGED, algorithm


# --- the time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "status"), [(3600 - 1e-6, 200), (3600, 410), (3600 + 1e-6, 410)])
@pytest.mark.parametrize("door", DOORS)
def test_every_door_closes_when_the_link_says(
    house: House, subjects: dict[Any, int], door: str, seconds: float, status: int
) -> None:
    purpose = min(DOORS[door])
    token = issue(house, purpose, subjects[purpose])
    house.clock.move(seconds=seconds)
    browser = house.browser()
    browser.open(door.replace("<token>", token), follow_redirects=True)
    assert browser.response is not None
    assert browser.response.status_code == status


@pytest.mark.parametrize("step", STEPS)
def test_every_step_closes_when_its_time_is_over(house: House, subjects: dict[Any, int], step: str) -> None:
    browser = house.browser()
    slot, own = STEPS[step]
    put(browser, **{slot: issue(house, own, subjects[own])})
    house.clock.move(seconds=3600 - 1e-6)
    assert browser.open(step).status_code == 200
    house.clock.move(microseconds=1)
    assert browser.open(step).status_code in (302, 303)


# --- the audience: another portal -------------------------------------------------------------------------------------


@pytest.fixture(params=["its own database", "a copy of the database", "its own database, the same address"])
def staging(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> Iterator[House]:
    """A second portal with the same key: at its own address, or beside this one with a database of its own."""
    address = house.parts.settings.public_url if "the same" in request.param else "http://localhost:8000"
    if "copy" in request.param:
        url = house.parts.settings.database_url
        yield build(tmp_path / "staging", url, public_url=address)
        return
    (tmp_path / "staging").mkdir()
    with databases.sqlite(tmp_path / "staging") as url:
        other = build(tmp_path / "staging", url, public_url=address)
        other.person("m1234")
        yield other


def test_the_two_portals_share_the_key(house: House, staging: House) -> None:
    assert house.parts.settings.keys == staging.parts.settings.keys == (SECRET.reveal(),)


def test_a_link_of_another_portal_is_broken(house: House, staging: House) -> None:
    if staging.administrator("m1234") is None:
        house.person("m1234")
    for purpose in ALL:
        foreign = issue(staging, purpose, 1)
        assert isinstance(find(staging, foreign, purpose), Link)
        assert find(house, foreign, purpose) is Fault.BROKEN, purpose


def test_a_session_of_another_portal_is_none(house: House, staging: House) -> None:
    if staging.administrator("m1234") is None:
        house.person("m1234")
    there, here, name = staging.browser(), house.browser(), house.parts.settings.cookie_name
    there.sign_in("m1234", PASSWORD)
    assert there.open("/subscription").status_code == 200
    here.client.set_cookie(name, there.client.get_cookie(name).value)
    assert here.open("/subscription").status_code == 303


def test_a_price_of_another_address_is_not_believed(house: House, seal: str, tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    with databases.sqlite(tmp_path / "staging") as url:
        other = build(tmp_path / "staging", url, public_url="http://localhost:8000")
        kind, made = price(other)
        with other.app.test_request_context("/"):
            foreign = sealed.seal(kind, A_YEAR, made)
    assert (looks_again(house, seal), looks_again(house, foreign)) == (None, LookAgain.CHOICE_CHANGED)


def test_a_rotated_key_still_opens_what_is_out_and_a_foreign_one_never_did(house: House, tmp_path: Path) -> None:
    house.person("m1234")
    token = issue(house, Purpose.RESET, 1)
    new = Secret("another-real-key-that-is-long-and-mixed-9876543210")
    url = house.parts.settings.database_url
    rotated = build(tmp_path / "a", url, secret_key=new, secret_key_fallbacks=(SECRET,))
    foreign = build(tmp_path / "b", url, secret_key=new)
    assert isinstance(find(rotated, token, Purpose.RESET), Link)
    assert find(foreign, token, Purpose.RESET) is Fault.BROKEN
