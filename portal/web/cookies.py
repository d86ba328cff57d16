"""The one cookie: signed with SHA-256, readable by nodes whose clocks differ, small.

Flask's own cookie refuses what another node signed a second "in the future", and forgets it after 31 days by the
signer's clock. Ours carries no time of the signer: the session's row and the instant inside decide.
"""

import hashlib
from typing import Any

from flask import Flask, Request
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, Serializer, URLSafeSerializer, base64_encode


class _Plain(URLSafeSerializer):
    """Does not try whether a few words become shorter by compression: they never do, and it costs more than signing."""

    def dump_payload(self, obj: Any, *_given: Any, **_more: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj))


class SignedCookie(SecureCookieSessionInterface):
    serializer = TaggedJSONSerializer()

    def __init__(self, keys: tuple[str, ...]) -> None:
        newest_last = list(reversed(keys))
        signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._signer = _Plain(newest_last, "portal.cookie", self.serializer, signer_kwargs=signer)

    def get_signing_serializer(self, app: Flask) -> Any:
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        text = request.cookies.get(self.get_cookie_name(app))
        if not text:
            return self.session_class()
        try:
            found = self._signer.loads(text)
        except BadSignature:
            return self.session_class()
        return self.session_class(found) if isinstance(found, dict) else self.session_class()
