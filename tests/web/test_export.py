"""The export on its page: asked for with the password, followed, downloaded, told; and nobody's but those who may."""

import hashlib
import io
import json
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from portal import office, people_office
from portal.accounts.tables import administrators, sessions
from portal.jobs.rounds import make_round
from portal.kit import audit
from portal.rules import terms
from portal.rules.terms import EXPORT_LIFE
from portal.subscription import exports
from portal.subscription.tables import exports as table
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page

PAGE, AGAIN = "/subscription/export", "/login/again"
TICK = timedelta(microseconds=1)


def signed_in(house: House, username: str = "m1234", **facts: Any) -> Browser:
    """Somebody who has just typed her password."""
    if house.administrator(username) is None:
        house.person(username, **facts)
    browser = house.browser(language=facts.get("language", "en"))
    browser.sign_in(username)
    return browser


def ask(browser: Browser) -> Page:
    """Press the button of the page."""
    browser.get(PAGE)
    return browser.submit()


def ready(house: House, username: str = "m1234", **facts: Any) -> Browser:
    """Somebody whose export has been made."""
    browser = signed_in(house, username, **facts)
    ask(browser)
    house.work()
    return browser


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def download_link(page: Page) -> str | None:
    return next((a.get("href") for a in page.all("a") if (a.get("href") or "").endswith(".zip")), None)


def shown(page: Page) -> str | None:
    return page.all("main")[0].get("data-export")


def tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        found = audit.of_platform(db, 1234, limit=50)
    return [event.tag.rpartition(".")[2] for event in reversed(found) if "export" in event.tag]


# --- from the button to the file --------------------------------------------------------------------------------------


@both_databases
def test_from_one_click_to_the_file(house: House) -> None:
    anna = signed_in(house)
    page = anna.get(PAGE)
    assert (shown(page), page.heading) == ("none", "An export of everything on your platform")
    page = anna.submit()
    assert (where(anna), shown(page), page.heading) == (PAGE, "making", "The export is being made")
    assert "0 % are done" in page.text
    assert download_link(page) is None
    house.work()
    page = anna.get(PAGE)
    assert (shown(page), page.heading) == ("ready", "The export is ready")
    answer = anna.open(download_link(page) or "")
    content = answer.get_data()
    assert hashlib.sha256(content).hexdigest() in page.text
    with ZipFile(io.BytesIO(content)) as found:
        assert json.loads(found.read("manifest.json"))["platform"] == 1234
    assert tags(house) == ["export_asked", "export_ready", "export_downloaded"]


@pytest.mark.parametrize(
    ("language", "none", "making", "done"),
    [
        (
            "en",
            "An export of everything on your platform",
            "The export is being made",
            "Can be downloaded until 27 Nov",
        ),
        ("it", "Un’esportazione di tutta la tua piattaforma", "L’esportazione è in preparazione", "fino a 27 nov"),
    ],
)
def test_it_is_read_in_both_languages(house: House, language: str, none: str, making: str, done: str) -> None:
    anna = signed_in(house, language=language)
    assert anna.get(PAGE).heading == none
    assert ask(anna).heading == making
    house.work()
    assert done in anna.get(PAGE).text


def test_the_page_says_what_it_will_hold_before_anybody_asks(house: House) -> None:
    text = signed_in(house).get(PAGE).text
    for words in ("every movement", "The whole activity", "Passwords, keys and codes are never in it"):
        assert words in text


def test_the_overview_the_menu_and_the_cancellation_lead_there(house: House) -> None:
    anna = signed_in(house)
    assert [a.text for a in anna.get("/subscription").all("a") if a.get("href") == PAGE] == ["Export", "Export"]
    assert "To the export" in [a.text for a in anna.get("/subscription/cancel").all("a") if a.get("href") == PAGE]


def test_it_says_how_far_it_is(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    with house.parts.database.write() as db:
        db.execute(update(table).values(progress=42))
    page = anna.get(PAGE)
    assert "42 % are done" in page.text
    assert [bar.get("value") for bar in page.all("progress")] == ["42"]
    assert "Look again" in [a.text for a in page.all("a")], "for those without the script"


def test_asking_again_leads_to_the_one_that_is_being_made(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    token = anna.get("/profile").form()[1]["csrf_token"]
    anna.open(PAGE, method="POST", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    assert status(anna) == 303
    with house.parts.database.read() as db:
        assert len(db.execute(select(table.c.id)).all()) == 1
    assert not [form for form in anna.get(PAGE).forms() if form.get("action") == PAGE], "there is nothing to press"


def test_of_a_ready_one_a_new_one_can_be_made(house: House) -> None:
    anna = ready(house)
    house.clock.move(minutes=1)
    assert shown(ask(anna)) == "making"
    house.work()
    assert download_link(anna.get(PAGE)) == f"{PAGE}/2.zip"
    assert anna.open(f"{PAGE}/1.zip").status_code == 200, "the earlier one is there for its time too"


def test_one_that_failed_says_so_and_can_be_asked_for_once_more(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    with house.parts.database.write() as db:
        found = exports.find_making(db, 1234)
        assert found
        exports.fail(db, found, at=house.clock.now())
    page = anna.get(PAGE)
    assert (shown(page), page.heading) == ("failed", "The export could not be made")
    assert shown(anna.submit()) == "making"


def test_the_fourth_of_a_day_is_told_when_it_may_be_asked_for(house: House) -> None:
    anna = signed_in(house)
    for _ in range(3):
        ask(anna)
        house.work()
    page = ask(anna)
    assert status(anna) == 429
    assert "a platform may have 3 made in a day" in page.text
    assert "from 21 November 2026, 10:00" in page.text
    assert anna.response is not None
    assert anna.response.headers["Retry-After"] == str(24 * 3600 + 1)
    assert len(tags(house)) == 6


# --- the password -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "question"), [(-TICK, False), (timedelta(0), True)])
def test_asking_needs_the_password_of_the_last_ten_minutes(house: House, after: timedelta, question: bool) -> None:
    anna = signed_in(house)
    anna.get(PAGE)
    house.clock.move(seconds=(terms.REAUTHENTICATION_LIFE + after).total_seconds())
    anna.submit()
    assert (where(anna) == AGAIN) is question
    assert tags(house) == ([] if question else ["export_asked"])
    if question:
        assert "Make an export of everything" in (anna.page.text if anna.page else "")
        assert shown(anna.prove()) == "making"


def test_downloading_needs_the_session_and_nothing_more(house: House) -> None:
    anna = ready(house)
    house.clock.move(minutes=29)
    assert anna.open(f"{PAGE}/1.zip").status_code == 200


def test_nobody_without_a_session_gets_the_file(house: House) -> None:
    anna = ready(house)
    stranger = house.browser().open(f"{PAGE}/1.zip")
    assert (stranger.status_code, stranger.location) == (303, "/login")
    house.clock.move(minutes=30)
    assert anna.open(f"{PAGE}/1.zip").status_code == 303
    anna.sign_in()
    assert anna.open(f"{PAGE}/1.zip").status_code == 200


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_one_to_keep_and_not_to_open_here(house: House) -> None:
    answer = ready(house).open(f"{PAGE}/1.zip")
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment; filename=export-1234-2026-11-20.zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert int(answer.headers["Content-Length"]) == len(answer.get_data())


def test_a_download_is_told_once_and_a_look_at_its_head_is_none(house: House) -> None:
    anna = ready(house)
    anna.open(f"{PAGE}/1.zip", method="HEAD")
    assert "export_downloaded" not in tags(house)
    anna.open(f"{PAGE}/1.zip", headers={"Range": "bytes=100-"})
    assert status(anna) == 200, "never a part, which could be left untold"
    assert tags(house).count("export_downloaded") == 1
    page = anna.get("/subscription/activity")
    assert "Downloaded an export of the platform." in page.text
    assert "Asked for an export of everything on the platform." in page.text


@pytest.mark.parametrize(("after", "there"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
def test_it_is_there_for_seven_days_to_the_instant(house: House, after: timedelta, there: bool) -> None:
    anna = ready(house)
    house.clock.move(seconds=(EXPORT_LIFE + after).total_seconds())
    anna.sign_in()
    page = anna.get(PAGE)
    assert shown(page) == ("ready" if there else "over")
    assert (download_link(page) is not None) is there
    assert anna.open(f"{PAGE}/1.zip").status_code == (200 if there else 410)


def test_after_its_time_the_page_says_so_also_when_the_file_is_gone(house: House) -> None:
    anna = ready(house)
    house.clock.move(days=8)
    make_round(house.parts)
    anna.sign_in()
    assert "The last one was made on 20 November 2026, 10:00 , and is not there any more." in anna.get(PAGE).text
    page = anna.get(f"{PAGE}/1.zip")
    assert "This export is not there any more" in page.text


def test_a_file_that_was_lost_is_no_error(house: House) -> None:
    anna = ready(house)
    for path in exports.folder(house.parts.settings).iterdir():
        path.unlink()
    assert anna.open(f"{PAGE}/1.zip").status_code == 410
    assert shown(anna.get(PAGE)) == "over"


def test_one_that_is_being_made_cannot_be_downloaded(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    assert anna.open(f"{PAGE}/1.zip").status_code == 410


def test_the_grace_ends_before_the_file_does(house: House) -> None:
    """Whoever can sign in no more can download no more: the page promises no longer than that."""
    house.platform(1234, ends_in=-8)
    anna = ready(house)
    assert "Can be downloaded until 23 November 2026, 00:00" in anna.get(PAGE).text


# --- whose ------------------------------------------------------------------------------------------------------------


def test_another_platforms_export_is_not_found_as_one_that_does_not_exist(house: House) -> None:
    ready(house)
    nina = signed_in(house, "m99")
    for path in (f"{PAGE}/1.zip", f"{PAGE}/1/state"):
        assert nina.open(path).status_code == 404
        missing = nina.open(path.replace("/1", "/77"))
        assert missing.status_code == 404
    assert shown(nina.get(PAGE)) == "none"


def test_an_additional_administrator_has_her_own_and_the_first_all(house: House) -> None:
    house.platform(1234, additional_seats=1)
    anna = ready(house)
    marco = signed_in(house, "m1234-marco")
    page = marco.get(PAGE)
    assert shown(page) == "none"
    assert "it holds your own; the first administrator gets them of everybody" in page.text
    assert marco.open(f"{PAGE}/1.zip").status_code == 404
    ask(marco)
    page = anna.get(PAGE)
    assert "Asked for by m1234-marco" in page.text
    house.work()
    assert "Asked for by m1234-marco, finished on" in anna.get(PAGE).text
    assert [browser.open(f"{PAGE}/2.zip").status_code for browser in (anna, marco)] == [200, 200]


def test_who_asks_while_somebody_elses_is_made_is_told_whose_it_is(house: House) -> None:
    house.platform(1234, additional_seats=1)
    ask(signed_in(house))
    marco = signed_in(house, "m1234-marco")
    assert "This one is for m1234. You can ask for yours when it is ready." in marco.get(PAGE).text
    token = marco.get("/profile").form()[1]["csrf_token"]
    marco.open(
        PAGE,
        method="POST",
        data={"csrf_token": token},
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    assert marco.page is not None
    assert "Another export is being made at this moment" in marco.page.text


STATES: dict[str, dict[str, Any]] = {
    "trial": {"ends_in": 20, "trial": True},
    "active": {},
    "cancelled": {"cancelled": True},
    "last day of grace": {"ends_in": -10},
    "SMS-only": {"ends_in": None},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("username", ["m1234", "m1234-marco"])
def test_everybody_of_the_platform_exports_in_every_state_that_signs_in(
    house: House, state: str, username: str
) -> None:
    house.platform(1234, **STATES[state])
    browser = ready(house, username)
    assert browser.open(download_link(browser.get(PAGE)) or "").status_code == 200


@pytest.mark.parametrize("code", ["abuse", "legal", "payment_overdue"])
def test_a_blocked_platform_exports_too(house: House, code: str) -> None:
    anna = signed_in(house)
    office.block(house.parts, 1234, code, "")
    assert shown(ask(anna)) == "making"


def test_a_compromised_platform_exports_nothing_and_says_why(house: House) -> None:
    anna = ready(house)
    office.block(house.parts, 1234, "compromised", "")
    come_back(house)
    anna.sign_in()
    page = anna.get(PAGE)
    assert "it might be the intruder who asks" in page.text
    assert download_link(page) is None
    assert not [form for form in page.forms() if form.get("action") == PAGE]
    assert anna.open(f"{PAGE}/1.zip").status_code == 403
    token = anna.get("/profile").form()[1]["csrf_token"]
    anna.open(PAGE, method="POST", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    assert status(anna) == 403
    assert tags(house) == ["export_asked", "export_ready"]


def come_back(house: House) -> None:
    """The password was set anew, as the block asks."""
    with house.parts.database.write() as db:
        db.execute(update(administrators).values(must_reset=False))


# --- followed ---------------------------------------------------------------------------------------------------------


def told(browser: Browser, seen: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(browser.open(f"{PAGE}/1/state?seen={seen}").get_data())
    return found


def test_the_script_hears_what_is_new_and_only_that(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    first = told(anna)
    assert (first["follow"], first["words"]) == (True, "The export is being made")
    assert "html" not in told(anna, first["version"])
    with house.parts.database.write() as db:
        db.execute(update(table).values(progress=50))
    second = told(anna, first["version"])
    assert "50 % are done" in second["html"]
    assert "Look again" not in second["html"], "what has the focus would go with every per cent"
    house.work()
    third = told(anna, second["version"])
    assert (third["follow"], third["words"]) == (False, "The export is ready")
    assert f"{PAGE}/1.zip" in third["html"]


def test_following_is_no_activity(house: House) -> None:
    anna = signed_in(house)
    ask(anna)
    house.clock.move(minutes=20)
    told(anna)
    house.clock.move(minutes=10)
    assert anna.open(f"{PAGE}/1/state").status_code == 401
    with house.parts.database.read() as db:
        assert db.execute(select(sessions.c.ended_because)).scalars().all() == ["idle"]


def test_of_a_disabled_administrator_the_first_one_still_finds_the_export(house: House) -> None:
    house.platform(1234, additional_seats=1)
    marco = ready(house, "m1234-marco")
    anna = signed_in(house)
    people_office.disable_administrator(house.parts, "m1234-marco")
    assert marco.open(f"{PAGE}/1.zip").status_code == 303
    assert anna.open(f"{PAGE}/1.zip").status_code == 200
