"""The export at a real browser: followed without a reload, downloaded by keyboard, and all of it without scripts."""

from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from portal import office
from portal.accounts.tables import administrators
from portal.subscription import exports
from portal.subscription.tables import exports as table
from tests.browser.conftest import Person
from tests.browser.test_every_page import Somebody, enter, look
from tests.helpers.house import House

PAGE = "/subscription/export"


def reach(house: House, percent: int) -> None:
    """The worker has come so far."""
    with house.parts.database.write() as db:
        db.execute(update(table).values(progress=percent))


def downloaded(person: Person, folder: Path) -> list[str]:
    """Follow the link that has the focus; the names in the zip that arrives."""
    with person.page.expect_download() as coming:
        person.page.keyboard.press("Enter")
    assert coming.value.suggested_filename == "export-1234-2026-11-20.zip"
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    with ZipFile(path) as found:
        return found.namelist()


def test_it_is_asked_for_followed_and_downloaded_by_keyboard(house: House, somebody: Somebody, tmp_path: Path) -> None:
    house.person("m1234")
    anna = somebody()
    enter(anna)
    anna.go(PAGE)
    anna.press("Make an export of everything")
    expect(anna.page.locator("h1")).to_have_text("The export is being made")
    anna.page.evaluate("window.same = true")
    reach(house, 37)
    anna.wait(seconds=3)
    expect(anna.page.get_by_role("progressbar", name="37 % are done")).to_have_count(1)
    anna.check_accessibility()
    house.work()
    anna.wait(seconds=4)
    expect(anna.page.locator("h1")).to_have_text("The export is ready")
    expect(anna.page.locator("#export-news")).to_have_text("The export is ready")
    assert anna.page.evaluate("window.same") is True  # no reload, so no activity
    anna.check_accessibility()
    anna.tab_to("Download the export")
    assert downloaded(anna, tmp_path)[-1] == "manifest.json"
    assert anna.page.url.endswith(PAGE)


def test_a_per_cent_more_takes_no_focus_away(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    enter(anna)
    anna.go(PAGE)
    anna.press("Make an export of everything")
    anna.tab_to("Back to my subscription")
    for percent in (10, 20):
        reach(house, percent)
        anna.wait(seconds=4)
        expect(anna.page.get_by_role("progressbar", name=f"{percent} % are done")).to_have_count(1)
        assert anna.focused() == "Back to my subscription"


def test_all_of_it_works_without_scripts(house: House, somebody: Somebody, tmp_path: Path) -> None:
    house.person("m1234", language="it")
    anna = somebody("it", javascript=False, width=320)
    anna.go("/login")
    anna.page.fill("#username", "m1234")
    anna.page.fill("#password", "a short sentence is easiest")
    anna.page.get_by_role("button", name="ACCEDI ORA").click()
    anna.go(PAGE)
    anna.page.get_by_role("button", name="Crea un’esportazione di tutto").click()
    expect(anna.page.locator("h1")).to_have_text("L’esportazione è in preparazione")
    house.work()
    anna.page.get_by_role("link", name="Guarda di nuovo").click()
    expect(anna.page.locator("h1")).to_have_text("L’esportazione è pronta")
    anna.page.get_by_role("link", name="Scarica l’esportazione").focus()
    assert "README.txt" in downloaded(anna, tmp_path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "it"])
def test_the_export_is_readable_in_every_state(house: House, somebody: Somebody, language: str, dark: bool) -> None:
    house.platform(1234, additional_seats=1)
    person = house.person("m1234", language=language)
    marco = house.person("m1234-marco", language=language)
    anna = somebody(language, width=320 if dark else 1280, dark=dark)
    enter(anna)
    look(anna, PAGE)
    with house.parts.database.write() as db:
        found = exports.ask(db, marco, network="", at=house.clock.now())
        assert isinstance(found, exports.Export)
    look(anna, PAGE)
    with house.parts.database.write() as db:
        exports.fail(db, found, at=house.clock.now())
    look(anna, PAGE)
    with house.parts.database.write() as db:
        exports.ask(db, person, network="", at=house.clock.now())
    house.work()
    look(anna, PAGE)
    for path in exports.folder(house.parts.settings).iterdir():
        path.unlink()
    look(anna, PAGE)
    look(anna, f"{PAGE}/2.zip")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_compromised_platform_reads_why_not(house: House, somebody: Somebody, dark: bool) -> None:
    house.person("m1234", language="it")
    office.block(house.parts, 1234, "compromised", "")
    with house.parts.database.write() as db:
        db.execute(update(administrators).values(must_reset=False))
    anna = somebody("it", width=320 if dark else 1280, dark=dark)
    enter(anna)
    look(anna, PAGE)
    expect(anna.page.get_by_text("potrebbe chiederla chi si è introdotto")).to_be_visible()
