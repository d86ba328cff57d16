"""Clean-up: each row goes when its time is over and not an instant before, and nothing goes that somebody needs."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, select, update

from portal.accounts import email_changes as changes
from portal.accounts import limits as counted
from portal.accounts import past_sessions, recovery, sessions
from portal.accounts.links import Purpose
from portal.accounts.tables import authenticator_apps, drafts, email_changes, known_devices, resumptions
from portal.accounts.tables import sessions as sessions_table
from portal.billing.settle import switch_key
from portal.jobs import cleaning
from portal.jobs.cleaning import BROOMS, NEVER_MAILED
from portal.kit import links as links_
from portal.kit.audit import events
from portal.kit.db import metadata
from portal.kit.links import Fault, links
from portal.kit.nights import nights
from portal.kit.outbox import RETRY_AFTER, outbox
from portal.kit.throttle import limits
from portal.rules import terms
from portal.rules import throttle as rules
from portal.rules.sessions import EndReason
from portal.rules.throttle import Record, Window
from portal.staff import tables as staff
from portal.subscription import switches
from portal.subscription.tables import notices, platforms, trial_requests
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.shop import PACK
from tests.helpers.together import together
from tests.jobs.nights import cut, morning, powered, remind, today, work

TICK = timedelta(microseconds=1)
Row = dict[str, Any]
START = datetime.fromisoformat("2026-11-20T09:00+00:00")  # of the house's clock
THEN = {"started_at": START, "last_active_at": START, "proven_at": START}
EMPTY: Row = {"payload": {}, "attempts": 1, "due_at": START, "created_at": START}
LINK: Row = {"subject_id": 1, "nonce": "n", "secret_hash": "x", "issued_at": START}
CHANGE: Row = {"administrator_id": 1, "old_email": "a@b.it", "new_email": "c@d.it", "new_email_folded": "c@d.it"}
REQUEST: Row = {"email": "a@b.it", "email_folded": "a@b.it", "full_name": "A", "company": "", "language": "it"}
DEVICE: Row = {"administrator_id": 1, "token_hash": "x", "device": "Firefox", "first_seen_at": START}

# A row whose time begins to run at START, how long it stays, and the table it is in.
LIVES: dict[str, tuple[Table, Row, timedelta]] = {
    "a mail that was sent": (
        outbox,
        EMPTY | {"topic": "mail", "name": "password_set", "outcome": "sent", "done_at": START, "platform_id": 1234},
        terms.OUTBOX_KEPT,
    ),
    "a mail that was given up": (
        outbox,
        EMPTY | {"topic": "mail", "name": "password_set", "outcome": "failed", "done_at": START},
        terms.OUTBOX_KEPT,
    ),
    "a mailed link": (links, LINK | {"purpose": Purpose.RESET, "expires_at": START}, terms.LINKS_KEPT),
    "a mailed link that was used": (
        links,
        LINK | {"purpose": Purpose.INVITATION, "expires_at": START, "ended_at": START, "ended_because": "used"},
        terms.LINKS_KEPT,
    ),
    "a step of the sign-in": (
        links,
        LINK | {"purpose": Purpose.TAKE_OVER, "expires_at": START},
        terms.HALFWAY_LINKS_KEPT,
    ),
    "a draft": (drafts, {"administrator_id": 1, "path": "/x", "fields": {}, "saved_at": START}, terms.DRAFT_LIFE),
    "a request that waits for a proof": (
        resumptions,
        {"session_id": 1, "path": "/x", "fields": [], "kept_at": START},
        terms.REAUTHENTICATION_LIFE,
    ),
    "a trial that nobody confirmed": (trial_requests, REQUEST | {"requested_at": START}, terms.TRIAL_LINK_LIFE),
    "an address that nobody confirmed": (email_changes, CHANGE | {"asked_at": START}, terms.EMAIL_CHANGE_LIFE),
    "an address that was changed": (
        email_changes,
        CHANGE | {"asked_at": START - timedelta(hours=1), "confirmed_at": START},
        terms.EMAIL_CHANGES_KEPT,
    ),
    "an app without its first code": (
        authenticator_apps,
        {"administrator_id": 1, "secret": "x", "begun_at": START, "last_step": -1},
        terms.APP_SETUP_LIFE,
    ),
    "a browser": (known_devices, DEVICE | {"last_seen_at": START}, terms.DEVICE_COOKIE_LIFE),
    "a request that is counted": (limits, {"key": "k", "state": "[[1],0,0,null,null]"}, terms.WINDOWS_KEPT),
    "failures in a row": (limits, {"key": "k", "state": "[[],99,0,null,null]"}, terms.FAILURES_KEPT),
}


@pytest.fixture
def lived_in(house: House) -> House:
    """A house with one person, who has a live session."""
    person = house.person("m1234")
    with house.parts.database.write() as db:
        sessions.start(db, person, at=START, network="198.51.100.0/24", device="Firefox")
        for table in (outbox, links, limits, known_devices):
            db.execute(table.delete())
    return house


def put(house: House, table: Table, row: Row) -> None:
    with house.parts.database.write() as db:
        db.execute(table.insert().values(row | ({"changed_at": START} if table is limits else {})))


def count(house: House, table: Table, *where: Any) -> int:
    with house.parts.database.read() as db:
        return db.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def clean(house: House) -> int:
    done = work(house, "cleaning")
    assert done.complete, done
    assert done.tally
    return done.tally.done


@both_databases
@pytest.mark.parametrize("what", LIVES)
def test_a_row_goes_when_its_time_is_over_and_not_an_instant_before(lived_in: House, what: str) -> None:
    table, row, life = LIVES[what]
    put(lived_in, table, row)
    lived_in.clock.set(START + life - TICK)
    clean(lived_in)
    assert count(lived_in, table) == 1
    lived_in.clock.set(START + life)
    assert clean(lived_in) == 1
    assert count(lived_in, table) == 0


@pytest.mark.parametrize("purpose", Purpose)
def test_each_kind_of_link_is_kept_as_what_was_mailed_or_as_what_was_not(lived_in: House, purpose: Purpose) -> None:
    put(lived_in, links, LINK | {"purpose": purpose, "expires_at": START})
    lived_in.clock.set(START + terms.HALFWAY_LINKS_KEPT)
    clean(lived_in)
    mailed = {Purpose.RESET, Purpose.SUPPORT_RESET, Purpose.INVITATION, Purpose.TRIAL, Purpose.EMAIL_CHANGE}
    mailed |= {Purpose.EMAIL_UNDO, Purpose.NOT_ME, Purpose.STOP_REMOVAL}
    assert count(lived_in, links) == (purpose in mailed)
    assert (purpose in NEVER_MAILED) is (purpose not in mailed)


# --- sessions: the newest of a person stay


@both_databases
def test_the_sessions_that_a_person_is_shown_stay_whatever_their_age(lived_in: House) -> None:
    person = lived_in.administrator("m1234")
    assert person
    for number in range(terms.SESSIONS_LISTED + 3):
        ended = {"ended_at": START + timedelta(minutes=number), "ended_because": EndReason.SIGNED_OUT}
        row = {"token_hash": f"t{number}", "administrator_id": 1, "device": f"browser {number}", "network": ""}
        put(lived_in, sessions_table, row | THEN | ended)
    lived_in.clock.set(START + timedelta(days=400))
    with lived_in.parts.database.read() as db:
        before = past_sessions.ended(db, person.id, most=terms.SESSIONS_LISTED)
    assert clean(lived_in) == 3
    with lived_in.parts.database.read() as db:
        assert past_sessions.ended(db, person.id, most=100) == before
    assert count(lived_in, sessions_table, sessions_table.c.ended_at.is_(None)) == 1


@pytest.mark.parametrize(
    ("after", "gone"), [(terms.SESSIONS_KEPT - TICK, 0), (terms.SESSIONS_KEPT, 1), (terms.SESSIONS_KEPT + TICK, 1)]
)
def test_an_older_session_stays_long_enough_to_be_asked_about(lived_in: House, after: timedelta, gone: int) -> None:
    for number in range(terms.SESSIONS_LISTED + 1):
        row = {"token_hash": f"t{number}", "administrator_id": 1, "device": "", "network": "", "ended_at": START}
        put(lived_in, sessions_table, row | THEN | {"ended_because": EndReason.SIGNED_OUT})
    lived_in.clock.set(START + after)
    assert clean(lived_in) == gone


# --- the outbox: what must not be forgotten


@both_databases
def test_the_last_warnings_stay_until_the_platform_is_renewed_or_gone(lived_in: House) -> None:
    """The purge asks for them, which an open payment or a legal hold may keep waiting for months."""
    morning(lived_in, date(2027, 2, 27))  # E + 1
    assert len(remind(lived_in)) == 1
    lived_in.clock.move(days=200)
    clean(lived_in)
    assert count(lived_in, outbox, outbox.c.name == "term_reminder") == 1
    with lived_in.parts.database.write() as db:
        db.execute(update(platforms).values(deleted_at=lived_in.clock.now()))
    clean(lived_in)
    assert count(lived_in, outbox, outbox.c.name == "term_reminder") == 0


def test_the_reminders_of_a_platform_that_was_renewed_go_with_the_other_mails(house: House) -> None:
    house.platform(1234, ends_in=7)
    house.person("m1234")
    remind(house)
    house.pay(house.order())
    house.work()
    house.clock.move(days=100)
    clean(house)
    assert count(house, outbox, outbox.c.name == "term_reminder") == 0
    assert count(house, notices) == 1


def test_a_notice_whose_mail_was_cleaned_away_is_not_sent_again(house: House) -> None:
    house.platform(1234, ends_in=85)
    house.person("m1234")
    assert len(remind(house)) == 1  # 90 days before, late
    with house.parts.database.write() as db:
        db.execute(outbox.delete())
    assert remind(house) == []


@both_databases
@pytest.mark.parametrize(
    ("outcome", "words"), [("handled", "Everything is switched on."), ("failed", "Our staff see to it")]
)
def test_the_page_of_an_order_goes_on_telling_whether_it_is_switched_on(house: House, outcome: str, words: str) -> None:
    order = house.order(PACK)
    house.pay(order)
    with house.parts.database.write() as db:
        done = {"outcome": outcome, "done_at": house.clock.now()}
        db.execute(update(outbox).where(outbox.c.deduplication_key == switch_key(order.id)).values(done))
    house.clock.move(days=91)
    clean(house)
    anna = house.browser()
    anna.sign_in("m1234")
    assert words in anna.get(f"/orders/{order.id}").text
    assert count(house, outbox, outbox.c.name == switches.SWITCH_ERRAND) == (outcome == "failed")


def test_money_that_is_told_again_after_its_row_is_gone_is_still_the_same_money(house: House) -> None:
    order = house.order()
    house.pay(order)
    house.work()
    with house.parts.database.write() as db:
        db.execute(outbox.delete())
    assert house.pay(order) == "known"
    assert len(house.place().terms) == 2


def test_what_is_still_to_be_done_stays_however_old(lived_in: House) -> None:
    put(lived_in, outbox, EMPTY | {"topic": "mail", "name": "password_set"})
    lived_in.clock.move(days=1000)
    clean(lived_in)
    assert count(lived_in, outbox) == 1


def test_the_row_of_a_mail_is_gone_before_the_number_of_its_link_can_come_again() -> None:
    """SQLite gives the number of a removed row again, and the key of a mail has it."""
    longest = terms.OUTBOX_KEPT + sum(RETRY_AFTER, timedelta()) + timedelta(days=1)
    assert longest < terms.LINKS_KEPT


# --- what is still good stays


def test_a_change_of_address_can_be_undone_as_long_as_its_link_lives(lived_in: House) -> None:
    person, maker = lived_in.administrator("m1234"), lived_in.parts.links
    assert person
    with lived_in.parts.database.write() as db:
        assert changes.ask(db, maker, person, "new@example.com", at=START)
        assert changes.confirm(db, maker, link(lived_in, db, Purpose.EMAIL_CHANGE, START), at=START)
    lived_in.clock.set(START + terms.EMAIL_CHANGE_UNDO - TICK)
    clean(lived_in)
    with lived_in.parts.database.write() as db:
        at = lived_in.clock.now()
        assert changes.undo(db, maker, link(lived_in, db, Purpose.EMAIL_UNDO, at), at=at)


def link(house: House, db: Connection, purpose: Purpose, at: datetime) -> links_.Link:
    link_id = db.execute(select(links.c.id).where(links.c.purpose == purpose)).scalar_one()
    found = house.parts.links.find(db, house.parts.links.token(db, link_id), purpose, at=at)
    assert isinstance(found, links_.Link)
    return found


@pytest.mark.parametrize(("days", "fault"), [(100, Fault.EXPIRED), (130, Fault.BROKEN)])
def test_an_old_mail_still_gets_the_true_reason_for_a_while(lived_in: House, days: int, fault: Fault) -> None:
    person, maker = lived_in.administrator("m1234"), lived_in.parts.links
    assert person
    with lived_in.parts.database.write() as db:
        recovery.send_reset_link(db, maker, person, Purpose.RESET, at=START)
        token = maker.token(db, db.execute(select(links.c.id)).scalar_one())
    lived_in.clock.move(days=days)
    clean(lived_in)
    with lived_in.parts.database.read() as db:
        assert maker.find(db, token, Purpose.RESET, at=lived_in.clock.now()) is fault


def test_a_confirmed_app_stays(lived_in: House) -> None:
    _table, row, _life = LIVES["an app without its first code"]
    put(lived_in, authenticator_apps, row | {"confirmed_at": START})
    lived_in.clock.move(days=1000)
    clean(lived_in)
    assert count(lived_in, authenticator_apps) == 1


def test_a_trial_that_was_confirmed_stays_with_its_platform(lived_in: House) -> None:
    put(lived_in, trial_requests, REQUEST | {"requested_at": START, "confirmed_at": START, "platform_id": 1234})
    lived_in.clock.move(days=1000)
    clean(lived_in)
    assert count(lived_in, trial_requests) == 1


def test_what_was_done_is_never_cleaned_away(lived_in: House) -> None:
    before = count(lived_in, events)
    lived_in.clock.move(days=4000)
    clean(lived_in)
    assert count(lived_in, events) == before > 0


def test_somebody_who_guesses_slowly_is_counted_on(lived_in: House) -> None:
    name, network = "m1234", "198.51.100.0/24"
    for _ in range(3):
        with lived_in.parts.database.write() as db:
            assert counted.claim_sign_in(db, name, network, None, at=lived_in.clock.now())
        lived_in.clock.move(days=300)
        clean(lived_in)
    with lived_in.parts.database.write() as db:
        claim = counted.claim_sign_in(db, name, network, None, at=lived_in.clock.now())
    assert claim
    assert claim.failures == 3


@pytest.mark.parametrize("window", [w for w in vars(rules).values() if isinstance(w, Window)])
def test_no_window_is_longer_than_what_is_remembered_of_it(window: Window) -> None:
    assert window.length < terms.WINDOWS_KEPT


@pytest.mark.parametrize(
    ("record", "kept"), [(Record(), terms.WINDOWS_KEPT), (Record(in_a_row=1), terms.FAILURES_KEPT)]
)
def test_failures_in_a_row_are_remembered_longer_than_what_counts_in_a_window(record: Record, kept: timedelta) -> None:
    assert not rules.may_forget(record, START, START + kept - TICK)
    assert rules.may_forget(record, START, START + kept)
    assert rules.may_forget(record, START, START + kept + TICK)


def test_a_limit_that_cannot_be_read_stays_for_people_to_see(lived_in: House) -> None:
    put(lived_in, limits, {"key": "k", "state": "nonsense"})
    lived_in.clock.move(days=1000)
    clean(lived_in)
    assert count(lived_in, limits) == 1


# --- how


@both_databases
def test_however_many_there_are_they_go_in_slices(lived_in: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "SLICE", 2)
    monkeypatch.setattr(cleaning, "READ_AT_ONCE", 5)
    for number in range(11):
        put(lived_in, drafts, {"administrator_id": 1, "path": f"/{number}", "fields": {}, "saved_at": START})
        put(lived_in, limits, {"key": str(number), "state": "[[],0,0,null,null]"})
    lived_in.clock.move(days=10)
    assert clean(lived_in) == 22
    assert (count(lived_in, drafts), count(lived_in, limits)) == (0, 0)


@both_databases
def test_workers_that_clean_at_once_do_not_hinder_each_other(lived_in: House) -> None:
    from portal.jobs.night import Night

    for number in range(50):
        put(lived_in, drafts, {"administrator_id": 1, "path": f"/{number}", "fields": {}, "saved_at": START})
        put(lived_in, links, LINK | {"purpose": Purpose.RESET, "expires_at": START})
    lived_in.clock.move(days=200)
    night = Night(lived_in.parts, today(lived_in), lived_in.clock.now())
    tallies = together(lambda _: cleaning.clean(night), 3)
    assert sum(tally.done for tally in tallies) == 100
    assert not any(tally.failed for tally in tallies)


def test_wherever_the_power_is_cut_the_next_run_does_the_rest(lived_in: House) -> None:
    for what in LIVES:
        table, row, _life = LIVES[what]
        if what not in ("failures in a row", "an address that was changed"):
            put(lived_in, table, row)
    lived_in.clock.move(days=1000)
    with powered(lived_in) as power:
        fuse = 0
        while not cut(power, lambda: work(lived_in, "cleaning"), fuse):
            lived_in.clock.move(minutes=10)
            fuse += 1
    assert fuse > 10
    assert clean(lived_in) == 0
    assert all(count(lived_in, broom.table) == 0 for broom in BROOMS if broom.table not in (sessions_table, nights))


def test_the_record_of_the_nights_is_kept_for_more_than_a_year(lived_in: House) -> None:
    first = today(lived_in)
    clean(lived_in)
    morning(lived_in, first + timedelta(days=terms.NIGHTS_KEPT))
    clean(lived_in)
    assert count(lived_in, nights, nights.c.day == first) == 1
    morning(lived_in, first + timedelta(days=terms.NIGHTS_KEPT + 1))
    clean(lived_in)
    assert count(lived_in, nights, nights.c.day == first) == 0


# --- every table has its time, or a reason to stay

STAYS = {
    "platforms": "its number is never given again",
    "administrators": "until the purge: their names are never given again",
    "events": "what was done is shown to the customer, and sealed into a chain",
    "event_chain": "the end of the chain",
    "invoices": "kept by law",
    "invoice_numbers": "no number is given twice",
    "orders": "shown to the customer; until the purge",
    "payments": "the same reference twice is the same money",
    "staff_tasks": "what was done about money",
    "terms": "the history of the subscription; until the purge",
    "seat_grants": "the history of the seats; until the purge",
    "seat_reductions": "what was picked, and that it was done; until the purge",
    "blocks": "the history of the platform; until the purge",
    "grace_extensions": "the exceptions that were made; until the purge",
    "notices": "a key is written once: no notice leaves twice",
    "exports": "portal/jobs/export.py takes the files; the rows limit how many may be asked for",
    "purges": "the certificate of what was deleted",
    "lots": "shown to the customer; until the purge",
    "movements": "the ledger; until the purge",
    "contacts": "until the customer or the purge takes them off",
    "billing_profiles": "until the customer or the purge takes them off",
    "payment_methods": "until the customer or the purge takes them off",
    "searched_names": "as long as the name that they are made of, or until the purge",
    "passkeys": "until the person takes them off",
    "recovery_codes": "a new set replaces them; used ones count against the set",
    "factor_removals": "what staff asked for; until the purge",
}


def test_every_table_has_its_time_or_a_reason_to_stay() -> None:
    import portal.factory  # noqa: F401 - which knows every table

    swept = {broom.table.name for broom in BROOMS} | {limits.name}
    desk = {table.name for table in vars(staff).values() if isinstance(table, Table)}  # of our own people, not theirs
    every = {table.name for table in metadata.sorted_tables}
    missing = every - desk - swept - set(STAYS)
    assert not missing, f"give the rows of {missing} a time in portal/jobs/cleaning.py, or a reason in STAYS"
    assert not swept & set(STAYS)
    assert set(STAYS) <= every


def test_nothing_that_is_swept_is_pointed_to_but_by_what_goes_before_it() -> None:
    order = [broom.table for broom in BROOMS]
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table in order:
                assert table in order, f"{table.name} points to {key.column.table.name}, whose rows are swept"
                assert order.index(table) < order.index(key.column.table)
