"""Sessions and permissions as the chapters V7 and V8 of ASVS ask: who begins one, who ends it, what counts at once."""

import ast
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import func, select, update
from werkzeug.exceptions import HTTPException

from portal import office
from portal.accounts import sessions
from portal.accounts.links import Purpose
from portal.accounts.tables import administrators, drafts, resumptions
from portal.accounts.tables import sessions as table
from portal.kit.audit import events
from portal.kit.db import metadata
from portal.rules.sessions import EndReason
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.invariants.sources import calls, modules
from tests.invariants.test_asvs import missing
from tests.invariants.test_routes import TABLE, B, E, P, S, example, methods
from tests.journeys.test_strangers import ACT, READ
from tests.web.test_proof import send
from tests.web.test_tokens import DOORS, issue

TOKENS = 10_000


def live(house: House) -> int:
    with house.parts.database.read() as db:
        return db.execute(select(func.count()).where(table.c.ended_at.is_(None))).scalar_one()


def callers(name: str) -> set[str]:
    """The functions of the portal that call `name`, as module.function."""

    def within(tree: ast.AST, path: str) -> Iterator[str]:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(found == name for _, found in calls_in(node, tree)):
                yield f"{path.removesuffix('.py').replace('/', '.')}.{node.name}"

    def calls_in(node: ast.AST, tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
        mine = {id(inner) for inner in ast.walk(node)}
        return ((call, found) for call, found in calls(tree) if id(call) in mine)

    return {found for path, tree in modules() for found in within(tree, path)}


# --- the token --------------------------------------------------------------------------------------------------------


def test_ten_thousand_tokens_are_different_and_of_256_even_bits(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        token: str | None = sessions.start(db, person, at=house.clock.now(), network="", device="").token
        seen = []
        for _ in range(TOKENS):
            assert token is not None
            seen.append(token)
            token = sessions.renew(db, token, at=house.clock.now())
    assert len(set(seen)) == TOKENS
    raw = [int.from_bytes(_decoded(token)) for token in seen]
    ones = [sum(number >> bit & 1 for number in raw) / TOKENS for bit in range(256)]
    assert all(0.46 < share < 0.54 for share in ones)  # eight standard deviations of a fair coin


def _decoded(token: str) -> bytes:
    found = urlsafe_b64decode(token + "=")
    assert len(found) == 32
    return found


def test_every_secret_comes_from_the_operating_system() -> None:
    """No module of the portal draws from a generator whose next number could be computed."""
    drawn = {f"{path}: {found}" for path, tree in modules() for _, found in calls(tree) if found.startswith("random.")}
    assert drawn == set()


def test_a_token_is_never_a_setting(house: House) -> None:
    """No key that stands in a file opens a page: neither as the cookie, nor in a header."""
    house.person("m1234")
    for key in (*house.parts.settings.keys, *house.parts.settings.token_keys):
        browser = house.browser()
        browser.client.set_cookie(house.parts.settings.cookie_name, key)
        headers = {"Authorization": f"Bearer {key}", "X-Api-Key": key}
        assert browser.open("/subscription", headers=headers).status_code == 303


# --- who begins a session ---------------------------------------------------------------------------------------------


def test_a_session_begins_in_one_place_and_is_renewed_where_it_was_proven_again() -> None:
    """Every way in ends there, so what is asked on the way is asked of everybody (docs/asvs.md, Ways in)."""
    assert callers("portal.accounts.sessions.start") == {"portal.web.coming_in.begin"}
    assert callers("portal.accounts.sessions.renew") == {
        "portal.web.proof.renewed",
        "portal.web.proof._renewed_by_key",
    }
    assert callers("portal.web.who.open_session") == {
        "portal.web.coming_in.begin",
        "portal.web.proof.renew",
        "portal.web.proof.prove_with_key",
        "portal.web.profile._change",
    }
    assert callers("portal.web.coming_in.begin") | callers("begin") >= {
        "portal.web.coming_in.after_factor",
        "portal.web.sign_in.decide_take_over",
    }


def test_nobody_is_seen_without_a_session_but_by_staff_whom_the_person_lets_look() -> None:
    assert callers("portal.web.who.see") == {"portal.web.staff.view.check"}


def test_looking_begins_no_session_not_even_with_a_link(house: House) -> None:
    anna = house.person("m1234")
    browser = house.browser()
    pages = [rule for rule, who in TABLE.items() if who == E and "GET" in methods(house, rule)]
    assert len(pages) > 15
    for rule in pages:
        purpose = min(DOORS[rule]) if rule in DOORS else Purpose.RESET
        token = issue(house, purpose, anna.id if purpose in (Purpose.RESET, Purpose.INVITATION) else 404)
        browser.open(example(rule).replace("x" * 40, token))
    assert live(house) == 0
    assert browser.open("/subscription").status_code == 303


def test_nobody_is_there_who_was_not_made(house: House) -> None:
    """A new portal has no account that somebody could know of."""
    with house.parts.database.read() as db:
        assert db.execute(select(func.count()).select_from(administrators)).scalar_one() == 0


@pytest.mark.parametrize("word", ["hint", "question", "answer", "maiden", "remind"])
def test_nothing_is_kept_that_a_friend_could_know(word: str) -> None:
    """Neither hints nor questions stand in for a password."""
    accounts = [administrators, table, drafts, resumptions]
    assert not [column for kept in accounts for column in kept.c if word in column.name]
    assert not [name for name in metadata.tables if word in name]


# --- who ends it ------------------------------------------------------------------------------------------------------


@both_databases
def test_every_end_is_an_end_for_every_copy_of_the_cookie(house: House) -> None:
    """Whatever has ended it: the next request of any copy finds nothing."""
    anna = house.person("m1234")
    name = house.parts.settings.cookie_name
    for reason in EndReason:
        browser, thief = house.browser(), house.browser()
        browser.sign_in()
        thief.client.set_cookie(name, browser.client.get_cookie(name).value)
        assert thief.open("/subscription").status_code == 200
        with house.parts.database.write() as db:
            sessions.end_all(db, anna.id, reason, at=house.clock.now())
        for copy in (thief, browser):
            assert copy.open("/subscription").status_code == 303, reason
            token = copy.get("/login").form()[1]["csrf_token"]
            assert copy.open("/session/stay", method="POST", data={"csrf_token": token}).status_code == 303, reason


def test_whoever_looks_at_the_list_of_sessions_sees_the_one_there_is(house: House, browser: Browser) -> None:
    """There is one live session at most, so it is ended by signing out here, or from elsewhere by signing in there."""
    house.person("m1234")
    browser.sign_in()
    assert live(house) == 1
    assert "Firefox" in browser.get("/profile/sessions").text
    phone = house.browser(agent="Mozilla/5.0 (iPhone) Safari/605")
    phone.get("/login")
    phone.submit({"username": "m1234", "password": "not the password"})
    assert browser.open("/profile/sessions").status_code == 200  # without the password nobody ends it
    phone.sign_in()
    phone.submit({"choice": "continue"})
    assert live(house) == 1
    assert browser.open("/profile/sessions").status_code == 303
    assert "iPhone" in phone.get("/profile/sessions").text


# --- what somebody may, at once ---------------------------------------------------------------------------------------


def set_role(house: House, username: str, role: str) -> None:
    with house.parts.database.write() as db:
        db.execute(update(administrators).where(administrators.c.username == username).values(role=role))


def adds(browser: Browser, email: str) -> bool:
    """Whether this person may add a contact."""
    send(browser, "/subscription/contacts", kind="technical", full_name="Marco", email=email)
    assert browser.response is not None
    return browser.response.status_code == 200


def test_another_role_counts_at_the_next_request_of_the_same_session(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    assert adds(browser, "a@example.com")
    set_role(house, "m1234", "additional")
    assert not adds(browser, "b@example.com")
    set_role(house, "m1234", "first")
    assert adds(browser, "c@example.com")


def test_a_block_counts_at_the_next_request_of_the_same_session(house: House, browser: Browser) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    browser.sign_in()
    assert "Platform 1234 is blocked" not in browser.get("/subscription").text
    office.block(house.parts, 1234, "abuse", "")
    send(browser, "/subscription/buy/administrators", quantity="1", order="1")
    assert browser.response is not None
    assert browser.response.status_code == 409
    office.unblock(house.parts, 1234, "abuse")
    assert browser.get("/subscription/buy/administrators").heading


# --- limits of what a person may do -----------------------------------------------------------------------------------


# What only the first administrator does, with an example that would do it.
CONTACT = {"kind": "technical", "full_name": "Zoe", "email": "zoe@example.com"}
FIRST_ONLY: dict[str, dict[str, str]] = {
    "/profile/security/demand": {},
    "/profile/security/lift": {},
    "/subscription/administrators": {"email": "z@example.com", "full_name": "Z", "suffix": "z", "language": "en"},
    "/subscription/administrators/<username>/disable": {},
    "/subscription/administrators/<username>/enable": {},
    "/subscription/administrators/<username>/invite": {},
    "/subscription/billing": {"kind": "company", "name": "Rossi", "country": "IT"},
    "/subscription/buy/administrators": {"quantity": "1", "order": "1"},
    "/subscription/cancel": {"expires_on": "2027-02-26"},
    "/subscription/cancel/undo": {},
    "/subscription/contacts": CONTACT,
    "/subscription/contacts/<int(max=2147483647):contact_id>": CONTACT,
    "/subscription/contacts/<int(max=2147483647):contact_id>/remove": {},
    "/subscription/edition/<code>": {"order": "1"},
    "/subscription/edition/next": {"edition": "starter"},
    "/subscription/payment-method": {"way": "transfer"},
    "/subscription/purchase": {"order": "1"},
    "/subscription/sms/buy": {"pack": "1000", "order": "1"},
}
# What everybody who is signed in does: the own account, what keeps a platform alive, and reading.
EVERYBODYS = {
    "/login/again", "/login/again/passkey", "/login/again/passkey/begin",
    "/profile", "/profile/email", "/profile/password", "/profile/sessions/forget",
    "/profile/security/app", "/profile/security/app/begin", "/profile/security/app/move",
    "/profile/security/app/moved", "/profile/security/app/remove", "/profile/security/codes",
    "/profile/security/lost-factor/stop", "/profile/security/passkeys", "/profile/security/passkeys/new",
    "/profile/security/passkeys/<int(max=2147483647):key_id>/remove",
    "/session/draft", "/session/draft/discard", "/session/stay",
    "/orders/<int(max=2147483647):order_id>/cancel", "/orders/<int(max=2147483647):order_id>/pay",
    "/subscription/renew", "/subscription/export", "/subscription/invoices/<number>.pdf",
    "/support/view", "/support/view/end",
}  # fmt: skip


def test_every_form_is_the_first_administrators_or_everybodys(house: House) -> None:
    forms = {rule for rule, who in TABLE.items() if who in (S, P, B) and "POST" in methods(house, rule)}
    assert forms == set(FIRST_ONLY) | EVERYBODYS, "say in tests/web/test_session_rules.py whose form it is"
    assert not set(FIRST_ONLY) & EVERYBODYS


def facts(house: House) -> dict[str, int]:
    """How many rows each table has, but for what a request leaves behind that was refused."""
    quiet = {"sessions", events.name, drafts.name, resumptions.name, "outbox", "throttle", "limits"}
    with house.parts.database.read() as db:
        tables = [kept for kept in metadata.sorted_tables if kept.name not in quiet]
        return {kept.name: db.execute(select(func.count()).select_from(kept)).scalar_one() for kept in tables}


@pytest.mark.parametrize("rule", FIRST_ONLY)
def test_an_additional_administrator_does_nothing_of_what_is_the_first_ones(
    house: House, browser: Browser, rule: str
) -> None:
    house.platform(1234, additional_seats=2, cancelled=rule.endswith("/undo"))
    anna = house.person("m1234")
    house.person("m1234-marco")
    house.person("m1234-zoe")
    with house.parts.database.write() as db:
        support.add(db, anna, Entry(Kind.TECHNICAL, "Ugo", "ugo@example.com"), at=house.clock.now())
    browser.sign_in("m1234-zoe")
    before = facts(house)
    path = example(rule.replace("<username>", "m1234-marco").replace("<code>", "business"))
    send(browser, path, **FIRST_ONLY[rule])
    assert browser.response is not None
    assert browser.response.status_code in (403, 409)
    assert browser.page is not None
    assert "first administrator" in browser.page.text
    assert facts(house) == before
    assert house.administrator("m1234-marco").disabled_at is None  # type: ignore[union-attr]


# Objects named in an address, other than those of tests/journeys/test_strangers.py: nobody's own, or shown there.
NAMED_ELSEWHERE = {
    "/subscription/edition/<code>": "the editions of the price list, which are everybody's",
    "/profile/security/passkeys/<int(max=2147483647):key_id>/remove": (
        "tests/web/test_passkeys.py::test_a_key_of_somebody_else_is_like_one_that_does_not_exist"
    ),
}


def test_every_object_that_an_address_names_is_asked_for_by_a_stranger(house: House) -> None:
    """What belongs to another customer answers as if it were not there: for each kind of object there is."""
    asked = {path.rpartition("?")[0] or path for path, *_ in (*READ, *ACT)}
    adapter = house.app.url_map.bind("")
    covered = set()
    for path in asked:
        for method in ("GET", "POST"):
            with suppress(HTTPException):
                covered.add(adapter.match(path, method=method, return_rule=True)[0].rule)
    named = {rule for rule, who in TABLE.items() if who in (S, P, B) and "<" in rule}
    assert named - covered == set(NAMED_ELSEWHERE), "ask for it in tests/journeys/test_strangers.py"
    assert not missing([test for test in NAMED_ELSEWHERE.values() if "::" in test])
