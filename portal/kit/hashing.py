"""Password hashes: argon2id, a bounded number at once, and the same work whether or not there is a hash to check."""

import base64
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kit import metrics
from portal.kit.clock import stopwatch

SALT_BYTES = 16
PATIENCE_SECONDS = 0.25  # measured: longer waits only move the queue into the server's threads


class Busy(Exception):
    """Every hashing place is taken: answer 503 and ask to come back in a few seconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    matched: bool
    outdated: bool = False  # matched, but made with other parameters: hash again


class Hasher:
    """`memory` in KiB; `simultaneous` hashes at once in this process, each waiting at most PATIENCE_SECONDS."""

    def __init__(self, *, memory: int, time_cost: int, parallelism: int, simultaneous: int) -> None:
        self._argon2 = PasswordHasher(time_cost=time_cost, memory_cost=memory, parallelism=parallelism)
        self._places = threading.BoundedSemaphore(simultaneous)
        self._nobody = self._argon2.hash("nobody's password")

    @contextmanager
    def turn(self) -> Iterator["Turn"]:
        """A hashing place for the length of the block. Raises Busy before anything was done."""
        waited = stopwatch()
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            metrics.count(metrics.HASHES_REFUSED)
            raise Busy
        metrics.count_hash_wait(waited())
        try:
            yield Turn(self._argon2, self._nobody)
        finally:
            self._places.release()


class Turn:
    """Somebody's turn at a hashing place. Passwords come prepared: normalised, and of bounded length."""

    def __init__(self, argon2: PasswordHasher, nobody: str) -> None:
        self._argon2 = argon2
        self._nobody = nobody

    def hash(self, password: str) -> str:
        return self._argon2.hash(password)

    def hash_all(self, texts: Sequence[str]) -> list[str]:
        """The hashes of several short secrets of one person, with one salt: so a single hash finds which one it is."""
        salt = secrets.token_bytes(SALT_BYTES)
        return [self._argon2.hash(text, salt=salt) for text in texts]

    def hash_like(self, stored: str, text: str) -> str:
        """The hash of `text` with the salt and the parameters of a stored one: equal to it where the text is equal."""
        unpadded = stored.split("$")[-2]
        salt = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4))
        return PasswordHasher.from_parameters(extract_parameters(stored)).hash(text, salt=salt)

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Compare; `stored` is None for somebody unknown, which costs exactly as much and never matches."""
        try:
            self._argon2.verify(self._nobody if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return Verdict(matched=False)
        if stored is None:
            return Verdict(matched=False)
        return Verdict(matched=True, outdated=self._argon2.check_needs_rehash(stored))
