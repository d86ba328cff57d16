"""`portal check`: what would stop the portal from working, with the remedy."""

import os
import smtplib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from portal import keys, migrations
from portal.billing import papers
from portal.jobs import nightly
from portal.kit import db_health, nights, outbox
from portal.kit.db import PER_THREAD
from portal.outside.post import FolderPost
from portal.outside.service import DemoService
from portal.parts import Parts
from portal.rules import dates
from portal.rules import nights as night_rules

SMTP_SECONDS = 10
CLOCK_SECONDS = 5  # links and sessions bear a few seconds between machines, not more
OLDEST_DUE = timedelta(minutes=10)  # what is due for longer was not seen by any worker, or there are too few
NIGHT_MAY_TAKE = timedelta(hours=3)  # a night that began earlier and is not worked has nobody who works it
THREADS = 6  # of a process that serves: portal/serving.py
OF_A_WORKER = 3  # connections: a worker does one thing after the other


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    words: str


def examine(app: Flask) -> list[Finding]:
    parts: Parts = app.extensions["portal"]
    found = [Finding("settings", True, "valid"), _prices(parts), _pdf(), _files(parts), _database(parts)]
    if found[-1].ok or _answers(parts):
        found += [_migrations(parts), _outbox(parts), _worker(parts), _keys(parts), _clock(parts)]
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


def _files(parts: Parts) -> Finding:
    """Workers write exports and invoices into the instance folder."""
    folder = parts.settings.instance_path
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("files", False, f"{folder} cannot be written: let the portal's user write there")
    short = db_health.free_space(folder)
    return Finding("files", short is None, short or f"{folder} can be written")


def _database(parts: Parts) -> Finding:
    """Whether it answers, and is such as the portal needs it."""
    node = (os.cpu_count() or 1) * THREADS * PER_THREAD + OF_A_WORKER
    try:
        faults = db_health.faults(parts.database, connections=node)
    except SQLAlchemyError as error:
        return Finding("database", False, f"does not answer ({type(error).__name__}): check PORTAL_DATABASE_URL")
    return Finding("database", not faults, "; ".join(faults) or "answers, and is as it has to be")


def _answers(parts: Parts) -> bool:
    try:
        with parts.database.read() as db:
            db.execute(select(literal(1)))
    except SQLAlchemyError:
        return False
    return True


def _migrations(parts: Parts) -> Finding:
    present = migrations.present(parts.database.reader)
    if present is not None and present not in migrations.revisions():
        return Finding("migrations", False, f"{present} is of a later version: install that one")
    current = present == migrations.revisions()[-1]
    return Finding("migrations", current, "up to date" if current else "missing: run `portal upgrade`")


def _outbox(parts: Parts) -> Finding:
    """What is due for long was left by all workers. What is to be tried again later is not due."""
    at = parts.clock.now()
    try:
        with parts.database.read() as db:
            queues = outbox.queues(db, at=at).values()
    except SQLAlchemyError:
        return Finding("outbox", False, "has no table: run `portal upgrade`")
    waiting = sum(found.waiting for found in queues)
    oldest = min((found.oldest_due_at for found in queues if found.oldest_due_at), default=at)
    late = at - oldest > OLDEST_DUE
    words = f", due since {oldest:%Y-%m-%d %H:%M} UTC: start `portal worker`, or one more" if late else ""
    return Finding("outbox", not late, f"{waiting} waiting{words}")


def _worker(parts: Parts) -> Finding:
    """What can be known of workers: that they leave a trace each night, and let nothing wait (`outbox`)."""
    at, zone = parts.clock.now(), parts.settings.timezone
    try:
        with parts.database.read() as db:
            first = nights.first(db)
            known = nights.known(db, since=first) if first else {}
    except SQLAlchemyError:
        return Finding("worker", False, "the nights have no table: run `portal upgrade`")
    if first is None:
        return Finding("worker", True, "none has worked a night yet: start `portal worker`")
    due = night_rules.to_work(first, at - NIGHT_MAY_TAKE, zone)
    missed = [day for day in due if not all(known.get((day, step)) for step in nightly.STEPS)]
    if missed:
        remedy = "start `portal worker`, or see in its log what failed"
        return Finding("worker", False, f"the night of {missed[0]} is not worked to its end: {remedy}")
    return Finding("worker", True, f"has worked every night until {max(day for day, _ in known)}")


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
        return Finding("clock", True, f"{parts.clock.now():%Y-%m-%d %H:%M:%S} UTC, compared with no other")
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
