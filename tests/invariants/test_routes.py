"""Access: every route says who may enter, stands in this table, and does what the table says."""

import re

import pytest
from werkzeug.routing import Rule as Route

from portal.subscription.actions import demand_second_factor
from portal.web import access
from portal.web.access import Who
from tests.helpers.browser import Browser
from tests.helpers.house import House

E, S, B, M = "everybody", "signed in", "signed in, background", "machine"
D = "staff"
P = "signed in, password again"  # before anything is sent
TABLE = {
    "/": E,
    "/.well-known/change-password": M,
    "/.well-known/security.txt": M,
    "/health/live": M,
    "/health/ready": M,
    "/metrics": M,
    "/invitation/<token>": E,
    "/invitation/new": E,
    "/login": E,
    "/login/again": S,
    "/login/again/passkey": S,
    "/login/again/passkey/begin": S,
    "/login/passkey": E,
    "/login/passkey/begin": E,
    "/login/second-factor": E,
    "/login/second-factor/passkey": E,
    "/login/second-factor/passkey/begin": E,
    "/login/take-over": E,
    "/logout": E,
    "/lost-factor/<token>": E,
    "/lost-factor/stop": E,
    "/lost-factor/stopped": E,
    "/not-me": E,
    "/not-me/<token>": E,
    "/not-me/done": E,
    "/orders/<int(max=2147483647):order_id>": S,
    "/orders/<int(max=2147483647):order_id>/cancel": S,
    "/orders/<int(max=2147483647):order_id>/pay": S,
    "/orders/<int(max=2147483647):order_id>/state": B,
    "/payments/demo/events": M,
    "/payments/stripe/events": M,
    "/profile": S,
    "/profile/email": S,
    "/profile/email/<token>": E,
    "/profile/email/confirm": E,
    "/profile/email/undo": E,
    "/profile/email/undo/<token>": E,
    "/profile/email/undone": E,
    "/profile/password": S,
    "/profile/security": S,
    "/profile/security/app": P,
    "/profile/security/app/begin": P,
    "/profile/security/app/move": P,
    "/profile/security/app/moved": P,
    "/profile/security/app/remove": P,
    "/profile/security/codes": P,
    "/profile/security/demand": P,
    "/profile/security/lift": P,
    "/profile/security/lost-factor/stop": S,
    "/profile/security/passkeys": P,
    "/profile/security/passkeys/<int(max=2147483647):key_id>/remove": P,
    "/profile/security/passkeys/new": P,
    "/profile/sessions": S,
    "/profile/sessions/forget": S,
    "/recover-username": E,
    "/recovery/asked/<any(username, password):what>": E,
    "/request-trial": E,
    "/request-trial/<token>": E,
    "/request-trial/asked": E,
    "/request-trial/ready": E,
    "/request-trial/start": E,
    "/reset-password": E,
    "/reset-password/<token>": E,
    "/reset-password/new": E,
    "/reset-password/not-asked": E,
    "/reset-password/not-asked/<token>": E,
    "/session": B,
    "/session/draft": B,
    "/session/draft/discard": S,
    "/session/stay": S,
    "/staff": D,
    "/staff/people/<username>": D,
    "/staff/people/<username>/end-session": D,
    "/staff/people/<username>/keep-factor": D,
    "/staff/people/<username>/lost-factor": D,
    "/staff/people/<username>/reset-link": D,
    "/staff/people/<username>/view": D,
    "/staff/platforms/<int(max=2147483647):platform_id>": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/block": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/blocks": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/blocks/"
    "<any(legal, abuse, fraud_check, missing_documents, payment_overdue):code>/lift": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/grace": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/hold": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/unlock": D,
    "/staff/invitation/<token>": E,
    "/staff/invitation/new": E,
    "/staff/invoices/<number>": D,
    "/staff/invoices/<number>/credit-note": D,
    "/staff/orders/<int(max=2147483647):order_id>": D,
    "/staff/orders/<int(max=2147483647):order_id>/transfer": D,
    "/staff/platforms/<int(max=2147483647):platform_id>/credits": D,
    "/staff/tasks/<int(max=2147483647):task_id>": D,
    "/staff/tasks/<int(max=2147483647):task_id>/close": D,
    "/staff/work": D,
    "/staff/approvals": D,
    "/staff/approvals/<int(max=2147483647):approval_id>": D,
    "/staff/view/end": D,
    "/staff/login": E,
    "/staff/login/second-factor": E,
    "/staff/logout": E,
    "/support/view": S,
    "/support/view/end": S,
    "/subscription": S,
    "/subscription/activity": S,
    "/subscription/activity.csv": S,
    "/subscription/billing": S,
    "/subscription/administrators": S,
    "/subscription/administrators/<username>/disable": P,
    "/subscription/administrators/<username>/enable": S,
    "/subscription/administrators/<username>/invite": S,
    "/subscription/buy": S,
    "/subscription/buy/administrators": S,
    "/subscription/edition": S,
    "/subscription/edition/<code>": S,
    "/subscription/edition/next": S,
    "/subscription/purchase": S,
    "/subscription/renew": S,
    "/subscription/sms/buy": S,
    "/subscription/cancel": P,
    "/subscription/cancel/undo": S,
    "/subscription/export": P,
    "/subscription/export/<int(max=2147483647):export_id>.zip": S,
    "/subscription/export/<int(max=2147483647):export_id>/state": B,
    "/subscription/invoices": S,
    "/subscription/invoices/<number>": S,
    "/subscription/invoices/<number>.pdf": S,
    "/subscription/payment-method": P,
    "/subscription/sms": S,
    "/subscription/contacts": S,
    "/subscription/contacts/<int(max=2147483647):contact_id>": S,
    "/subscription/contacts/<int(max=2147483647):contact_id>/remove": P,
}
# Open to whoever still has to add the second factor that the platform demands: to add one, to stay and to leave.
WITHOUT_FACTOR = {
    "/login/again",
    "/login/again/passkey",
    "/login/again/passkey/begin",
    "/profile/password",
    "/profile/security",
    "/profile/security/app",
    "/profile/security/app/begin",
    "/profile/security/passkeys",
    "/profile/security/passkeys/new",
    "/session",
    "/session/draft",
    "/session/draft/discard",
    "/session/stay",
}
FILES = ("/subscription/activity.csv",)  # no page, so nothing stands on it
SIGNED_BY_THE_SENDER = {
    "/payments/demo/events": "the demonstration's provider signs the body; no browser sends here",
    "/payments/stripe/events": "Stripe signs the body; no browser sends here",
}
REMEDY = (
    "decorate the view with one of portal/web/access.py and add its route to TABLE in tests/invariants/test_routes.py"
)


def routes(house: House) -> list[Route]:
    return list(house.app.url_map.iter_rules())


def says(route: Route) -> str | None:
    rule = access.rule_of(route.endpoint)
    if rule is None:
        return None
    if rule.proof:
        return P
    quiet = rule.who is Who.SIGNED_IN and not rule.activity
    return B if quiet else str(rule.who)


def test_every_route_says_who_may_enter_and_stands_in_the_table(house: House) -> None:
    with house.app.app_context():
        found = {route.rule: says(route) for route in routes(house)}
    assert found == TABLE, REMEDY


def test_a_view_that_says_nothing_is_closed(house: House, browser: Browser) -> None:
    house.app.add_url_rule("/forgotten", view_func=lambda: "secret")
    assert browser.open("/forgotten").status_code == 500
    assert "secret" not in (browser.page.text if browser.page else "")


def example(rule: str) -> str:
    return (
        re.sub(r"<int\b[^>]*>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule))
        .replace("<token>", "x" * 40)
        .replace("<username>", "m1234")
        .replace("<number>", "2026-000001")
        .replace("<path:filename>", "portal.css")
    )


@pytest.mark.parametrize("rule", [rule for rule, who in TABLE.items() if who in (S, P, B)])
def test_signed_in_pages_lead_strangers_to_the_sign_in_page(house: House, browser: Browser, rule: str) -> None:
    for method in methods(house, rule):
        headers = {"Sec-Fetch-Site": "same-origin"}
        token = browser.get("/login").form()[1]["csrf_token"]
        answer = browser.open(example(rule), method=method, data={"csrf_token": token}, headers=headers)
        assert answer.status_code == (401 if TABLE[rule] == B else 303)


def test_what_opens_without_the_demanded_factor_is_what_the_table_says(house: House) -> None:
    with house.app.app_context():
        declared = {route.rule: access.rule_of(route.endpoint) for route in routes(house)}
    found = {name for name, rule in declared.items() if rule and rule.without_factor}
    assert found == WITHOUT_FACTOR, "only what is needed to add a second factor, to stay signed in and to leave"
    assert {TABLE[rule] for rule in found} <= {S, P, B}


@pytest.mark.parametrize("rule", [rule for rule, who in TABLE.items() if who in (S, P, B)])
def test_where_a_factor_is_demanded_every_other_page_leads_to_where_one_is_added(
    house: House, browser: Browser, rule: str
) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        demand_second_factor(db, 1234, administrator_id=person.id, at=house.clock.now())
    token = browser.sign_in().value("csrf_token")
    for method in methods(house, rule):
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = browser.open(example(rule), method=method, data={"csrf_token": token}, headers=headers)
        led = (answer.status_code, answer.location) == (303, "/profile/security")
        if rule not in WITHOUT_FACTOR:
            assert led or (TABLE[rule] == B and answer.status_code == 403), REMEDY
        elif not rule.startswith("/profile/security/"):  # whose pages without a secret lead back there
            assert not led


@pytest.mark.parametrize("rule", [rule for rule in TABLE if rule not in SIGNED_BY_THE_SENDER])
def test_every_post_needs_the_forgery_token(house: House, browser: Browser, rule: str) -> None:
    house.person("m1234")
    browser.sign_in()
    if "POST" in methods(house, rule):
        assert browser.open(example(rule), method="POST").status_code == 400


def test_nothing_else_is_exempt_from_the_forgery_token(house: House) -> None:
    exempt = house.app.extensions["csrf"]
    names = {blueprint.name for blueprint in exempt._exempt_blueprints}
    found = {route.rule for route in routes(house) if route.endpoint.partition(".")[0] in names}
    assert found == set(SIGNED_BY_THE_SENDER), "list the route with its reason in SIGNED_BY_THE_SENDER, or protect it"
    assert not exempt._exempt_views


@pytest.mark.parametrize("rule", SIGNED_BY_THE_SENDER)
def test_what_needs_no_token_needs_a_provider_and_its_signature(house: House, browser: Browser, rule: str) -> None:
    house.person("m1234")
    browser.sign_in()
    before = contents(house)
    assert browser.open(rule, method="POST", data=b"{}").status_code in (400, 404)
    assert contents(house) == before


def methods(house: House, rule: str) -> set[str]:
    found = [route.methods or set() for route in routes(house) if route.rule == rule]
    return set().union(*found) & {"GET", "POST"}


@pytest.mark.parametrize("rule", TABLE)
def test_reads_never_write(house: House, browser: Browser, rule: str) -> None:
    """GET and HEAD of every page change no row: not as a stranger, not as a signed-in person."""
    house.person("m1234")
    for signed_in in (False, True):
        if signed_in:
            browser.sign_in()
        before = contents(house)
        for method in ("GET", "HEAD"):
            if "GET" in methods(house, rule):
                browser.open(example(rule), method=method)
        assert contents(house) == before


def contents(house: House) -> dict[str, list[tuple[object, ...]]]:
    from portal.kit.db import metadata

    with house.parts.database.read() as db:
        return {name: [tuple(row) for row in db.execute(table.select())] for name, table in metadata.tables.items()}


@pytest.mark.parametrize("rule", [rule for rule, who in TABLE.items() if who in (S, P) and rule not in FILES])
def test_sign_out_is_on_every_signed_in_page(house: House, browser: Browser, rule: str) -> None:
    house.person("m1234")
    browser.sign_in()
    if "GET" in methods(house, rule):
        page = browser.get(example(rule))
        assert any(form.get("action") == "/logout" for form in page.all("form"))


def test_the_demo_is_found_nowhere_else(browser: Browser) -> None:
    for path in ("/demo", "/demo/mail", "/demo/clock"):
        assert browser.open(path).status_code == 404
