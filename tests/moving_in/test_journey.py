"""A business moves in: what is there afterwards, what an import passes over, and what it refuses. On both databases."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from portal.accounts.tables import administrators
from portal.billing.tables import invoices
from portal.credits.tables import lots, movements
from portal.jobs import nightly
from portal.kit import audit, chain
from portal.kit.db import metadata
from portal.kit.outbox import outbox
from portal.moving_in import stored
from portal.moving_in.journey import Overtaken
from portal.rules.dates import business_date
from portal.subscription import trials
from portal.subscription.tables import notices, platforms, seat_grants, terms
from tests.conftest import both_databases
from tests.helpers.customer_tables import every_table
from tests.helpers.house import PASSWORD, House
from tests.helpers.moving_in import Mover, invoice, lot, person, platform, sms_only

EVERYTHING: dict[str, list[dict[str, Any]]] = {
    "platforms": [
        platform(first_day="2025-03-01", last_day="2026-02-28", additional_administrators=0),
        platform(),
        sms_only(7),
        platform(8, cancelled_on="2026-10-01", channels="email"),
        platform(9, first_day="2026-11-10", last_day="2026-12-09", trial="yes", additional_administrators=0),
        platform(10, last_day="2026-11-15"),
    ],
    "people": [
        *(person(f"m{number}", number) for number in (1234, 7, 8, 9, 10)),
        person("m1234-marco", disabled_on="2026-01-31"),
        person("m1234-Carla", language="en"),
    ],
    "lots": [lot(), lot(), lot(left=1000, expires_on="2028-03-01"), lot(7), lot(7, left=0)],
    "invoices": [invoice(), invoice("NC 4/2025", net="-10.00", tax="-2.20", total="-12.20"), invoice("1/2024")],
}
COUNTS = {"platforms": 5, "people": 7, "lots": 5, "invoices": 3}


@pytest.fixture
def mover(house: House, tmp_path: Path) -> Mover:
    return Mover(house, tmp_path)


def rows(house: House, *columns: Any) -> list[Any]:
    with house.parts.database.read() as db:
        return list(db.execute(select(*columns).order_by(columns[0])).all())


def everything(house: House) -> dict[str, int]:
    """How many rows each table has."""
    with house.parts.database.read() as db:
        counts = {table: db.execute(select(func.count()).select_from(table)).scalar_one() for table in _tables()}
        return {table.name: count for table, count in counts.items() if count}


def _tables() -> list[Any]:
    every_table()
    return list(metadata.tables.values())


@both_databases
def test_everything_moves_in_and_stands_as_the_rules_have_it(mover: Mover) -> None:
    assert mover.bring(**EVERYTHING).moved() == {kind: (count, 0) for kind, count in COUNTS.items()}
    states = {number: str(mover.house.place(number).state) for number in (1234, 7, 8, 9, 10)}
    assert states == {1234: "active", 7: "active", 8: "cancelled", 9: "trial", 10: "grace"}
    assert str(mover.house.place(1234).expires_on) == "2027-02-28"
    assert len(mover.house.place(1234).paid) == 2


@both_databases
def test_a_dry_run_says_the_same_and_changes_nothing(mover: Mover) -> None:
    before = everything(mover.house)
    assert mover.bring(**EVERYTHING).import_(dry_run=True) == mover.import_(dry_run=True)
    assert everything(mover.house) == before
    first = mover.import_(dry_run=True)
    assert mover.import_() == first


@both_databases
def test_the_same_import_again_creates_nothing(mover: Mover) -> None:
    mover.bring(**EVERYTHING).moved()
    before = everything(mover.house)
    assert mover.moved() == {kind: (0, count) for kind, count in COUNTS.items()}
    assert everything(mover.house) == before


@both_databases
def test_what_is_added_later_comes_to_what_is_here(mover: Mover) -> None:
    mover.bring(platforms=[platform()], people=[person()], lots=[lot()]).moved()
    mover.bring(people=[person(), person("m1234-anna")], lots=[lot(), lot()], invoices=[invoice()])
    assert mover.moved() == {"platforms": (0, 1), "people": (1, 1), "lots": (1, 1), "invoices": (1, 0)}


def test_a_first_administrator_may_come_later_only_where_nobody_moves_in_at_all(mover: Mover) -> None:
    assert mover.bring(platforms=[platform(), platform(7)]).moved() == {"platforms": (2, 0)}
    assert mover.bring(people=[person()]).moved() == {"platforms": (0, 2), "people": (1, 0)}


# --- what is written


@both_databases
def test_a_password_that_moved_in_opens_and_without_one_a_link_does(mover: Mover) -> None:
    house = mover.house
    hashed = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    people = [person(password_hash=hashed, language="en"), person("m1234-anna", email="anna@example.com")]
    mover.bring(platforms=[platform()], people=people).moved()
    assert house.work() == []
    house.browser().sign_in("m1234")
    browser = house.browser()
    browser.get("/reset-password")
    browser.submit({"username": "m1234-anna", "email": "anna@example.com"})
    assert [letter.recipient for letter in house.work()] == ["anna@example.com"]


def test_people_are_written_as_they_are_looked_up(mover: Mover) -> None:
    people = [person("M1234", email="Anna@Example.COM"), person("m1234-x", disabled_on="2026-10-25")]
    mover.bring(platforms=[platform()], people=people).moved()
    found = rows(
        mover.house,
        *(administrators.c[name] for name in ("username", "role", "email_folded", "password_hash", "disabled_at")),
    )
    assert [tuple(row)[:4] for row in found] == [
        ("m1234", "first", "anna@example.com", None),
        ("m1234-x", "additional", "m1234-x@example.com", None),
    ]
    zone = mover.house.parts.settings.timezone
    assert [business_date(row.disabled_at, zone) for row in found if row.disabled_at] == [date(2026, 10, 25)]


@both_databases
def test_a_lot_is_what_was_bought_and_what_was_used_of_it(mover: Mover) -> None:
    mover.bring(platforms=[platform(), sms_only(7)], lots=[lot(), lot(7, left=1000), lot(left=0)]).moved()
    found = rows(mover.house, movements.c.lot_id, movements.c.kind, movements.c.amount)
    assert sorted(tuple(row)[1:] for row in found) == [
        *[("bought", 1000)] * 3,
        ("spent", -1000),
        ("spent", -600),
    ]
    homes = dict(tuple(row) for row in rows(mover.house, lots.c.id, lots.c.platform_id))
    used = {homes[row.lot_id] for row in found if row.kind == "spent"}
    assert used == {1234}, "each movement stands at its own lot"
    assert [str(row.kept_until) for row in rows(mover.house, lots.c.platform_id, lots.c.kept_until)] == [
        "2028-03-01", "None", "None",
    ]  # fmt: skip


@both_databases
def test_seats_are_those_of_each_term(mover: Mover) -> None:
    earlier = platform(first_day="2025-03-01", last_day="2026-02-28", additional_administrators=5)
    mover.bring(platforms=[earlier, platform()]).moved()
    found = rows(mover.house, *(seat_grants.c[name] for name in ("starts_on", "ends_on", "quantity")))
    assert [tuple(map(str, row)) for row in found] == [
        ("2025-03-01", "2026-02-28", "5"),
        ("2026-03-01", "2027-02-28", "1"),
    ]
    assert str(rows(mover.house, terms.c.anchor_on)[0].anchor_on) == "2025-03-01"


def test_each_platform_has_one_line_in_its_activity_and_the_chain_holds(mover: Mover) -> None:
    house = mover.house
    mover.bring(**EVERYTHING).moved()
    house.work()
    with house.parts.database.read() as db:
        (event,) = audit.of_platform(db, 1234, limit=9)
        assert isinstance(chain.verify(db), chain.Intact)
    assert event.tag == "subscription.moved_in"
    assert event.details == {"by": "command line", "platforms": 1, "people": 3, "lots": 3, "invoices": 3}
    mover.moved()
    with house.parts.database.read() as db:
        assert len(audit.of_platform(db, 1234, limit=9)) == 1


@pytest.mark.parametrize("tell", [True, False])
def test_a_sending_service_is_told_of_each_platform_where_there_is_one(mover: Mover, tell: bool) -> None:
    mover.bring(**EVERYTHING).moved(tell=tell)
    mover.moved(tell=tell)
    told = [
        row.platform_id for row in rows(mover.house, outbox.c.platform_id, outbox.c.name) if row.name == "switch_on"
    ]
    assert told == ([7, 8, 9, 10, 1234] if tell else [])


def test_the_next_trial_gets_the_number_after_the_largest(mover: Mover) -> None:
    mover.bring(platforms=[platform(899_999_999)]).moved()
    with mover.house.parts.database.write() as db:
        days = (date(2026, 11, 20), date(2026, 12, 19))
        assert trials._create_platform(db, "", "pro", days, at=mover.house.clock.now()) == 900_000_000


@both_databases
def test_what_is_done_next_gets_numbers_of_its_own(mover: Mover) -> None:
    """PostgreSQL counts on where the import stopped."""
    house = mover.house
    mover.bring(**EVERYTHING).moved()
    house.person("m1234-new")
    house.lot(1234, 10, bought_on=date(2026, 11, 20), expires_on=date(2027, 2, 28))
    assert len(rows(house, lots.c.id)) == 6


# --- reminders


@both_databases
@pytest.mark.parametrize(
    ("ends_in", "told", "next_night"),
    [
        (200, [], []),
        (91, [], []),
        (90, [], [-90]),  # the notice of today is still to come
        (60, [-90], []),
        (30, [-90], [-30]),
        (29, [-30], []),
        (0, [-1], [0]),
        (-1, [], [1]),  # in the grace what the rules say: the newest
        (-6, [], [5]),
        (-10, [], [10]),
    ],
)
def test_notices_of_the_past_count_as_told_but_for_the_grace(
    mover: Mover, ends_in: int, told: list[int], next_night: list[int]
) -> None:
    house = mover.house
    last_day = date(2026, 11, 20) + timedelta(days=ends_in)
    first_day = last_day - timedelta(days=364)
    mover.bring(platforms=[platform(first_day=first_day, last_day=last_day)], people=[person()]).moved()
    assert _offsets(house) == told
    _night(house)
    assert sorted(set(_offsets(house)) - set(told)) == next_night
    assert len([one for one in house.mailbox.letters if "m1234@" in one.recipient]) == len(next_night)


def _night(house: House) -> None:
    """The night of today, and the mails that it leaves."""
    nightly.work_due(house.parts)
    house.work()


def _offsets(house: House) -> list[int]:
    return [int(row.key.rpartition(":")[2]) for row in rows(house, notices.c.id, notices.c.key)]


@both_databases
def test_credits_that_end_soon_are_told_of_once_a_day_comes_and_not_for_the_past(mover: Mover) -> None:
    """Bought on 10 December 2024, they end on 10 December 2026, in 20 days; the next notice is 7 days before."""
    house = mover.house
    mover.bring(platforms=[sms_only()], people=[person()], lots=[lot(bought_on="2024-12-10")]).moved()
    assert [row.key for row in rows(house, notices.c.key)] == ["credits:1234:2026-12-10:-30"]
    _night(house)
    assert house.mailbox.letters == []
    house.clock.move(days=13)
    _night(house)
    assert len(house.mailbox.letters) == 1


# --- what is refused


DIFFERENT = [
    ("platforms", {"company": "Rossi"}, "company: found 'Rossi', expected 'Bianchi S.r.l.', which is stored"),
    ("platforms", {"channels": "email"}, "channels: found 'email', expected 'email+sms', which is stored"),
    ("platforms", {"edition": "starter"}, "edition: found 'starter', expected 'pro', which is stored"),
    ("platforms", {"last_day": "2027-02-27"}, "last_day: found 2027-02-27, expected 2027-02-28, which is stored"),
    ("platforms", {"first_day": "2026-02-28"}, "first_day: found 2026-02-28, expected '2026-03-01', which is stored"),
    ("platforms", {"cancelled_on": "2026-11-01"}, "cancelled_on: found 2026-11-01, expected nothing, which is"),
    ("platforms", {"trial": "yes"}, "trial: found yes, expected no, which is stored"),
    ("platforms", {"additional_administrators": 2}, "additional_administrators: found 2, expected 1, which is"),
    ("people", {"name": "Anna"}, "name: found 'Anna', expected 'Anna Bianchi', which is stored"),
    ("people", {"email": "a@b.it"}, "email: found 'a@b.it', expected 'm1234@example.com', which is stored"),
    ("people", {"language": "en"}, "language: found 'en', expected 'it', which is stored"),
    ("people", {"disabled_on": "2026-11-01"}, "disabled_on: found 2026-11-01, expected nothing, which is stored"),
    ("lots", {"left": 399}, "left: found 399, expected 400, which is stored"),
    ("lots", {"expires_on": "2029-01-01"}, "expires_on: found 2029-01-01, expected 2027-02-28, which is stored"),
    ("invoices", {"platform": 7}, "platform: found 7, expected 1234, which is stored"),
    ("invoices", {"issued_on": "2025-03-02"}, "issued_on: found 2025-03-02, expected 2025-03-01, which is stored"),
    ("invoices", {"description": "Starter"}, "description: found 'Starter', expected 'Pro', which is stored"),
    ("invoices", {"currency": "CHF"}, "currency: found 'CHF', expected 'EUR', which is stored"),
    ("invoices", {"seller": "Noi"}, "seller: found 'Noi', expected nothing, which is stored"),
    ("invoices", {"tax_code": "x"}, "tax_code: found 'x', expected nothing, which is stored"),
]


@pytest.mark.parametrize(("kind", "changes", "fault"), DIFFERENT)
def test_what_is_here_and_different_is_named_and_never_overwritten(
    mover: Mover, kind: str, changes: dict[str, Any], fault: str
) -> None:
    files = {
        "platforms": [platform(), sms_only(7)],
        "people": [person(), person("m7", 7)],
        "lots": [lot()],
        "invoices": [invoice()],
    }
    mover.bring(**files).moved()
    before = everything(mover.house)
    mover.bring(**{kind: [files[kind][0] | changes, *files[kind][1:]]})
    (found,) = mover.faults()
    assert found.startswith(f"{kind}.csv, line 2, {fault}"), found
    assert everything(mover.house) == before


@pytest.mark.parametrize("column", ["net", "tax"])
def test_other_amounts_are_a_difference(mover: Mover, column: str) -> None:
    mover.bring(platforms=[platform()], invoices=[invoice()]).moved()
    changed = {"net": {"net": "101.00", "total": "123.00"}, "tax": {"tax": "23.00", "total": "123.00"}}[column]
    found = mover.bring(invoices=[invoice() | changed]).faults()
    assert [fault.split(":")[0] for fault in found] == [
        f"invoices.csv, line 2, {name}" for name in ("net", "tax", "total") if name in changed
    ]


def test_a_password_that_somebody_has_set_since_is_no_difference(mover: Mover) -> None:
    mover.bring(platforms=[platform()], people=[person()]).moved()
    hashed = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with mover.house.parts.database.write() as db:
        db.execute(administrators.update().values(password_hash=hashed))
    other = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("another one")
    assert mover.moved()["people"] == (0, 1)
    assert mover.bring(people=[person(password_hash=other)]).moved()["people"] == (0, 1)
    assert [row.password_hash for row in rows(mover.house, administrators.c.password_hash)] == [hashed]


def test_a_term_that_was_bought_here_since_is_no_difference(mover: Mover) -> None:
    mover.bring(platforms=[platform(additional_administrators=0)], people=[person()]).moved()
    with mover.house.parts.database.write() as db:
        later = {"starts_on": date(2027, 3, 1), "ends_on": date(2028, 2, 29), "anchor_on": date(2026, 3, 1)}
        db.execute(terms.insert().values(later | {"platform_id": 1234, "edition": "pro", "trial": False}))
    assert mover.moved() == {"platforms": (0, 1), "people": (0, 1)}
    mover.house.clock.move(days=365)
    assert mover.moved() == {"platforms": (0, 1), "people": (0, 1)}, "its first term is over, and it lives"


def test_a_number_of_a_deleted_platform_is_never_given_again(mover: Mover) -> None:
    mover.house.platform(1234)
    with mover.house.parts.database.write() as db:
        db.execute(platforms.update().values(deleted_at=mover.house.clock.now()))
    (fault,) = mover.bring(platforms=[platform()], people=[person()], lots=[lot()]).faults()
    assert fault.startswith("platforms.csv, line 2, id: found 1234, expected a number that no deleted platform had")
    (fault,) = mover.bring(platforms=[platform(7)], people=[person("m7", 7), person("m1234-x")], lots=[lot(7)]).faults()
    assert fault.startswith("people.csv, line 3, platform: found 1234, expected a platform that moves in")


def test_people_of_a_platform_that_is_here_stay_within_its_seats(mover: Mover) -> None:
    mover.house.person("m1234")
    mover.house.platform(7, additional_seats=1)
    people = [person("m1234-a"), person("m7", 7), person("m7-a", 7), person("m7-b", 7)]
    found = mover.bring(platforms=[platform(8)], people=[person("m8", 8), *people]).faults()
    assert [fault.partition(", expected")[0] for fault in found] == [
        "people.csv, line 3, user_name: found 'm1234-a'",
        "people.csv, line 6, user_name: found 'm7-b'",
    ]


def test_a_platform_has_one_first_administrator_whatever_zeros_stand_before_its_number(mover: Mover) -> None:
    mover.house.platform(1234, additional_seats=3)
    mover.house.person("m1234")
    (fault,) = mover.bring(platforms=[platform(8)], people=[person("m8", 8), person("m01234")]).faults()
    assert "line 3, first: found yes, expected no: platform 1234 has its first administrator" in fault


def test_a_number_of_an_invoice_that_was_issued_here_is_refused(mover: Mover) -> None:
    house = mover.house
    order = house.order()
    house.pay(order)
    with house.parts.database.write() as db:
        db.execute(invoices.update().values(number="2025-000001"))  # as if it were last year's
    (fault,) = mover.bring(platforms=[platform(7)], invoices=[invoice("2025-000001", platform=7)]).faults()
    assert "expected a number that no invoice issued here has" in fault


@both_databases
def test_nothing_is_imported_where_one_row_is_wrong(mover: Mover) -> None:
    before = everything(mover.house)
    mover.bring(**EVERYTHING).bring(invoices=[*EVERYTHING["invoices"], invoice("9", total="1.00")])
    assert len(mover.faults()) == 1
    assert everything(mover.house) == before


@both_databases
@pytest.mark.parametrize("what", ["platform", "seat", "lot"])
def test_whoever_comes_between_the_look_and_the_write_undoes_all_of_it(
    mover: Mover, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The row is changed between read and write, as somebody else would at that moment."""
    house, look = mover.house, stored.load_invoices
    house.platform(7, additional_seats=1)
    house.person("m7")
    mover.bring(platforms=[platform()], people=[person(), person("m7-x", 7)], lots=[lot(7)])
    between = {
        "platform": lambda: house.platform(1234),
        "seat": lambda: house.person("m7-other"),
        "lot": lambda: house.lot(7, 1000, bought_on=date(2026, 3, 1), expires_on=date(2027, 2, 28)),
    }
    after: list[dict[str, int]] = []

    def look_and_be_late(*given: Any) -> Any:
        found = look(*given)
        if not after:
            between[what]()
            after.append(everything(house))
        return found

    monkeypatch.setattr(stored, "load_invoices", look_and_be_late)
    assert isinstance(mover.import_(), Overtaken)
    assert [everything(house)] == after


def test_two_equal_lots_of_a_day_are_two(mover: Mover) -> None:
    mover.bring(platforms=[platform()], lots=[lot(), lot(), lot(left=5)]).moved()
    assert mover.bring(lots=[lot(left=5), lot(), lot()]).moved()["lots"] == (0, 3)
    assert mover.bring(lots=[lot(), lot(left=5), lot(), lot()]).moved()["lots"] == (1, 3)
    (fault,) = mover.bring(lots=[lot(), lot(left=7), lot(), lot()]).faults()
    assert "left: found 7, expected 5" in fault


# --- what the customer sees


@pytest.mark.parametrize(
    ("home", "words"),
    [
        (platform(), "28 February 2027"),
        (platform(last_day="2026-11-15"), "25 November 2026"),  # in the grace: the last day to renew
        (platform(cancelled_on="2026-10-01"), "28 February 2027"),
        (sms_only(), "400"),
    ],
)
def test_whoever_moved_in_reads_on_the_overview_how_it_stands(mover: Mover, home: dict[str, Any], words: str) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    mover.bring(platforms=[home], people=[person(password_hash=hashed, language="en")], lots=[lot()]).moved()
    browser = mover.house.browser()
    assert words in browser.sign_in("m1234").text
    assert "Moved in from the former system." in browser.get("/subscription/activity").text
    assert "1 March 2026" in browser.get("/subscription/sms").text
