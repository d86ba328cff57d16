"""The deletion of a platform: who goes and who stays, slice by slice, interrupted anywhere, without a trace."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from portal.accounts import drafts, email_changes, erasure, resumptions
from portal.accounts import queries as accounts
from portal.accounts.links import Purpose
from portal.accounts.tables import sessions
from portal.billing import orders as placed
from portal.billing import profiles
from portal.billing.profiles import PaymentMethod
from portal.billing.tables import invoices, orders, staff_tasks
from portal.credits import actions as credits
from portal.desk import search
from portal.jobs import purge
from portal.kit import audit, chain, erasing, outbox
from portal.kit.chain import Intact
from portal.kit.db import metadata
from portal.purging import actions, certificates, queries
from portal.purging.queries import Purge
from portal.purging.steps import KEPT, STEPS
from portal.rules import terms
from portal.rules.lifecycle import PurgeRefusal, State
from portal.rules.orders import Way
from portal.rules.reminders import Paid, last_warning_keys
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform, Taken
from portal.subscription.tables import platforms, purges
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind as ContactKind
from tests.conftest import both_databases
from tests.helpers.credits import book
from tests.helpers.house import House
from tests.helpers.shop import COMPANY, PACK
from tests.helpers.together import together
from tests.rules.instants import rome

E = date(2026, 11, 22)
DUE = rome("2026-12-03 00:00:00")  # RULES.md: deletion may start
MARKER = "Zeffirina"  # of nobody else


def warn(house: House, platform_id: int = 1234, expires_on: date = E, outcome: str = outbox.Outcome.SENT) -> None:
    """The last warning was written to everybody of the platform, and ended so."""
    key = last_warning_keys(Paid(platform_id, expires_on - timedelta(days=364), expires_on))[0]
    with house.parts.database.write() as db:
        for person in accounts.administrators_of_platform(db, platform_id):
            row: dict[str, Any] = {"key": f"{key}:{person.id}", "recipient": person.email, "platform_id": platform_id}
            outbox.put(db, outbox.MAIL, "password_set", {}, at=house.clock.now(), **row)
            done = {"done_at": house.clock.now(), "outcome": outcome}
            db.execute(update(outbox.outbox).where(outbox.outbox.c.deduplication_key == row["key"]).values(done))


@pytest.fixture
def over(house: House) -> House:
    """A platform whose E was 22 November, warned, on the first instant of 3 December."""
    house.clock.set(rome("2026-11-20 10:00:00"))
    house.platform(1234, ends_in=2, company=f"{MARKER} e figli")
    house.person("m1234", full_name=f"{MARKER} Quaglia", email=f"{MARKER.lower()}@example.com")
    house.clock.set(DUE)
    warn(house)
    return house


def refusals(house: House) -> list[tuple[PurgeRefusal, ...]]:
    return [candidate.refusals for candidate in purge.find_candidates(house.parts)]


def marked(house: House, platform_id: int = 1234) -> Purge | None:
    with house.parts.database.read() as db:
        return queries.find(db, platform_id)


def state(house: House, platform_id: int = 1234) -> State:
    return house.place(platform_id).state


def to_the_end(house: House) -> None:
    """The mark, its day, the erasing, the certificate mailed."""
    purge.mark_due(house.parts)
    house.clock.move(hours=24)
    for _ in range(3):
        purge.go_on(house.parts)
        house.work()


# --- who goes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "goes"),
    [("2026-12-02 23:59:59.999999", False), ("2026-12-03 00:00:00", True), ("2027-06-01 12:00:00", True)],
)
def test_the_first_instant_after_the_tenth_day_of_grace_is_the_first(over: House, at: str, goes: bool) -> None:
    over.clock.set(rome(at))
    assert purge.mark_due(over.parts) == (1 if goes else 0)
    assert (marked(over) is not None) == goes


def test_a_platform_is_marked_once(over: House) -> None:
    assert [purge.mark_due(over.parts) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(("waited", "begun"), [({"hours": 23, "minutes": 59}, False), ({"hours": 24}, True)])
def test_nothing_is_erased_before_the_day_after_the_mark(over: House, waited: dict[str, int], begun: bool) -> None:
    purge.mark_due(over.parts)
    over.clock.move(**waited)
    purge.go_on(over.parts)
    assert timedelta(hours=24) == terms.PURGE_DELAY
    assert state(over) is (State.DELETED if begun else State.DUE_FOR_DELETION)
    assert (over.administrator("m1234") is None) == begun


def hold(house: House) -> None:
    with house.parts.database.write() as db:
        subscription.hold(db, 1234, by="test", at=house.clock.now())


def owe(house: House) -> None:
    task = {"kind": "give-back-late", "platform_id": 1234, "currency": "EUR", "amount": 100, "note": ""}
    with house.parts.database.write() as db:
        db.execute(staff_tasks.insert().values(task | {"opened_at": house.clock.now()}))


def refuse_the_warning(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(update(outbox.outbox).values(outcome=outbox.Outcome.REFUSED))


def never_warn(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(update(outbox.outbox).values(deduplication_key=None))


OBSTACLES: list[tuple[Callable[[House], None], PurgeRefusal]] = [
    (hold, PurgeRefusal.LEGAL_HOLD),
    (owe, PurgeRefusal.OPEN_PAYMENT),
    (refuse_the_warning, PurgeRefusal.WARNINGS_NOT_ACCEPTED),
    (never_warn, PurgeRefusal.WARNINGS_NOT_ACCEPTED),
]


@pytest.mark.parametrize(("obstacle", "why"), OBSTACLES)
def test_what_speaks_against_it_keeps_it_from_being_marked(over: House, obstacle: Any, why: PurgeRefusal) -> None:
    obstacle(over)
    assert refusals(over) == [(why,)]
    assert purge.mark_due(over.parts) == 0


@pytest.mark.parametrize(("obstacle", "why"), OBSTACLES)
def test_what_comes_after_the_mark_stops_it_and_nothing_is_lost(over: House, obstacle: Any, why: PurgeRefusal) -> None:
    purge.mark_due(over.parts)
    obstacle(over)
    over.clock.move(hours=24)
    purge.go_on(over.parts)
    assert state(over) is State.DUE_FOR_DELETION
    assert over.administrator("m1234")
    assert marked(over) is None
    with over.parts.database.read() as db:
        assert db.execute(select(purges.c.stopped_because)).scalar_one() == why


def test_a_transfer_that_counted_late_stops_it(house: House) -> None:
    house.clock.set(rome("2026-12-02 10:00:00"))
    house.platform(1234, ends_in=-10)
    house.person("m1234")
    warn(house)
    order = house.order()
    buyer = house.administrator("m1234")
    assert buyer
    with house.parts.database.write() as db:
        placed.choose_transfer(db, order, to=buyer, at=house.clock.now(), zone=house.parts.settings.timezone)
    house.clock.set(DUE)
    assert refusals(house) == [(PurgeRefusal.OPEN_PAYMENT,)]
    house.clock.set(rome("2026-12-10 00:00:00"))  # five bank days have passed
    assert refusals(house) == [()]


def test_an_sms_only_platform_goes_after_twelve_quiet_months(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    house.clock.set(rome("2027-11-20 23:59:59"))
    assert list(purge.find_candidates(house.parts)) == []
    house.clock.set(rome("2027-11-21 00:00:00"))
    assert refusals(house) == [(PurgeRefusal.WARNINGS_NOT_ACCEPTED,)]


# --- what goes --------------------------------------------------------------------------------------------------------


ELSEWHERE = {
    "platforms": "blanked: the number stays, so that it is never given again",
    "events": "erased and not removed, so that the chain holds",
    "invoices": "the law wants them, with what they print",
    "invoice_numbers": "the last number of each year",
    "purges": "the certificates: counts and digests",
    "event_chain": "the end of the chain",
    "staff_members": "the operator's own people",
    "staff_sessions": "the operator's own people",
    "limits": "hashed keys, forgotten by the nights",
    "nights": "what was done in which night",
}


def test_every_table_is_known_to_the_purge() -> None:
    known = {step.table.name for step in (*STEPS, *KEPT)} | set(ELSEWHERE)
    missing = set(metadata.tables) - known
    assert not missing, f"{missing}: add a step to the erasure.py of the feature, or say in ELSEWHERE why it stays"
    assert known <= set(metadata.tables)


def test_every_purpose_of_a_link_is_known_to_the_purge() -> None:
    known = {*erasure.SUBJECTS, *erasure.OF_NOBODY, *erasure.OF_A_REQUEST}
    assert known == set(Purpose), "say in portal/accounts/erasure.py whose a link of this purpose is"


def live_a_little(house: House) -> None:
    """Somebody who has done a bit of everything, all of it recognisable."""
    house.clock.set(rome("2026-10-01 10:00:00"))
    house.platform(1234, ends_in=52, additional_seats=2, company=f"{MARKER} e figli")
    first = house.person("m1234", full_name=f"{MARKER} Quaglia", email=f"{MARKER.lower()}@example.com")
    house.person(f"m1234-{MARKER.lower()}", full_name=f"{MARKER} due", email=f"due.{MARKER.lower()}@example.com")
    house.person("m1235", full_name="Neighbour Nina", email="nina@example.com")
    browser = house.browser()
    browser.sign_in()
    billing = replace(COMPANY, name=f"{MARKER} S.r.l.")
    house.pay(house.order(PACK, by=first, billing=billing))
    house.order(PACK, by=first, billing=billing, key="waits")
    contact = Entry(ContactKind.TECHNICAL, f"{MARKER} Tecnica", f"t.{MARKER.lower()}@example.com")
    with house.parts.database.write() as db:
        assert support.add(db, first, contact, at=house.clock.now()) is None
        profiles.store(db, 1234, billing, at=house.clock.now())
        profiles.store_payment_method(db, 1234, PaymentMethod(Way.TRANSFER, holder=MARKER), at=house.clock.now())
        drafts.save(db, first.id, "/profile", {"full_name": MARKER}, at=house.clock.now())
        session = db.execute(select(sessions.c.id)).scalar_one()
        resumptions.keep(db, session, "/subscription/cancel", [("note", MARKER)], at=house.clock.now())
        email_changes.ask(db, house.parts.links, first, f"neu.{MARKER.lower()}@example.com", at=house.clock.now())
        credits.spend(db, 1234, 7, key=MARKER, at=house.clock.now(), zone=house.parts.settings.timezone, expires_on=E)
    house.work()


def traces(house: House) -> set[str]:
    """The tables in which the marker still stands."""
    with house.parts.database.read() as db:
        return {
            name
            for name, table in metadata.tables.items()
            if any(MARKER.lower() in str(tuple(row)).lower() for row in db.execute(select(table)))
        }


@both_databases
def test_nothing_of_the_people_is_left_but_the_fiscal_record(house: House) -> None:
    live_a_little(house)
    assert traces(house) >= {"administrators", "contacts", "drafts", "email_changes", "movements", "orders", "outbox"}
    house.clock.set(DUE)
    with house.parts.database.write() as db:
        db.execute(update(orders).where(orders.c.delivered_at.is_(None)).values(state="expired"))
    warn(house)
    to_the_end(house)
    assert traces(house) == {"invoices"}
    assert state(house) is State.DELETED
    with house.parts.database.read() as db:
        numbers = db.execute(select(func.count()).select_from(invoices)).scalar_one()
        assert isinstance(chain.verify(db), Intact)
    assert numbers == 1
    assert house.administrator("m1235"), "the neighbour is still there"


def test_the_files_hold_no_trace_either(house: House, tmp_path: Path) -> None:
    live_a_little(house)
    house.clock.set(DUE)
    with house.parts.database.write() as db:
        db.execute(update(orders).where(orders.c.delivered_at.is_(None)).values(state="expired"))
        db.execute(invoices.delete())  # what the law keeps is kept: look for the rest
    warn(house)
    to_the_end(house)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    found = [path.name for path in files if MARKER.lower().encode() in path.read_bytes().lower()]
    assert files
    assert found == []


@both_databases
def test_whoever_is_deleted_is_found_by_the_number_and_no_longer_by_a_name(over: House) -> None:
    over.platform(1236, company=f"{MARKER} vicino")
    with over.parts.database.write() as db:
        profiles.store(db, 1234, replace(COMPANY, name=f"{MARKER} S.p.A."), at=over.clock.now())
        assert [hit.platform_id for hit in search.find(db, MARKER).hits] == [1234, 1236, 1234]
    to_the_end(over)
    with over.parts.database.read() as db:
        assert [hit.platform_id for hit in search.find(db, MARKER).hits] == [1236]
        assert [hit.platform_id for hit in search.find(db, "1234").hits] == [1234]


@both_databases
def test_the_number_and_its_user_names_are_never_given_again(over: House) -> None:
    to_the_end(over)
    new = NewPlatform(1234, "pro", email_channel=True, sms_channel=False, term=(E, E))
    with over.parts.database.write() as db:
        assert isinstance(subscription.create(db, new, at=over.clock.now()), Taken)
        row = db.execute(select(platforms).where(platforms.c.id == 1234)).one()
    assert (row.company, row.last_sign_in_on) == ("", None)


# --- interrupted ------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The power went."""


def big(house: House, credits_spent: int = 1_200) -> None:
    house.clock.set(rome("2026-11-20 10:00:00"))
    house.platform(1234, ends_in=2)
    house.person("m1234")
    lot = house.lot(1234, 2 * credits_spent, bought_on=date(2026, 3, 1), expires_on=None)
    book(house, lot, *[-1] * credits_spent, key="k")
    house.clock.set(DUE)
    warn(house)
    purge.mark_due(house.parts)
    house.clock.move(hours=24)


def removed(house: House) -> dict[str, Any]:
    found = marked(house)
    assert found
    return {"removed": certificates.certificate(found)["removed"], "kept": found.kept}


def with_salt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same salt each time, so that two certificates can be compared."""
    monkeypatch.setattr("portal.purging.actions.secrets.token_hex", lambda size: "5a" * size)
    monkeypatch.setattr("portal.kit.chain.secrets.token_hex", lambda size: "5a" * size)


@both_databases
def test_killed_at_twenty_places_and_resumed_it_gives_the_same_certificate(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_salt(monkeypatch)
    monkeypatch.setattr(erasing, "SLICE", 50)
    big(house, 400)
    whole = _calm_certificate(house, monkeypatch)
    chance = random.Random(7)
    kills, count = 0, 0
    real = actions.erase_slice

    def deadly(db: Any, purge_id: int, *, at: Any) -> bool:
        nonlocal kills, count
        more = real(db, purge_id, at=at)
        count += 1
        if kills < 20 and chance.random() < 0.7:
            kills += 1
            raise Killed
        return more

    monkeypatch.setattr("portal.jobs.purge.actions.erase_slice", deadly)
    for _ in range(200):
        try:
            purge.go_on(house.parts)
        except Killed:
            continue
        found = marked(house)
        if found and found.erased_at:
            break
    assert kills == 20
    assert removed(house) == whole


def _calm_certificate(house: House, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What an undisturbed deletion certifies: done in a transaction that is undone."""

    with house.parts.database.writer.connect() as db:
        transaction = db.begin()
        going = queries.find_marked(db)[0]
        at, zone = house.clock.now(), house.parts.settings.timezone
        assert actions.begin(db, going, at=at, zone=zone) == ()
        while actions.erase_slice(db, going.id, at=at):
            pass
        done = queries.find(db, 1234)
        transaction.rollback()
    assert done
    return {"removed": certificates.certificate(done)["removed"], "kept": done.kept}


@both_databases
def test_several_workers_at_once_erase_it_once(house: House) -> None:
    big(house)
    together(lambda _: purge.go_on(house.parts), 3)
    purge.go_on(house.parts)
    found = removed(house)["removed"]
    assert found["movements"]["rows"] == 1_201
    assert found["lots"]["rows"] == 1


def test_a_hundred_thousand_rows_go_while_others_sign_in(house: House) -> None:
    """SQLite has one writer: between two slices it is anybody's. Each sign-in was over before the next slices were."""
    big(house, 100_000)
    house.person("m4321")
    points: list[int] = []

    def work(_: int) -> None:
        while (found := marked(house)) and not found.erased_at:
            purge.go_on(house.parts)

    def come_in(_: int) -> None:
        while (found := marked(house)) and not found.erased_at:
            points.append(sum(one.rows for one in found.removed.values()))
            browser = house.browser()
            browser.sign_in("m4321")
            assert browser.response is not None
            assert browser.response.request.path in ("/subscription", "/login/take-over")

    together(lambda number: (work, come_in)[number](number), 2)
    found = removed(house)["removed"]
    assert found["movements"]["rows"] == 100_001
    assert len({point for point in points if 0 < point < 100_000}) > 20


def test_the_digest_does_not_depend_on_where_slices_end() -> None:
    texts = [f"row {n}" for n in range(10)]
    whole = erasing.digest(erasing.BEGINNING, texts, "salt")
    assert erasing.digest(erasing.digest(erasing.BEGINNING, texts[:3], "salt"), texts[3:], "salt") == whole
    assert erasing.digest(erasing.BEGINNING, texts, "other") != whole
    assert erasing.digest(erasing.BEGINNING, texts[::-1], "salt") != whole


# --- the certificate --------------------------------------------------------------------------------------------------


def test_the_certificate_is_mailed_and_then_the_address_is_forgotten(over: House) -> None:
    purge.mark_due(over.parts)
    over.clock.move(hours=24)
    purge.go_on(over.parts)
    letters = over.work()
    assert [letter.recipient for letter in letters] == [f"{MARKER.lower()}@example.com"]
    found = marked(over)
    assert found
    seal = certificates.seal_of(certificates.certificate(found))
    assert seal in letters[0].text
    assert found.removed["administrators"].digest in letters[0].text
    purge.go_on(over.parts)
    assert traces(over) == set()
    with over.parts.database.read() as db:
        row = db.execute(select(purges)).one()
    assert (row.recipient, row.language, row.salt, row.seal) == (None, None, None, seal)
    assert row.finished_at


def test_the_deletion_stands_in_the_chain_with_the_seal_of_its_certificate(over: House) -> None:
    to_the_end(over)
    with over.parts.database.read() as db:
        event = db.execute(select(audit.events).where(audit.events.c.tag == "subscription.purged")).one()
        seal = db.execute(select(purges.c.seal)).scalar_one()
        verdict = chain.verify(db)
        erased = queries.erased_events(db)
    assert (event.platform_id, event.details["certificate"]) == (None, seal)
    assert isinstance(verdict, Intact)
    assert verdict.erased == erased > 0


def test_the_sending_service_is_told(over: House) -> None:
    to_the_end(over)
    with over.parts.database.read() as db:
        told = db.execute(select(outbox.outbox.c.outcome).where(outbox.outbox.c.name == "switch_on")).scalars().all()
    assert told == [outbox.Outcome.HANDLED]


def test_whoever_is_signed_in_is_out_when_it_begins(over: House) -> None:
    over.clock.set(rome("2026-12-02 23:59:00"))
    browser = over.browser()
    browser.sign_in()
    over.clock.set(DUE)
    purge.mark_due(over.parts)
    over.clock.move(hours=24)
    purge.go_on(over.parts)
    assert browser.open("/subscription").status_code == 303


def test_what_is_asked_of_a_deleted_platform_tells_nothing(over: House) -> None:
    to_the_end(over)
    browser = over.browser()
    assert "do not go together" in browser.sign_in().text
