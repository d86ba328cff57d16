"""Notices: which were written, each once, and what one about the end of a subscription says.

Which one is due is decided by `portal/rules/reminders.py`. Its key is written in the transaction of its mails: nobody
can have the one without the others, and a key that is there already writes nothing, whoever comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BindParameter, Connection, bindparam, select

from portal.kit.db import insert_once
from portal.subscription.tables import notices


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a notice about E tells. All days are business days.

    expires_on: E; from off_on (E + 1) features and sending are off; renewable_until (E + 10) is the last day to renew
    or purchase; from deleted_on the data is deleted. days_left: of the present state, counting `counted_on`. over: E
    is past. credits: what is frozen, or what ends with the platform.
    """

    expires_on: date
    off_on: date
    renewable_until: date
    deleted_on: date
    counted_on: date
    days_left: int
    over: bool
    blocked: bool
    credits: int


_THESE: BindParameter[list[int]] = bindparam("platform_ids", expanding=True)
_KEYS = select(notices.c.platform_id, notices.c.key).where(notices.c.platform_id.in_(_THESE))


def keys_of(db: Connection, platform_ids: Sequence[int]) -> dict[int, set[str]]:
    """The keys of the notices that each of these platforms got."""
    found: dict[int, set[str]] = {platform_id: set() for platform_id in platform_ids}
    for platform_id, key in db.execute(_KEYS, {"platform_ids": platform_ids}):
        found[platform_id].add(key)
    return found


def write_once(db: Connection, platform_id: int, key: str, *, at: datetime) -> bool:
    """Note that the notice is written, with its mails, in this transaction; False if it was before."""
    return insert_once(db, notices, {"platform_id": platform_id, "key": key, "written_at": at})
