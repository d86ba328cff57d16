"""What a payment changes on a platform: a term, seats, an edition. Each names its order, which gives it only once."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, or_, update

from portal.rules.renewal import Term
from portal.subscription.tables import platforms, seat_grants
from portal.subscription.tables import terms as terms_table

_TERM = terms_table.insert()
_CHANGE = update(platforms).where(platforms.c.id == bindparam("platform"))


def begin_term(db: Connection, platform_id: int, term: Term, edition: str, *, sms: bool, order_id: int) -> None:
    """Give the platform a paid term. It is no trial and not cancelled any more; what was planned is part of the term.

    sms: the edition has the SMS channel; the platform keeps the one it has otherwise.
    """
    row = {"platform_id": platform_id, "anchor_on": term.anchor, "starts_on": term.starts_on, "ends_on": term.ends_on}
    db.execute(_TERM, row | {"edition": edition, "trial": False, "order_id": order_id})
    change = {"trial": False, "cancelled_at": None, "next_edition": None, "email_channel": True}
    _change(db, platform_id, change | ({"sms_channel": True} if sms else {}))


def grant_seats(
    db: Connection, platform_id: int, quantity: int, *, starts_on: date, ends_on: date, order_id: int
) -> None:
    """The right to so many additional administrators, from the first to the last business day."""
    row = {"platform_id": platform_id, "quantity": quantity, "starts_on": starts_on, "ends_on": ends_on}
    db.execute(seat_grants.insert().values(row | {"order_id": order_id}))


def change_edition(db: Connection, platform_id: int, edition: str, *, sms: bool, terms: Iterable[Term]) -> None:
    """Give these terms another edition, and forget a downgrade that waited."""
    starts = [term.starts_on for term in terms]
    mine = (terms_table.c.platform_id == platform_id) & terms_table.c.starts_on.in_(starts)
    db.execute(update(terms_table).where(mine).values(edition=edition))
    _change(db, platform_id, {"next_edition": None} | ({"sms_channel": True} if sms else {}))


def plan_edition(db: Connection, platform_id: int, edition: str | None) -> bool:
    """Note which edition the next term is to have; None takes it back. False where that was noted already."""
    planned = platforms.c.next_edition
    differs = planned.is_not(None) if edition is None else or_(planned.is_(None), planned != edition)
    mine = (platforms.c.id == platform_id) & differs
    return db.execute(update(platforms).where(mine).values(next_edition=edition)).rowcount == 1


def open_sms(db: Connection, platform_id: int) -> None:
    """Switch the SMS channel on, for credits that have been bought."""
    _change(db, platform_id, {"sms_channel": True})


def _change(db: Connection, platform_id: int, values: dict[str, Any]) -> None:
    db.execute(_CHANGE, {"platform": platform_id} | values)
