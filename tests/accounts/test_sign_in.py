"""Proving a password: one class of refusal, exactly so many guesses, and no way past a change in between."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.accounts import administrators, limits, queries, sign_in
from portal.accounts.queries import Administrator
from portal.accounts.sign_in import Attempt, Proven, Refused
from portal.accounts.tables import administrators as people
from portal.kit import throttle
from portal.kit.hashing import Busy, Hasher, Turn, Verdict
from portal.rules import terms
from tests.conftest import both_databases
from tests.helpers.house import PASSWORD, House
from tests.helpers.together import together

HERE, THERE = "198.51.100.0/24", "203.0.113.0/24"
WRONG = "a sentence that is wrong"


def prove(house: House, username: str = "m1234", password: str = PASSWORD, **facts: Any) -> Proven | Refused:
    attempt = Attempt(username, password, facts.pop("network", HERE), house.clock.now())
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
