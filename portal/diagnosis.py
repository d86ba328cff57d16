"""`portal check`: what would stop the portal from working, with the remedy."""

import smtplib
import ssl
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal import migrations
from portal.kit import outbox
from portal.outside.post import FolderPost
from portal.parts import Parts

SMTP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    words: str


def examine(app: Flask) -> list[Finding]:
    parts: Parts = app.extensions["portal"]
    found = [Finding("settings", True, "valid"), _database(parts)]
    if found[-1].ok:
        found += [_migrations(parts), _outbox(parts)]
    return [*found, _mail(parts)]


def _database(parts: Parts) -> Finding:
    try:
        with parts.database.read() as db:
            db.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Finding("database", False, f"does not answer ({type(error).__name__}): check PORTAL_DATABASE_URL")
    return Finding("database", True, "answers")


def _migrations(parts: Parts) -> Finding:
    current = migrations.is_current(parts.database.writer)
    return Finding("migrations", current, "up to date" if current else "missing: run `portal upgrade`")


def _outbox(parts: Parts) -> Finding:
    try:
        with parts.database.read() as db:
            waiting = outbox.waiting(db)
    except SQLAlchemyError:
        return Finding("outbox", False, "has no table: run `portal upgrade`")
    return Finding("outbox", True, f"{waiting} waiting")


def _mail(parts: Parts) -> Finding:
    if isinstance(parts.post, FolderPost):
        return Finding("mail", True, "kept in a folder (demonstration)")
    settings = parts.settings
    kind = smtplib.SMTP_SSL if settings.mail_use_ssl else smtplib.SMTP
    try:
        with kind(settings.mail_server, settings.mail_port, timeout=SMTP_SECONDS) as server:
            if settings.mail_use_tls:
                server.starttls(context=ssl.create_default_context())
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        return Finding("mail", False, f"no answer from {settings.mail_server} ({error}): check PORTAL_MAIL_…")
    return Finding("mail", True, f"{settings.mail_server} answers")
