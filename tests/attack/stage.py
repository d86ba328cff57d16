"""Everybody who may come to the portal, and everything that may lie there when they come.

The cast of the demonstration, and platform 3000, of which everything is there at once that a page can show: something
to confirm, to stop, to remove, to pay. Then strangers, the staff by their roles, whoever stands between two steps of a
sign-in, and whoever opens one of the links that our mails carry.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, update

from portal import people_office
from portal.accounts import administrators, authenticator_apps
from portal.accounts.tables import sessions
from portal.billing import orders
from portal.billing.invoices import PDF_ERRAND
from portal.kit import outbox
from portal.rules.access import Block
from portal.rules.staff import StaffAct
from portal.staff import approvals, members, views
from portal.staff.queries import Member, find_member
from portal.subscription import actions as subscription
from portal.subscription import exports
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from portal.web.demo.cast import CAST, STAFF
from tests.attack.forms import Form
from tests.helpers import authenticator
from tests.helpers.authenticator import Authenticator
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import code_of
from tests.helpers.house import PASSWORD, House
from tests.helpers.shop import PACK

HERE = "http://127.0.0.1:8000"
GONE = "m2008"  # past the grace: nobody signs in
LINK = re.compile(re.escape(HERE) + r"(/[^\s\"<>]+)")
OF_EVERYBODY = ["/subscription", "/profile", "/profile/security", "/support/view", "/session", "/subscription/buy"]


@dataclass
class Asker:
    """Somebody with cookies: the same ones at each request, whatever an earlier answer wanted to make of them."""

    name: str
    cookies: Any
    places: list[str] = field(default_factory=list)
    forms: list[tuple[str, Form]] = field(default_factory=list)

    @property
    def token(self) -> str:
        """Against forgery, of whichever form: the one to sign out stands on each page."""
        found = (form.fields["csrf_token"] for _, form in self.forms if "csrf_token" in form.fields)
        return next(found, "")


def asker(name: str, browser: Browser, *places: str) -> Asker:
    return Asker(name, copy.copy(browser.client._cookies), list(places))


def set_up(house: House) -> None:
    """What leaves something to look at, or a mail with a link."""
    with house.parts.database.write() as db:
        db.execute(delete(outbox.outbox).where(outbox.outbox.c.name == PDF_ERRAND))  # slow, and nothing here needs it
    house.platform(3000, additional_seats=3)
    first = house.person("m3000", email="first@example.com")
    house.person("m3000-ida")
    house.person("m3000-ugo", password=None)
    gone, at = house.person("m3000-gone"), house.clock.now()
    waits = house.order(PACK, by=first)
    with house.parts.database.write() as db:
        administrators.disable(db, gone, at=at)
        exports.ask(db, first, network="", at=at)
        orders.choose_transfer(db, waits, to=first, at=at, zone=house.parts.settings.timezone)
        subscription.demand_second_factor(db, 3000, administrator_id=first.id, at=at)
        support.add(db, first, Entry(Kind.TECHNICAL, "Ugo", "ugo@example.com"), at=at)
        subscription.block(db, 2004, Block.COMPROMISED, by="test", note="", at=at)
        _of_the_desk(house, db)
    people_office.ask_removal(house.parts, "m1236", "ticket 4711")
    _ask_for_links(house)
    house.work()


def _of_the_desk(house: House, db: Connection) -> None:
    paolo, sara, at = _member(db, "paolo"), _member(db, "sara"), house.clock.now()
    members.invite(db, house.parts.links, sara, at=at)
    approvals.ask(db, StaffAct.GRANT_CREDITS, 3000, {"credits": 90_000}, reason="T-1", by=paolo, at=at)


def _member(db: Connection, username: str) -> Member:
    found = find_member(db, username)
    assert found
    return found


def _ask_for_links(house: House) -> None:
    somebody = house.browser()
    for path, fields in (
        ("/recover-username", {"email": "anna@example.com"}),
        ("/reset-password", {"username": "m2002", "email": "carla@example.com"}),
        ("/request-trial", {"full_name": "Tea", "email": "tea@example.com", "company": ""}),
    ):
        somebody.get(path)
        somebody.submit(fields)
    marco = _come_in(house, "m1234-marco")
    for link in ("/profile/email/", "/profile/email/undo/"):
        marco.get("/profile/email")
        marco.submit({"email": f"{len(link)}@example.com", "current_password": PASSWORD})
        letters = house.work()
        if link == "/profile/email/":
            marco.get(next(found for letter in letters for found in LINK.findall(letter.text) if link in found))
            marco.submit()
    _come_in(house, "m1235")
    _come_in(house, "m1235", agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 14.0) Version/17.0 Safari/605.1.15")


def _come_in(house: House, username: str, **facts: Any) -> Browser:
    browser = house.browser(**facts)
    if 'name="choice"' in browser.sign_in(username).html:
        browser.submit({"choice": "continue"})
    return browser


def people(house: House) -> Iterator[Asker]:
    """Each with where to begin looking around."""
    yield Asker("stranger", {}, ["/login", "/staff/login", "/demo", "/request-trial", "/recovery/asked/password"])
    for actor in CAST:
        if actor.username not in (GONE, "m1235", "m1236", "m2004"):
            yield asker(actor.username, _come_in(house, actor.username), *OF_EVERYBODY, *_orders(house, actor.username))
    yield _with_an_app(house)
    yield _with_everything(house)
    yield _without_proof(house)
    yield _between(house, "take-over", "m2006", "/login/take-over")
    yield _between(house, "second factor", "m1236", "/login/second-factor")
    yield from _staff(house)
    house.work()
    for number, link in enumerate(_one_of_each(house)):
        yield Asker(f"link {number}: {link.rpartition('/')[0]}", {}, [link])


def _between(house: House, name: str, username: str, place: str) -> Asker:
    browser = house.browser()
    browser.sign_in(username)
    return asker(name, browser, place)


def _orders(house: House, username: str) -> list[str]:
    """Each of the platform's pages about an order that waits, a payment of it at the demonstration's provider."""
    waiting = [order for order in house.orders(int(username[1:5])) if order.paid_at is None]
    return [f"/orders/{order.id}{more}" for order in waiting for more in ("", "/pay", "/state")]


def _with_an_app(house: House) -> Asker:
    """m1236: somebody has asked to take off her factor; she is about to move the app, and demands one of everybody."""
    browser, mine = house.browser(), house.administrator("m1236")
    assert mine
    browser.sign_in("m1236")
    browser.code(house.code(mine))
    people_office.ask_removal(house.parts, "m1236", "ticket 4711")
    _press(browser, "/profile/security/app/move")
    _press(browser, "/profile/security/demand")
    return asker("m1236", browser, *OF_EVERYBODY, "/profile/security/app")


def _with_everything(house: House) -> Asker:
    """m3000: with a passkey, an app and another passkey about to be added, and a payment begun."""
    at, first, browser = house.clock.now(), house.administrator("m3000"), house.browser()
    assert first
    browser.sign_in("m3000")
    authenticator.give(house, first, Authenticator())
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, first, at=at)
    _press(browser, "/profile/security/passkeys/new")
    orders_of_hers = _orders(house, "m3000")
    browser.get(f"{orders_of_hers[0]}/pay")
    browser.submit({"way": "demo"}, follow=False)
    assert browser.response is not None
    payment = (browser.response.location or "").removeprefix(HERE)
    own = ["/profile/security/passkeys/new", "/profile/security/app", "/subscription/export/1/state", payment]
    return asker("m3000", browser, *OF_EVERYBODY, *orders_of_hers, *own)


def _without_proof(house: House) -> Asker:
    """m1235, who typed the password a while ago: what asks for it again waits."""
    mine = house.administrator("m1235")
    assert mine
    browser = _come_in(house, "m1235")
    with house.parts.database.write() as db:
        earlier = house.clock.now() - timedelta(minutes=20)
        db.execute(update(sessions).where(sessions.c.administrator_id == mine.id).values(proven_at=earlier))
    _press(browser, "/subscription/cancel")
    assert browser.response is not None
    return asker("m1235, unproven", browser, browser.response.location or "", *OF_EVERYBODY)


def _press(browser: Browser, path: str) -> None:
    """A form without fields, from the page of the second factors."""
    fields = {"csrf_token": browser.get("/profile/security").value("csrf_token")}
    browser.open(path, method="POST", data=fields, headers=SAME_ORIGIN)


def _staff(house: House) -> Iterator[Asker]:
    desk = ["/staff", "/staff?q=m1234", "/staff?q=example.com", "/staff/work", "/staff/approvals"]
    desk += ["/staff/people/m2002", "/staff/people/m1236", "/staff/people/m3000"]
    desk += [f"/staff/platforms/{number}" for number in (2003, 2004, 3000)]
    desk += ["/staff/platforms/2003/grace", "/staff/platforms/2004/unlock", "/staff/approvals/1"]
    for colleague in STAFF:
        browser = _knows_password(house, colleague.username)
        browser.submit({"code": code_of(house, colleague.username)})
        yield asker(colleague.username, browser, *desk)
        if colleague.username == "sara":
            yield _looking(house, browser)
    yield asker("second factor of staff", _knows_password(house, "nadia"), "/staff/login/second-factor")


def _knows_password(house: House, username: str) -> Browser:
    """One of the staff, who is asked for the code next."""
    browser = house.browser()
    browser.get("/staff/login")
    browser.submit({"username": username, "password": PASSWORD})
    return browser


def _looking(house: House, browser: Browser) -> Asker:
    """Sara, who looks at the pages of somebody who allows it."""
    carla = house.administrator("m2002")
    assert carla
    with house.parts.database.write() as db:
        views.allow(db, carla, at=house.clock.now())
    fields = {"reason": "T-1, on the phone", "csrf_token": browser.get("/staff/people/m2002").value("csrf_token")}
    browser.open("/staff/people/m2002/view", method="POST", data=fields, headers=SAME_ORIGIN)
    return asker("looking at m2002", browser, "/subscription")


def _one_of_each(house: House) -> list[str]:
    """A link for each purpose, the newest one: an earlier one may be dead."""
    adapter, found = house.app.url_map.bind("127.0.0.1:8000"), {}
    for letter in house.mailbox.letters:
        for link in LINK.findall(letter.text):
            endpoint, args = adapter.match(urlsplit(link).path)
            if "token" in args:
                found[endpoint] = link
    return list(found.values())
