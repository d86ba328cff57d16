"""The post: claims what waits in the outbox, does it or sends it, and writes down how it went.

Each row is claimed in one transaction and settled in another. A worker that dies between them lets go of the row when
its lease ends; a mail may then leave twice with the same Message-ID, which SMTP itself cannot exclude.
"""

import logging
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.jobs import letters, reminders
from portal.jobs.duties import ERRANDS, TASKS
from portal.jobs.errands import GiveUp, NotYet
from portal.kit import outbox
from portal.kit.outbox import Message, Outcome
from portal.outside.post import Letter, Undelivered
from portal.parts import Parts

log = logging.getLogger("portal")
SETTLE_AGAIN_SECONDS = (1.0, 4.0, 15.0)  # a database that is away must not make us forget that a mail has left


class _TakenOver(Exception):
    """Our lease ended, and another worker has the row: what was done in this transaction is undone."""


def work_once(app: Flask) -> bool:
    """Take one row and settle it; False when nothing was due."""
    parts: Parts = app.extensions["portal"]
    with parts.database.write() as db:
        message = outbox.claim(db, at=parts.clock.now())
    if message is None:
        return False
    with app.app_context():
        if message.attempts > outbox.MOST_CLAIMS:
            _finish(parts, message, Outcome.FAILED, "worker died")
        elif message.topic == outbox.TASK:
            _do(parts, message)
        elif message.topic == outbox.ERRAND:
            _run(parts, message)
        else:
            _deliver(parts, message)
    return True


def _do(parts: Parts, message: Message) -> None:
    """A task and its end are one transaction: what it leaves behind is there exactly once."""
    at = parts.clock.now()
    try:
        with parts.database.write() as db:
            TASKS[message.name](db, parts, message.payload, at)
            if not outbox.finish(db, message, Outcome.HANDLED, at=at):
                raise _TakenOver
    except _TakenOver:
        log.warning("task taken over", extra={"task": message.name, "row": message.id})
    except Exception as error:  # a fault of one task must not stop the others: it is logged, put off, and stays visible
        _log_fault("task failed", message, error)
        _put_off(parts, message, type(error).__name__)


def _run(parts: Parts, message: Message) -> None:
    """An errand may run again after a crash: the other side is told the same thing twice, and must know it."""
    try:
        ERRANDS[message.name](parts, message.payload, parts.clock.now())
    except NotYet as error:
        _put_off(parts, message, str(error))
    except GiveUp as error:
        log.error("errand given up", extra={"errand": message.name, "row": message.id, "why": str(error)})
        _finish(parts, message, Outcome.FAILED, str(error))
    except Exception as error:  # a fault of one errand must not stop the others: it is put off, and seen
        _log_fault("errand failed", message, error)
        _put_off(parts, message, type(error).__name__)
    else:
        _finish(parts, message, Outcome.HANDLED)


def _deliver(parts: Parts, message: Message) -> None:
    try:
        letter = _letter(parts, message)
        if letter is None:
            _finish(parts, message, Outcome.EXPIRED)
            return
        parts.post.send(letter)
    except Undelivered as error:
        log.warning("mail not accepted", extra={"mail": message.name, "row": message.id, "why": str(error)})
        if error.permanent:
            _finish(parts, message, Outcome.REFUSED, str(error))
        else:
            _put_off(parts, message, str(error))
    except Exception as error:  # a mail that cannot be written must not stop the others
        _log_fault("mail failed", message, error)
        _put_off(parts, message, type(error).__name__)
    else:
        _finish(parts, message, Outcome.SENT)
        log.info("mail accepted", extra={"mail": message.name, "row": message.id, "attempt": message.attempts})


def _letter(parts: Parts, message: Message) -> Letter | None:
    """The letter as it leaves at every attempt; None when what it says is no longer true."""
    with parts.database.read() as db:
        if letters.is_useless(db, message, at=parts.clock.now()) or reminders.is_over(db, parts, message):
            return None
        subject, text, html = letters.render(db, parts, message)
    host = urlsplit(parts.settings.public_url).hostname
    name = f"portal.{message.created_at:%Y%m%d%H%M%S}.{message.id}@{host}"
    sender = parts.settings.mail_default_sender
    return Letter(name, sender, message.recipient or "", subject, text, html, message.created_at)


def _finish(parts: Parts, message: Message, outcome: Outcome, error: str | None = None) -> None:
    _settle(parts, lambda db, at: outbox.finish(db, message, outcome, at=at, error=error))


def _put_off(parts: Parts, message: Message, error: str) -> None:
    _settle(parts, lambda db, at: outbox.retry(db, message, at=at, error=error))


def _settle(parts: Parts, write: Callable[[Connection, datetime], bool]) -> None:
    for pause in (*SETTLE_AGAIN_SECONDS, None):
        try:
            with parts.database.write() as db:
                write(db, parts.clock.now())
            return
        except SQLAlchemyError:
            if pause is None:
                raise
            time.sleep(pause)


def _log_fault(what: str, message: Message, error: Exception) -> None:
    """Where it happened, without the words of the error: those may hold an address or what somebody typed."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    facts = {message.topic: message.name, "row": message.id, "attempt": message.attempts}
    log.error(what, extra=facts | {"fault": type(error).__name__, "places": places[-8:]})
