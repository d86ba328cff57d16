"""Links in mails: signed, of one purpose, single-use, and worthless to whoever steals the database."""

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.kit import links as kit
from portal.kit.db import Database
from portal.kit.links import Fault, Link, Links, consume, links, withdraw
from tests.conftest import both_databases
from tests.helpers.together import together

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
KEY, NEW_KEY, FOREIGN_KEY = ("key-" + c * 40 for c in "abc")
MAKER = Links([KEY])
RESET, INVITATION = "reset", "invitation"


def issued(database: Database, maker: Links = MAKER, subject: int = 7, purpose: str = RESET) -> str:
    with database.write() as db:
        link_id = maker.issue(db, purpose, subject, at=NOON, expires_at=NOON + HOUR)
        return maker.token(db, link_id)


def found(
    database: Database, token: Any, maker: Links = MAKER, purpose: str = RESET, at: datetime = NOON
) -> Link | Fault:
    with database.read() as db:
        return maker.find(db, token, purpose, at=at)


def opened(database: Database, token: str, maker: Links = MAKER, purpose: str = RESET) -> Link:
    link = found(database, token, maker, purpose)
    assert isinstance(link, Link)
    return link


def signed(content: Any, key: str = KEY) -> str:
    return str(kit._envelope([key], RESET).dumps(content))


@both_databases
def test_a_link_opens_for_its_subject(database: Database) -> None:
    link = opened(database, issued(database, subject=7))
    assert (link.subject_id, link.purpose, link.expires_at) == (7, RESET, NOON + HOUR)


def test_a_changed_character_anywhere_breaks_a_link(database: Database) -> None:
    token = issued(database)
    for position, character in enumerate(token):
        for bit in (1, 2, 4, 16, 32):
            forged = token[:position] + chr(ord(character) ^ bit) + token[position + 1 :]
            assert found(database, forged) is Fault.BROKEN, (position, bit)


def test_a_link_has_one_text_only(database: Database) -> None:
    token = issued(database)
    for other in (token[:-1], token[1:], token + "A", token + "=", token + "!", token + "\n", " " + token, token * 2):
        assert found(database, other) is Fault.BROKEN, other


def test_a_link_of_another_purpose_is_broken(database: Database) -> None:
    assert found(database, issued(database, purpose=INVITATION)) is Fault.BROKEN
    assert found(database, issued(database), purpose=INVITATION) is Fault.BROKEN


def test_a_link_of_another_key_is_broken(database: Database) -> None:
    assert found(database, issued(database, Links([FOREIGN_KEY]))) is Fault.BROKEN
    assert found(database, issued(database), Links([FOREIGN_KEY])) is Fault.BROKEN


def test_a_signature_alone_opens_nothing(database: Database) -> None:
    """Whoever has the key but not the row's secret cannot make a link of it."""
    issued(database)
    for secret in ("", "a" * 64, kit._derive(KEY, RESET, "0" * 32)):
        assert found(database, signed([1, secret])) is Fault.BROKEN


def test_a_link_cannot_be_bent_to_another_row(database: Database) -> None:
    first, second = issued(database, subject=7), issued(database, subject=8)
    secrets = [kit._envelope([KEY], RESET).loads(token) for token in (first, second)]
    assert found(database, signed([secrets[1][0], secrets[0][1]])) is Fault.BROKEN


def test_a_link_that_was_out_when_the_key_changed_still_opens(database: Database) -> None:
    token = issued(database)
    rotated = Links([NEW_KEY, KEY])
    assert opened(database, token, rotated).subject_id == 7


def test_a_mail_that_is_sent_again_after_the_key_changed_carries_the_same_link(database: Database) -> None:
    token = issued(database)
    with database.read() as db:
        assert Links([NEW_KEY, KEY]).token(db, 1) == token
        assert Links([FOREIGN_KEY, NEW_KEY, KEY]).token(db, 1) == token


def test_a_link_made_after_the_key_changed_needs_the_new_key(database: Database) -> None:
    token = issued(database, Links([NEW_KEY, KEY]))
    assert opened(database, token, Links([NEW_KEY])).subject_id == 7
    assert found(database, token, Links([KEY])) is Fault.BROKEN


def test_a_link_whose_key_is_gone_is_a_fault_and_no_mail_with_a_dead_link(database: Database) -> None:
    token = issued(database)
    assert found(database, token, Links([NEW_KEY])) is Fault.BROKEN
    with database.read() as db, pytest.raises(LookupError, match="link 1"):
        Links([NEW_KEY]).token(db, 1)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (NOON, True),
        (NOON - timedelta(seconds=30), True),  # a node whose clock is behind
        (NOON + HOUR - TICK, True),
        (NOON + HOUR, False),
        (NOON + HOUR + TICK, False),
    ],
)
def test_a_link_lives_until_just_before_it_expires(database: Database, at: datetime, opens: bool) -> None:
    token = issued(database)
    link = opened(database, token)
    assert isinstance(found(database, token, at=at), Link) is opens
    with database.write() as db:
        assert consume(db, link, at=at) is opens
    if not opens:
        assert found(database, token, at=at) is Fault.EXPIRED


@both_databases
def test_a_link_is_used_once(database: Database) -> None:
    token = issued(database)
    link = opened(database, token)
    with database.write() as db:
        assert consume(db, link, at=NOON)
        assert not consume(db, link, at=NOON)
    assert found(database, token) is Fault.USED
    assert found(database, token, at=NOON + 2 * HOUR) is Fault.USED


def test_looking_uses_nothing_up(database: Database) -> None:
    token = issued(database)
    for _ in range(3):
        assert opened(database, token)


@both_databases
def test_of_two_at_once_exactly_one_uses_a_link(database: Database) -> None:
    for _ in range(5):
        link = opened(database, issued(database))

        def use(_: int, link: Link = link) -> bool:
            with database.write() as db:
                return consume(db, link, at=NOON)

        assert sorted(together(use, 2)) == [False, True]


@both_databases
def test_a_withdrawn_link_opens_nothing_and_others_stay(database: Database) -> None:
    mine, invitation, others = (
        issued(database),
        issued(database, purpose=INVITATION),
        issued(database, subject=8),
    )
    link = opened(database, mine)
    with database.write() as db:
        assert withdraw(db, 7, (RESET,), at=NOON) == 1
        assert withdraw(db, 7, (RESET,), at=NOON) == 0
        assert not consume(db, link, at=NOON)
    assert found(database, mine) is Fault.WITHDRAWN
    assert opened(database, invitation, purpose=INVITATION)
    assert opened(database, others)


def test_a_used_link_stays_used_when_the_others_are_withdrawn(database: Database) -> None:
    token = issued(database)
    with database.write() as db:
        consume(db, opened(database, token), at=NOON)
        withdraw(db, 7, (RESET,), at=NOON)
    assert found(database, token) is Fault.USED


def test_a_row_that_is_gone_is_a_broken_link(database: Database) -> None:
    token = issued(database)
    with database.write() as db:
        db.execute(links.delete())
    assert found(database, token) is Fault.BROKEN


def test_a_row_that_was_bent_to_another_purpose_opens_nothing(database: Database) -> None:
    token = issued(database, purpose=INVITATION)
    with database.write() as db:
        db.execute(update(links).values(purpose=RESET))
    assert found(database, token) is Fault.BROKEN
    assert found(database, token, purpose=INVITATION) is Fault.BROKEN


@both_databases
def test_a_stolen_database_opens_nothing(database: Database) -> None:
    token = issued(database)
    _, secret = kit._envelope([KEY], RESET).loads(token)
    with database.read() as db:
        row = db.execute(select(links)).mappings().one()
    columns = [str(value) for value in row.values()]
    assert not any(part in column for part in (secret, token, *filter(None, token.split("."))) for column in columns)
    for column in columns:
        assert found(database, signed([row["id"], column], FOREIGN_KEY)) is Fault.BROKEN
        assert found(database, signed([row["id"], column])) is Fault.BROKEN


def test_two_links_share_nothing(database: Database) -> None:
    first, second = (kit._envelope([KEY], RESET).loads(issued(database)) for _ in range(2))
    assert first[1] != second[1]
    assert len(first[1]) == 64


def test_a_link_fits_into_a_line_of_a_mail_and_into_an_address(database: Database) -> None:
    with database.write() as db:
        db.execute(links.insert().values(_row(id=2**31 - 1)))
    token = issued(database)
    assert len(token) < 200
    assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def _row(**facts: Any) -> dict[str, Any]:
    row = {"purpose": "other", "subject_id": 1, "nonce": "0", "secret_hash": "0"}
    return row | {"issued_at": NOON, "expires_at": NOON} | facts


def _compressed(text: bytes) -> str:
    return "." + base64.urlsafe_b64encode(zlib.compress(text)).rstrip(b"=").decode() + ".signature"


MALFORMED = [
    "",
    ".",
    "..",
    "\x00",
    "a.b",
    "a\x00.b",
    "\u00e8.\u00e8",
    "\ud800.\udfff",
    "\u212a" * 100,
    "A" * 1_000_000,
    "." * 10_000,
    _compressed(b"0" * 10_000_000),
    "WzEsMl0.",
    None,
    7,
]
SIGNED_SHAPES = [
    None,
    True,
    0,
    1.5,
    "text",
    [],
    [1],
    [1, "a", "b"],
    {"0": 1, "1": "a"},
    {"a": 1, "b": 2},
    [[1], "a"],
    [{"id": 1}, "a"],
    ["1", "a"],
    [None, "a"],
    [True, "a"],
    [1.0, "a"],
    [1, None],
    [1, 5],
    [1, ["a"]],
    [1, {"a": 1}],
    [1, "\x00"],
    [0, "a"],
    [-1, "a"],
    [2**31, "a"],
    [2**63, "a"],
    [2**64, "a"],
    [-(2**63) - 1, "a"],
    [10**400, "a"],
    [float("inf"), "a"],
    [float("nan"), "a"],
    "ab",
]


@both_databases
def test_a_malformed_link_is_broken_and_never_an_error(database: Database) -> None:
    issued(database)
    for token in MALFORMED:
        assert found(database, token) is Fault.BROKEN, repr(token)[:80]


@both_databases
def test_a_link_of_ours_that_holds_something_else_is_broken_and_never_an_error(database: Database) -> None:
    issued(database)
    for content in SIGNED_SHAPES:
        assert found(database, signed(content)) is Fault.BROKEN, repr(content)[:80]


def test_a_signed_text_that_is_no_content_of_ours_is_broken(database: Database) -> None:
    signer = kit._envelope([KEY], RESET).make_signer(f"portal.link.{RESET}")
    for content in (
        b"",
        b"not json",
        b"[" * 100_000,
        b"\xff\xfe",
        b'[1,"\\ud800"]',
        json.dumps([1, "a"]).encode()[:-1],
    ):
        payload = base64.urlsafe_b64encode(content).rstrip(b"=")
        assert found(database, signer.sign(payload).decode()) is Fault.BROKEN, content[:20]
