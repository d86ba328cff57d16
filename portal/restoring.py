"""What a restored database must be told before anybody works with it: what the world has heard since the backup.

Nothing may happen twice, and nothing that ended may live again. So, in one transaction:
- What waits in the outbox is held (portal/kit/held.py): the mail may have left, the service may have been told.
- Everybody is signed out, staff too, and every link is dead: what has ended since cannot be told from what has not.
- No code of an authenticator app counts that could have been used by now.
- Second factors that were about to be taken off stay, deletions that were marked are marked anew, and what waited for a
  second person is refused: each may have been stopped, paid or done since.
- What was deleted since is deleted again: the numbers come from the certificates, which are kept elsewhere.
- Numbers of invoices that were given since are not given again: the highest of each series is told, or found among the
  PDF files.

Then, while nothing leaves: providers are asked about every payment that was open, which pays and delivers each once,
however often it is reported; and the nights that are due are worked. The mails and messages that come of it are held
like the rest, for the world has most likely had them.

What nobody can know stays as it was in the backup: passwords, factors and addresses that were changed since, recovery
codes that were used, limits that were counted, and whatever was ordered since. docs/backup.md says what to do about it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from portal.accounts import factor_removals, sessions
from portal.accounts.factor_removals import Stop
from portal.accounts.tables import authenticator_apps
from portal.accounts.tables import factor_removals as removals
from portal.billing import issued, papers, queries
from portal.billing.queries import OpenPayment
from portal.jobs import nightly
from portal.jobs.payments import ask
from portal.kit import held
from portal.kit.db import Database
from portal.kit.links import Fault, links
from portal.outside.payments import NotAccepted, ProviderDown
from portal.parts import Parts
from portal.purging import actions as purging
from portal.rules import dates, factors
from portal.rules.payments import Report
from portal.rules.sessions import EndReason
from portal.rules.terms import PAYMENTS_ASKED_FOR
from portal.staff import sessions as staff_sessions
from portal.staff.queries import members
from portal.staff.tables import approvals, staff_members
from portal.subscription.tables import purges

BY, REASON = "command line", "The database was restored from a backup."


@dataclass(frozen=True, slots=True)
class Told:
    """What was done about the past. unasked: payments of which a provider could not be asked."""

    held: int
    signed_out: int
    links: int
    purged: int
    paid: int
    unasked: int
    invoices: list[str]  # numbers that were given since, and are not given again


def tell(parts: Parts, database: Database, purged: Collection[int], numbers: Collection[str]) -> Told:
    """Tell the restored database; `parts` are those of this portal. Nothing leaves meanwhile."""
    here, at = replace(parts, database=database), parts.clock.now()
    today = dates.business_date(at, parts.settings.timezone)
    with database.write() as db:
        signed_out, dead = _end_what_lived(db, at)
        _stop_what_was_begun(db, at)
        again = sum(purging.again(db, number, at=at) for number in purged)
        given = _keep_numbers(db, [*numbers, *_printed(parts)], today)
        held.hold_all(db, at=at)  # now already: whatever breaks the rest off, a worker finds nothing to do
    paid, unasked = _ask_providers(here)
    nightly.work_due(here)
    with database.write() as db:
        held.hold_all(db, at=at)
        waiting = len(held.find(db))
    return Told(waiting, signed_out, dead, again, paid, unasked, given)


def _end_what_lived(db: Connection, at: datetime) -> tuple[int, int]:
    """How many were signed out, and how many links were alive."""
    people = sessions.people_signed_in(db)
    out = sum(sessions.end_by_staff(db, person, REASON, at=at, by=BY) for person in people)
    for member in members(db):
        out += staff_sessions.end_all(db, member.id, EndReason.BY_STAFF, at=at)
    dead = update(links).where(links.c.ended_at.is_(None)).values(ended_at=at, ended_because=Fault.WITHDRAWN)
    newest = factors.steps(at)[-1]
    for table in (authenticator_apps, staff_members):
        db.execute(update(table).where(table.c.last_step < newest).values(last_step=newest))
    return out, db.execute(dead).rowcount


def _stop_what_was_begun(db: Connection, at: datetime) -> None:
    waiting = removals.c.stopped_at.is_(None) & removals.c.done_at.is_(None)
    for number in db.execute(select(removals.c.administrator_id).where(waiting)).scalars().all():
        factor_removals.stop(db, number, Stop.STAFF, at=at, by=BY)
    marked = purges.c.stopped_at.is_(None) & purges.c.began_at.is_(None)
    db.execute(update(purges).where(marked).values(stopped_at=at, stopped_because="restored"))
    undecided = approvals.c.approved_at.is_(None) & approvals.c.refused_at.is_(None)
    db.execute(update(approvals).where(undecided).values(refused_at=at))


def _printed(parts: Parts) -> list[str]:
    """The numbers of the invoices whose PDF lies in the instance folder."""
    return [path.stem for path in papers.folder(parts.settings).glob("*.pdf")]


def _keep_numbers(db: Connection, numbers: Iterable[str], today: date) -> list[str]:
    """Never give these again; which of them the database did not know."""
    return [number for number in sorted(set(numbers)) if issued.reserve(db, number, today=today)]


def _ask_providers(parts: Parts) -> tuple[int, int]:
    """How many payments have ended meanwhile, and of how many nobody could be asked."""
    at = parts.clock.now()
    with parts.database.read() as db:
        found = queries.open_payments(db, since=at - PAYMENTS_ASKED_FOR)
    reports = [_ask(parts, payment, at) for payment in found]
    unasked = reports.count(None)
    return sum(report is not None and not report.state.open for report in reports), unasked


def _ask(parts: Parts, payment: OpenPayment, at: datetime) -> Report | None:
    try:
        return ask(parts, {"payment_id": payment.id}, at)
    except (ProviderDown, NotAccepted):
        return None
