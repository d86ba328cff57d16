"""The desk's search for a company: what finds it, from when, until when, and that it never reads more than it shows."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bench import seeding
from portal.accounts import queries as accounts
from portal.billing import profiles
from portal.desk import search
from portal.desk.search import MOST, By, Found, Hit
from portal.kit.db import Database
from portal.rules import dates
from tests.conftest import both_databases
from tests.helpers import databases, plans
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.moving_in import Mover, invoice, platform
from tests.helpers.shop import COMPANY

INDEX = "ix_searched_names_kind_form_platform_id"
MORE = "There may be more than these: type more of the name."
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ENOUGH = 3_000  # platforms: more than a server would rather read from end to end


PROFILE = text(
    "INSERT INTO billing_profiles (platform_id, name, street, postcode, city, province, country, vat_number, tax_code,"
    " recipient_code, certified_mail, email, phone, updated_at)"
    " SELECT id, company, '', '', '', '', 'IT', '', '', '', '', '', '', created_at FROM platforms"
)
BILLED = text(
    "INSERT INTO searched_names (platform_id, kind, form) SELECT platform_id, 'invoices', form FROM searched_names"
)


def look_for(house: House, typed: str) -> Found:
    with house.parts.database.read() as db:
        return search.find(db, typed)


def numbers(house: House, typed: str) -> list[int]:
    return [hit.platform_id for hit in look_for(house, typed).hits]


def bill(house: House, platform_id: int, name: str) -> None:
    with house.parts.database.write() as db:
        profiles.store(db, platform_id, replace(COMPANY, name=name), at=house.clock.now())


def crowd(house: House, count: int) -> None:
    """So many platforms: Company 1 and so on."""
    today = dates.business_date(house.clock.now(), house.parts.settings.timezone)
    with house.parts.database.write() as db:
        seeding.customers(db, count, secret="", today=today, at=house.clock.now())


# --- what finds it ----------------------------------------------------------------------------------------------------


@both_databases
@pytest.mark.parametrize(
    "typed",
    [
        "caffe",
        "CAFFÈ L'AQUILA",
        "aquila",
        "L\u2019Aquila",
        "s.r.l.",
        "365 caff\u00e8",
        "3",
        "caffè l'a",
        "\u00a0caffe ",
    ],
)
def test_a_company_is_found_by_the_beginning_of_its_words(house: House, typed: str) -> None:
    house.platform(7, company="Caffè L'Aquila S.r.l. 365")
    house.platform(8, company="Megacorp")
    assert look_for(house, typed) == Found([Hit(7, By.COMPANY, "Caffè L'Aquila S.r.l. 365")], more=False)


@both_databases
@pytest.mark.parametrize(
    "typed",
    ["corp", "%", "_", "\\", "meg_corp", "'", '"', "--", "%%%s", ":first", "x" * 300, "\U0010ffff", "\u0301"],
)
def test_what_is_in_the_middle_of_a_word_or_stands_for_nothing_finds_nobody(house: House, typed: str) -> None:
    house.platform(8, company="Megacorp")
    assert numbers(house, typed) == []


@both_databases
def test_upper_and_lower_case_and_letters_of_every_language_stand_together(house: House) -> None:
    """As no order of a language would have them, in which PostgreSQL may compare."""
    for number, company in enumerate(
        ["zeta", "Z-Energie", "Žižka", "Zürich 1", "Ωmega", "东京 商事", "a b", "ab", "a-c"], start=1
    ):
        house.platform(number, company=company)
    assert numbers(house, "z") == [2, 1, 3, 4]
    assert numbers(house, "ω") == [5]
    assert numbers(house, "东") == [6]
    assert numbers(house, "a") == [7, 9, 8]


@both_databases
def test_the_whole_word_comes_before_those_that_only_begin_so(house: House) -> None:
    for number, company in ((1, "Rossini"), (2, "Studio Rossi"), (3, "Rossi")):
        house.platform(number, company=company)
    assert numbers(house, "rossi") == [3, 2, 1]


@both_databases
def test_a_company_is_found_by_the_name_on_its_invoices_too(house: House) -> None:
    house.platform(7, company="Marigold")
    bill(house, 7, "Fiori e Piante S.p.A.")
    assert look_for(house, "piante").hits == [Hit(7, By.COMPANY, "Fiori e Piante S.p.A.")]
    assert numbers(house, "marigold") == [7]


@both_databases
def test_a_name_that_was_changed_is_found_by_the_new_one_only(house: House) -> None:
    house.platform(7, company="Marigold")
    bill(house, 7, "Fiori e Piante S.p.A.")
    bill(house, 7, "Alberi S.p.A.")
    assert numbers(house, "piante") == []
    assert numbers(house, "fiori") == []
    assert numbers(house, "alberi") == numbers(house, "spa") == numbers(house, "marigold") == [7]


def test_data_that_change_without_the_name_leave_it_found(house: House) -> None:
    house.platform(7, company="Marigold")
    bill(house, 7, "Alberi")
    with house.parts.database.write() as db:
        profiles.store(db, 7, replace(COMPANY, name="Alberi", city="Torino"), at=house.clock.now())
    assert numbers(house, "alberi") == [7]


@both_databases
def test_whoever_moved_in_is_found(house: House, tmp_path: Path) -> None:
    found = Mover(house, tmp_path).bring(platforms=[platform(7, company="Caffè Uno"), platform(8, company="***")])
    found.moved()
    assert numbers(house, "caffe") == [7]
    assert numbers(house, "8") == [8]


@both_databases
@pytest.mark.parametrize("typed", ["Fatt. 9/B", "fatt. 9/b", "FATT. 9/B", "fAtT. 9/b"])
def test_a_former_invoice_is_found_whatever_the_case_of_its_number(house: House, tmp_path: Path, typed: str) -> None:
    Mover(house, tmp_path).bring(platforms=[platform(7)], invoices=[invoice("Fatt. 9/B", platform=7)]).moved()
    assert [(hit.platform_id, hit.by) for hit in look_for(house, typed).hits] == [(7, By.INVOICE)]


@both_databases
@pytest.mark.parametrize("typed", ["IT", "--", "I", "12"])
def test_nothing_is_nobodys_vat_number(house: House, typed: str) -> None:
    house.platform(7, company="Marigold")
    with house.parts.database.write() as db:
        profiles.store(db, 7, replace(COMPANY, name="Alberi", vat_number=""), at=house.clock.now())
    assert numbers(house, typed) == []


# --- how much is shown ------------------------------------------------------------------------------------------------


@both_databases
@pytest.mark.parametrize(
    ("count", "shown", "more"), [(MOST - 1, MOST - 1, False), (MOST, MOST, False), (MOST + 1, MOST, True)]
)
def test_as_many_are_shown_as_the_page_holds_and_more_are_said(
    house: House, count: int, shown: int, more: bool
) -> None:
    crowd(house, count)
    found = look_for(house, "company")
    assert (len(found.hits), found.more) == (shown, more)


def test_the_page_says_that_there_may_be_more(house: House) -> None:
    crowd(house, MOST + 1)
    browser = at_the_desk(house)
    assert MORE in browser.get("/staff?q=company").text
    assert MORE not in browser.get("/staff?q=company+51").text
    assert MORE not in browser.get("/staff?q=nobody").text


def test_the_page_says_how_to_look_in_both_languages(house: House) -> None:
    assert "Of a company the beginning of any word of its name is enough" in at_the_desk(house).get("/staff").text
    crowd(house, MOST + 1)
    page = at_the_desk(house).get("/staff?q=company&lang=it").text
    assert "Di un’azienda basta l’inizio di una parola qualsiasi del nome" in page
    assert "Potrebbero essercene altri: scrivi di più del nome." in page


def test_an_address_of_many_platforms_is_cut_too(house: House) -> None:
    for number in range(1, MOST + 2):
        house.person(f"m{number}", email="agency@example.com")
    found = look_for(house, "agency@example.com")
    assert (len(found.hits), found.more) == (MOST, True)
    with house.parts.database.read() as db:
        assert len(accounts.everybody_of_email(db, "agency@example.com", most=2)) == 2


def test_nothing_is_looked_for_where_nothing_is_typed(house: House) -> None:
    house.platform(7, company="Marigold")
    with plans.asked(house.parts.database) as sent:
        assert look_for(house, " \t") == Found([], more=False)
    assert sent == {}


# --- what it costs ----------------------------------------------------------------------------------------------------


def plan(db: Connection, statement: str, parameters: object) -> str:
    """What the database means to do, with what it knows of its tables by now."""
    explain = "EXPLAIN QUERY PLAN " if db.dialect.name == "sqlite" else "EXPLAIN "
    return "\n".join(str(row) for row in db.exec_driver_sql(explain + statement, parameters).all())  # type: ignore[arg-type]  # as the driver got them


@both_databases
@pytest.mark.parametrize("typed", ["company", "c", "company 2", "2999", "user7@example.com"])
def test_the_index_is_used_where_there_are_many(house: House, typed: str) -> None:
    crowd(house, ENOUGH)
    with house.parts.database.write() as db:
        for statement in (PROFILE, BILLED, text("ANALYZE")):
            db.execute(statement)
    with plans.asked(house.parts.database) as found:
        look_for(house, typed)
    with house.parts.database.write() as db:
        told = {words: plan(db, words, given) for words, given in found.items() if "searched_names" in words}
    assert len(told) == 2
    for words in told.values():
        assert INDEX in words
        assert "Seq Scan" not in words
        assert "SCAN platforms" not in words
        assert "SCAN billing_profiles" not in words


def steps(folder: Path, platforms: int, typed: str) -> int:
    """How many instructions of its own machine SQLite takes for a search among so many."""
    taken = 0

    def one() -> int:
        nonlocal taken
        taken += 1
        return 0

    folder.mkdir()
    with databases.sqlite(folder) as url:
        database = Database(url)
        with database.write() as db:
            seeding.customers(db, platforms, secret="", today=AT.date(), at=AT)
        with database.read() as db:
            driver = db.connection.driver_connection
            assert driver
            driver.set_progress_handler(one, 1)
            search.find(db, typed)
            driver.set_progress_handler(None, 1)
        database.close()
    return taken


@pytest.mark.parametrize(
    "typed", ["company", "c", "company company", "nobody", "user60@example.com", "m60", "IT", "%", "60 company"]
)
def test_a_search_takes_as_many_steps_among_many_as_among_few(tmp_path: Path, typed: str) -> None:
    few, many = (steps(tmp_path / str(platforms), platforms, typed) for platforms in (100, 5_000))
    assert 0 < many <= few * 1.05
