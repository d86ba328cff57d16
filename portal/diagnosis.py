"""`portal check`: what would stop the portal from working, with the remedy."""

import smtplib
import ssl
from dataclasses import dataclass
from importlib import import_module

from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from portal import keys, migrations
from portal.billing import papers
from portal.kit import outbox
from portal.outside.post import FolderPost
from portal.outside.service import DemoService
from portal.parts import Parts
from portal.rules import dates

SMTP_SECONDS = 10
CLOCK_SECONDS = 5  # links and sessions bear a few seconds between machines, not more


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    words: str


def examine(app: Flask) -> list[Finding]:
    parts: Parts = app.extensions["portal"]
    found = [Finding("settings", True, "valid"), _prices(parts), _pdf(), _database(parts)]
    if found[-1].ok:
        found += [_migrations(parts), _outbox(parts), _keys(parts), _clock(parts)]
    return [*found, _service(parts), _mail(parts)]


def _prices(parts: Parts) -> Finding:
    """A list for today: without one nothing can be sold. Whether the file is valid was asked at the start."""
    today = dates.business_date(parts.clock.now(), parts.settings.timezone)
    try:
        return Finding("prices", True, f"in effect since {parts.prices.on(today).starts_on}")
    except LookupError as error:
        return Finding("prices", False, f"{error}: add one that starts earlier to {parts.settings.price_list}")


def _pdf() -> Finding:
    """Whether invoices become PDF files. Without the extra they do not, and that is no fault."""
    if not papers.can_print():
        return Finding("pdf", True, "not installed: invoices are printed from their pages")
    try:
        import_module("weasyprint")
    except OSError as error:
        return Finding("pdf", False, f"cannot be drawn ({error}): install what the README's Parts name for weasyprint")
    return Finding("pdf", True, "invoices are made")


def _database(parts: Parts) -> Finding:
    try:
        with parts.database.read() as db:
            db.execute(select(literal(1)))
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


def _keys(parts: Parts) -> Finding:
    """Whether everything stored can be read, and how much of it only by a key that is about to go."""
    try:
        with parts.database.read() as db:
            found = keys.encryption(db, parts.vault)
    except SQLAlchemyError:
        return Finding("keys", False, "what they encrypt has no table: run `portal upgrade`")
    if found.unreadable:
        remedy = "put the key it was made with back into PORTAL_SECRET_KEY_FALLBACKS"
        return Finding("keys", False, f"none opens the second factor of {found.whose}: {remedy}")
    stored = f"secrets stored: {found.present + found.outdated}"
    if found.outdated:
        words = "under an earlier key, which has to stay until `portal keys renew`"
        return Finding("keys", True, f"{stored}, of which {found.outdated} {words}")
    return Finding("keys", True, f"{stored}, each under the present key")


def _clock(parts: Parts) -> Finding:
    """This machine against the database's, where that is another one."""
    if parts.settings.demo or parts.database.reader.dialect.name != "postgresql":
        return Finding("clock", True, f"{parts.clock.now():%Y-%m-%d %H:%M:%S} UTC")
    with parts.database.read() as db:
        there = db.execute(select(func.clock_timestamp())).scalar_one()
    apart = abs((parts.clock.now() - there).total_seconds())
    words = f"{apart:.0f} s away from the database's" + ("" if apart <= CLOCK_SECONDS else ": let NTP set both")
    return Finding("clock", apart <= CLOCK_SECONDS, words)


def _service(parts: Parts) -> Finding:
    """Who is told what is switched on. It is not asked anything: its contract has no such question."""
    if isinstance(parts.service, DemoService):
        return Finding("service", True, "kept in a folder (demonstration)")
    if parts.service is None:
        return Finding("service", True, "nobody is told: the sending service asks by itself, or set PORTAL_SERVICE_URL")
    return Finding("service", True, f"{parts.settings.service_url} is told")


def _mail(parts: Parts) -> Finding:
    if isinstance(parts.post, FolderPost):
        return Finding("mail", True, "kept in a folder (demonstration)")
    settings = parts.settings
    kind = smtplib.SMTP_SSL if settings.mail_use_ssl else smtplib.SMTP
    try:
        with kind(settings.mail_server, settings.mail_port, timeout=SMTP_SECONDS) as server:
            if settings.mail_use_tls:
                server.starttls(context=ssl.create_default_context())
            if settings.mail_username:
                server.login(settings.mail_username, settings.mail_password.reveal())
            server.noop()
    except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: a host name that cannot be one
        return Finding("mail", False, f"no answer from {settings.mail_server} ({error}): check PORTAL_MAIL_…")
    return Finding("mail", True, f"{settings.mail_server} answers")
