"""The post: claims what waits in the outbox, does it or sends it, and writes down how it went.

Each row is claimed in one transaction and settled in another. A worker that dies between them lets go of the row when
its lease ends; a mail may then leave twice with the same Message-ID, which SMTP itself cannot exclude.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Connection

from portal.accounts.recovery import RESET_TASK, USER_NAMES_TASK
from portal.jobs import letters, recovery
from portal.kit import outbox
from portal.kit.outbox import Message
from portal.outside.post import Letter, Undelivered
from portal.parts import Parts

log = logging.getLogger("portal")
Task = Callable[[Connection, Parts, dict[str, Any], datetime], None]
TASKS: dict[str, Task] = {USER_NAMES_TASK: recovery.answer_user_names, RESET_TASK: recovery.answer_reset}


def work_once(app: Flask) -> bool:
    """Take one row and settle it; False when nothing was due."""
    parts: Parts = app.extensions["portal"]
    with parts.database.write() as db:
        message = outbox.claim(db, at=parts.clock.now())
    if message is None:
        return False
    with app.app_context():
        if message.topic == outbox.TASK:
            _do(parts, message)
        else:
            _deliver(parts, message)
    return True


def _do(parts: Parts, message: Message) -> None:
    """A task and its end are one transaction: what it leaves behind is there exactly once."""
    at = parts.clock.now()
    try:
        with parts.database.write() as db:
            TASKS[message.name](db, parts, message.payload, at)
            outbox.finish(db, message, "handled", at=at)
    except Exception as error:  # a fault of one task must not stop the others: it is logged, put off, and stays visible
        log.error("task failed", exc_info=error, extra={"task": message.name, "row": message.id})
        _put_off(parts, message, type(error).__name__)


def _deliver(parts: Parts, message: Message) -> None:
    at = parts.clock.now()
    if message.useless_after is not None and at >= message.useless_after:
        _finish(parts, message, "expired")
        return
    try:
        parts.post.send(_letter(parts, message, at))
    except Undelivered as error:
        log.warning("mail not accepted", extra={"mail": message.name, "row": message.id, "why": str(error)})
        if error.permanent:
            _finish(parts, message, "refused", str(error))
        else:
            _put_off(parts, message, str(error))
    except Exception as error:  # a mail that cannot be written must not stop the others
        log.error("mail failed", exc_info=error, extra={"mail": message.name, "row": message.id})
        _put_off(parts, message, type(error).__name__)
    else:
        _finish(parts, message, "sent")


def _letter(parts: Parts, message: Message, at: datetime) -> Letter:
    with parts.database.read() as db:
        subject, text, html = letters.render(db, parts, message)
    host = urlsplit(parts.settings.public_url).hostname
    sender = parts.settings.mail_default_sender
    return Letter(f"portal.{message.id}@{host}", sender, message.recipient or "", subject, text, html, at)


def _finish(parts: Parts, message: Message, outcome: str, error: str | None = None) -> None:
    with parts.database.write() as db:
        outbox.finish(db, message, outcome, at=parts.clock.now(), error=error)


def _put_off(parts: Parts, message: Message, error: str) -> None:
    with parts.database.write() as db:
        outbox.retry(db, message, at=parts.clock.now(), error=error)
