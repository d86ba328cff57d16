"""Rows that nobody needs any more go: each after its time (`portal/rules/terms.py`), slice by slice.

What is taken, and why then:
- A row of the outbox that is done, when nobody asks any more whether a mail has left. What must not happen twice does
  not hang on its key: a payment is known by its reference, a notice by its key in a table of its own, an order by its
  state. Two things stay: the last warnings of a platform that has no paid day left, which its purge asks for, and word
  to the sending service that never arrived, of which the page of an order tells.
- A link, long after its end. Its mail's row is gone by then, whose key has the number of the link: SQLite gives the
  number of a removed row again. What was never mailed goes the night after.
- A session that has ended, unless it is one of the person's newest, which they are shown.
- What waits for somebody and has waited too long: a form, a request before its proof, an app without its first code, a
  request for a trial and a new address that nobody confirmed. A confirmed one stays for a year.
- A browser that is no longer known, and what a limit remembers that refuses nobody any more.
- The record of the nights itself.

Everything else of a platform stays as long as the platform: its purge takes it (`portal/jobs/purge.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, func, or_, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from portal.accounts.links import CHALLENGE_PURPOSES, HALFWAY_PURPOSES, Purpose
from portal.accounts.tables import (
    authenticator_apps,
    drafts,
    email_changes,
    known_devices,
    resumptions,
    sessions,
)
from portal.jobs.night import Night, Tally, log_fault
from portal.jobs.reminders import MAILS
from portal.kit import throttle
from portal.kit.links import links
from portal.kit.nights import nights
from portal.kit.outbox import Outcome, outbox
from portal.rules import terms
from portal.rules import throttle as limit_rules
from portal.rules.devices import remembered_since
from portal.rules.throttle import Record
from portal.subscription import switches
from portal.subscription.tables import platforms, trial_requests
from portal.subscription.tables import terms as paid_terms

READ_AT_ONCE = 10_000  # keys read together, outside of any transaction
SLICE = 500  # rows removed in one transaction: a few milliseconds in which nobody else writes
NEVER_MAILED = (*HALFWAY_PURPOSES, *CHALLENGE_PURPOSES, Purpose.PASSKEY)


@dataclass(frozen=True, slots=True)
class Broom:
    """One table and the rows of it that are too old at an instant.

    still: what is asked once more of a row that is about to go; None: all of `old`.
    """

    table: Table
    old: Callable[[Night], ColumnElement[bool]]
    still: Callable[[Night], ColumnElement[bool]] | None = None


def _done(night: Night) -> ColumnElement[bool]:
    row = outbox.c
    warning = row.name.in_(MAILS.values()) & row.platform_id.in_(_without_a_paid_day(night))
    unheard = (row.name == switches.SWITCH_ERRAND) & (row.outcome == Outcome.FAILED)
    decided = row.outcome != Outcome.HELD  # an operator has to say what becomes of it
    return and_(row.done_at <= night.at - terms.OUTBOX_KEPT, ~warning, ~unheard, decided)


def _without_a_paid_day(night: Night) -> Select[tuple[int]]:
    paid = select(paid_terms.c.id).where(
        paid_terms.c.platform_id == platforms.c.id, paid_terms.c.ends_on >= night.today
    )
    return select(platforms.c.id).where(platforms.c.deleted_at.is_(None), ~paid.exists())


def _past_their_end(night: Night) -> ColumnElement[bool]:
    never_mailed, ended = links.c.purpose.in_(NEVER_MAILED), links.c.expires_at
    return or_(
        never_mailed & (ended <= night.at - terms.HALFWAY_LINKS_KEPT),
        ~never_mailed & (ended <= night.at - terms.LINKS_KEPT),
    )


def _not_shown(night: Night) -> ColumnElement[bool]:
    newest_first = func.row_number().over(partition_by=sessions.c.administrator_id, order_by=sessions.c.id.desc())
    over = select(sessions.c.id, newest_first.label("place")).where(sessions.c.ended_at.is_not(None)).subquery()
    further = select(over.c.id).where(over.c.place > terms.SESSIONS_LISTED)
    return _long_ended(night) & sessions.c.id.in_(further)


def _long_ended(night: Night) -> ColumnElement[bool]:
    return sessions.c.ended_at <= night.at - terms.SESSIONS_KEPT


def _never_begun(night: Night) -> ColumnElement[bool]:
    return trial_requests.c.confirmed_at.is_(None) & (trial_requests.c.requested_at <= night.at - terms.TRIAL_LINK_LIFE)


def _settled(night: Night) -> ColumnElement[bool]:
    confirmed = email_changes.c.confirmed_at
    return or_(
        confirmed.is_(None) & (email_changes.c.asked_at <= night.at - terms.EMAIL_CHANGE_LIFE),
        confirmed <= night.at - terms.EMAIL_CHANGES_KEPT,
    )


def _unproven(night: Night) -> ColumnElement[bool]:
    apps = authenticator_apps.c
    return apps.confirmed_at.is_(None) & (apps.begun_at <= night.at - terms.APP_SETUP_LIFE)


# In an order in which nothing points to what is gone.
BROOMS = (
    Broom(outbox, _done),
    Broom(links, _past_their_end),
    Broom(drafts, lambda night: drafts.c.saved_at <= night.at - terms.DRAFT_LIFE),
    Broom(resumptions, lambda night: resumptions.c.kept_at <= night.at - terms.REAUTHENTICATION_LIFE),
    Broom(sessions, _not_shown, _long_ended),
    Broom(trial_requests, _never_begun),
    Broom(email_changes, _settled),
    Broom(authenticator_apps, _unproven),
    Broom(known_devices, lambda night: known_devices.c.last_seen_at <= remembered_since(night.at)),
    Broom(nights, lambda night: nights.c.day < night.today - timedelta(days=terms.NIGHTS_KEPT)),
)


def clean(night: Night) -> Tally:
    """Remove all of it; a table where that fails stops no other."""
    tally = _try("limits", lambda: _forget_limits(night))
    for broom in BROOMS:
        tally += _try(broom.table.name, partial(_sweep, night, broom))
    return tally


def count(night: Night) -> dict[str, int]:
    """How many rows of each table would go; without those of the limits, which are judged one by one."""
    with night.parts.database.read() as db:
        return {
            broom.table.name: db.execute(
                select(func.count()).select_from(broom.table).where(broom.old(night))
            ).scalar_one()
            for broom in BROOMS
        }


def _try(table: str, act: Callable[[], int]) -> Tally:
    try:
        return Tally(act())
    except SQLAlchemyError as error:  # somebody was in the way: the next run takes the rest
        log_fault(error, table=table)
        return Tally(failed=1)


def _sweep(night: Night, broom: Broom) -> int:
    """Find the keys without a transaction, and remove them in slices; whatever somebody holds just now stays."""
    keys, gone = tuple(broom.table.primary_key), 0
    while True:
        with night.parts.database.read() as db:
            found = db.execute(select(*keys).where(broom.old(night)).limit(READ_AT_ONCE)).all()
        before = gone
        for start in range(0, len(found), SLICE):
            with night.parts.database.background() as db:
                gone += _remove(db, night, broom, found[start : start + SLICE])
            night.go_on()
        if len(found) < READ_AT_ONCE or gone == before:
            return gone


def _remove(db: Connection, night: Night, broom: Broom, these: Sequence[Row[Any]]) -> int:
    keys = tuple(broom.table.primary_key)
    mine = tuple_(*keys).in_([tuple(row) for row in these]) & (broom.still or broom.old)(night)
    free = db.execute(select(*keys).where(mine).with_for_update(skip_locked=True, of=broom.table)).all()
    return db.execute(delete(broom.table).where(tuple_(*keys).in_([tuple(row) for row in free]))).rowcount


def _forget_limits(night: Night) -> int:
    gone, before = 0, night.at - terms.WINDOWS_KEPT
    end: str | None = ""
    while end is not None:
        with night.parts.database.background() as db:
            more, end = throttle.forget(db, partial(_refuses_nobody, night), before=before, after=end, most=SLICE)
        gone += more
        night.go_on()
    return gone


def _refuses_nobody(night: Night, state: str | None, touched_at: datetime) -> bool:
    """By the rules, as the state is theirs. One that cannot be read refuses everybody: it stays for people to see."""
    try:
        return limit_rules.may_forget(limit_rules.from_json(state) if state else Record(), touched_at, night.at)
    except ValueError:
        return False
