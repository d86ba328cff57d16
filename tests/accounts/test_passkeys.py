"""Passkeys: for which address they are made, what an answer is worth, and what a row of them lets happen."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from portal.accounts import administrators, factors, passkey_answers, passkeys, recovery_codes
from portal.accounts.passkey_answers import NewKey, Question, Unfit, challenge_of, site_of
from portal.accounts.passkeys import Added, Addition, Known, NoKey, Passkey, TooMany
from portal.accounts.queries import Administrator
from portal.accounts.tables import passkeys as table
from portal.rules import terms
from portal.rules.factors import Kept
from portal.web import challenges
from tests.conftest import both_databases
from tests.helpers.authenticator import ORIGIN, Authenticator, raw, text
from tests.helpers.house import House
from tests.helpers.together import together

SITE = site_of("http://127.0.0.1:8000")
QUESTION = Question(SITE, challenge_of("a token"))
OTHER = Question(SITE, challenge_of("another token"))
NAMES = {"brand": "Portal", "username": "m1234", "full_name": "Anna", "handle": text(b"h" * 32)}


# --- for which address ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_url", "host", "origin"),
    [
        ("https://portal.example.com", "portal.example.com", "https://portal.example.com"),
        ("https://portal.example.com:443", "portal.example.com", "https://portal.example.com"),
        ("https://portal.example.com:8443", "portal.example.com", "https://portal.example.com:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1", "localhost", "http://localhost"),
        ("http://127.0.0.1:80", "localhost", "http://localhost"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("https://127.0.0.1:8443", "localhost", "https://localhost:8443"),
    ],
)
def test_keys_are_made_for_the_host_of_the_portals_own_address(public_url: str, host: str, origin: str) -> None:
    assert (site_of(public_url).host, site_of(public_url).origin) == (host, origin)


@pytest.mark.parametrize(
    ("public_url", "host", "there"),
    [
        ("https://portal.example.com", "portal.example.com", True),
        ("https://portal.example.com", "PORTAL.example.com:443", True),
        ("https://portal.example.com", "127.0.0.1:8000", False),
        ("https://portal.example.com", "evil.example", False),
        ("http://127.0.0.1:8000", "localhost:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False),
        ("http://127.0.0.1:8000", "[::1]:8000", False),
    ],
)
def test_whoever_came_by_another_address_is_not_where_keys_work(public_url: str, host: str, there: bool) -> None:
    assert site_of(public_url).is_at(host) is there


def test_a_challenge_has_256_bits_and_is_another_for_each_link() -> None:
    assert len(QUESTION.challenge) == 32
    assert QUESTION.challenge != OTHER.challenge


def test_a_challenge_waits_five_minutes_in_the_browser_too() -> None:
    made = passkey_answers.options_to_add(QUESTION, **NAMES, known=[])
    used = passkey_answers.options_to_use(QUESTION, verified=True)
    assert made["timeout"] == used["timeout"] == terms.PASSKEY_LIFE.total_seconds() * 1000 == 300_000


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_a_key_is_made_without_asking_who_built_it_and_not_twice_on_one_device() -> None:
    options = passkey_answers.options_to_add(QUESTION, **NAMES, known=[("AQID", ["usb"]), ("BAUG", [])])
    assert options["rp"] == {"id": "localhost", "name": "Portal"}
    assert options["user"] == {"id": NAMES["handle"], "name": "m1234", "displayName": "Anna"}
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["excludeCredentials"] == [
        {"id": "AQID", "type": "public-key", "transports": ["usb"]},
        {"id": "BAUG", "type": "public-key"},
    ]


@pytest.mark.parametrize(("verified", "wanted"), [(True, "required"), (False, "discouraged")])
def test_beside_the_password_a_touch_is_enough_and_alone_it_is_not(verified: bool, wanted: str) -> None:
    assert passkey_answers.options_to_use(QUESTION, verified=verified)["userVerification"] == wanted


# --- what an answer is worth ------------------------------------------------------------------------------------------


def made(key: Authenticator, question: Question = QUESTION, **lies: Any) -> NewKey | Unfit:
    options = passkey_answers.options_to_add(question, **NAMES, known=[])
    return passkey_answers.read_new(QUESTION, key.make(options, **lies))


def new_key(key: Authenticator) -> NewKey:
    found = made(key)
    assert isinstance(found, NewKey)
    return found


def test_a_key_that_was_made_for_us_is_kept_with_the_ways_to_reach_it() -> None:
    found = new_key(Authenticator())
    assert (found.sign_count, found.transports) == (0, ["usb", "nfc"])


@pytest.mark.parametrize(
    "lies", [{"origin": "https://evil.example"}, {"origin": "http://127.0.0.1:8000"}, {"host": "evil.example"},
             {"host": "127.0.0.1"}, {"present": False}]
)  # fmt: skip
def test_a_key_made_elsewhere_is_refused(lies: dict[str, Any]) -> None:
    assert isinstance(made(Authenticator(), **lies), Unfit)


def test_a_key_made_for_another_question_is_refused() -> None:
    assert isinstance(made(Authenticator(), OTHER), Unfit)


def with_attestation(answer: str, change: Any) -> str:
    """The answer with `change` done to the bytes that the authenticator has put together."""
    said = json.loads(answer)
    attestation = cbor2.loads(raw(said["response"]["attestationObject"]))
    attestation["authData"] = change(attestation["authData"])
    said["response"]["attestationObject"] = text(cbor2.dumps(attestation))
    return json.dumps(said)


def answer_to_add(key: Authenticator) -> str:
    return key.make(passkey_answers.options_to_add(QUESTION, **NAMES, known=[]))


def test_a_key_whose_id_is_not_its_own_is_refused() -> None:
    said = json.loads(answer_to_add(Authenticator()))
    said["id"] = said["rawId"] = text(b"x" * 32)
    assert isinstance(passkey_answers.read_new(QUESTION, json.dumps(said)), Unfit)


@pytest.mark.parametrize(("length", "fits"), [(1023, True), (1024, False)])
def test_an_id_is_as_long_as_the_column_holds(length: int, fits: bool) -> None:
    long = b"i" * length

    def stretched(data: bytes) -> bytes:
        return data[:53] + length.to_bytes(2, "big") + long + data[55 + 32 :]

    said = json.loads(with_attestation(answer_to_add(Authenticator()), stretched))
    said["id"] = said["rawId"] = text(long)
    found = passkey_answers.read_new(QUESTION, json.dumps(said))
    assert isinstance(found, NewKey) is fits
    if isinstance(found, NewKey):
        assert len(found.credential_id) <= 1400


def test_a_key_that_no_answer_could_be_checked_with_is_refused() -> None:
    off_the_curve = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32})
    answer = with_attestation(answer_to_add(Authenticator()), lambda data: data[: 55 + 32] + off_the_curve)
    assert isinstance(passkey_answers.read_new(QUESTION, answer), Unfit)


@pytest.mark.parametrize(
    "answer", ["", "null", "[]", "1", '"x"', "{}", "{", '{"id": 1}', "\x00", "\ud800", "[" * 30_000]
)
def test_what_is_no_answer_is_refused(answer: str) -> None:
    assert isinstance(passkey_answers.read_new(QUESTION, answer), Unfit)
    assert isinstance(passkey_answers.read(answer), Unfit)


@settings(max_examples=300)
@given(st.data())
def test_whatever_is_changed_in_a_good_answer_is_refused_and_nothing_breaks(data: st.DataObject) -> None:
    """One field of an answer replaced by anything: none is of no account but those that only describe."""
    key = Authenticator()
    said = json.loads(answer_to_add(key))
    said["response"] |= json.loads(key.use(passkey_answers.options_to_use(QUESTION, verified=True)))["response"]
    place = data.draw(st.sampled_from([said, said["response"]]))
    name = data.draw(st.sampled_from(sorted(place)))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary().map(text),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    before = place[name]
    place[name] = data.draw(anything)
    changed = json.dumps(said)
    assert isinstance(passkey_answers.read_new(QUESTION, changed), NewKey | Unfit)
    found = passkey_answers.read(changed)
    if not isinstance(found, Unfit):
        judged = passkey_answers.judge(QUESTION, found, "not a key", verified=True)
        assert isinstance(judged, Unfit)
    if name == "attestationObject" and place[name] != before:
        assert isinstance(passkey_answers.read_new(QUESTION, changed), Unfit)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_whatever_the_authenticator_says_of_itself_nothing_breaks(data: bytes) -> None:
    found = with_attestation(answer_to_add(Authenticator()), lambda given: given[:33] + data)
    assert isinstance(passkey_answers.read_new(QUESTION, found), NewKey | Unfit)


# --- rows -------------------------------------------------------------------------------------------------------------


def add(house: House, person: Administrator, key: Authenticator, token: str = "t", **facts: Any) -> Any:
    new = Addition(new_key(key), facts.pop("name", "My key"), token, facts.pop("hashes", []))
    with house.parts.database.write() as db:
        return passkeys.add(db, person, new, at=house.clock.now(), but=0)


def keys_of(house: House, person: Administrator) -> list[Passkey]:
    with house.parts.database.read() as db:
        return passkeys.of(db, person.id)


def prove(house: House, answer: str, question: Question = QUESTION, **facts: Any) -> Administrator | Unfit:
    with house.parts.database.write() as db:
        return passkeys.prove(db, question, answer, at=house.clock.now(), **({"verified": True} | facts))


def answer(house: House, person: Administrator, key: Authenticator, **lies: Any) -> str:
    """What the key answers, knowing the person as the rows do."""
    key.keys[-1].handle = keys_of(house, person)[-1].user_handle
    return key.use(passkey_answers.options_to_use(QUESTION, verified=True), **lies)


@both_databases
def test_a_key_opens_for_whom_it_belongs_to_and_counts(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    for count in (1, 2):
        house.clock.move(minutes=1)
        found = prove(house, answer(house, anna, key))
        assert isinstance(found, Administrator)
        assert found.id == anna.id
        (row,) = keys_of(house, anna)
        assert (row.sign_count, row.last_used_at) == (count, house.clock.now())


@pytest.mark.parametrize(
    "lies", [{"origin": "https://evil.example"}, {"origin": "http://127.0.0.1:8000"}, {"host": "evil.example"},
             {"handle": text(b"somebody else")}, {"handle": None}, {"handle": ""}, {"present": False}]
)  # fmt: skip
def test_an_answer_given_elsewhere_or_for_somebody_else_opens_nothing(house: House, lies: dict[str, Any]) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key, **lies)), Unfit)
    assert keys_of(house, anna)[0].sign_count == 0


def test_an_answer_to_another_question_opens_nothing(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key), OTHER), Unfit)


def test_a_signature_of_another_key_opens_nothing(house: House) -> None:
    anna, key, other = house.person("m1234"), Authenticator(), Authenticator()
    add(house, anna, key)
    new_key(other)
    other.keys[-1].id = key.keys[-1].id
    assert isinstance(prove(house, answer(house, anna, other)), Unfit)


@pytest.mark.parametrize("handle", [None, ""])
def test_where_it_is_known_whose_keys_count_the_key_need_not_say_it(house: House, handle: str | None) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key, handle=handle), whose=anna.id), Administrator)
    assert isinstance(prove(house, answer(house, anna, key, handle=text(b"other")), whose=anna.id), Unfit)


def test_the_key_of_somebody_else_does_not_count_where_it_is_known_whose_do(house: House) -> None:
    anna, bruno, key = house.person("m1234"), house.person("m1235"), Authenticator()
    add(house, bruno, key)
    assert isinstance(prove(house, answer(house, bruno, key), whose=anna.id), Unfit)
    assert isinstance(prove(house, answer(house, bruno, key), whose=bruno.id), Administrator)


def test_a_key_that_has_not_found_out_who_it_is_opens_only_beside_a_password(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator(verifies=False)
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key)), Unfit)
    assert isinstance(prove(house, answer(house, anna, key), verified=False), Administrator)


@pytest.mark.parametrize(("count", "opens"), [(6, True), (5, False), (4, False), (0, False)])
def test_a_key_that_counts_less_than_before_is_a_copy(house: House, count: int, opens: bool) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key, count=5)), Administrator)
    assert isinstance(prove(house, answer(house, anna, key, count=count)), Administrator) is opens
    assert keys_of(house, anna)[0].sign_count == max(5, count)


def test_the_largest_count_is_kept(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    assert isinstance(prove(house, answer(house, anna, key, count=2**32 - 1)), Administrator)
    assert keys_of(house, anna)[0].sign_count == 2**32 - 1


@both_databases
def test_a_key_that_counts_nothing_opens_again_and_again(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator(counts=False)
    add(house, anna, key)
    for _ in range(2):
        assert isinstance(prove(house, answer(house, anna, key)), Administrator)


@both_databases
def test_of_one_answer_sent_several_times_at_once_one_counts(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    said = answer(house, anna, key)
    found = together(lambda _number: prove(house, said), 4)
    assert [isinstance(one, Administrator) for one in found].count(True) == 1


def test_a_bad_signature_moves_no_count(house: House) -> None:
    """Or whoever knows an id could make the owner's key look like a copy."""
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    said = json.loads(answer(house, anna, key, count=1_000))
    said["response"]["signature"] = text(b"x" * 70)
    assert isinstance(prove(house, json.dumps(said)), Unfit)
    assert isinstance(prove(house, answer(house, anna, key)), Administrator)


def test_a_disabled_person_does_not_come_in(house: House) -> None:
    house.platform(1234, additional_seats=1)
    marco, key = house.person("m1234-marco"), Authenticator()
    add(house, marco, key)
    with house.parts.database.write() as db:
        administrators.disable(db, marco, at=house.clock.now())
    assert isinstance(prove(house, answer(house, marco, key)), Unfit)


def test_who_was_let_in_again_comes_by_the_invitation_first(house: House) -> None:
    house.platform(1234, additional_seats=1)
    marco, key = house.person("m1234-marco"), Authenticator()
    add(house, marco, key)
    with house.parts.database.write() as db:
        administrators.disable(db, marco, at=house.clock.now())
        administrators.enable(db, house.parts.links, marco, at=house.clock.now(), by="test")
    assert isinstance(prove(house, answer(house, marco, key)), Unfit)


@both_databases
def test_a_key_that_was_taken_off_opens_nothing(house: House) -> None:
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    said = answer(house, anna, key)
    (row,) = keys_of(house, anna)
    with house.parts.database.write() as db:
        assert passkeys.remove(db, anna, row.id, demanded=False, at=house.clock.now(), but=0) is None
    assert isinstance(prove(house, said), Unfit)
    with house.parts.database.write() as db:
        again = passkeys.remove(db, anna, row.id, demanded=False, at=house.clock.now(), but=0)
    assert isinstance(again, NoKey)


def test_nobody_takes_off_the_key_of_somebody_else(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    add(house, bruno, Authenticator())
    (row,) = keys_of(house, bruno)
    with house.parts.database.write() as db:
        assert isinstance(passkeys.remove(db, anna, row.id, demanded=False, at=house.clock.now(), but=0), NoKey)
    assert keys_of(house, bruno) == [row]


@pytest.mark.parametrize(("keys", "kept"), [(1, Kept.DEMANDED), (2, None)])
def test_the_last_key_stays_where_the_platform_demands_one(house: House, keys: int, kept: Kept | None) -> None:
    anna = house.person("m1234")
    for _ in range(keys):
        add(house, anna, Authenticator())
    first = keys_of(house, anna)[0]
    with house.parts.database.write() as db:
        assert passkeys.remove(db, anna, first.id, demanded=True, at=house.clock.now(), but=0) is kept
    assert len(keys_of(house, anna)) == 1


@both_databases
def test_somebody_has_ten_keys_at_most(house: House) -> None:
    anna = house.person("m1234")
    for number in range(terms.PASSKEYS_MAX):
        assert not passkeys.is_full(keys_of(house, anna)), number
        assert isinstance(add(house, anna, Authenticator()), Added)
    assert passkeys.is_full(keys_of(house, anna))
    assert isinstance(add(house, anna, Authenticator()), TooMany)
    assert len(keys_of(house, anna)) == terms.PASSKEYS_MAX == 10


@both_databases
def test_of_several_added_at_once_no_eleventh_passes(house: House) -> None:
    anna = house.person("m1234")
    for _ in range(terms.PASSKEYS_MAX - 1):
        add(house, anna, Authenticator())
    found = together(lambda _number: add(house, anna, Authenticator()), 4)
    assert [isinstance(one, Added) for one in found].count(True) == 1


@both_databases
def test_one_key_is_on_one_list_only(house: House) -> None:
    anna, bruno, key = house.person("m1234"), house.person("m1235"), Authenticator()
    new = Addition(new_key(key), "My key", "t", [])
    with house.parts.database.write() as db:
        assert isinstance(passkeys.add(db, anna, new, at=house.clock.now(), but=0), Added)
        assert isinstance(passkeys.add(db, anna, new, at=house.clock.now(), but=0), Known)
        assert isinstance(passkeys.add(db, bruno, new, at=house.clock.now(), but=0), Known)


def test_all_keys_of_a_person_know_the_person_by_the_same(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    add(house, anna, Authenticator(), "one")
    add(house, anna, Authenticator(), "two")
    add(house, bruno, Authenticator(), "three")
    handles = [key.user_handle for key in keys_of(house, anna)]
    assert handles[0] == handles[1] != keys_of(house, bruno)[0].user_handle
    assert len(raw(handles[0])) == 32


@both_databases
def test_the_first_key_brings_recovery_codes_and_the_next_one_leaves_them(house: House) -> None:
    anna = house.person("m1234")
    _codes, first = recovery_codes.make(house.parts.hasher)
    _codes, second = recovery_codes.make(house.parts.hasher)
    assert add(house, anna, Authenticator(), hashes=first) == Added(codes=True)
    assert add(house, anna, Authenticator(), hashes=second) == Added(codes=False)
    with house.parts.database.write() as db:
        assert factors.of(db, anna.id).codes == terms.RECOVERY_CODES
        assert recovery_codes.use(db, anna.id, first[0], at=house.clock.now())


def test_a_row_that_was_changed_between_look_and_use_refuses(house: House) -> None:
    """As if another answer had counted in between."""
    anna, key = house.person("m1234"), Authenticator()
    add(house, anna, key)
    said = answer(house, anna, key)
    with house.parts.database.write() as db:
        db.execute(update(table).values(sign_count=7))
    assert isinstance(prove(house, said), Unfit)


def test_the_reason_of_a_refusal_is_short() -> None:
    found = made(Authenticator(), origin="https://" + "x" * 5_000)
    assert isinstance(found, Unfit)
    assert len(found.reason) == passkey_answers.LONGEST_REASON


def test_the_site_is_that_of_the_settings(house: House) -> None:
    with house.app.test_request_context():
        assert challenges.site() == SITE
        assert SITE.origin == ORIGIN
