"""What a passkey is asked, and what its answer is worth: WebAuthn, as the library of that name judges it.

Nothing here is read from a row or written to one. The library is imported where it is used: it takes an eighth of a
second, and most of what the portal does needs no key.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.rules.terms import PASSKEY_LIFE
from portal.setting_values import LOOPBACK

if TYPE_CHECKING:
    from webauthn.helpers.structs import AuthenticationCredential, PublicKeyCredentialDescriptor

LONGEST_ID = 1023  # bytes of a credential's id, says WebAuthn; the column holds as many
LONGEST_REASON = 200  # characters of a reason in the log
_PORTS = {"https": 443, "http": 80}  # which browsers leave out of an origin


@dataclass(frozen=True, slots=True)
class Site:
    """For whom keys are made: the host they belong to, and the one origin whose answers count."""

    host: str
    origin: str

    def is_at(self, host: str) -> bool:
        """Whether a visitor with this Host header is where the keys work.

        >>> site_of("http://127.0.0.1:8000").is_at("127.0.0.1:8000"), site_of("http://[::1]").is_at("localhost:80")
        (False, True)
        """
        return urlsplit(f"//{host}").hostname == self.host


@dataclass(frozen=True, slots=True)
class Question:
    """A challenge, and for which site it is asked."""

    site: Site
    challenge: bytes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has just been made. credential_id, public_key: base64url."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: list[str]


@dataclass(frozen=True, slots=True)
class Unfit:
    """The answer does not count. `reason` is for the log: whoever sent it is told nothing of it."""

    reason: str


def site_of(public_url: str) -> Site:
    """The site of the portal's own address. Keys know hosts by name only, so this machine is `localhost` for them.

    >>> site_of("https://portal.example.com")
    Site(host='portal.example.com', origin='https://portal.example.com')
    >>> site_of("http://127.0.0.1:8000")
    Site(host='localhost', origin='http://localhost:8000')
    """
    address = urlsplit(public_url)
    host = "localhost" if address.hostname in LOOPBACK else address.hostname or ""
    port = "" if address.port in (None, _PORTS.get(address.scheme)) else f":{address.port}"
    return Site(host, f"{address.scheme}://{host}{port}")


def challenge_of(token: str) -> bytes:
    """The challenge of the link that waits in a browser's cookie: as unique as the link, and used up with it."""
    return hashlib.sha256(f"portal.passkey:{token}".encode()).digest()


def handle_of(token: str) -> str:
    """What the keys of somebody who had none will know the person by: random, since the link's token is."""
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(hashlib.sha256(f"portal.passkey-person:{token}".encode()).digest())


def options_to_add(
    question: Question,
    *,
    brand: str,
    username: str,
    full_name: str,
    handle: str,
    known: Sequence[tuple[str, list[str]]],
) -> dict[str, Any]:
    """What the browser is told to make a key; `known` are the keys that the person has: (id, transports)."""
    from webauthn import generate_registration_options
    from webauthn.helpers import base64url_to_bytes, options_to_json_dict, structs

    options = generate_registration_options(
        rp_id=question.site.host,
        rp_name=brand,
        user_id=base64url_to_bytes(handle),
        user_name=username,
        user_display_name=full_name,
        challenge=question.challenge,
        timeout=_milliseconds(),
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[_descriptor(*key) for key in known],
    )
    return options_to_json_dict(options)


def options_to_use(
    question: Question, known: Sequence[tuple[str, list[str]]] = (), *, verified: bool
) -> dict[str, Any]:
    """What the browser is told to use one of the `known` keys, or any that it knows for this site.

    verified: the key has to find out that it is the person, by a fingerprint or a PIN; else a touch is enough.
    """
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import UserVerificationRequirement as Wanted

    options = generate_authentication_options(
        rp_id=question.site.host,
        challenge=question.challenge,
        timeout=_milliseconds(),
        allow_credentials=[_descriptor(*key) for key in known],
        user_verification=Wanted.REQUIRED if verified else Wanted.DISCOURAGED,
    )
    return options_to_json_dict(options)


def read_new(question: Question, text: str) -> NewKey | Unfit:
    """The key that was made in answer to the question. Which maker it has is nobody's business: no attestation."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json

    try:
        credential = parse_registration_credential_json(_object(text))
        made = verify_registration_response(
            credential=credential,
            expected_challenge=question.challenge,
            expected_rp_id=question.site.host,
            expected_origin=question.site.origin,
        )
        _check_key(made.credential_public_key)
    except Exception as error:  # the library raises what it likes about what came from outside: it is a refusal
        return _unfit(error)
    if made.credential_id != credential.raw_id or len(made.credential_id) > LONGEST_ID:
        return Unfit("the id of the key is not its own, or too long")
    ways = dict.fromkeys(way.value for way in credential.response.transports or [])
    ids = (bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key))
    return NewKey(*ids, made.sign_count, list(ways))


def read(text: str) -> "AuthenticationCredential | Unfit":
    """What a key has answered, before anything of it is believed."""
    from webauthn.helpers import parse_authentication_credential_json

    try:
        return parse_authentication_credential_json(_object(text))
    except Exception as error:  # as above
        return _unfit(error)


def id_of(credential: "AuthenticationCredential") -> str:
    """The id of the key as it is stored."""
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(credential.raw_id)


def names(credential: "AuthenticationCredential", handle: str, *, must: bool) -> bool:
    """Whether the key says that it belongs to whom `handle` stands for; unless it `must`, it may say nothing."""
    from webauthn.helpers import base64url_to_bytes

    said = credential.response.user_handle  # some browsers say an empty one where the key says nothing
    return said == base64url_to_bytes(handle) if said else not must


def judge(
    question: Question, credential: "AuthenticationCredential", public_key: str, *, verified: bool
) -> int | Unfit:
    """How often the key says that it was used, if the answer is one of the key to this question.

    The count is not compared here: only what is signed is worth a comparison (`passkeys.use`).
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes

    try:
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=question.challenge,
            expected_rp_id=question.site.host,
            expected_origin=question.site.origin,
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=0,
            require_user_verification=verified,
        )
    except Exception as error:  # as above
        return _unfit(error)
    return found.new_sign_count


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no JSON object")
    return found


def _check_key(public_key: bytes) -> None:
    """Raise where the key could never be used: better now than at the sign-in."""
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    decoded_public_key_to_cryptography(decode_credential_public_key(public_key))


def _descriptor(credential_id: str, transports: list[str]) -> "PublicKeyCredentialDescriptor":
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    ways = [AuthenticatorTransport(way) for way in transports]
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential_id), transports=ways or None)


def _milliseconds() -> int:
    return int(PASSKEY_LIFE.total_seconds() * 1000)


def _unfit(error: Exception) -> Unfit:
    return Unfit(f"{type(error).__name__}: {error}"[:LONGEST_REASON])
