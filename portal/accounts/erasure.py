"""What goes of the people of a platform when it is purged, in an order that no row is pointed to when it goes."""

from sqlalchemy import ColumnElement, Select, Table, or_, select

from portal.accounts.links import Purpose
from portal.accounts.tables import (
    administrators,
    authenticator_apps,
    drafts,
    email_changes,
    factor_removals,
    known_devices,
    passkeys,
    recovery_codes,
    resumptions,
    sessions,
)
from portal.kit.erasing import Step
from portal.kit.links import links

# Whose a link is: the table that its subject is a row of. A purpose that stands nowhere has no subject of its own.
SUBJECTS: dict[Purpose, Table] = {
    Purpose.RESET: administrators,
    Purpose.SUPPORT_RESET: administrators,
    Purpose.INVITATION: administrators,
    Purpose.SECOND_FACTOR: administrators,
    Purpose.TAKE_OVER: administrators,
    Purpose.NEW_PASSKEY: administrators,
    Purpose.PROOF: administrators,
    Purpose.EMAIL_CHANGE: email_changes,
    Purpose.EMAIL_UNDO: email_changes,
    Purpose.NOT_ME: sessions,
    Purpose.STOP_REMOVAL: factor_removals,
}
OF_NOBODY = (Purpose.PASSKEY,)  # a challenge for whoever comes in: it says nothing of anybody
OF_A_REQUEST = (Purpose.TRIAL,)  # its subject is a request for a trial: `portal/subscription/erasure.py`


def _people(platform_id: int) -> Select[tuple[int]]:
    return select(administrators.c.id).where(administrators.c.platform_id == platform_id)


def _theirs(table: Table) -> Step:
    return Step(table.name, table, lambda platform_id: table.c.administrator_id.in_(_people(platform_id)))


def _of_their_sessions(platform_id: int) -> ColumnElement[bool]:
    mine = select(sessions.c.id).where(sessions.c.administrator_id.in_(_people(platform_id)))
    return resumptions.c.session_id.in_(mine)


def _links(platform_id: int) -> ColumnElement[bool]:
    return or_(
        *(
            (links.c.purpose == purpose) & links.c.subject_id.in_(_subjects(table, platform_id))
            for purpose, table in SUBJECTS.items()
        )
    )


def _subjects(table: Table, platform_id: int) -> Select[tuple[int]]:
    if table is administrators:
        return _people(platform_id)
    return select(table.c.id).where(table.c.administrator_id.in_(_people(platform_id)))


STEPS = (
    Step("links", links, _links),
    Step("resumptions", resumptions, _of_their_sessions),
    *map(_theirs, (drafts, email_changes, factor_removals, known_devices)),
    *map(_theirs, (recovery_codes, passkeys, authenticator_apps, sessions)),
    Step("administrators", administrators, lambda platform_id: administrators.c.platform_id == platform_id),
)
