"""The mails of the subscription: one function each, and one folder of three texts under `templates/mail`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts.queries import Administrator
from portal.kit import outbox
from portal.rules.dates import ONE_DAY
from portal.rules.terms import SMS_ONLY_DORMANT_MONTHS
from portal.subscription.notices import Outlook
from portal.subscription.queries import TrialRequest


def cancellation_confirmed(
    db: Connection,
    *,
    to: Administrator,
    expires_on: date,
    off_on: date,
    renewable_until: date,
    deleted_on: date,
    credits: int,
    at: datetime,
) -> None:
    """What was cancelled and what follows when: the dates and the number of credits that the page told."""
    days = {"expires_on": expires_on, "off_on": off_on, "last_on": renewable_until, "deleted_on": deleted_on}
    payload = {name: day.isoformat() for name, day in days.items()} | {"credits": credits}
    _put(db, "cancellation_confirmed", payload, to=to, at=at)


def cancellation_undone(db: Connection, *, to: Administrator, expires_on: date, at: datetime) -> None:
    """The subscription goes on as before."""
    _put(db, "cancellation_undone", {"expires_on": expires_on.isoformat()}, to=to, at=at)


def second_factor_demanded(db: Connection, *, to: Administrator, by: str, at: datetime) -> None:
    """The notice that nobody comes in without a second factor from now on, so that people can prepare."""
    _put(db, "second_factor_demanded", {"by": by}, to=to, at=at)


def export_asked(db: Connection, *, to: Administrator, by: str, at: datetime) -> None:
    """The notice to the first administrator that somebody else has asked for an export."""
    _put(db, "export_asked", {"by": by}, to=to, at=at)


def export_ready(db: Connection, *, to: Administrator, expires_at: datetime, at: datetime) -> None:
    """Word to the asker that the export is ready, until when, and on which page. It opens nothing by itself."""
    _put(db, "export_ready", {"expires_at": expires_at.isoformat()}, to=to, at=at)


def trial_confirm(db: Connection, *, to: TrialRequest, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The link that confirms the address and starts the trial. It quotes nothing of what was typed."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat()}
    outbox.put(
        db,
        outbox.MAIL,
        "trial_confirm",
        payload,
        at=at,
        recipient=to.email,
        language=to.language,
        key=f"trial:{link_id}",
        useless_after=expires_at,
    )


def trial_known(
    db: Connection, *, to: Administrator, expires_on: date, purchase_until: date, over: bool, at: datetime
) -> None:
    """Word of the trial that somebody has already; `over`: it has ended, and can still be purchased."""
    payload = {"expires_on": expires_on.isoformat(), "last_on": purchase_until.isoformat(), "over": over}
    _put(db, "trial_known", payload, to=to, at=at)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a mail goes of which nobody is left in the tables."""

    email: str
    language: str


def deletion_certificate(
    db: Connection, *, to: Address, key: str, salt: str, seal: str, found: dict[str, Any], at: datetime
) -> None:
    """The news that everything was deleted, with what was removed. The row goes once it is sent: see `purging`."""
    removed = [[name, step["rows"], step["digest"]] for name, step in found["removed"].items()]
    payload = {"platform_id": found["platform"], "removed": removed, "salt": salt, "seal": seal, "at": at.isoformat()}
    payload |= {"invoices": found["kept"].get("invoices", 0), "began_at": found["began_at"]}
    outbox.put(
        db, outbox.MAIL, "deletion_certificate", payload, at=at, recipient=to.email, language=to.language, key=key
    )


def trial_ready(db: Connection, *, to: Administrator, expires_on: date, purchase_until: date, at: datetime) -> None:
    """The user name of a new trial, until when it runs, and what happens after."""
    payload = {"expires_on": expires_on.isoformat(), "last_on": purchase_until.isoformat()}
    _put(db, "trial_ready", payload, to=to, at=at)


def term_reminder(db: Connection, *, to: Administrator, key: str, outlook: Outlook, at: datetime) -> None:
    """The subscription ends, or has ended: until when what is possible, and how to renew. `key`: of the notice."""
    _put(db, "term_reminder", _told(outlook), to=to, at=at, notice=key)


def cancelled_reminder(db: Connection, *, to: Administrator, key: str, outlook: Outlook, at: datetime) -> None:
    """The cancelled subscription ends, or has ended: what ends when, and how to undo it or to renew after all."""
    _put(db, "cancelled_reminder", _told(outlook), to=to, at=at, notice=key)


def trial_reminder(db: Connection, *, to: Administrator, key: str, outlook: Outlook, at: datetime) -> None:
    """The trial ends, or has ended: until when it can be purchased with everything that is on it."""
    _put(db, "trial_reminder", _told(outlook), to=to, at=at, notice=key)


def grace_extended(
    db: Connection,
    *,
    to: Administrator,
    expires_on: date,
    renewable_until: date,
    deleted_on: date,
    reason: str,
    trial: bool,
    useless_after: datetime,
    at: datetime,
) -> None:
    """An exception was made: until when it can be renewed, or the trial be purchased, and what stays as it was."""
    days = {"expires_on": expires_on, "last_on": renewable_until, "deleted_on": deleted_on}
    days |= {"off_on": expires_on + ONE_DAY}
    payload = {name: day.isoformat() for name, day in days.items()} | {"reason": reason, "trial": trial}
    _put(db, "grace_extended", payload, to=to, at=at, useless_after=useless_after)


def dormant_reminder(
    db: Connection,
    *,
    to: Administrator,
    key: str,
    quiet_on: date,
    deleted_on: date,
    counted_on: date,
    days_left: int,
    at: datetime,
) -> None:
    """Nobody uses the platform, which only sends SMS: when it is deleted, and what keeps it."""
    days = {"quiet_on": quiet_on, "deleted_on": deleted_on, "counted_on": counted_on}
    payload: dict[str, Any] = {name: day.isoformat() for name, day in days.items()}
    payload |= {"days_left": days_left, "months": SMS_ONLY_DORMANT_MONTHS}
    _put(db, "dormant_reminder", payload, to=to, at=at, notice=key)


def _told(outlook: Outlook) -> dict[str, Any]:
    """What is told, with the names that mails give to days."""
    days = {"expires_on": outlook.expires_on, "off_on": outlook.off_on, "last_on": outlook.renewable_until}
    days |= {"deleted_on": outlook.deleted_on, "counted_on": outlook.counted_on}
    facts = {"days_left": outlook.days_left, "over": outlook.over, "blocked": outlook.blocked}
    return {name: day.isoformat() for name, day in days.items()} | facts | {"credits": outlook.credits}


def _put(
    db: Connection,
    name: str,
    payload: dict[str, Any],
    *,
    to: Administrator,
    at: datetime,
    notice: str | None = None,
    useless_after: datetime | None = None,
) -> None:
    """Queue the mail to a person of the platform it is about. notice: the key of the one it is written for, if any."""
    if notice is not None:
        payload |= {"notice": notice}
    who = {"platform_id": to.platform_id, "username": to.username, "at": at.isoformat()}
    whose: dict[str, Any] = {"platform_id": to.platform_id, "recipient": to.email, "language": to.language}
    key = f"{notice}:{to.id}" if notice else None
    outbox.put(db, outbox.MAIL, name, payload | who, at=at, key=key, useless_after=useless_after, **whose)
