"""The post: one contract, two ways. `SmtpPost` speaks SMTP through Flask-Mail; `FolderPost` keeps the demo's mails."""

import json
import smtplib
import ssl
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from flask_mail import Connection, Mail, Message

SMTP_TIMEOUT_SECONDS = 30  # for each step of the conversation; a lease in the outbox is longer


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to leave. `id` is the same at each attempt, so that a repeated delivery can be told."""

    id: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    at: datetime


class Undelivered(Exception):
    """The letter did not leave. `permanent`: the server said never (5xx), trying again is useless."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Post(Protocol):
    def send(self, letter: Letter) -> None:
        """Hand the letter over; returns once it was accepted, raises Undelivered otherwise."""
        ...


class _PatientConnection(Connection):
    """Flask-Mail's connection with a time limit, with certificates that are checked, and with a quiet farewell."""

    def __exit__(self, *_: object) -> None:
        """Once the letter was accepted, a server that drops before the farewell must not make us send it again."""
        if self.host is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.host.quit()
            self.host.close()

    def configure_host(self) -> smtplib.SMTP:
        mail, timeout = self.mail, SMTP_TIMEOUT_SECONDS
        if mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.server, mail.port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            host = smtplib.SMTP(mail.server, mail.port, timeout=timeout)
        if mail.use_tls:
            host.starttls(context=ssl.create_default_context())
        if mail.username and mail.password:
            host.login(mail.username, mail.password)
        return host


class SmtpPost:
    """Needs an application context: Flask-Mail keeps its settings in the application."""

    def __init__(self, app: Flask) -> None:
        self._mail: Any = Mail().init_app(app)

    def send(self, letter: Letter) -> None:
        message = Message(letter.subject, [letter.recipient], body=letter.text, html=letter.html, sender=letter.sender)
        message.msgId = f"<{letter.id}>"
        message.date = letter.at.timestamp()
        message.extra_headers = {"Auto-Submitted": "auto-generated"}
        try:
            with _PatientConnection(self._mail) as connection:
                connection.send(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Undelivered(f"recipient refused {codes}", permanent=all(500 <= c < 600 for c in codes)) from error
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"SMTP {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(type(error).__name__) from error


class FolderPost:
    """Keeps each letter as a file, for the page that shows the demonstration's mails. The same letter twice is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{letter.at:%Y%m%dT%H%M%S}-{letter.id.partition('@')[0]}.json"
        path.write_text(json.dumps(asdict(letter), default=str, ensure_ascii=False), "utf-8")

    def letters(self) -> list[dict[str, str]]:
        """The kept letters, newest first."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self._folder.glob("*.json"), reverse=True)]

    def empty(self) -> None:
        for path in self._folder.glob("*.json"):
            path.unlink()
