"""The post: one contract, two ways. `SmtpPost` speaks SMTP through Flask-Mail; `FolderPost` keeps the demo's mails."""

import json
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from email.charset import QP, Charset
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from flask import Flask
from flask_mail import Connection, Mail, Message

STEP_SECONDS = 60.0  # patience with each answer of the mail server
CONVERSATION_SECONDS = 120.0  # for all of them together; half a lease of the outbox
FAREWELL_SECONDS = 2.0  # once the letter was accepted, the rest is courtesy
UTF8 = Charset("utf-8")
UTF8.body_encoding = QP  # seven bits and short lines: passes every server unchanged


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to leave. `id` and `at` are the same at each attempt, so that a repeated delivery can be told."""

    id: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    at: datetime


class Undelivered(Exception):
    """The letter did not leave, or nobody knows. `permanent`: there is no such recipient, trying again is useless."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Post(Protocol):
    def send(self, letter: Letter) -> None:
        """Hand the letter over; returns once it was accepted, raises Undelivered otherwise."""
        ...


class _Bounded(smtplib.SMTP):
    """A conversation that ends: each answer is waited for, and all together, for a time that is known beforehand.

    A server that sends one byte now and then never runs into a socket's time-out; the watch cuts the line.
    """

    def __init__(self, *given: Any, limit: float, **named: Any) -> None:
        self._limit = limit
        self._over = Event()
        super().__init__(*given, **named)

    def connect(self, *given: Any, **named: Any) -> tuple[int, bytes]:
        Thread(target=self._watch, name="post-watch", daemon=True).start()
        try:
            return super().connect(*given, **named)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._over.set()
        super().close()

    def _watch(self) -> None:
        wait = self._limit
        while not self._over.wait(wait):
            line = self.sock
            if line is not None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            wait = 1.0  # it may have been between two sockets, before TLS: cut what comes after it too


class _BoundedSsl(_Bounded, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""


class _Conversation(Connection):
    """Flask-Mail's connection with time limits, with certificates that are checked, and with a quiet farewell."""

    def __init__(self, mail: Any, step: float, limit: float) -> None:
        super().__init__(mail)
        self._limits = {"timeout": step, "limit": limit}

    def __exit__(self, *_: object) -> None:
        """Once the letter was accepted, a server that drops or hangs here must not make us send it again."""
        if self.host is None:
            return
        with suppress(smtplib.SMTPException, OSError):
            if self.host.sock is not None:
                self.host.sock.settimeout(FAREWELL_SECONDS)
                self.host.quit()
        self.host.close()

    def configure_host(self) -> smtplib.SMTP:
        mail = self.mail
        if mail.use_ssl:
            trusted = ssl.create_default_context()
            host: _Bounded = _BoundedSsl(mail.server, mail.port, context=trusted, **self._limits)
        else:
            host = _Bounded(mail.server, mail.port, **self._limits)
        try:
            if mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except BaseException:
            host.close()
            raise
        return host


class SmtpPost:
    """Needs an application context: Flask-Mail keeps its settings in the application.

    `step` and `limit` are seconds: for one answer of the server, and for the whole conversation.
    """

    def __init__(self, app: Flask, step: float = STEP_SECONDS, limit: float = CONVERSATION_SECONDS) -> None:
        self._mail: Any = Mail().init_app(app)
        self._step, self._limit = step, limit

    def send(self, letter: Letter) -> None:
        if not letter.recipient.rpartition("@")[0].isascii():  # Flask-Mail would write to somebody else
            raise Undelivered("address outside ASCII", permanent=True)
        try:
            with _Conversation(self._mail, self._step, self._limit) as conversation:
                conversation.send(_message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            answers = list(error.recipients.values())
            unknown = all(550 <= code <= 559 for code, _ in answers)  # 5xx beside these blames us, not the address
            words = ", ".join(_code(*answer) for answer in answers)
            raise Undelivered(f"recipient refused: {words}", permanent=unknown) from error
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"{type(error).__name__}: {_code(error.smtp_code, error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            cause = error.__context__ if isinstance(error.__context__, OSError) else error
            raise Undelivered(type(cause).__name__) from error


def _message(letter: Letter) -> Message:
    message = Message(letter.subject, [letter.recipient], body=letter.text, html=letter.html, sender=letter.sender)
    message.charset = UTF8  # type: ignore[assignment]  # the library hands it on to email, which takes both
    message.msgId = f"<{letter.id}>"
    message.date = letter.at.timestamp()
    message.extra_headers = {"Auto-Submitted": "auto-generated"}
    return message


def _code(code: int, answer: bytes | str) -> str:
    """What the server said, without its words: those often repeat the address."""
    text = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", text, re.ASCII)
    return f"{code} {enhanced[0]}" if enhanced else str(code)


class FolderPost:
    """Keeps each letter as a file, for the page that shows the demonstration's mails. The same letter twice is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{letter.at:%Y%m%dT%H%M%S}-{letter.id.partition('@')[0]}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(letter), default=str, ensure_ascii=False), "utf-8")
        fresh.replace(path)  # nobody reads half a letter

    def letters(self) -> list[dict[str, str]]:
        """The kept letters, newest first."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self._folder.glob("*.json"), reverse=True)]

    def empty(self) -> None:
        for path in self._folder.glob("*.json"):
            path.unlink()
