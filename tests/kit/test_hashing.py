"""Password hashes: a bounded number at once, and the same work for somebody unknown."""

import os
import sys
import threading
import time
from contextlib import suppress

import pytest
from argon2 import extract_parameters

from portal.kit import hashing
from portal.kit.hashing import Busy, Hasher, Verdict
from portal.serving import THREADS
from tests.helpers.together import together

PASSWORD = "a short sentence is easiest"


def hasher(simultaneous: int = 1, **parameters: int) -> Hasher:
    return Hasher(**{"memory": 1024, "time_cost": 1, "parallelism": 1} | parameters, simultaneous=simultaneous)


def hashed(password: str = PASSWORD, **parameters: int) -> str:
    with hasher(**parameters).turn() as turn:
        return turn.hash(password)


def test_the_right_password_matches_and_no_other() -> None:
    stored = hashed()
    with hasher().turn() as turn:
        assert turn.verify(stored, PASSWORD) == Verdict(matched=True)
        assert turn.verify(stored, PASSWORD + ".") == Verdict(matched=False)
        assert turn.verify(stored, "") == Verdict(matched=False)


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert hashed() != hashed()
    assert hashed().startswith("$argon2id$")


@pytest.mark.parametrize("parameters", [{"memory": 2048}, {"time_cost": 2}, {"parallelism": 2}])
def test_a_hash_of_other_parameters_is_outdated(parameters: dict[str, int]) -> None:
    with hasher(**parameters).turn() as turn:
        assert turn.verify(hashed(), PASSWORD) == Verdict(matched=True, outdated=True)
        assert turn.verify(hashed(**parameters), PASSWORD) == Verdict(matched=True, outdated=False)


def test_a_wrong_password_never_tells_that_its_hash_is_outdated() -> None:
    with hasher(memory=2048).turn() as turn:
        assert turn.verify(hashed(), "another sentence") == Verdict(matched=False, outdated=False)


def test_nobody_matches_whatever_is_typed() -> None:
    with hasher().turn() as turn:
        for typed in ("", PASSWORD, "nobody's password"):
            assert turn.verify(None, typed) == Verdict(matched=False)


def test_somebody_unknown_costs_a_hash_of_the_present_parameters() -> None:
    found = hasher(memory=2048, time_cost=3)
    unknown = extract_parameters(found._nobody)
    known = extract_parameters(hashed(memory=2048, time_cost=3))
    assert unknown == known


@pytest.mark.parametrize("stored", ["", "no hash at all", "$argon2id$v=19$m=1024", "$2b$12$" + "a" * 53])
def test_a_stored_text_that_is_no_hash_matches_nothing(stored: str) -> None:
    with hasher().turn() as turn:
        assert turn.verify(stored, "nobody's password") == Verdict(matched=False)


def test_beyond_the_places_somebody_waits_for_a_moment_and_is_told_it_is_busy() -> None:
    found = hasher(simultaneous=2)
    with found.turn(), found.turn():
        before = time.monotonic()
        with pytest.raises(Busy), found.turn():
            pass
        waited = time.monotonic() - before
    assert hashing.PATIENCE_SECONDS <= waited < hashing.PATIENCE_SECONDS + 1


def test_who_finds_the_line_full_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits takes a thread of the server: two of six are always left to pages."""
    monkeypatch.setattr(hashing, "PATIENCE_SECONDS", 3)
    found = hasher()

    def wait() -> None:
        with suppress(Busy), found.turn():
            pass

    with found.turn():
        waiting = [threading.Thread(target=wait) for _ in range(hashing.WAITING)]
        for one in waiting:
            one.start()
        while found._line.acquire(timeout=0):  # until all of them stand in it
            found._line.release()
        with pytest.raises(Busy), found.turn():
            pass
        assert all(one.is_alive() for one in waiting), "it waited as long as they, who came before"
    for one in waiting:
        one.join()
    assert hashing.WAITING + 1 <= THREADS - 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is the whole process's")
def test_a_hash_lets_pages_go_first() -> None:
    with hasher().turn() as turn:
        assert turn._done(lambda _: os.getpriority(os.PRIO_PROCESS, 0), "") == min(
            19, os.getpriority(os.PRIO_PROCESS, 0) + hashing.LATER
        )


def test_a_place_that_becomes_free_while_somebody_waits_is_taken() -> None:
    found, holding = hasher(), threading.Event()

    def hold() -> None:
        with found.turn():
            holding.set()
            time.sleep(hashing.PATIENCE_SECONDS / 5)

    def wait() -> None:
        holding.wait()
        with found.turn():
            pass

    together(lambda number: (hold, wait)[number](), 2)


def test_a_place_is_given_back_when_its_turn_fails() -> None:
    found = hasher()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), found.turn():
            raise ZeroDivisionError
    with found.turn():
        pass


def test_whoever_was_refused_holds_no_place() -> None:
    found = hasher()
    with found.turn(), pytest.raises(Busy), found.turn():
        pass
    with found.turn(), pytest.raises(Busy), found.turn():
        pass


def test_never_more_hashes_run_at_once_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "PATIENCE_SECONDS", 30)
    monkeypatch.setattr(hashing, "WAITING", 9)
    found, running, most, lock = hasher(simultaneous=3), 0, 0, threading.Lock()

    def one(_: int) -> None:
        nonlocal running, most
        with found.turn() as turn:
            with lock:
                running += 1
                most = max(most, running)
            turn.hash(PASSWORD)
            time.sleep(0.01)
            with lock:
                running -= 1

    together(one, 12)
    assert most == 3


CODES = [f"code-{number}" for number in range(10)]


def test_of_several_secrets_one_hash_finds_which_one_it_is() -> None:
    with hasher().turn() as turn:
        stored = turn.hash_all(CODES)
        assert len(set(stored)) == len(CODES)
        for number, code in enumerate(CODES):
            assert stored.index(turn.hash_like(stored[0], code)) == number
        assert turn.hash_like(stored[0], "another code") not in stored


def test_each_set_of_secrets_has_a_salt_of_its_own() -> None:
    with hasher().turn() as turn:
        first, second = turn.hash_all(CODES), turn.hash_all(CODES)
    assert {text.split("$")[-2] for text in first}.isdisjoint(text.split("$")[-2] for text in second)
    assert len({text.split("$")[-2] for text in first}) == 1
    assert not set(first) & set(second)


@pytest.mark.parametrize("parameters", [{"memory": 2048}, {"time_cost": 2}, {"parallelism": 2}])
def test_a_secret_is_found_by_the_parameters_it_was_stored_with(parameters: dict[str, int]) -> None:
    with hasher().turn() as turn:
        stored = turn.hash_all(CODES)
    with hasher(**parameters).turn() as turn:
        assert turn.hash_like(stored[0], CODES[7]) == stored[7]


def test_a_secret_hashed_in_a_set_can_be_verified_alone() -> None:
    with hasher().turn() as turn:
        assert turn.verify(turn.hash_all(CODES)[3], CODES[3]) == Verdict(matched=True)
