"""The end of a session: exact, explained, and nothing typed is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.accounts.tables import sessions
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import House

TICK = timedelta(microseconds=1)


def stored_activity(house: House) -> object:
    with house.parts.database.read() as db:
        return db.execute(select(sessions.c.last_active_at)).scalar_one()


@pytest.mark.parametrize(("idle", "status"), [(timedelta(minutes=30) - TICK, 200), (timedelta(minutes=30), 303)])
@both_databases
def test_thirty_idle_minutes_end_the_session(house: House, browser: Browser, idle: timedelta, status: int) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.instant += timedelta(seconds=47)
    browser.get("/subscription")  # an activity that only the cookie knows: the row lags
    house.clock.instant += idle
    assert browser.open("/subscription").status_code == status


def test_activity_is_exact_without_a_write_on_every_request(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    begun, writes = house.clock.now(), []
    event.listen(house.parts.database.writer, "begin", lambda _: writes.append(1))
    for _ in range(5):
        house.clock.move(seconds=11)
        browser.get("/subscription")
    assert (writes, stored_activity(house)) == ([], begun)
    house.clock.move(seconds=5)
    browser.get("/subscription")
    assert (len(writes), stored_activity(house)) == (1, begun + timedelta(seconds=60))


def test_twelve_hours_end_the_session_whatever_the_activity(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for _ in range(35):
        house.clock.move(minutes=20)
        browser.get("/subscription")
    house.clock.instant += timedelta(minutes=20) - TICK
    assert browser.open("/subscription").status_code == 200
    house.clock.instant += TICK
    assert browser.open("/subscription").status_code == 303
    assert "12 hours" in browser.get("/login").text


def test_the_sign_in_page_says_why_and_leads_back(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=30)
    page = browser.get("/profile?from=menu")
    assert "after 30 minutes without activity" in page.text
    browser.submit({"username": "m1234", "password": "a short sentence is easiest"})
    assert browser.response is not None
    assert browser.response.request.full_path == "/profile?from=menu"


def test_an_ended_session_stays_ended_when_the_clock_is_put_back(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=30)
    assert browser.open("/subscription").status_code == 303
    house.clock.move(minutes=-30)
    assert browser.open("/subscription").status_code == 303


def test_an_old_copy_of_the_cookie_dies_with_the_session(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    copy = browser.client.get_cookie("portal").value
    house.clock.move(minutes=29)
    browser.get("/subscription")
    house.clock.move(minutes=30)
    browser.get("/subscription")
    thief = house.browser()
    thief.client.set_cookie("portal", copy)
    assert thief.open("/subscription").status_code == 303


def test_asking_for_the_status_is_no_activity(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=28)
    answer = browser.open("/session")
    assert answer.get_json() == {"warn_in": 0, "ends_in": 120, "final": False}
    assert "Set-Cookie" not in answer.headers
    house.clock.move(minutes=2)
    assert browser.open("/session").status_code == 401


def test_staying_is_an_activity(house: House, browser: Browser) -> None:
    house.person("m1234")
    page = browser.sign_in()
    token = next(i.get("value") for i in page.all("input") if i.get("name") == "csrf_token")
    house.clock.move(minutes=29)
    headers = {"Accept": "application/json"}
    answer = browser.open("/session/stay", method="POST", data={"csrf_token": token}, headers=headers)
    assert answer.get_json() == {"stays_for": 1800}
    house.clock.move(minutes=29)
    assert browser.open("/subscription").status_code == 200


def test_before_the_absolute_end_the_status_says_that_it_is_final(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for _ in range(35):
        house.clock.move(minutes=20)
        browser.get("/subscription")
    assert browser.open("/session").get_json() == {"warn_in": 1080, "ends_in": 1200, "final": True}


@both_databases
def test_a_half_filled_form_is_offered_again_after_signing_in(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    house.clock.move(minutes=31)
    browser.submit({"full_name": "Anna Maria Bianchi"})
    assert browser.response is not None
    assert browser.response.request.path == "/login"
    page = browser.submit({"username": "m1234", "password": "a short sentence is easiest"})
    assert browser.response.request.path == "/profile"
    assert page.value("full_name") == "Anna Maria Bianchi"
    browser.submit(form=1)
    house.clock.move(minutes=1)
    assert browser.get("/profile").value("full_name") == "Anna Maria Bianchi"


def test_what_was_typed_is_never_shown_to_somebody_else(house: House, browser: Browser) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    house.person("m1234-marco", full_name="Marco Conti")
    browser.sign_in()
    browser.get("/profile")
    house.clock.move(minutes=31)
    browser.submit({"full_name": "Anna Maria Bianchi"})
    browser.submit({"username": "m1234-marco", "password": "a short sentence is easiest"})
    assert browser.get("/profile").value("full_name") == "Marco Conti"


def test_passwords_are_never_kept(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile/password")
    house.clock.move(minutes=31)
    browser.submit({"current_password": "one", "password": "two", "password_again": "two"})
    with house.parts.database.read() as db:
        from portal.accounts.tables import drafts

        assert db.execute(select(drafts)).all() == []


def test_the_script_keeps_what_is_typed_before_the_end(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    fields = browser.get("/profile").form()[1] | {"full_name": "Anna Maria", "draft_path": "/profile"}
    house.clock.move(minutes=28)
    assert browser.open("/session/draft", method="POST", data=fields).status_code == 204
    house.clock.move(minutes=2)
    assert browser.open("/subscription").status_code == 303
    browser.sign_in()
    assert browser.get("/profile").value("full_name") == "Anna Maria"


def test_a_form_of_an_earlier_sign_in_is_put_back_to_be_checked(house: House, browser: Browser) -> None:
    """Two tabs: the session ends, the person signs in again in one and sends the old form of the other."""
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    old_page, old_answer = browser.page, browser.response
    house.clock.move(minutes=31)
    browser.sign_in()
    browser.page, browser.response = old_page, old_answer
    page = browser.submit({"full_name": "Anna Maria"})
    assert page.value("full_name") == "Anna Maria"
    assert browser.get("/subscription").state() == "active"


def test_a_foreign_page_cannot_leave_a_draft(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = browser.open("/profile", method="POST", data={"full_name": "Mallory"}, headers=headers)
    assert answer.status_code == 400
    assert browser.get("/profile").value("full_name") == "Anna Bianchi"


def test_a_forged_request_on_an_ended_session_leaves_nothing(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=31)
    answer = browser.open("/profile", method="POST", data={"full_name": "Mallory"}, headers=SAME_ORIGIN)
    assert answer.status_code in (303, 400)
    browser.sign_in()
    assert browser.get("/profile").value("full_name") == "Anna Bianchi"


def test_after_a_time_out_the_sign_in_page_speaks_the_persons_language(house: House, browser: Browser) -> None:
    house.person("m1234", language="it")
    browser.sign_in()
    house.clock.move(minutes=30)
    assert browser.get("/subscription").root.get("lang") == "it"


def test_staying_drops_what_was_kept_just_in_case(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    fields = browser.get("/profile").form()[1] | {"full_name": "Anna Maria", "draft_path": "/profile"}
    house.clock.move(minutes=28)
    browser.open("/session/draft", method="POST", data=fields)
    browser.open("/session/stay", method="POST", data=fields)
    assert browser.get("/profile").value("full_name") == "Anna Bianchi"


def test_what_an_earlier_session_left_is_still_offered_after_staying(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    house.clock.move(minutes=31)
    browser.submit({"full_name": "Anna Maria"})
    page = browser.sign_in()
    token = next(i.get("value") or "" for i in page.all("input") if i.get("name") == "csrf_token")
    browser.open("/session/stay", method="POST", data={"csrf_token": token})
    assert browser.get("/profile").value("full_name") == "Anna Maria"


def test_what_was_kept_can_be_thrown_away(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    house.clock.move(minutes=31)
    browser.submit({"full_name": "Anna Maria"})
    browser.sign_in()
    browser.get("/profile")
    page = browser.submit()
    assert browser.response is not None
    assert browser.response.request.path == "/profile"
    assert page.value("full_name") == "Anna Bianchi"
