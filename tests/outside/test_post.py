"""Letters as they travel, and a post that never waits for ever. The servers are real ones, on loopback."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from flask import Flask

from portal.jobs.post import SETTLE_AGAIN_SECONDS
from portal.kit import outbox
from portal.outside import post
from portal.outside.post import FolderPost, Letter, SmtpPost, Undelivered
from tests.outside.servers import Do, MailServer, Step, certificate

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LETTER = Letter(
    "portal.20261120090000.7@portal.test",
    "no-reply@example.com",
    "anna@example.com",
    "È scaduta la città",
    "Perché no.\n.\nUna riga che comincia con un punto.\n",
    "<p>Perché no.</p>" + "x" * 3000,
    AT,
)
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes a certificate with the openssl command"
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as found:
        yield found


def send(
    server: MailServer, letter: Letter = LETTER, *, step: float = 5, limit: float = 10, **settings: object
) -> None:
    app = Flask("portal")
    app.config.update({"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": server.port} | settings)
    with app.app_context():
        SmtpPost(app, step=step, limit=limit).send(letter)


def test_a_letter_arrives_as_it_was_written(server: MailServer) -> None:
    send(server)
    (mail,) = server.accepted
    assert server.recipients == ["anna@example.com"]
    assert mail["Message-ID"] == "<portal.20261120090000.7@portal.test>"
    assert (mail["From"], mail["To"]) == ("no-reply@example.com", "anna@example.com")
    assert mail["Subject"] == LETTER.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT
    text, html = mail.get_body(["plain"]), mail.get_body(["html"])
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().rstrip() == LETTER.html


def test_a_letter_is_seven_bits_and_short_lines_for_the_oldest_server(server: MailServer) -> None:
    send(server)
    raw = server.accepted[0].as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


def test_an_address_that_the_library_would_change_is_refused(server: MailServer) -> None:
    with pytest.raises(Undelivered) as caught:
        send(server, replace(LETTER, recipient="jürgen@example.com"))
    assert caught.value.permanent
    assert server.conversations == 0


@pytest.mark.parametrize(
    ("step", "answer", "why", "permanent"),
    [
        (Step.RCPT, "550 5.1.1 <anna@example.com> unknown", "recipient refused: 550 5.1.1", True),
        (Step.RCPT, "556 anna@example.com no mail", "recipient refused: 556", True),
        (Step.RCPT, "530 5.7.0 sign in first", "recipient refused: 530 5.7.0", False),  # our fault, not the address's
        (Step.RCPT, "451 4.7.1 anna@example.com greylisted", "recipient refused: 451 4.7.1", False),
        (Step.RCPT, "421 too busy", "recipient refused: 421", False),
        (Step.GREETING, "554 no service", "SMTPConnectError: 554", False),
        (Step.MAIL, "550 5.7.1 no-reply@example.com", "SMTPSenderRefused: 550 5.7.1", False),
        (Step.DATA, "451 try later", "SMTPDataError: 451", False),
        (Step.VERDICT, "554 5.7.1 spam by anna@example.com", "SMTPDataError: 554 5.7.1", False),
        (Step.VERDICT, "452 4.3.1 full", "SMTPDataError: 452 4.3.1", False),
        (Step.RCPT, "nonsense", "recipient refused: -1", False),
    ],
)
def test_a_refusal_tells_its_code_and_no_address(
    server: MailServer, step: Step, answer: str, why: str, permanent: bool
) -> None:
    server.behaviour[step] = answer
    with pytest.raises(Undelivered) as caught:
        send(server)
    assert (str(caught.value), caught.value.permanent) == (why, permanent)
    assert not server.accepted


@pytest.mark.parametrize("step", [Step.GREETING, Step.MAIL, Step.RCPT, Step.DATA, Step.CONTENT, Step.VERDICT])
@pytest.mark.parametrize("act", [Do.HANG, Do.DROP])
def test_a_server_that_goes_away_or_falls_silent_is_given_up(server: MailServer, step: Step, act: Do) -> None:
    server.behaviour[step] = act
    begun = monotonic()
    with pytest.raises(Undelivered) as caught:
        send(server, step=0.1)
    assert not caught.value.permanent
    assert monotonic() - begun < 2


def test_a_server_that_answers_byte_by_byte_is_cut_off(server: MailServer) -> None:
    server.behaviour[Step.RCPT] = Do.DRIP
    begun = monotonic()
    with pytest.raises(Undelivered):
        send(server, step=5, limit=0.3)
    assert monotonic() - begun < 2


@pytest.mark.parametrize(
    ("step", "act"),
    [(Step.ACCEPTED, Do.DROP), (Step.QUIT, Do.DROP), (Step.QUIT, Do.HANG), (Step.QUIT, "500 what?")],
)
def test_what_happens_after_the_letter_was_accepted_is_no_fault(
    server: MailServer, monkeypatch: pytest.MonkeyPatch, step: Step, act: Do | str
) -> None:
    monkeypatch.setattr(post, "FAREWELL_SECONDS", 0.1)
    server.behaviour[step] = act
    begun = monotonic()
    send(server)
    assert len(server.accepted) == 1
    assert monotonic() - begun < 2


def test_a_server_that_is_not_there() -> None:
    with MailServer() as server:
        pass
    with pytest.raises(Undelivered, match="ConnectionRefusedError"):
        send(server)


def test_a_conversation_and_its_settlement_fit_into_a_lease() -> None:
    longest = post.CONVERSATION_SECONDS + post.FAREWELL_SECONDS + sum(SETTLE_AGAIN_SECONDS)
    assert timedelta(seconds=longest + 60) <= outbox.LEASE, "give the lease of kit/outbox.py more time"


@needs_openssl
@pytest.mark.parametrize("kind", ["starttls", "at once"])
def test_tls_to_a_server_whose_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    given = {"tls": context} if kind == "starttls" else {"tls_at_once": context}
    settings = {"MAIL_USE_TLS": kind == "starttls", "MAIL_USE_SSL": kind == "at once", "MAIL_SERVER": "localhost"}
    with MailServer(**given) as server:
        send(server, **settings)
    assert len(server.accepted) == 1


@needs_openssl
@pytest.mark.parametrize("kind", ["starttls", "at once"])
@pytest.mark.parametrize("flaw", ["unknown issuer", "another name"])
def test_nothing_is_said_to_a_server_that_may_be_an_impostor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, flaw: str
) -> None:
    cert, context = certificate(tmp_path, "localhost" if flaw == "unknown issuer" else "mail.elsewhere.test")
    if flaw == "another name":
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    given = {"tls": context} if kind == "starttls" else {"tls_at_once": context}
    settings = {"MAIL_USE_TLS": kind == "starttls", "MAIL_USE_SSL": kind == "at once", "MAIL_SERVER": "localhost"}
    with MailServer(**given) as server, pytest.raises(Undelivered, match="SSLCertVerificationError"):
        send(server, **settings)
    assert not server.taken


def test_a_letter_never_leaves_in_plain_text_where_tls_was_asked_for(server: MailServer) -> None:
    with pytest.raises(Undelivered, match="SMTPNotSupportedError"):
        send(server, MAIL_USE_TLS=True)
    assert not server.taken


@needs_openssl
@pytest.mark.parametrize(("typed", "arrives"), [("right", True), ("wrong", False)])
def test_signs_in_where_the_server_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, arrives: bool
) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    settings = {"MAIL_USE_TLS": True, "MAIL_USERNAME": "portal", "MAIL_PASSWORD": typed, "MAIL_SERVER": "localhost"}
    with MailServer(tls=context, password="right") as server:
        if arrives:
            send(server, **settings)
        else:
            with pytest.raises(Undelivered, match="SMTPAuthenticationError: 535") as caught:
                send(server, **settings)
            assert not caught.value.permanent
    assert len(server.accepted) == arrives


def test_the_demonstration_keeps_each_letter_once(tmp_path: Path) -> None:
    folder = FolderPost(tmp_path / "mail")
    assert folder.letters() == []
    folder.send(LETTER)
    folder.send(LETTER)
    assert [letter["subject"] for letter in folder.letters()] == [LETTER.subject]
    assert [path.suffix for path in (tmp_path / "mail").iterdir()] == [".json"]
    assert json.loads(next((tmp_path / "mail").iterdir()).read_text("utf-8"))["recipient"] == "anna@example.com"
    folder.empty()
    assert folder.letters() == []
