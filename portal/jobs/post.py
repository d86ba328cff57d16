"""The post: claims what waits in the outbox, does it or sends it, and writes down how it went.

Each row is claimed in one transaction and settled in another. A worker that dies between them lets go of the row when
its lease ends; a mail may then leave twice with the same Message-ID, which SMTP itself cannot exclude.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.jobs import letters, reminders
from portal.jobs.duties import ERRANDS, TASKS
from portal.jobs.errands import GiveUp, NotYet
from portal.kit import faults, outbox
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
            _give_up(parts, message, "worker died", GiveUp("worker died"))
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
        _put_off_fault(parts, message, "task failed", error)
    else:
        log.info("task done", extra=_facts(parts, message, Outcome.HANDLED))


def _run(parts: Parts, message: Message) -> None:
    """An errand may run again after a crash: the other side is told the same thing twice, and must know it."""
    try:
        ERRANDS[message.name](parts, message.payload, parts.clock.now())
    except NotYet as error:
        log.info("errand put off", extra=_facts(parts, message) | {"why": str(error)})
        _put_off(parts, message, str(error))
    except GiveUp as error:
        _give_up(parts, message, "errand given up", error)
    except Exception as error:  # a fault of one errand must not stop the others: it is put off, and seen
        _put_off_fault(parts, message, "errand failed", error)
    else:
        _finish(parts, message, Outcome.HANDLED)
        log.info("errand done", extra=_facts(parts, message, Outcome.HANDLED))


def _deliver(parts: Parts, message: Message) -> None:
    try:
        letter = _letter(parts, message)
        if letter is None:
            _finish(parts, message, Outcome.EXPIRED)
            log.info("mail expired", extra=_facts(parts, message, Outcome.EXPIRED))
            return
        parts.post.send(letter)
    except Undelivered as error:
        outcome = Outcome.REFUSED if error.permanent else None
        log.warning("mail not accepted", extra=_facts(parts, message, outcome) | {"why": str(error)})
        if error.permanent:
            _finish(parts, message, Outcome.REFUSED, str(error))
        else:
            _put_off(parts, message, str(error))
    except Exception as error:  # a mail that cannot be written must not stop the others
        _put_off_fault(parts, message, "mail failed", error)
    else:
        _finish(parts, message, Outcome.SENT)
        log.info("mail accepted", extra=_facts(parts, message, Outcome.SENT))


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


def _put_off_fault(parts: Parts, message: Message, what: str, error: Exception) -> None:
    """Something nobody expected: it is tried again, and reported once there is no attempt left."""
    last = outbox.is_last(message)
    facts = _facts(parts, message, Outcome.FAILED if last else None)
    log.error(what, extra=facts | {"fault": type(error).__name__, "places": faults.places(error, 8)})
    if last:
        _report(parts, message, error)
    _put_off(parts, message, type(error).__name__)


def _give_up(parts: Parts, message: Message, what: str, error: GiveUp) -> None:
    log.error(what, extra=_facts(parts, message, Outcome.FAILED) | {"why": str(error)})
    _report(parts, message, error)
    _finish(parts, message, Outcome.FAILED, str(error))


def _report(parts: Parts, message: Message, error: Exception) -> None:
    parts.reports.send(error, row=message.id, attempt=message.attempts, **{message.topic: message.name})


def _facts(parts: Parts, message: Message, outcome: Outcome | None = None) -> dict[str, Any]:
    """What a line says of a row: never for whom it is. outcome: None where it will be tried again."""
    age = parts.clock.now() - message.created_at
    facts = {message.topic: message.name, "row": message.id, "attempt": message.attempts}
    return facts | {"outcome": outcome or "put off", "age": round(age.total_seconds())}
