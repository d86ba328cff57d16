"""The chain of events: whole as it was sealed, and broken by whatever is done to a row afterwards."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, text, update

from portal.kit import audit, chain
from portal.kit.audit import chain as end
from portal.kit.audit import events
from portal.kit.chain import Broken, Fault, Intact
from portal.kit.db import Database
from tests.conftest import both_databases
from tests.helpers import databases
from tests.helpers.together import together

NOON = datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)
NUMBER = 6


def write(database: Database, number: int, start: int = 0) -> None:
    with database.write() as db:
        for n in range(start, start + number):
            at = NOON + timedelta(microseconds=n)
            audit.record(db, f"test.{n}", at=at, platform_id=n % 2 or None, network="198.51.100.0/24", z=n, a="è\x00")


def seal(database: Database) -> int:
    with database.write() as db:
        return chain.seal(db)


def verdict(database: Database) -> Intact | Broken:
    with database.read() as db:
        return chain.verify(db)


def count(database: Database) -> int:
    found = verdict(database)
    assert isinstance(found, Intact)
    return found.count


@both_databases
def test_a_chain_is_intact_as_it_grows(database: Database) -> None:
    assert verdict(database) == Intact(0, 0, chain.BEGINNING)
    for number in (1, 3, 0, 2):
        before = count(database)
        write(database, number, before)
        assert count(database) == before, "what is not sealed is not counted"
        assert seal(database) == number
        assert count(database) == before + number


@both_databases
def test_more_than_a_slice_is_sealed_and_walked_in_slices(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as db:
        db.execute(insert(events), [{"at": NOON, "tag": "test.done", "details": {"n": n}} for n in range(1001)])
    assert [seal(database) for _ in range(4)] == [500, 500, 1, 0]
    assert count(database) == 1001


@both_databases
def test_four_workers_at_once_make_one_chain(database: Database) -> None:
    write(database, 700)
    assert sorted(together(lambda _: seal(database), 4)) == [0, 0, 200, 500]
    assert count(database) == 700


@both_databases
def test_events_written_and_read_while_others_seal_keep_it_whole(database: Database) -> None:
    def work(number: int) -> None:
        for turn in range(8):
            if number < 2:
                write(database, 3, 100 * number + turn)
            seal(database)
            assert isinstance(verdict(database), Intact)

    together(work, 4)
    seal(database)
    assert count(database) == 48


def test_the_order_of_the_chain_is_that_of_sealing(database: Database) -> None:
    with database.write() as db:
        db.execute(insert(events), [{"id": 9, "at": NOON, "tag": "test.early", "details": {}}])
    seal(database)
    with database.write() as db:
        db.execute(insert(events), [{"id": 3, "at": NOON, "tag": "test.late", "details": {}}])  # its commit came later
    seal(database)
    with database.read() as db:
        found = db.execute(select(events.c.sequence, events.c.id).order_by(events.c.sequence)).all()
    assert [tuple(row) for row in found] == [(1, 9), (2, 3)]
    assert count(database) == 2


# --- what was done to it ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Six sealed events, for many examples: what one does to them is undone with its transaction."""
    folder: Path = tmp_path_factory.mktemp("chain")
    with databases.sqlite(folder) as url:
        database = Database(url)
        write(database, NUMBER)
        assert seal(database) == NUMBER
        yield database
        database.close()


def after(database: Database, act: Callable[[Connection], Any]) -> Intact | Broken:
    """What is found once the act is done; nothing of it stays."""
    with database.writer.connect() as db:
        transaction = db.begin()
        try:
            act(db)
            return chain.verify(db)
        finally:
            transaction.rollback()


def changed(place: int, **values: Any) -> Callable[[Connection], Any]:
    return lambda db: db.execute(update(events).where(events.c.sequence == place).values(**values))


def erase(db: Connection, *, most: int = NUMBER) -> list[str]:
    return chain.erase(db, 1, most=most)


PLACES = st.integers(1, NUMBER)
NUMBERS = st.one_of(st.none(), st.integers(1_000, 2_000_000_000))
CHANGES = st.one_of(
    st.fixed_dictionaries({"at": st.integers(1, 10**15).map(lambda n: NOON - timedelta(microseconds=n))}),
    st.fixed_dictionaries({"tag": st.text("abc.", min_size=1, max_size=9)}),
    st.fixed_dictionaries({"platform_id": st.integers(1_000, 2_000_000_000)}),
    st.fixed_dictionaries({"administrator_id": st.integers(1, 2_000_000_000)}),
    st.fixed_dictionaries({"network": st.one_of(st.none(), st.text("0123456789./", max_size=9))}),
    st.fixed_dictionaries({"details": st.dictionaries(st.text("az", max_size=2), st.one_of(NUMBERS, st.text()))}),
    st.fixed_dictionaries({"seal": st.one_of(st.none(), st.text("0123456789abcdef", min_size=64, max_size=64))}),
    st.fixed_dictionaries({"id": st.integers(1_000, 2_000_000_000)}),
    st.fixed_dictionaries({"salt": st.one_of(st.none(), st.text("0123456789abcdef", min_size=32, max_size=32))}),
    st.fixed_dictionaries({"digest": st.one_of(st.none(), st.text("0123456789abcdef", min_size=64, max_size=64))}),
)


@given(place=PLACES, change=CHANGES)
def test_any_change_of_a_row_is_found_where_it_is(sealed: Database, place: int, change: dict[str, Any]) -> None:
    assert after(sealed, changed(place, **change)) == Broken(place, Fault.CHANGED)


@given(place=PLACES, to=st.one_of(st.none(), st.integers(-3, 0), st.integers(NUMBER + 1, 2_000_000_000)))
def test_a_row_taken_out_of_its_place_is_found(sealed: Database, place: int, to: int | None) -> None:
    assert after(sealed, changed(place, sequence=to)) == Broken(place, Fault.MISSING)


@given(place=PLACES)
def test_a_removed_row_is_found_the_last_one_too(sealed: Database, place: int) -> None:
    act = delete(events).where(events.c.sequence == place)
    assert after(sealed, lambda db: db.execute(act)) == Broken(place, Fault.MISSING)


@given(first=PLACES)
def test_a_cut_off_end_is_found_with_and_without_a_new_end(sealed: Database, first: int) -> None:
    def cut(db: Connection) -> None:
        db.execute(delete(events).where(events.c.sequence >= first))

    def cut_and_move(db: Connection) -> None:
        cut(db)
        db.execute(update(end).values(sequence=first - 1))

    assert after(sealed, cut) == Broken(first, Fault.MISSING)
    assert after(sealed, cut_and_move) == Broken(first - 1, Fault.END)


@given(one=PLACES, other=PLACES)
def test_two_rows_that_swapped_their_places_are_found(sealed: Database, one: int, other: int) -> None:
    def swap(db: Connection) -> None:
        seals = dict(db.execute(select(events.c.sequence, events.c.seal)).tuples().all())
        for source, target in ((one, -1), (other, one), (-1, other)):
            db.execute(update(events).where(events.c.sequence == source).values(sequence=target))
        for place in (one, other):  # the seals stay where they were: each row says of itself that it is in order
            db.execute(update(events).where(events.c.sequence == place).values(seal=seals[place]))

    found = after(sealed, swap)
    assert isinstance(found, Intact) if one == other else found == Broken(min(one, other), Fault.CHANGED)


@pytest.mark.parametrize(("place", "told"), [(0, 0), (-1, -1), (NUMBER + 1, NUMBER + 1), (NUMBER + 5, NUMBER + 5)])
def test_a_row_beyond_either_end_is_found(sealed: Database, place: int, told: int) -> None:
    row = {"at": NOON, "tag": "test.forged", "details": {}, "sequence": place, "seal": "f" * 64}
    assert after(sealed, lambda db: db.execute(insert(events).values(row))) == Broken(told, Fault.INSERTED)


def test_an_inserted_row_that_moves_the_others_up_is_found(sealed: Database) -> None:
    def push(db: Connection) -> None:
        for place in range(NUMBER, 2, -1):
            db.execute(update(events).where(events.c.sequence == place).values(sequence=place + 1))
        db.execute(insert(events).values(at=NOON, tag="test.forged", details={}, sequence=3, seal="f" * 64))
        db.execute(update(end).values(sequence=NUMBER + 1))

    assert after(sealed, push) == Broken(3, Fault.CHANGED)


@pytest.mark.parametrize(
    "spoil",
    [
        text("UPDATE events SET details = 'no JSON' WHERE sequence = 4"),
        text("UPDATE events SET at = 'no instant' WHERE sequence = 4"),
        text("UPDATE events SET at = 9223372036854775807 WHERE sequence = 4"),  # beyond any calendar
    ],
)
def test_a_row_that_cannot_be_read_any_more_is_found_where_it_is(sealed: Database, spoil: Any) -> None:
    assert after(sealed, lambda db: db.execute(spoil)) == Broken(4, Fault.CHANGED)


@pytest.mark.parametrize(
    ("act", "broken"),
    [
        (delete(end), Broken(1, Fault.INSERTED)),
        (update(end).values(seal="0" * 64), Broken(NUMBER, Fault.END)),
        (update(end).values(sequence=NUMBER + 1), Broken(NUMBER + 1, Fault.MISSING)),
        (update(end).values(sequence=NUMBER - 1), Broken(NUMBER - 1, Fault.END)),
    ],
)
def test_an_end_that_was_touched_is_found(sealed: Database, act: Any, broken: Broken) -> None:
    assert after(sealed, lambda db: db.execute(act)) == broken


# --- erased with its platform ----------------------------------------------------------------------------------------


@both_databases
def test_a_chain_holds_though_the_events_of_a_platform_are_erased(database: Database) -> None:
    write(database, NUMBER)
    seal(database)
    with database.write() as db:
        erased = [*erase(db, most=2), *erase(db, most=2), *erase(db)]
    with database.read() as db:
        rows = db.execute(select(events).order_by(events.c.id)).all()
    assert [row.digest for row in rows if row.tag == chain.ERASED] == erased
    assert [row.tag for row in rows] == ["test.0", "erased", "test.2", "erased", "test.4", "erased"]
    assert verdict(database) == Intact(NUMBER, 3, rows[-1].seal)


def test_nothing_of_an_erased_event_can_be_read_or_guessed(sealed: Database) -> None:
    with sealed.writer.connect() as db:
        transaction = db.begin()
        erase(db)
        row = db.execute(select(events).where(events.c.tag == chain.ERASED)).mappings().first()
        transaction.rollback()
    assert row is not None
    kept = {name for name, value in row.items() if value not in (None, {})}
    assert kept == {"id", "at", "tag", "sequence", "seal", "digest"}, (
        "the digest is of facts and of a salt that is gone"
    )


def test_what_is_not_sealed_yet_is_not_erased(database: Database) -> None:
    write(database, NUMBER)
    with database.write() as db:
        assert erase(db) == []
    seal(database)
    with database.write() as db:
        assert len(erase(db)) == 3


@given(place=st.sampled_from((2, 4, 6)), change=CHANGES)
def test_what_was_erased_cannot_be_given_other_facts(sealed: Database, place: int, change: dict[str, Any]) -> None:
    def forge(db: Connection) -> None:
        erase(db)
        db.execute(update(events).where(events.c.sequence == place).values(**change))

    harmless = change.keys() <= {"at", "id"} or change in ({"network": None}, {"details": {}}, {"salt": None})
    found = after(sealed, forge)
    assert isinstance(found, Intact) if harmless else found == Broken(place, Fault.CHANGED)
