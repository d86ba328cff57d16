"""What goes of the subscription when a platform is purged. Its number stays, so that it is never given again."""

from sqlalchemy import ColumnElement, Connection, Select, Table, select, update

from portal.accounts.links import Purpose
from portal.kit.erasing import Step
from portal.kit.links import links
from portal.subscription.tables import (
    blocks,
    exports,
    grace_extensions,
    notices,
    platforms,
    searched_names,
    seat_grants,
    seat_reductions,
    terms,
    trial_requests,
)


def _of_platform(table: Table) -> Step:
    return Step(table.name, table, lambda platform_id: table.c.platform_id == platform_id)


def _requests(platform_id: int) -> Select[tuple[int]]:
    return select(trial_requests.c.id).where(trial_requests.c.platform_id == platform_id)


def _trial_links(platform_id: int) -> ColumnElement[bool]:
    return (links.c.purpose == Purpose.TRIAL) & links.c.subject_id.in_(_requests(platform_id))


STEPS = (
    Step("trial_links", links, _trial_links),
    *map(_of_platform, (trial_requests, exports, notices, seat_reductions, seat_grants, blocks)),
    *map(_of_platform, (grace_extensions, terms, searched_names)),
)


def blank(db: Connection, platform_id: int) -> None:
    """What is left of the platform says nothing of whose it was."""
    nothing = {"company": "", "next_edition": None, "last_sign_in_on": None, "second_factor_since": None}
    db.execute(update(platforms).where(platforms.c.id == platform_id).values(nothing))
