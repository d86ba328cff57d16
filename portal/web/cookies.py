"""The one cookie: signed with SHA-256, readable by nodes whose clocks differ, small.

Flask's own cookie refuses what another node signed a second "in the future", and forgets it after 31 days by the
signer's clock. Ours carries no time of the signer: the session's row and the instant inside decide.

Every page of somebody signed in reads one and writes one, so what is the same each time is done once (measured:
`make bench`, overview): the keys are derived and the attributes put together when the application is made.
"""

import hashlib
import hmac
import json
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, Signer, base64_decode, base64_encode
from itsdangerous.signer import SigningAlgorithm
from werkzeug.http import dump_cookie

SALT = "portal.cookie"
MESSAGES = "_flashes"  # the name Flask gives them
_MARK = '{" '  # Flask's serializer writes {" t":[…]} for a tuple, and so on
_encode = json.JSONEncoder(separators=(",", ":")).encode


class _Hmac(SigningAlgorithm):
    """With SHA-256, in one call of the standard library instead of an object for each signature."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


def _derived(key: str) -> bytes:
    return Signer(key, SALT, key_derivation="hmac", digest_method=hashlib.sha256).derive_key()


class SignedCookie(SecureCookieSessionInterface):
    """keys: the newest first; it signs. What is kept is JSON as it is: texts, numbers, lists.

    Messages for the next page are more: they may be HTML, and stay it by the marks of Flask's own serializer.
    """

    def __init__(self, keys: tuple[str, ...], app: Flask) -> None:
        derived = [_derived(key) for key in reversed(keys)]
        self._signer = Signer(derived, SALT, key_derivation="none", algorithm=_Hmac())
        self._name = self.get_cookie_name(app)
        written = dump_cookie(
            self._name,
            path=self.get_cookie_path(app),
            domain=self.get_cookie_domain(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )
        self._attributes = written.removeprefix(f"{self._name}=")

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        text = request.cookies.get(self._name)
        return self.session_class(self._read(text) if text else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Flask's way where nothing is to be written, or the cookie is to be forgotten."""
        if not session or not self.should_set_cookie(app, session):
            super().save_session(app, session, response)
            return
        response.headers.add("Set-Cookie", f"{self._name}={self._written(dict(session))}{self._attributes}")
        response.headers.add("Vary", "Cookie")

    def _written(self, values: dict[str, Any]) -> str:
        text = self.serializer.dumps(values) if MESSAGES in values else _encode(values)
        return self._signer.sign(base64_encode(text)).decode()

    def _read(self, text: str) -> dict[str, Any] | None:
        """None for what we have not signed, or no longer write."""
        try:
            written = base64_decode(self._signer.unsign(text)).decode()
            found = self.serializer.loads(written) if _MARK in written else json.loads(written)
        except (BadData, ValueError):
            return None
        return found if isinstance(found, dict) else None
