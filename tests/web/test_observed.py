"""Each request: its number, its line in the log; and never a secret in either, whatever is asked and goes wrong."""

import json
import logging
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from sqlalchemy import select

from portal.kit.links import links
from portal.rules.factors import write_recovery_code
from tests.helpers.browser import Browser
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.logged import Lines, logged

__all__ = ["logged"]  # a fixture
WRONG, NEW = "a sentence that is wrong", "another short sentence"
FORGED = 'm1234\r\n{"event": "signed in", "administrator": 1}\u2028{"event": "signed in"}'


def requests(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == "request"]


def test_a_request_has_one_line_that_says_who_what_when_from_where_and_the_outcome(
    house: House, browser: Browser, logged: Lines
) -> None:
    house.person("m1234")
    browser.sign_in()
    logged()
    browser.open("/subscription/activity?before=2026-01-01")
    (line,) = logged()
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert re.fullmatch(r"[0-9a-f]{10}", line.pop("reference"))
    assert line.pop("ms") >= 0
    assert line == {
        "level": "info",
        "logger": "portal",
        "event": "request",
        "method": "GET",
        "endpoint": "activity.overview",
        "network": "198.51.100.0/24",
        "status": 200,
        "platform": 1234,
        "username": "m1234",
    }


def test_the_line_of_a_stranger_names_nobody(browser: Browser, logged: Lines) -> None:
    browser.open("/login")
    (line,) = logged()
    assert not {"platform", "username", "member"} & set(line)


def test_the_line_of_the_staff_names_the_member(house: House, browser: Browser, logged: Lines) -> None:
    hire(house)
    browser.get("/staff/login")
    browser.submit({"username": "sara", "password": PASSWORD})
    browser.submit({"code": code_of(house)})
    logged()
    browser.open("/staff/")
    assert [line["member"] for line in requests(logged())] == ["sara"]


def test_the_network_is_told_and_not_the_address(house: House, logged: Lines) -> None:
    for address in ("203.0.113.77", "2001:db8:1:2:3:4:5:6"):
        house.browser(address=address).open("/login")
    assert [line["network"] for line in logged()] == ["203.0.113.0/24", "2001:db8:1:2::/64"]


def test_the_number_is_in_the_answer_on_the_error_page_and_in_every_line(browser: Browser, logged: Lines) -> None:
    answer = browser.open("/no-such-page")
    number = answer.headers["X-Request-Id"]
    assert number in answer.get_data(as_text=True)
    lines = logged()
    assert {line["reference"] for line in lines} == {number}
    assert [line["event"] for line in lines] == ["refused", "request"]


def test_two_requests_have_two_numbers(browser: Browser) -> None:
    assert browser.open("/login").headers["X-Request-Id"] != browser.open("/login").headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("proxies", "given", "taken"),
    [
        (1, "4f1c9a02-BD77", True),
        (1, "a" * 64, True),
        (1, "a" * 65, False),
        (1, "a" * 7, False),
        (1, 'abcdefgh", "event', False),
        (1, "абвгдежз", False),
        (0, "4f1c9a02-BD77", False),
    ],
)
def test_the_number_of_a_trusted_proxy_is_taken_where_it_is_harmless(
    tmp_path: Path, database_url: str, proxies: int, given: str, taken: bool
) -> None:
    house = build(tmp_path, database_url, trusted_proxies=proxies)
    answer = house.browser().open("/health/live", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is taken
    house.parts.database.close()


def test_what_machines_ask_for_all_day_is_told_only_where_something_is_wrong(browser: Browser, logged: Lines) -> None:
    browser.open("/health/live")
    browser.open("/static/portal.css")
    assert logged() == []
    browser.open("/metrics")
    browser.open("/static/no-such-file.css")
    assert [(line["endpoint"], line["status"]) for line in requests(logged())] == [
        ("operations.measured", 404),
        ("none", 404),
    ]


def test_an_address_that_is_none_of_ours_is_not_repeated(browser: Browser, logged: Lines) -> None:
    browser.open("/reset-pasword/a-token-with-a-wrong-address?email=anna@example.com")
    (_, line) = logged()
    assert (line["endpoint"], line["status"]) == ("none", 404)
    assert "a-token" not in json.dumps(line)


def test_a_host_that_is_not_ours_has_its_line_too(browser: Browser, logged: Lines) -> None:
    browser.open("/login", headers={"Host": "evil.example"})
    assert [line["status"] for line in requests(logged())] == [400]


def test_nothing_that_is_sent_begins_a_line(house: House, browser: Browser, logged: Lines) -> None:
    house.person("m1234")
    browser.get("/login")
    browser.submit({"username": FORGED, "password": FORGED, "next": FORGED}, headers={"User-Agent": "x\u2028{"})
    browser.open("/login", query_string={"username": FORGED}, headers={"Accept-Language": FORGED.replace("\r\n", " ")})
    browser.open("/" + FORGED.replace("\r\n", "%0d%0a"))
    browser.open("/login", method="M1234 " + "X" * 4000)
    lines = logged()
    assert "signed in" not in {line["event"] for line in lines}
    assert max(len(line["method"]) for line in requests(lines)) == 16


def boom(house: House, words: str) -> None:
    """From now on the overview fails with an error of these words."""

    def fail() -> str:
        raise LookupError(words)

    fail.access = house.app.view_functions["subscription.overview"].access  # type: ignore[attr-defined]  # as declared
    house.app.view_functions["subscription.overview"] = fail


def test_an_unexpected_error_is_told_by_its_places_and_not_by_its_words(
    house: House, browser: Browser, logged: Lines
) -> None:
    house.person("m1234")
    browser.sign_in()
    boom(house, "nobody has anna@example.com")
    logged()
    answer = browser.open("/subscription")
    assert answer.status_code == 500
    fault, line = logged()
    assert (fault["level"], fault["event"], fault["fault"]) == ("error", "unexpected error", "LookupError")
    assert "test_observed.py" in fault["traceback"]
    assert "anna@" not in json.dumps(fault)
    assert line["status"] == 500
    assert fault["reference"] == line["reference"] == answer.headers["X-Request-Id"]


def test_an_error_of_a_hook_is_told_without_the_address_of_the_page(tmp_path: Path, database_url: str) -> None:
    """Such as the commit's: Flask's own line for it has the path, which may hold a token."""
    house = build(tmp_path, database_url)
    records: list[logging.LogRecord] = []

    @house.app.after_request
    def fail(response: Response) -> Response:
        if response.status_code != 500:
            raise LookupError("words")
        return response

    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]  # what would be written is kept
    logging.getLogger("portal").addHandler(handler)
    try:
        assert house.browser().open("/invitation/a-token-of-somebody").status_code == 500
    finally:
        logging.getLogger("portal").removeHandler(handler)
    assert "unexpected error" in [record.getMessage() for record in records]
    assert not [record for record in records if "a-token" in record.getMessage()]
    house.parts.database.close()


def test_who_is_refused_by_a_limit_and_who_asks_for_a_reset_is_told(
    house: House, browser: Browser, logged: Lines
) -> None:
    house.person("m1234")
    for _ in range(6):
        browser.sign_in("m1234", WRONG)
    browser.get("/reset-password")
    browser.submit({"username": "m1234", "email": "m1234@example.com"})
    lines = logged()
    assert [line["limit"] for line in lines if line["event"] == "limit reached"] == ["sign-in"]
    assert [line["what"] for line in lines if line["event"] == "recovery asked for"] == ["password"]


def test_what_the_activity_has_the_log_has_too_by_its_ids(house: House, browser: Browser, logged: Lines) -> None:
    person = house.person("m1234")
    browser.sign_in()
    browser.get("/profile/password")
    logged()
    browser.submit({"current_password": PASSWORD, "password": NEW, "password_again": NEW})
    acts = [line for line in logged() if line["event"] == "activity"]
    assert [(line["act"], line["platform"], line["administrator"]) for line in acts] == [
        ("accounts.password_set", 1234, person.id)
    ]


def test_no_line_holds_a_secret_whatever_a_person_goes_through(house: House, logged: Lines) -> None:
    """Wrong and right passwords, a code, recovery codes, a link from a mail, a new password, a new address."""
    anna = house.person("m1234", email="anna.bianchi@example.com")
    spoken = [PASSWORD, WRONG, NEW, anna.email, "anna.new@example.com", house.add_app(anna)]
    codes = house.add_codes(anna)
    spoken += [*codes, *map(write_recovery_code, codes)]
    first, second = house.browser(), house.browser()
    first.sign_in("m1234", WRONG)
    first.sign_in(anna.email, PASSWORD)
    first.sign_in(PASSWORD, "m1234")
    first.sign_in()
    spoken.append(house.code(anna))
    first.code(spoken[-1])
    first.get("/profile/email")
    first.submit({"email": "anna.new@example.com"})
    first.open(f"/reset-password?username=m1234&email={anna.email}")
    second.get("/reset-password")
    second.submit({"username": "m1234", "email": anna.email})
    (letter, *_) = [letter for letter in house.work() if "/reset-password/" in letter.text]
    path = re.search(r"/reset-password/\S+", letter.text)
    assert path is not None
    second.get(path[0])
    second.submit({"password": "short", "password_again": "short"})
    second.submit({"password": NEW, "password_again": NEW})
    second.open(path[0] + "x")
    cookies = [one.client.get_cookie("portal") for one in (first, second)]
    spoken += [path[0].rpartition("/")[2], *(cookie.value for cookie in cookies if cookie)]
    with house.parts.database.read() as db:
        spoken += [house.parts.links.token(db, row.id) for row in db.execute(select(links.c.id))]
    lines = [json.dumps(line, ensure_ascii=False) for line in logged()]
    assert len(lines) > 25
    for line in lines:
        for said in spoken:
            assert said not in line, f"{said} in {line}"
