"""Secrets that have to be read again, encrypted: AES-256-GCM under a key of their own, derived from the settings' keys.

Each text is bound to what it belongs to: moved to another row it does not open. The present key encrypts; earlier ones
(SECRET_KEY_FALLBACKS) still open what they encrypted, until `portal keys renew` has encrypted it anew.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12  # random: of one key, 2^32 texts are safe
KEY_BYTES = 32


class Unreadable(Exception):
    """The text was changed, belongs to something else, or its key is no longer among the settings."""


class Vault:
    """Encrypts and decrypts with `keys`, the present key first and earlier ones after it."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    @cached_property
    def _ciphers(self) -> "list[AESGCM]":
        """Made when the first secret is asked for, and the library loaded here and below: no server's start waits."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return [AESGCM(_derive(key)) for key in self._keys]

    def encrypt(self, text: str, *, belongs_to: str) -> str:
        """The text under the present key; `belongs_to` names its row, such as "authenticator-app:17"."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        hidden = self._ciphers[0].encrypt(nonce, text.encode(), belongs_to.encode())
        return base64.urlsafe_b64encode(nonce + hidden).decode()

    def decrypt(self, hidden: str, *, belongs_to: str) -> str:
        """What `encrypt` was given. Raises Unreadable."""
        return self._open(hidden, belongs_to)[0]

    def is_outdated(self, hidden: str, *, belongs_to: str) -> bool:
        """Whether an earlier key opens it. Raises Unreadable."""
        return self._open(hidden, belongs_to)[1] > 0

    def _open(self, hidden: str, belongs_to: str) -> tuple[str, int]:
        """The text, and which of the keys opened it."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(hidden, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable from None
        for number, cipher in enumerate(self._ciphers):
            try:
                return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], belongs_to.encode()).decode(), number
            except (InvalidTag, ValueError):
                continue
        raise Unreadable


def _derive(key: str) -> bytes:
    """A key for this use alone: nothing that was signed with the same setting helps to open it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"portal.vault").derive(key.encode())
