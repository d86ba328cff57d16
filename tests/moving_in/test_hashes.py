"""Which password hashes of a former system are taken over."""

import pytest
from argon2 import PasswordHasher

from portal.kit.hashing import Hasher
from portal.moving_in.faults import Unfit
from portal.moving_in.hashes import Strength, password_hash

OURS = Strength(47_104, 2)
SALT, DIGEST = "c1NPMgvIvqz8J8npLYX4eQ", "bDvK5TPAL+Aio9IPBVB8bQQgYMTTzl5h1l9Vbl3PGr0"


def phc(memory: int = 47_104, passes: int = 2, lanes: int = 1, salt: str = SALT, digest: str = DIGEST) -> str:
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${digest}"


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (phc(), True),
        (phc(memory=47_103), False),
        (phc(memory=47_105), True),
        (phc(passes=1), False),
        (phc(memory=188_416, passes=1), False),  # more memory does not stand for a pass
        (phc(passes=16), True),
        (phc(passes=17), False),  # eight times our work, and no more
        (phc(memory=376_832), True),
        (phc(memory=376_833), False),
        (phc(lanes=0), False),
        (phc(lanes=16), True),
        (phc(lanes=17), False),
        (phc(salt=SALT[:-2]), False),
        (phc(salt="c1NPMgvIvqz8J8npLYX4eQc1NPMgvIvqz8J8npLYX4eQ"), True),
        (phc(digest=DIGEST[:-2]), False),
        (phc(digest=DIGEST + "AA"), False),  # no base64
        (phc().replace("argon2id", "argon2i"), False),
        (phc().replace("argon2id", "argon2d"), False),
        (phc().replace("v=19", "v=16"), False),
        (phc() + "\n$x", False),
        ("$2b$12$abcdefghijklmnopqrstuv", False),
        ("5f4dcc3b5aa765d61d8327deb882cf99", False),
        ("password", False),
    ],
)
def test_a_hash_is_taken_if_it_is_as_strong_as_ours_and_no_burden(text: str, taken: bool) -> None:
    found = password_hash(OURS)(text)
    assert found == text if taken else isinstance(found, Unfit) and found.secret


def test_no_hash_is_no_fault() -> None:
    assert password_hash(OURS)(" ") is None


def test_what_is_taken_opens_with_its_password() -> None:
    made = PasswordHasher(time_cost=2, memory_cost=2048, parallelism=2).hash("a short sentence is easiest")
    taken = password_hash(Strength(1024, 1))(made)
    with Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=1).turn() as turn:
        assert turn.verify(taken, "a short sentence is easiest").matched
        assert not turn.verify(taken, "another one").matched
