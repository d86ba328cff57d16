"""Password hashes: argon2id, a bounded number at once, and the same work whether or not there is a hash to check."""

import base64
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kit import metrics
from portal.kit.clock import stopwatch

_Result = TypeVar("_Result")
SALT_BYTES = 16
LATER = 10  # steps of the system's (nice): beside a page that runs a hash gets a tenth of a core, alone all of one
PATIENCE_SECONDS = 0.25  # measured: longer waits only move the queue into the server's threads
WAITING = 3  # of those threads (portal/serving.py), so that two of them are always left to pages


class Busy(Exception):
    """Every hashing place is taken: answer 503 and ask to come back in a few seconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    matched: bool
    outdated: bool = False  # matched, but made with other parameters: hash again


class Hasher:
    """`memory` in KiB; `simultaneous` hashes at once in this process. WAITING wait, at most PATIENCE_SECONDS each."""

    def __init__(self, *, memory: int, time_cost: int, parallelism: int, simultaneous: int) -> None:
        self._argon2 = PasswordHasher(time_cost=time_cost, memory_cost=memory, parallelism=parallelism)
        self._line = threading.BoundedSemaphore(simultaneous + WAITING)
        self._places = threading.BoundedSemaphore(simultaneous)
        self._workers = ThreadPoolExecutor(simultaneous, "hashing", initializer=_step_back)
        self._nobody = self._argon2.hash("nobody's password")

    @contextmanager
    def turn(self) -> Iterator["Turn"]:
        """A hashing place for the length of the block. Raises Busy before anything was done."""
        waited = stopwatch()
        with _one_of(self._line, 0), _one_of(self._places, PATIENCE_SECONDS):
            metrics.count_hash_wait(waited())
            yield Turn(self._argon2, self._nobody, self._workers)


@contextmanager
def _one_of(places: threading.BoundedSemaphore, patience: float) -> Iterator[None]:
    if not places.acquire(timeout=patience):
        metrics.count(metrics.HASHES_REFUSED)
        raise Busy
    try:
        yield
    finally:
        places.release()


def _step_back() -> None:
    """Let pages go first: a hash takes a core for as long as fifty of them. On Linux a priority is a thread's own."""
    if sys.platform == "linux":
        os.nice(LATER)


class Turn:
    """Somebody's turn at a hashing place. Passwords come prepared: normalised, and of bounded length."""

    def __init__(self, argon2: PasswordHasher, nobody: str, workers: Executor) -> None:
        self._argon2 = argon2
        self._nobody = nobody
        self._workers = workers

    def hash(self, password: str) -> str:
        return self._done(self._argon2.hash, password)

    def hash_all(self, texts: Sequence[str]) -> list[str]:
        """The hashes of several short secrets of one person, with one salt: so a single hash finds which one it is."""
        salt = secrets.token_bytes(SALT_BYTES)
        return [self._done(partial(self._argon2.hash, salt=salt), text) for text in texts]

    def hash_like(self, stored: str, text: str) -> str:
        """The hash of `text` with the salt and the parameters of a stored one: equal to it where the text is equal."""
        unpadded = stored.split("$")[-2]
        salt = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4))
        like = PasswordHasher.from_parameters(extract_parameters(stored))
        return self._done(partial(like.hash, salt=salt), text)

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Compare; `stored` is None for somebody unknown, which costs exactly as much and never matches."""
        try:
            self._done(self._argon2.verify, self._nobody if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return Verdict(matched=False)
        if stored is None:
            return Verdict(matched=False)
        return Verdict(matched=True, outdated=self._argon2.check_needs_rehash(stored))

    def _done(self, what: Callable[..., _Result], *given: str) -> _Result:
        return self._workers.submit(what, *given).result()
