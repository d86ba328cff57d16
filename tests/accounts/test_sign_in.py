"""Proving a password: one class of refusal, exactly so many guesses, and no way past a change in between."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from portal.accounts import administrators, devices, limits, queries, sign_in
from portal.accounts.alarms import TROUBLE_TASK
from portal.accounts.queries import Administrator
from portal.accounts.sign_in import Attempt, Proven, Refused
from portal.accounts.tables import administrators as people
from portal.kit import outbox, throttle
from portal.kit.hashing import Busy, Hasher, Turn, Verdict
from portal.rules import terms
from tests.conftest import both_databases
from tests.helpers import known_devices
from tests.helpers.house import PASSWORD, House
from tests.helpers.together import together

HERE, THERE = "198.51.100.0/24", "203.0.113.0/24"
WRONG = "a sentence that is wrong"


def prove(house: House, username: str = "m1234", password: str = PASSWORD, **facts: Any) -> Proven | Refused:
    where = facts.pop("network", HERE), house.clock.now(), facts.pop("device", "")
    attempt = Attempt(username, password, *where)
    return sign_in.prove(house.parts.database, facts.pop("hasher", house.parts.hasher), attempt, **facts)


def fail(house: House, times: int, **facts: Any) -> None:
    for _ in range(times):
        assert isinstance(prove(house, password=WRONG, **facts), Refused)


def stored_hash(house: House, person: Administrator) -> str | None:
    with house.parts.database.read() as db:
        return db.execute(select(people.c.password_hash).where(people.c.id == person.id)).scalar_one()


def change(house: House, person: Administrator, **values: Any) -> None:
    with house.parts.database.write() as db:
        db.execute(update(people).where(people.c.id == person.id).values(values))


@dataclass
class Watched:
    """A hasher that tells how often a password was really compared, and what happened between look and answer."""

    hasher: Hasher
    meanwhile: Callable[[], None] = lambda: None
    compared: int = 0
    against_nobody: int = 0

    def turn(self) -> Any:
        watched, context = self, self.hasher.turn()

        class Turning:
            def __enter__(self) -> Any:
                self.turn: Turn = context.__enter__()
                return self

            def __exit__(self, *error: Any) -> Any:
                return context.__exit__(*error)

            def hash(self, password: str) -> str:
                return self.turn.hash(password)

            def verify(self, stored: str | None, password: str) -> Verdict:
                if stored is None:
                    watched.against_nobody += 1
                else:
                    watched.compared += 1
                verdict = self.turn.verify(stored, password)
                watched.meanwhile()
                return verdict

        return Turning()


@both_databases
def test_the_right_password_proves_the_person(house: House) -> None:
    person = house.person("m1234")
    found = prove(house, " M1234 ")
    assert isinstance(found, Proven)
    assert found.administrator == person
    assert not found.must_reset


@both_databases
def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(house: House) -> None:
    house.person("m1234")
    house.person("m2000", password=None)
    disabled = house.person("m3000")
    with house.parts.database.write() as db:
        administrators.disable(db, disabled, at=house.clock.now())
    wrong = [
        ("m1234", WRONG),
        ("m1234", ""),
        ("m1234", PASSWORD.upper()),
        ("m1234", "\ud800" * 20),
        ("m1234", "x" * 100_000),
        ("m2000", PASSWORD),
        ("m2000", ""),
        ("m3000", PASSWORD),
        ("m4000", PASSWORD),
        ("m01234", PASSWORD),
        ("m1234-", PASSWORD),
        ("m\u0661\u0662", PASSWORD),
        ("\x00", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("", ""),
    ]
    for number, (username, password) in enumerate(wrong):
        watched = Watched(house.parts.hasher)
        found = prove(house, username, password, hasher=watched, network=str(number))
        assert type(found) is Refused, (username[:20], password[:20])
        assert watched.compared + watched.against_nobody == 1, username[:20]


@both_databases
def test_a_throttled_attempt_costs_a_hash_too_and_never_looks_at_the_real_one(house: House) -> None:
    house.person("m1234")
    fail(house, terms.SIGN_IN_FAILURES)
    watched = Watched(house.parts.hasher)
    assert type(prove(house, hasher=watched)) is Refused
    assert (watched.compared, watched.against_nobody) == (0, 1)


@both_databases
def test_of_many_simultaneous_guesses_exactly_the_allowed_number_is_evaluated(house: House) -> None:
    house.person("m1234")
    patient = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=12)
    watched = Watched(patient)
    together(lambda _: prove(house, password=WRONG, hasher=watched), 12)
    assert watched.compared == terms.SIGN_IN_FAILURES
    assert watched.against_nobody == 12 - terms.SIGN_IN_FAILURES


@both_databases
def test_simultaneous_right_passwords_never_wait_for_each_other_for_ever(house: House) -> None:
    """Counting and taking back touch the same two rows: in two orders they would block each other."""
    house.person("m1234")
    patient = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=4)
    for _ in range(5):
        found = together(lambda _: prove(house, hasher=patient), 4)
        assert all(isinstance(one, Proven) for one in found)


@both_databases
def test_the_right_password_takes_the_attempt_back(house: House) -> None:
    house.person("m1234")
    for _ in range(terms.SIGN_IN_NETWORK_FAILURES + 1):
        assert isinstance(prove(house), Proven)
    fail(house, terms.SIGN_IN_FAILURES - 1)
    assert isinstance(prove(house), Proven)
    fail(house, terms.SIGN_IN_FAILURES - 1)
    assert isinstance(prove(house), Proven)


def test_a_right_password_that_came_to_nothing_stays_counted(house: House) -> None:
    """Judged, and then whatever it was to open failed: the attempt was counted before, and nobody took it back."""
    house.person("m1234")
    attempt = Attempt("m1234", PASSWORD, HERE, house.clock.now())
    for _ in range(terms.SIGN_IN_FAILURES):
        assert isinstance(sign_in.judge(house.parts.database, house.parts.hasher, attempt), Proven)
    assert isinstance(prove(house), Refused)


def test_a_throttled_attempt_is_no_failure_of_its_network(house: House) -> None:
    house.person("m1234")
    house.person("m2000")
    fail(house, terms.SIGN_IN_FAILURES + terms.SIGN_IN_NETWORK_FAILURES)
    assert isinstance(prove(house, "m2000"), Proven)


@pytest.mark.parametrize(("waited", "opens"), [(29.999999, False), (30, True)])
def test_after_five_failures_the_wait_lasts_thirty_seconds(house: House, waited: float, opens: bool) -> None:
    house.person("m1234")
    fail(house, terms.SIGN_IN_FAILURES)
    house.clock.move(seconds=waited)
    assert isinstance(prove(house), Proven) is opens


def test_the_wait_of_a_name_holds_from_everywhere(house: House) -> None:
    house.person("m1234")
    fail(house, terms.SIGN_IN_FAILURES, network=HERE)
    assert isinstance(prove(house, network=THERE), Refused)


def test_the_case_of_a_name_is_no_way_around_the_wait(house: House) -> None:
    house.person("m1234")
    for name in ("m1234", "M1234", " m1234", "M1234 ", "m1234\t"):
        assert isinstance(prove(house, name, WRONG), Refused)
    assert isinstance(prove(house), Refused)


def test_twenty_failures_of_a_network_close_it_for_every_name(house: House) -> None:
    house.person("m1234")
    for number in range(terms.SIGN_IN_NETWORK_FAILURES):
        assert isinstance(prove(house, f"m{5000 + number}"), Refused)
    assert isinstance(prove(house), Refused)
    assert isinstance(prove(house, network=THERE), Proven)
    house.clock.move(minutes=5)
    assert isinstance(prove(house), Proven)


def test_names_that_nobody_has_are_counted_like_others(house: House) -> None:
    """The same rows are written, so that neither time nor limit tells who exists."""
    house.person("m1234")
    counts = []
    for name in ("m1234", "m4321", "not a name"):
        prove(house, name, WRONG, network=name)
        with house.parts.database.read() as db:
            counts.append(len(db.execute(select(throttle.limits)).all()))
    assert counts == [2, 4, 6]


def test_without_throttle_nothing_is_counted(house: House) -> None:
    house.person("m1234")
    fail(house, 10, throttled=False)
    assert isinstance(prove(house, throttled=False), Proven)
    with house.parts.database.read() as db:
        assert db.execute(select(throttle.limits)).all() == []


def test_a_hundred_failures_in_a_row_need_a_reset(house: House) -> None:
    person = house.person("m1234")
    for number in range(terms.FORCED_RESET_FAILURES):
        fail(house, 1, network=str(number))
        house.clock.move(hours=2)
    assert isinstance(prove(house), Refused)
    house.clock.move(days=400)
    assert isinstance(prove(house), Refused)
    with house.parts.database.write() as db:
        limits.clear_sign_in(db, person.username)
    assert isinstance(prove(house), Proven)


def test_when_every_place_is_taken_nothing_is_counted(house: House) -> None:
    house.person("m1234")
    full = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=1)
    with full.turn(), pytest.raises(Busy):
        prove(house, password=WRONG, hasher=full)
    with house.parts.database.read() as db:
        assert db.execute(select(throttle.limits)).all() == []


@both_databases
def test_a_hash_of_earlier_parameters_is_made_anew_at_sign_in(house: House) -> None:
    person = house.person("m1234")
    before = stored_hash(house, person)
    stronger = Hasher(memory=2048, time_cost=1, parallelism=1, simultaneous=1)
    found = prove(house, hasher=stronger)
    after = stored_hash(house, person)
    assert isinstance(found, Proven)
    assert found.password_hash == after != before
    assert "m=2048" in str(after)
    assert isinstance(prove(house, hasher=stronger), Proven)
    assert stored_hash(house, person) == after


def test_a_wrong_password_makes_no_hash_anew(house: House) -> None:
    person = house.person("m1234")
    before = stored_hash(house, person)
    fail(house, 1, hasher=Hasher(memory=2048, time_cost=1, parallelism=1, simultaneous=1))
    assert stored_hash(house, person) == before


@both_databases
def test_a_password_that_changes_while_it_is_compared_lets_nobody_in(house: House) -> None:
    person = house.person("m1234")
    watched = Watched(house.parts.hasher, lambda: change(house, person, password_hash="another"))
    assert isinstance(prove(house, hasher=watched), Refused)
    assert stored_hash(house, person) == "another"


def test_a_password_that_changes_meanwhile_is_not_overwritten_by_a_fresh_hash(house: House) -> None:
    person = house.person("m1234")
    stronger = Hasher(memory=2048, time_cost=1, parallelism=1, simultaneous=1)
    watched = Watched(stronger, lambda: change(house, person, password_hash="another"))
    assert isinstance(prove(house, hasher=watched), Refused)
    assert stored_hash(house, person) == "another"


def test_a_person_who_is_disabled_meanwhile_does_not_come_in(house: House) -> None:
    person = house.person("m1234")
    watched = Watched(house.parts.hasher, lambda: change(house, person, disabled_at=house.clock.now()))
    assert isinstance(prove(house, hasher=watched), Refused)


def test_a_right_password_that_is_refused_in_the_end_stays_counted(house: House) -> None:
    person = house.person("m1234")
    old = stored_hash(house, person)
    for _ in range(terms.SIGN_IN_FAILURES):
        change(house, person, password_hash=old)
        prove(house, hasher=Watched(house.parts.hasher, lambda: change(house, person, password_hash="another")))
    change(house, person, password_hash=old)
    assert isinstance(prove(house), Refused)


def test_a_password_that_must_be_new_is_proven_and_says_so(house: House) -> None:
    person = house.person("m1234")
    change(house, person, must_reset=True)
    found = prove(house)
    assert isinstance(found, Proven)
    assert found.must_reset


def test_a_password_is_compared_in_its_composed_form(house: House) -> None:
    house.person("m1234", password="perch\u00e9 no, una frase breve")
    assert isinstance(prove(house, password="perche\u0301 no, una frase breve"), Proven)


@both_databases
def test_whether_a_proof_still_holds(house: House) -> None:
    person = house.person("m1234")
    stored = stored_hash(house, person)
    with house.parts.database.write() as db:
        assert sign_in.unchanged(db, person.id, stored)
        assert not sign_in.unchanged(db, person.id, None)
        assert not sign_in.unchanged(db, person.id, "another")
        assert not sign_in.unchanged(db, person.id + 1, stored)
    change(house, person, disabled_at=house.clock.now() - timedelta(days=1))
    with house.parts.database.write() as db:
        assert not sign_in.unchanged(db, person.id, stored)


def test_a_stored_limit_that_cannot_be_read_lets_nobody_in(house: House) -> None:
    house.person("m1234")
    prove(house, password=WRONG)
    with house.parts.database.write() as db:
        db.execute(update(throttle.limits).values(state="not a record"))
    with pytest.raises(ValueError, match="record"):
        prove(house)


def test_the_person_of_a_credential_is_found_by_the_folded_name_only(house: House) -> None:
    house.person("m1234")
    with house.parts.database.read() as db:
        assert queries.find_credential(db, "m1234") is not None
        assert queries.find_credential(db, "M1234") is None
        assert queries.find_credential(db, "") is None


# --- known devices ---------------------------------------------------------------------------------------------------


def known(house: House, username: str = "m1234", token: str = "") -> str:
    """The person has come in from a browser (the one that has the token); returns its token."""
    person = house.administrator(username) or house.person(username)
    with house.parts.database.write() as db:
        queries.lock_administrator(db, person.id)
        return devices.remember(db, person, token, "Firefox · Linux", at=house.clock.now()).token


def is_known(house: House, token: str, username: str = "m1234") -> bool:
    with house.parts.database.write() as db:
        return known_devices.is_known(db, username, token, at=house.clock.now())


def set_failures(house: House, number: int) -> None:
    """As if every record knew of so many failures in a row, the last of them long ago."""
    with house.parts.database.write() as db:
        db.execute(update(throttle.limits).values(state=f"[[],{number},0,null,null]"))


@both_databases
def test_strangers_who_have_locked_the_name_do_not_lock_out_its_owner(house: House) -> None:
    mine = known(house)
    fail(house, terms.SIGN_IN_FAILURES, network=THERE)
    assert isinstance(prove(house), Refused)
    assert isinstance(prove(house, device=mine), Proven)


@both_databases
def test_strangers_of_the_same_network_do_not_lock_out_whoever_has_been_here_before(house: House) -> None:
    mine = known(house)
    for number in range(terms.SIGN_IN_NETWORK_FAILURES):
        prove(house, f"m{5000 + number}")
    assert isinstance(prove(house), Refused)
    assert isinstance(prove(house, device=mine), Proven)


def test_a_hundred_failures_of_strangers_force_no_reset_on_a_known_device(house: House) -> None:
    mine = known(house)
    fail(house, 1, network=THERE)
    set_failures(house, terms.FORCED_RESET_FAILURES)
    assert isinstance(prove(house), Refused)
    assert isinstance(prove(house, device=mine), Proven)


@both_databases
def test_the_visits_of_the_owner_give_strangers_no_new_guesses(house: House) -> None:
    mine, watched = known(house), Watched(house.parts.hasher)
    for _ in range(3 * terms.SIGN_IN_FAILURES):
        prove(house, password=WRONG, network=THERE, hasher=watched)
        assert isinstance(prove(house, device=mine), Proven)
    assert watched.compared == terms.SIGN_IN_FAILURES


@both_databases
def test_of_many_simultaneous_guesses_from_a_known_device_exactly_the_allowed_number_is_evaluated(house: House) -> None:
    mine = known(house)
    watched = Watched(Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=12))
    together(lambda number: prove(house, password=WRONG, hasher=watched, device=mine, network=str(number)), 12)
    assert watched.compared == terms.SIGN_IN_FAILURES
    assert watched.against_nobody == 12 - terms.SIGN_IN_FAILURES


@both_databases
def test_simultaneous_right_passwords_from_a_known_device_never_wait_for_each_other_for_ever(house: House) -> None:
    mine, patient = known(house), Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=6)
    for _ in range(3):
        found = together(lambda number: prove(house, hasher=patient, device=mine if number % 2 else ""), 6)
        assert all(isinstance(one, Proven) for one in found)


@pytest.mark.parametrize(("waited", "opens"), [(29.999999, False), (30, True)])
def test_a_known_device_waits_as_long_as_a_stranger(house: House, waited: float, opens: bool) -> None:
    mine = known(house)
    fail(house, terms.SIGN_IN_FAILURES, device=mine)
    house.clock.move(seconds=waited)
    assert isinstance(prove(house, device=mine), Proven) is opens


def test_failures_of_a_known_device_count_for_nobody_else(house: House) -> None:
    mine, other = known(house), known(house)
    fail(house, terms.SIGN_IN_FAILURES, device=mine)
    assert isinstance(prove(house, device=mine), Refused)
    assert isinstance(prove(house, device=other), Proven)
    for _ in range(2):
        assert isinstance(prove(house), Proven)


def test_the_right_password_from_a_known_device_clears_its_own_record(house: House) -> None:
    mine = known(house)
    for _ in range(3):
        fail(house, terms.SIGN_IN_FAILURES - 1, device=mine)
        assert isinstance(prove(house, device=mine), Proven)


def test_a_known_device_is_known_to_its_own_people_only(house: House) -> None:
    house.person("m2000")
    mine = known(house)
    fail(house, terms.SIGN_IN_FAILURES, username="m2000")
    for token in (mine, mine[:-1], "", "x" * 100_000, "\ud800", "\x00"):
        assert isinstance(prove(house, "m2000", device=token), Refused), token[:20]


def test_two_people_who_share_a_browser_have_a_budget_each(house: House) -> None:
    shared = known(house, "m2000", token=known(house))
    fail(house, terms.SIGN_IN_FAILURES, device=shared)
    assert isinstance(prove(house, device=shared), Refused)
    assert isinstance(prove(house, "m2000", device=shared), Proven)


@both_databases
def test_after_a_hundred_failures_in_a_row_a_device_is_forgotten_and_nobody_needs_a_reset(house: House) -> None:
    mine = known(house)
    fail(house, 1, device=mine)
    set_failures(house, terms.FORCED_RESET_FAILURES - 2)
    fail(house, 1, device=mine)
    assert is_known(house, mine)
    fail(house, 1, device=mine)
    assert not is_known(house, mine)
    assert isinstance(prove(house, device=mine), Proven)  # as a stranger


def test_the_hundredth_attempt_from_a_known_device_may_be_the_right_one(house: House) -> None:
    mine = known(house)
    fail(house, 1, device=mine)
    set_failures(house, terms.FORCED_RESET_FAILURES - 1)
    found = prove(house, device=mine)
    assert isinstance(found, Proven)
    assert found.failures == terms.FORCED_RESET_FAILURES - 1


@both_databases
def test_forgetting_a_device_gives_simultaneous_guesses_those_of_a_stranger_and_no_more(house: House) -> None:
    mine = known(house)
    fail(house, 1, device=mine)
    set_failures(house, terms.FORCED_RESET_FAILURES - 1)
    watched = Watched(Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=12))
    together(lambda number: prove(house, password=WRONG, hasher=watched, device=mine, network=str(number)), 12)
    assert watched.compared == 1 + terms.SIGN_IN_FAILURES


@both_databases
def test_whoever_guesses_from_a_device_that_is_being_forgotten_counts_as_a_stranger(house: House) -> None:
    mine = known(house)
    person = house.administrator("m1234")
    assert person is not None
    guessing = threading.Thread(target=fail, args=(house, 1), kwargs={"device": mine})
    with house.parts.database.write() as db:
        devices.forget(db, person)
        guessing.start()
        time.sleep(0.3)  # enough to get as far as it can
    guessing.join()
    fail(house, terms.SIGN_IN_FAILURES - 1)
    assert isinstance(prove(house), Refused)


def test_a_reset_lifts_the_waits_of_known_devices_too(house: House) -> None:
    mine = known(house)
    fail(house, terms.SIGN_IN_FAILURES, device=mine)
    with house.parts.database.write() as db:
        limits.clear_sign_in(db, "m1234")
    assert isinstance(prove(house, device=mine), Proven)


def test_a_device_that_was_forgotten_leaves_no_wait_to_the_next_one(house: House) -> None:
    """SQLite gives the number of the newest row again when it is gone."""
    mine = known(house)
    fail(house, terms.SIGN_IN_FAILURES, device=mine)
    person = house.administrator("m1234")
    assert person is not None
    with house.parts.database.write() as db:
        devices.forget(db, person)
    again = known(house)
    assert isinstance(prove(house, device=again), Proven)


def work(house: House, username: str, device: str) -> tuple[list[str], int]:
    """(what is asked of the database by a wrong password, without the values; how many rows limits have after it)."""
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    engines = (house.parts.database.writer, house.parts.database.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    assert isinstance(prove(house, username, WRONG, device=device), Refused)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", listen)
    with house.parts.database.write() as db:
        rows = len(db.execute(select(throttle.limits)).all())
        db.execute(throttle.limits.delete())
    return said, rows


@both_databases
def test_the_work_tells_neither_who_exists_nor_which_device_is_known(house: House) -> None:
    mine, others = known(house), known(house, "m2000")
    asked = [work(house, name, token) for name in ("m1234", "m4321", "no name") for token in ("", mine, others, "x")]
    assert len(asked[0][0]) >= 3
    assert asked[0][1] == 2
    assert all(one == asked[0] for one in asked)


@both_databases
def test_a_throttled_attempt_costs_the_same_for_everybody_too(house: House) -> None:
    mine = known(house)
    costs = []
    for name, token in (("m1234", ""), ("m4321", ""), ("m1234", mine), ("m4321", mine)):
        fail(house, terms.SIGN_IN_FAILURES, username=name, device=token)
        costs.append(work(house, name, token))
    assert all(one == costs[0] for one in costs)


# --- what the owner hears --------------------------------------------------------------------------------------------


def tasks(house: House) -> list[dict[str, Any]]:
    with house.parts.database.read() as db:
        asked = select(outbox.outbox.c.payload).where(outbox.outbox.c.name == TROUBLE_TASK)
        return list(db.execute(asked.order_by(outbox.outbox.c.id)).scalars())


def guess(house: House, waits: int, **facts: Any) -> None:
    """Fail as often as opens so many waits in a row, each sat out but the last."""
    fail(house, terms.SIGN_IN_FAILURES, **facts)
    for _ in range(waits - 1):
        house.clock.move(minutes=15)
        fail(house, 1, **facts)


@pytest.mark.parametrize("username", ["m1234", "m4321"])
def test_the_failure_that_opens_the_longest_wait_leaves_a_task_for_whatever_name(house: House, username: str) -> None:
    house.person("m1234")
    guess(house, 5, username=username)
    assert tasks(house) == []
    house.clock.move(minutes=15)
    fail(house, 1, username=username)
    (task,) = tasks(house)
    assert task == {"username": username, "at": house.clock.now().isoformat()}


def test_nothing_that_was_typed_in_place_of_a_name_is_kept(house: House) -> None:
    guess(house, 6, username="my secret password")
    (task,) = tasks(house)
    assert task["username"] == ""


@pytest.mark.parametrize(("before", "asked"), [(98, 0), (terms.FORCED_RESET_FAILURES - 1, 1)])
def test_the_hundredth_failure_leaves_one_too_however_slow(house: House, before: int, asked: int) -> None:
    house.person("m1234")
    fail(house, 1)
    set_failures(house, before)
    fail(house, 1)
    assert len(tasks(house)) == asked


def test_the_right_password_leaves_none_and_tells_how_many_failed_before(house: House) -> None:
    house.person("m1234")
    fail(house, 1)
    set_failures(house, terms.FORCED_RESET_FAILURES - 1)
    found = prove(house)
    assert isinstance(found, Proven)
    assert (found.failures, tasks(house)) == (terms.FORCED_RESET_FAILURES - 1, [])
    again = prove(house)
    assert isinstance(again, Proven)
    assert again.failures == 0


def test_the_failures_of_a_known_device_leave_none(house: House) -> None:
    mine = known(house)
    guess(house, 7, device=mine)
    assert tasks(house) == []
