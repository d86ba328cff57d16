"""The cast, written into an empty database as the pages and the worker would have written it, day by day.

Whoever has bought the present term begins with the one before it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from portal import seats, standing
from portal.accounts import administrators, authenticator_apps, own_factors
from portal.accounts.administrators import Newcomer
from portal.accounts.queries import Administrator
from portal.billing import profiles
from portal.billing.choices import TermChoice
from portal.billing.settle import Till
from portal.credits import actions as credits
from portal.kit.links import Links
from portal.kit.vault import Vault
from portal.parts import Parts
from portal.rules import dates, lifecycle, names, renewal
from portal.rules.access import Role
from portal.rules.factors import read_recovery_code
from portal.rules.renewal import Term
from portal.rules.terms import YEARLY_TERM_MONTHS
from portal.staff import members
from portal.staff import sign_in as staff_sign_in
from portal.staff.queries import Member
from portal.subscription import actions as subscription
from portal.subscription import sales
from portal.subscription.actions import NewPlatform
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from portal.web.demo import history, phone
from portal.web.demo.cast import (
    BILLING,
    BOUGHT,
    CAST,
    INVITED,
    METHODS,
    PASSWORD,
    PRINTED,
    STAFF,
    STAGES,
    Actor,
    Colleague,
    Stage,
)
from portal.web.demo.history import instant

BY = "demo"
HIRED_AGO = 2  # days: long enough for the codes of that day to be over


@dataclass(frozen=True, slots=True)
class Keys:
    """What the cast comes in with, and what makes it. The hashes are made before anything is written."""

    links: Links
    vault: Vault
    password_hash: str
    code_hashes: list[str]


def cut_keys(parts: Parts) -> Keys:
    with parts.hasher.turn() as turn:
        codes = [code for text in PRINTED if (code := read_recovery_code(text))]
        return Keys(parts.links, parts.vault, turn.hash(PASSWORD), turn.hash_all(codes))


def seed(db: Connection, keys: Keys, till: Till) -> None:
    """Write the cast as it stands on the business day of `till.at`; `till` tells at which prices it has bought."""
    today = dates.business_date(till.at, till.zone)
    for stage in STAGES:
        _create(db, stage, today, till)
    for actor in CAST:
        _enter(db, keys, actor, till)
    given = {stage.id for stage in STAGES if _before(stage, today) is None}  # by the operator: nobody has bought it
    history.write(db, [b for b in BOUGHT if not (isinstance(b.choice, TermChoice) and b.platform_id in given)], till)
    for stage in STAGES:
        _come_to_today(db, stage, till)
    seats.create(db, keys.links, _newcomer(INVITED), till.zone, by=CAST[0].username, at=instant(till, 1))
    for colleague in STAFF:
        _hire(db, keys, colleague, instant(till, HIRED_AGO))


def _create(db: Connection, stage: Stage, today: date, till: Till) -> None:
    """The platform with the term before the present one, where that was bought; else with the present one."""
    term = _before(stage, today) or _term(stage, today)
    new = NewPlatform(
        stage.id,
        stage.edition,
        email_channel=stage.email_channel,
        sms_channel=stage.sms_channel,
        term=term,
        trial=stage.trial,
        company=stage.company,
        additional_seats=0 if _before(stage, today) else _additional(stage),
    )
    subscription.create(db, new, at=instant(till, _days_on(stage, term, today)))
    for days_ago, amount in stage.lots:
        bought_on, at = today - timedelta(days=days_ago), instant(till, days_ago)
        credits.grant(db, stage.id, amount, bought_on=bought_on, expires_on=term[1] if term else None, at=at)


def _days_on(stage: Stage, term: tuple[date, date] | None, today: date) -> int:
    """How long ago the platform began: with its term, and before its first credits."""
    begun = (today - term[0]).days if term else 0
    return max([begun, *(days_ago for days_ago, _amount in stage.lots)])


def _term(stage: Stage, today: date) -> tuple[date, date] | None:
    """A year that ends `ends_in` days from today; the thirty days of a trial."""
    if stage.ends_in is None:
        return None
    ends_on = today + timedelta(days=stage.ends_in)
    if stage.trial:
        starts_on = ends_on - (lifecycle.trial_last_day(today) - today)
        return starts_on, ends_on
    return dates.add_months(ends_on + timedelta(days=1), -YEARLY_TERM_MONTHS), ends_on


def _before(stage: Stage, today: date) -> tuple[date, date] | None:
    """The year whose renewal is exactly the present one. None where that was not bought, and for an E of 28 February
    in a leap year: no year that is counted from its first day ends on it.
    """
    term = _term(stage, today)
    if term is None or _renewal(stage) is None:
        return None
    starts_on, ends_on = term
    earlier = renewal.new_term(dates.add_months(starts_on, -YEARLY_TERM_MONTHS), YEARLY_TERM_MONTHS)
    first = Term(earlier.starts_on, starts_on - timedelta(days=1), earlier.anchor)
    found = renewal.next_term(first, YEARLY_TERM_MONTHS)
    return (first.starts_on, first.ends_on) if found.ends_on == ends_on else None


def _renewal(stage: Stage) -> TermChoice | None:
    """What was bought as the present term."""
    mine = [bought.choice for bought in BOUGHT if bought.platform_id == stage.id]
    return next((choice for choice in mine if isinstance(choice, TermChoice)), None)


def _additional(stage: Stage) -> int:
    choice = _renewal(stage)
    return choice.additional if choice else 0


def _newcomer(actor: Actor) -> Newcomer:
    name = names.parse(actor.username)
    if not isinstance(name, names.UserName):
        raise ValueError(f"{actor.username} is no user name")
    return Newcomer(name, actor.email, actor.full_name, actor.language)


def _enter(db: Connection, keys: Keys, actor: Actor, till: Till) -> None:
    """The administrator; the first one brings billing data and is the first contact."""
    newcomer = _newcomer(actor)
    place = standing.find(db, newcomer.name.platform_id, at=till.at, zone=till.zone)
    at = place.platform.created_at if actor.came_ago is None else instant(till, actor.came_ago)
    person = administrators.create(db, keys.links, newcomer, at=at, password_hash=keys.password_hash)
    if not isinstance(person, Administrator):
        raise ValueError(f"{actor.username} stands in the cast twice")
    if person.role == Role.FIRST:
        profiles.store(db, person.platform_id, BILLING[person.platform_id], at=at, by=person.id)
        if method := METHODS.get(person.platform_id):
            profiles.store_payment_method(db, person.platform_id, method, at=at, by=person.id)
        support.add(db, person, Entry(Kind.ADMINISTRATION, person.full_name, person.email), at=at)
    if actor.app_ago is not None:
        _add_app(db, keys, person, instant(till, actor.app_ago))


def _add_app(db: Connection, keys: Keys, person: Administrator, at: datetime) -> None:
    """An authenticator app with its recovery codes. What it shows is on the page of the codes."""
    authenticator_apps.begin(db, keys.vault, person, at=at)
    first = phone.shown(authenticator_apps.reveal(db, keys.vault, person) or "", at)
    if own_factors.add_app(db, keys.vault, person, first, keys.code_hashes, at=at, but=0) is None:
        raise ValueError(f"{person.username} has an app already")


def _hire(db: Connection, keys: Keys, colleague: Colleague, at: datetime) -> None:
    """One of the staff, whose app is on. What it shows is on the page of the codes."""
    facts = (colleague.username, colleague.role, colleague.email, colleague.full_name, colleague.language)
    newcomer, password_hash = members.Newcomer(*facts), keys.password_hash
    member = members.create(db, keys.links, newcomer, by=BY, at=at, password_hash=password_hash)
    if not isinstance(member, Member):
        raise ValueError(f"{colleague.username} stands among the staff twice")
    members.begin_app(db, keys.vault, member)
    first = phone.shown(members.reveal(db, keys.vault, member) or "", at)
    staff_sign_in.use_code(db, keys.vault, member, first, at=at)


def _come_to_today(db: Connection, stage: Stage, till: Till) -> None:
    """What has been decided since the last payment."""
    if stage.next_edition:
        sales.plan_edition(db, stage.id, stage.next_edition)
    if stage.cancelled:
        subscription.cancel(db, stage.id, by=BY, at=till.at)
    if stage.block:
        subscription.block(db, stage.id, stage.block, by=BY, note="", at=till.at)
