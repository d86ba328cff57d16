"""The trial, from the request to the platform.

Asking does the same work whatever is true: it leaves a task. The worker finds out what to mail: a link that confirms
the address, or word of the trial that its owner has already. Opening the link changes nothing; only the choice of a
password uses it up, and with it come the platform, its term and its first administrator, all in one transaction.
Source: RULES.md, Life of a platform (Trial).

Where RULES.md is silent:
- Whoever is an administrator of a trial that runs, or that can still be purchased, is told of it instead of getting a
  second one: what was set up there would be lost for a new beginning. A trial that is over for good hinders nobody.
- A newer request for an address makes the link of the older one dead, so an address has one open link at most.
- The mails quote nothing of what was typed: anybody may type any address, and nobody gets a stranger's words from us.
- A trial has both channels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from portal.accounts import administrators, limits
from portal.accounts import queries as accounts
from portal.accounts.administrators import Newcomer
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit import audit, links, outbox
from portal.kit.links import Link, Links
from portal.rules import lifecycle, names, terms
from portal.subscription import actions, mails, queries, switches
from portal.subscription.actions import NewPlatform
from portal.subscription.events import Event
from portal.subscription.tables import platforms, trial_requests

TRIAL_TASK = "request_trial"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in: what was typed, in which language, from which client network, at which instant (UTC)."""

    full_name: str
    company: str
    email: str
    language: str
    network: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial that has just begun: who may sign in, and its last day."""

    administrator: Administrator
    expires_on: date


def ask(db: Connection, asked: Asked, *, throttled: bool = True) -> None:
    """Leave the task. Past the limit of the network the same row is written, already marked as not to be answered."""
    allowed = limits.claim_trial(db, asked.network, at=asked.at) if throttled else True
    payload = {"full_name": asked.full_name, "company": asked.company, "email": asked.email}
    outbox.put(db, outbox.TASK, TRIAL_TASK, payload | {"language": asked.language, "allowed": allowed}, at=asked.at)


def answer(
    db: Connection,
    maker: Links,
    payload: dict[str, Any],
    last_day_of: Callable[[Administrator], date | None],
    *,
    today: date,
    at: datetime,
) -> None:
    """Mail the link, or word of the trial there is already.

    `last_day_of` gives the E of a person's platform if it is a trial that runs or can still be purchased, else None.
    """
    email_folded = names.fold_email(payload["email"])
    if not payload["allowed"] or not limits.claim_trial_mail(db, email_folded, at=at):
        return
    earlier = _lock_requests(db, email_folded)
    known = [(person, last_day_of(person)) for person in accounts.administrators_of_email(db, email_folded)]
    for person, last_day in reversed(known):  # the newest first
        if last_day is not None:
            _tell_of_the_trial(db, person, last_day, today=today, at=at)
            return
    for request_id in earlier:
        links.withdraw(db, request_id, (Purpose.TRIAL,), at=at)
    _send_link(db, maker, payload, email_folded, at=at)


def _tell_of_the_trial(db: Connection, person: Administrator, last_day: date, *, today: date, at: datetime) -> None:
    last = lifecycle.grace_last_day(last_day, queries.longest_grace(db, person.platform_id, last_day))
    mails.trial_known(db, to=person, expires_on=last_day, purchase_until=last, over=last_day < today, at=at)
    audit.record(db, Event.TRIAL_ASKED_AGAIN, at=at, platform_id=person.platform_id, administrator_id=person.id)


def _send_link(db: Connection, maker: Links, payload: dict[str, Any], email_folded: str, *, at: datetime) -> None:
    row = {name: payload[name] for name in ("full_name", "company", "email", "language")}
    row |= {"email_folded": email_folded, "requested_at": at}
    request_id = db.execute(trial_requests.insert().values(row).returning(trial_requests.c.id)).scalar_one()
    expires_at = at + terms.TRIAL_LINK_LIFE
    link_id = maker.issue(db, Purpose.TRIAL, request_id, at=at, expires_at=expires_at)
    mails.trial_confirm(db, to=queries.get_trial_request(db, request_id), link_id=link_id, at=at, expires_at=expires_at)
    audit.record(db, Event.TRIAL_LINK_SENT, at=at, request=request_id)


def start(
    db: Connection, maker: Links, link: Link, password_hash: str, *, edition: str, today: date, at: datetime
) -> Begun | None:
    """Use the link up and begin the trial: platform, term, first administrator, and the mail with the user name.

    Returns None when the link was used or withdrawn in the meantime: of two simultaneous callers one begins a trial.
    """
    asked = queries.get_trial_request(db, link.subject_id)
    _lock_requests(db, asked.email_folded)
    if not links.consume(db, link, at=at):
        return None
    expires_on = lifecycle.trial_last_day(today)
    number = _create_platform(db, asked.company, edition, (today, expires_on), at=at)
    newcomer = Newcomer(names.first_user_name(number), asked.email, asked.full_name, asked.language)
    person = administrators.create(db, maker, newcomer, at=at, password_hash=password_hash)
    assert isinstance(person, Administrator)  # noqa: S101 - the platform is new, and so is everybody's name on it
    confirmed = {"confirmed_at": at, "platform_id": number}
    db.execute(update(trial_requests).where(trial_requests.c.id == asked.id).values(confirmed))
    mails.trial_ready(db, to=person, expires_on=expires_on, purchase_until=lifecycle.grace_last_day(expires_on), at=at)
    audit.record(db, Event.TRIAL_STARTED, at=at, platform_id=number, administrator_id=person.id, request=asked.id)
    switches.announce(db, number, at=at)
    return Begun(person, expires_on)


def _create_platform(db: Connection, company: str, edition: str, term: tuple[date, date], *, at: datetime) -> int:
    """A trial with the next free ID: one more than the largest that was ever given, since no platform's row goes.

    Somebody else may take it between the look and the write; then the next one is tried, so that no number is left out.
    """
    while True:
        number = 1 + (db.execute(select(func.max(platforms.c.id))).scalar_one() or 0)
        new = NewPlatform(number, edition, email_channel=True, sms_channel=True, term=term, trial=True, company=company)
        if actions.create(db, new, at=at) is None:
            return number


def _lock_requests(db: Connection, email_folded: str) -> list[int]:
    """Hold what this address has asked for until the commit, so that a link is used or replaced, never both."""
    mine = select(trial_requests.c.id).where(trial_requests.c.email_folded == email_folded)
    return list(db.execute(mine.order_by(trial_requests.c.id).with_for_update()).scalars())
