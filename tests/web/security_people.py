"""People of the tests of second factors: somebody who is signed in, the forms of her page, and what the house knows."""

from typing import Any
from xml.etree.ElementTree import Element

from sqlalchemy import select

from portal.accounts import factors, own_factors
from portal.accounts.queries import Administrator
from portal.accounts.tables import authenticator_apps, passkeys, recovery_codes
from portal.kit.audit import events
from portal.rules.factors import Factors
from portal.subscription.tables import platforms
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page

PAGE, APP, AGAIN = "/profile/security", "/profile/security/app", "/login/again"
BEGIN, REMOVE, MOVE, MOVED = f"{APP}/begin", f"{APP}/remove", f"{APP}/move", f"{APP}/moved"
CODES, DEMAND, LIFT = f"{PAGE}/codes", f"{PAGE}/demand", f"{PAGE}/lift"


def come_in(house: House, username: str = "m1234", *, password: str = PASSWORD, minutes: float = 0) -> Browser:
    """Somebody who signed in so many minutes ago, with the code of her app where she has one."""
    person = house.administrator(username) or house.person(username, password=password)
    browser = house.browser()
    page = browser.sign_in(username, password)
    if where(browser) == "/login/second-factor":
        page = browser.code(house.code(person))
        house.clock.move(seconds=60)  # that code is used up
    assert page.state() == "active" or where(browser) == PAGE
    house.clock.move(minutes=minutes)
    return browser


def press(browser: Browser, path: str, *, follow: bool = True, **fields: str) -> Page:
    """The form of the present page that leads to `path`, sent as it is, with these fields filled in."""
    assert browser.page is not None
    number = next(n for n, form in enumerate(browser.page.forms()) if form.get("action") == path)
    return browser.submit(fields, form=number, follow=follow)


def send(browser: Browser, path: str, **fields: Any) -> Page:
    """A form sent to an address with a good token, whatever the present page offers."""
    data = {"csrf_token": browser.get(PAGE).value("csrf_token")} | fields
    browser.open(path, method="POST", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    return browser.page or Page.empty()


def offers(page: Page, path: str) -> bool:
    """Whether the page has the button that leads to `path`."""
    return any(form.get("action") == path for form in page.forms())


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def shown_codes(page: Page) -> list[str]:
    """The recovery codes on the page that shows them."""
    lists = [found for found in page.all("ol") if found.get("class") == "codes"]
    return [_text(item) for found in lists for item in found.iter("li")]


def shown_secret(page: Page) -> str:
    """The secret of the app that is being added, as one would type it off."""
    return next(_text(found) for found in page.all("code") if found.get("class") == "secret")


def wrong_code(*right: str) -> str:
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def has(house: House, person: Administrator) -> Factors:
    with house.parts.database.read() as db:
        return factors.of(db, person.id)


def codes_left(house: House, person: Administrator) -> int | None:
    with house.parts.database.read() as db:
        found = own_factors.find_codes(db, person.id)
    return found.left if found else None


def tags(house: House, start: str) -> list[str]:
    """What was written into the activity under tags that begin so, oldest first."""
    with house.parts.database.read() as db:
        rows = db.execute(select(events.c.tag).where(events.c.tag.startswith(start)).order_by(events.c.id))
        return [tag.partition(".")[2] for tag in rows.scalars()]


def done(house: House) -> list[str]:
    """The changes of second factors in the activity, oldest first."""
    return [tag for tag in tags(house, "accounts.") if tag.startswith(("app_", "recovery_codes", "passkey_"))]


def rows(house: House) -> list[object]:
    """What is stored of second factors, of the platforms, and of what was done."""
    tables = (authenticator_apps, passkeys, recovery_codes, platforms, events)
    with house.parts.database.read() as db:
        return [[tuple(row) for row in db.execute(table.select())] for table in tables]


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
