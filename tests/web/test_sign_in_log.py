"""What the log says of each step of a sign-in: who, with which factor, with what outcome; and never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from portal import office
from portal.accounts import authenticator_apps
from portal.accounts.queries import Administrator
from portal.kit.links import links
from portal.kit.logs import JsonLines
from portal.rules.factors import Factor, write_recovery_code
from tests.helpers import authenticator as script
from tests.helpers.authenticator import Authenticator, give
from tests.helpers.browser import Browser
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House

WRONG, NEW = "a sentence that is wrong", "another short sentence"


class Log:
    """The lines that were written since it was last read."""

    def __init__(self) -> None:
        self.records: list[logging.LogRecord] = []

    def told(self) -> list[tuple[str, str | None]]:
        """(what happened, with which factor) of each line but those that the activity has too."""
        steps = [record for record in self.records if record.getMessage() != "activity"]
        found = [(record.getMessage(), getattr(record, "factor", None)) for record in steps]
        self.records.clear()
        return found


@pytest.fixture
def log(house: House) -> Iterator[Log]:
    """After the house: making its application sets the log up."""
    found, logger = Log(), logging.getLogger("portal")
    handler = logging.Handler()
    handler.emit = found.records.append  # type: ignore[method-assign]  # what would be written is kept
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


@pytest.fixture
def anna(house: House) -> Administrator:
    return house.person("m1234")


def wrong(house: House, person: Administrator) -> str:
    shown = {house.code(person, earlier=seconds) for seconds in (-30, 0, 30, 60)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in shown)


def sign_out(browser: Browser) -> None:
    token = browser.get("/profile").value("csrf_token")
    browser.open("/logout", method="POST", data={"csrf_token": token})


def test_the_password_alone(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    browser.sign_in("m1234", WRONG)
    assert log.told() == [("sign-in refused", Factor.PASSWORD)]
    browser.sign_in("m9999", WRONG)
    assert log.told() == [("sign-in refused", Factor.PASSWORD)]
    browser.sign_in()
    assert ("signed in", Factor.PASSWORD) in log.told()
    sign_out(browser)
    assert log.told() == [("signed out", Factor.PASSWORD)]


def test_the_app_beside_the_password(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    house.add_app(anna)
    browser.sign_in()
    assert log.told() == [("second factor asked for", None)]
    browser.code(wrong(house, anna))
    assert log.told() == [("second factor refused", Factor.APP)]
    browser.code("what is no code")
    assert log.told() == [("second factor refused", None)]
    browser.code(house.code(anna))
    assert ("signed in", Factor.APP) in log.told()
    sign_out(browser)
    assert log.told() == [("signed out", Factor.APP)]


def test_a_recovery_code_beside_the_password(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    house.add_app(anna)
    codes = house.add_codes(anna)
    browser.sign_in()
    log.told()
    browser.code("22222-22222")
    assert log.told() == [("second factor refused", Factor.RECOVERY_CODE)]
    browser.code(codes[0])
    assert ("signed in", Factor.RECOVERY_CODE) in log.told()


def test_a_passkey_alone_and_beside_the_password(house: House, anna: Administrator, log: Log) -> None:
    key, browser = Authenticator(), house.browser()
    give(house, anna, key)
    browser.get("/login")
    script.use(browser, key, origin="https://evil.example")
    assert log.told() == [("passkey refused", Factor.PASSKEY)]
    script.use(browser, key)
    assert ("signed in", Factor.PASSKEY) in log.told()
    sign_out(browser)
    browser.sign_in()
    log.told()
    script.use(browser, key)
    assert ("signed in", Factor.PASSKEY) in log.told()


def test_a_take_over(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    house.add_app(anna)
    browser.sign_in()
    browser.code(house.code(anna))
    house.clock.move(seconds=30)
    second = house.browser()
    second.sign_in()
    second.code(house.code(anna))
    log.told()
    second.submit({"choice": "continue"})
    told = log.told()
    assert told[0] == ("take-over chosen", Factor.APP)
    assert ("signed in", Factor.APP) in told


def test_a_sign_in_to_a_platform_that_is_closed(house: House, browser: Browser, log: Log) -> None:
    house.platform(1234, ends_in=-11)
    house.person("m1234")
    browser.sign_in()
    assert log.told() == [("sign-in closed", Factor.PASSWORD)]


def test_a_password_that_no_longer_suffices(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    office.block(house.parts, 1234, "compromised", "")
    log.told()
    browser.sign_in()
    assert log.told() == [("sign-in led to a reset", Factor.PASSWORD)]


def test_the_password_asked_again(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    browser.sign_in()
    house.clock.move(minutes=10)
    browser.get("/subscription/cancel")
    browser.submit()
    log.told()
    browser.prove(WRONG)
    assert log.told() == [("proof refused", Factor.PASSWORD)]
    browser.prove()
    assert log.told()[0] == ("proven again", Factor.PASSWORD)


def test_a_passkey_in_the_place_of_the_password_asked_again(house: House, anna: Administrator, log: Log) -> None:
    key, browser = Authenticator(), house.browser()
    give(house, anna, key)
    browser.get("/login")
    script.use(browser, key)
    house.clock.move(minutes=10)
    browser.get("/subscription/cancel")
    browser.submit()
    log.told()
    script.use(browser, key, origin="https://evil.example")
    assert log.told() == [("proof refused", Factor.PASSKEY)]
    script.use(browser, key)
    assert log.told()[0] == ("proven again", Factor.PASSKEY)


def test_a_password_set_in_the_profile_and_by_a_link(
    house: House, browser: Browser, anna: Administrator, log: Log
) -> None:
    browser.sign_in()
    browser.get("/profile/password")
    log.told()
    browser.submit({"current_password": PASSWORD, "password": NEW, "password_again": NEW})
    assert ("password set", Factor.PASSWORD) in log.told()
    other = house.browser()
    other.get("/reset-password?username=m1234")
    other.submit({"email": "m1234@example.com"})
    house.work()
    with house.parts.database.read() as db:
        newest = db.execute(select(links.c.id).order_by(links.c.id.desc()).limit(1)).scalar_one()
        token = house.parts.links.token(db, newest)
    other.get(f"/reset-password/{token}")
    log.told()
    other.submit({"password": PASSWORD, "password_again": PASSWORD})
    (line,) = [record for record in log.records if record.getMessage() == "password set"]
    assert (vars(line)["link"], vars(line)["administrator"]) == ("reset", anna.id)


def test_a_check_that_cannot_be_made_is_an_error(house: House, browser: Browser, anna: Administrator, log: Log) -> None:
    house.add_app(anna)
    code = house.code(anna)
    with house.parts.database.write() as db:
        db.execute(update(authenticator_apps.apps).values(secret="spoilt"))
    browser.sign_in()
    log.told()
    browser.code(code)
    (line,) = log.records
    assert (line.getMessage(), line.levelname) == ("second factor unreadable", "ERROR")
    assert vars(line)["administrator"] == anna.id


def test_the_staff_at_the_desk(house: House, browser: Browser, log: Log) -> None:
    hire(house)
    browser.get("/staff/login")
    browser.submit({"username": "sara", "password": WRONG})
    assert [what for what, _ in log.told()] == ["staff sign-in refused"]
    browser.submit({"username": "sara", "password": PASSWORD})
    right = code_of(house)
    browser.submit({"code": "000000" if right != "000000" else "000001"})
    assert "staff second factor refused" in [what for what, _ in log.told()]
    browser.submit({"code": right})
    assert ("staff signed in", Factor.APP) in log.told()
    token = browser.page.root.find(".//form[@action='/staff/logout']//input[@name='csrf_token']")  # type: ignore[union-attr]
    assert token is not None
    browser.open("/staff/logout", method="POST", data={"csrf_token": token.get("value")})
    assert [what for what, _ in log.told()] == ["staff signed out"]


def test_every_line_says_who_and_none_has_a_secret(house: House, anna: Administrator, log: Log) -> None:
    """A person goes through all of it; no line holds a password, a code, a token, a cookie, or the e-mail address."""
    secret, key = house.add_app(anna), Authenticator()
    codes = house.add_codes(anna)
    give(house, anna, key)
    spoken = [PASSWORD, WRONG, NEW, secret, anna.email, *codes, *map(write_recovery_code, codes)]
    first, second = house.browser(), house.browser()
    first.sign_in("m1234", WRONG)
    first.sign_in()
    for typed in (wrong(house, anna), "22222-22222", house.code(anna)):
        spoken.append(typed)
        first.code(typed)
    second.sign_in()
    second.code(codes[0])
    second.submit({"choice": "continue"})
    second.get("/profile/password")
    second.submit({"current_password": PASSWORD, "password": NEW, "password_again": NEW})
    sign_out(second)
    second.get("/login")
    script.use(second, key)
    house.clock.move(minutes=10)
    second.get("/subscription/cancel")
    second.submit()
    script.use(second, key)
    cookies = ("portal", house.parts.settings.device_cookie_name)
    spoken += [second.client.get_cookie(name).value for name in cookies] + [script.text(key.keys[0].id)]
    with house.parts.database.read() as db:
        spoken += [house.parts.links.token(db, row.id) for row in db.execute(select(links.c.id))]
    lines = [JsonLines(dict).format(record) for record in log.records]
    assert len(lines) > 10
    assert {json.loads(line).get("administrator", anna.id) for line in lines} == {anna.id}
    for line in lines:
        for said in spoken:
            assert said not in line, f"{said} in {line}"
