"""The mails of the subscription: one function each, and one folder of three texts under `templates/mail`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts.queries import Administrator
from portal.kit import outbox
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


def trial_ready(db: Connection, *, to: Administrator, expires_on: date, purchase_until: date, at: datetime) -> None:
    """The user name of a new trial, until when it runs, and what happens after."""
    payload = {"expires_on": expires_on.isoformat(), "last_on": purchase_until.isoformat()}
    _put(db, "trial_ready", payload, to=to, at=at)


def _put(db: Connection, name: str, payload: dict[str, Any], *, to: Administrator, at: datetime) -> None:
    """Queue the mail to a person of the platform it is about."""
    who = {"platform_id": to.platform_id, "username": to.username, "at": at.isoformat()}
    whose: dict[str, Any] = {"platform_id": to.platform_id, "recipient": to.email, "language": to.language}
    outbox.put(db, outbox.MAIL, name, payload | who, at=at, **whose)
