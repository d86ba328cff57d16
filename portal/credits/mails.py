"""The mails about SMS credits: one function each, and one folder of three texts under `templates/mail`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts.queries import Administrator
from portal.kit import outbox
from portal.rules.terms import SMS_ONLY_LOT_MONTHS


@dataclass(frozen=True, slots=True)
class Expiring:
    """Credits with the same last day. All are business days.

    ends_on: their last day, that whole day included. deleted_on: from then on what a renewal did not free is lost;
    None where they have a last day of their own, which no renewal moves. cancelled: the subscription they follow is.
    days_left: counting `counted_on` and the last day.
    """

    amount: int
    ends_on: date
    deleted_on: date | None
    counted_on: date
    days_left: int
    cancelled: bool
    blocked: bool


def credits_reminder(db: Connection, *, to: Administrator, key: str, expiring: Expiring, at: datetime) -> None:
    """How many credits expire when, why, and what to do. `key`: of the notice it is written for."""
    days = {"ends_on": expiring.ends_on, "deleted_on": expiring.deleted_on, "counted_on": expiring.counted_on}
    payload: dict[str, Any] = {name: day.isoformat() for name, day in days.items() if day}
    payload |= {"credits": expiring.amount, "follows": expiring.deleted_on is not None, "months": SMS_ONLY_LOT_MONTHS}
    payload |= {name: getattr(expiring, name) for name in ("days_left", "cancelled", "blocked")}
    payload |= {"notice": key, "platform_id": to.platform_id, "username": to.username}
    whose: dict[str, Any] = {"platform_id": to.platform_id, "recipient": to.email, "language": to.language}
    outbox.put(db, outbox.MAIL, "credits_reminder", payload, at=at, key=f"{key}:{to.id}", **whose)


def credits_granted(
    db: Connection, *, to: Administrator, credits: int, reason: str, last_day: date, follows: bool, at: datetime
) -> None:
    """Staff have given credits: how many, why, until when. follows: they live as long as the subscription."""
    payload: dict[str, Any] = {"credits": credits, "reason": reason, "ends_on": last_day.isoformat()}
    payload |= {"follows": follows, "platform_id": to.platform_id}
    whose: dict[str, Any] = {"platform_id": to.platform_id, "recipient": to.email, "language": to.language}
    outbox.put(db, outbox.MAIL, "credits_granted", payload, at=at, **whose)
