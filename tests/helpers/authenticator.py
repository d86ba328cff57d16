"""A security key in software: makes and uses passkeys as a browser hands them on, and lies where a test asks it to.

What it answers is real, ES256 keys and CBOR, so that the pages judge it as they judge any other.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from portal.accounts import passkey_answers, passkeys
from portal.accounts.passkey_answers import NewKey, Question, site_of
from portal.accounts.passkeys import Passkey
from portal.accounts.queries import Administrator
from portal.accounts.tables import passkeys as table
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import House
from tests.helpers.pages import Page

ORIGIN = "http://localhost:8000"  # of a house whose address is http://127.0.0.1:8000
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
Json = dict[str, Any]


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Key:
    """What lies in the authenticator: the private key, whom it is for, and how often it was used."""

    id: bytes
    private: EllipticCurvePrivateKey
    host: str
    handle: str
    count: int = 0


@dataclass
class Authenticator:
    """One that knows its owner, unless `verifies` is off; counts its uses, unless `counts` is off.

    origin: where its browser believes to be.
    """

    origin: str = ORIGIN
    verifies: bool = True
    counts: bool = True
    keys: list[Key] = field(default_factory=list)

    def make(self, options: Json, **lies: Any) -> str:
        """The answer to `navigator.credentials.create`, as the page sends it."""
        key = Key(
            secrets.token_bytes(32), generate_private_key(SECP256R1()), options["rp"]["id"], options["user"]["id"]
        )
        self.keys.append(key)
        attested = bytes(16) + len(key.id).to_bytes(2, "big") + key.id + cbor2.dumps(_cose(key))
        data = self._data(key, ATTESTED, lies) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = {"attestationObject": text(attestation), "transports": ["usb", "nfc"]}
        return self._answer(key, said, self._client("webauthn.create", options, lies))

    def use(self, options: Json, key: Key | None = None, **lies: Any) -> str:
        """The answer to `navigator.credentials.get`: with this key, or with the newest that is asked for."""
        used = key or self._asked_for(options)
        used.count += self.counts
        client = self._client("webauthn.get", options, lies)
        data = self._data(used, 0, lies)
        signed = data + hashlib.sha256(client).digest()
        said = {
            "authenticatorData": text(data),
            "signature": text(used.private.sign(signed, ECDSA(SHA256()))),
            "userHandle": lies.get("handle", used.handle),
        }
        return self._answer(used, said, client)

    def _asked_for(self, options: Json) -> Key:
        wanted = [raw(allowed["id"]) for allowed in options["allowCredentials"]]
        here = [key for key in self.keys if key.host == options["rpId"] and (not wanted or key.id in wanted)]
        assert here, "the browser would say that no passkey is known for this"
        return here[-1]

    def _client(self, kind: str, options: Json, lies: Json) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": lies.get("origin", self.origin)}
        return json.dumps(said | {"crossOrigin": False}).encode()

    def _data(self, key: Key, flags: int, lies: Json) -> bytes:
        host = hashlib.sha256(lies.get("host", key.host).encode()).digest()
        flags |= (PRESENT if lies.get("present", True) else 0) | (VERIFIED if self.verifies else 0)
        return host + bytes([flags]) + lies.get("count", key.count).to_bytes(4, "big")

    def _answer(self, key: Key, said: Json, client: bytes) -> str:
        response = {name: value for name, value in said.items() if value is not None} | {"clientDataJSON": text(client)}
        return json.dumps({"id": text(key.id), "rawId": text(key.id), "type": "public-key", "response": response})


def _cose(key: Key) -> dict[int, Any]:
    point = key.private.public_key().public_numbers()
    return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}


# --- what the script of the pages does -------------------------------------------------------------------------------


def given(browser: Browser) -> Json:
    """What the present page would have a passkey made of."""
    assert browser.page is not None
    (form,) = [form for form in browser.page.forms() if form.get("data-passkey") == "create"]
    found: Json = json.loads(form.get("data-given", ""))
    return found


def form_of(browser: Browser) -> int:
    """Which form of the present page is for a passkey."""
    assert browser.page is not None
    return next(n for n, form in enumerate(browser.page.forms()) if form.get("data-passkey"))


def ask(browser: Browser) -> Json:
    """What the present page is told to ask a passkey, when its button is pressed."""
    assert browser.page is not None
    form = browser.page.forms()[form_of(browser)]
    token = browser.page.form(form_of(browser))[1]["csrf_token"]
    page, shown = browser.page, browser.response
    answer = browser.open(
        form.get("data-options", ""), method="POST", json={}, headers=SAME_ORIGIN | {"X-CSRFToken": token}
    )
    browser.page, browser.response = page, shown  # a question of the script: the page stays where it is
    found: Json = answer.get_json() | {"status": answer.status_code}
    return found


def send(browser: Browser, answer: str, **options: Any) -> Page:
    """Send the answer in the form that asked for it."""
    return browser.submit({"answer": answer}, form=form_of(browser), **options)


def use(browser: Browser, key: Authenticator, **lies: Any) -> Page:
    """Press the button for passkeys on the present page, and let the key answer."""
    return send(browser, key.use(ask(browser), **lies))


def add(browser: Browser, key: Authenticator, name: str = "", **lies: Any) -> Page:
    """Add a passkey, as somebody who is signed in and was asked for the password a moment ago."""
    begin(browser)
    fields = {"answer": key.make(given(browser), **lies)} | ({"name": name} if name else {})
    return browser.submit(fields, form=form_of(browser))


def begin(browser: Browser) -> Page:
    """Press "Add a passkey" on the page of the second factors."""
    page = browser.get("/profile/security")
    number = next(n for n, form in enumerate(page.forms()) if form.get("action") == "/profile/security/passkeys/new")
    return browser.submit(form=number)


def give(house: House, person: Administrator, key: Authenticator, name: str = "My key") -> Passkey:
    """Give the person a passkey that lies in this authenticator, without the pages; nobody is told."""
    at, question = house.clock.now(), Question(site_of(house.parts.settings.public_url), b"given")
    with house.parts.database.write() as db:
        keys = passkeys.of(db, person.id)
        facts = {"brand": "Portal", "username": person.username, "full_name": person.full_name}
        facts |= {"handle": passkeys.handle(keys, str(person.id))}
        options = passkey_answers.options_to_add(question, **facts, known=[])
        new = passkey_answers.read_new(question, key.make(options, origin=question.site.origin))
        assert isinstance(new, NewKey)
        row = {"administrator_id": person.id, "credential_id": new.credential_id, "public_key": new.public_key}
        row |= {"user_handle": facts["handle"], "sign_count": 0, "transports": [], "name": name, "added_at": at}
        db.execute(table.insert().values(row))
        return passkeys.of(db, person.id)[-1]
