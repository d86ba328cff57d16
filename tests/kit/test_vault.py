"""Secrets that have to be read again: nobody reads them without a key, and none opens in the place of another."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kit.vault import KEY_BYTES, NONCE_BYTES, Unreadable, Vault, _derive

KEY, NEW_KEY, FOREIGN_KEY = ("key-" + c * 40 for c in "abc")
ROW, OTHER_ROW = "authenticator-app:17", "authenticator-app:18"
SECRET = "JBSWY3DPEHPK3PXP"


def hidden(*keys: str) -> str:
    return Vault(keys or [KEY]).encrypt(SECRET, belongs_to=ROW)


def opened(text: str, *keys: str, belongs_to: str = ROW) -> str:
    return Vault(keys or [KEY]).decrypt(text, belongs_to=belongs_to)


@given(text=st.text(), belongs_to=st.text())
@settings(max_examples=50)
def test_what_was_hidden_is_read_again(text: str, belongs_to: str) -> None:
    vault = Vault([KEY])
    assert vault.decrypt(vault.encrypt(text, belongs_to=belongs_to), belongs_to=belongs_to) == text


def test_the_same_text_looks_different_each_time() -> None:
    assert len({hidden() for _ in range(100)}) == 100


def test_nothing_of_the_text_is_seen() -> None:
    raw = base64.urlsafe_b64decode(hidden())
    assert SECRET.encode() not in raw
    assert len(raw) == NONCE_BYTES + len(SECRET) + 16


@pytest.mark.parametrize("belongs_to", [OTHER_ROW, "", ROW + " ", "authenticator-app:1", "passkey:17"])
def test_a_text_moved_to_another_row_does_not_open(belongs_to: str) -> None:
    with pytest.raises(Unreadable):
        opened(hidden(), belongs_to=belongs_to)


def test_a_changed_bit_anywhere_keeps_it_shut() -> None:
    raw = base64.urlsafe_b64decode(hidden())
    for position in range(len(raw)):
        for bit in (1, 128):
            changed = raw[:position] + bytes([raw[position] ^ bit]) + raw[position + 1 :]
            with pytest.raises(Unreadable):
                opened(base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize("text", ["", "A", "AAAA", "not base64!", "é", "\x00", "A" * 16, SECRET, "=" * 8])
def test_what_is_no_hidden_text_is_told_as_such(text: str) -> None:
    with pytest.raises(Unreadable):
        opened(text)


@pytest.mark.parametrize("kept", [1, NONCE_BYTES, -1, -4])
def test_a_shortened_text_does_not_open(kept: int) -> None:
    raw = base64.urlsafe_b64decode(hidden())
    with pytest.raises(Unreadable):
        opened(base64.urlsafe_b64encode(raw[:kept]).decode())


def test_an_earlier_key_still_opens_what_it_hid() -> None:
    text = hidden(KEY)
    assert opened(text, NEW_KEY, KEY) == SECRET
    assert opened(text, FOREIGN_KEY, NEW_KEY, KEY) == SECRET


def test_the_present_key_hides() -> None:
    text = hidden(NEW_KEY, KEY)
    assert opened(text, NEW_KEY) == SECRET
    with pytest.raises(Unreadable):
        opened(text, KEY)


@pytest.mark.parametrize(("keys", "outdated"), [([KEY], False), ([NEW_KEY, KEY], True), ([KEY, NEW_KEY], False)])
def test_what_an_earlier_key_hid_is_outdated(keys: list[str], outdated: bool) -> None:
    assert Vault(keys).is_outdated(hidden(KEY), belongs_to=ROW) is outdated


def test_a_key_that_is_unknown_opens_nothing_and_tells_nothing() -> None:
    for ask in (Vault([FOREIGN_KEY]).decrypt, Vault([FOREIGN_KEY]).is_outdated):
        with pytest.raises(Unreadable) as told:
            ask(hidden(), belongs_to=ROW)
        assert str(told.value) == ""


def test_the_key_is_one_of_its_own() -> None:
    """Whoever sees what the settings' key signs learns nothing of the key that hides."""
    assert len(_derive(KEY)) == KEY_BYTES
    assert _derive(KEY) not in (KEY.encode()[:KEY_BYTES], _derive(NEW_KEY))
