"""The cast: a few people whose platforms cover every state. Dates are counted from the day of the first start."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.accounts import administrators
from portal.accounts.administrators import Newcomer
from portal.credits import actions as credits
from portal.kit.links import Links
from portal.rules import dates, lifecycle, names
from portal.rules.access import Block
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform

PASSWORD = "a short sentence is easiest"


def N_(text: str) -> str:
    """Mark a text for the catalogue; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of the cast, and what the platform shows."""

    username: str
    full_name: str
    email: str
    shows: str
    language: str = "it"


@dataclass(frozen=True, slots=True)
class Stage:
    """A platform of the cast. `ends_in`: days from today to E; None: SMS-only. `lots`: (days ago, credits)."""

    id: int
    company: str
    ends_in: int | None
    email_channel: bool = True
    sms_channel: bool = True
    trial: bool = False
    cancelled: bool = False
    block: Block | None = None
    additional_seats: int = 0
    lots: tuple[tuple[int, int], ...] = ()


CAST = (
    Actor("m1234", "Anna Bianchi", "anna@example.com", N_("active, two administrators, credits")),
    Actor("m1234-marco", "Marco Conti", "marco@example.com", N_("the second administrator of 1234"), "en"),
    Actor("m1235", "Anna Bianchi", "anna@example.com", N_("active, e-mail only; same e-mail as m1234")),
    Actor("m2001", "Bruno Esposito", "bruno@example.com", N_("expires in 6 days")),
    Actor("m2002", "Carla Ferri", "carla@example.com", N_("cancelled, still active"), "en"),
    Actor("m2003", "Dario Galli", "dario@example.com", N_("expired, first day of the grace")),
    Actor("m2004", "Elena Longo", "elena@example.com", N_("expired, tenth and last day of the grace")),
    Actor("m2005", "Fabio Marino", "fabio@example.com", N_("trial")),
    Actor("m2006", "Giulia Neri", "giulia@example.com", N_("SMS-only")),
    Actor("m2007", "Hugo Orlandi", "hugo@example.com", N_("blocked: payment overdue"), "en"),
    Actor("m2008", "Irene Palma", "irene@example.com", N_("the grace is over: no sign-in")),
)
STAGES = (
    Stage(1234, "Bianchi Formaggi S.r.l.", 98, additional_seats=1, lots=((40, 12_480), (200, 900))),
    Stage(1235, "Bianchi Vini S.r.l.", 250, sms_channel=False),
    Stage(2001, "Esposito Viaggi", 6, lots=((100, 4_000),)),
    Stage(2002, "Ferri & Figli S.n.c.", 30, cancelled=True, lots=((20, 500),)),
    Stage(2003, "Galli Elettronica", -1, lots=((90, 2_350),)),
    Stage(2004, "Longo Moda S.p.A.", -10),
    Stage(2005, "Marino Studio", 21, trial=True),
    Stage(2006, "Neri Trasporti", None, email_channel=False, lots=((30, 5_000), (400, 120))),
    Stage(2007, "Orlandi Sport", 120, block=Block.PAYMENT_OVERDUE),
    Stage(2008, "Palma Libri", -11),
)


def seed(db: Connection, maker: Links, password_hash: str, *, at: datetime, zone: ZoneInfo) -> None:
    """Write the cast as it stands on the business day of `at`."""
    today = dates.business_date(at, zone)
    for stage in STAGES:
        _create(db, stage, today, at)
    for actor in CAST:
        name = names.parse(actor.username)
        if isinstance(name, names.UserName):
            newcomer = Newcomer(name, actor.email, actor.full_name, actor.language)
            administrators.create(db, maker, newcomer, at=at, password_hash=password_hash)


def _create(db: Connection, stage: Stage, today: date, at: datetime) -> None:
    term = _term(stage, today)
    channels = {"email_channel": stage.email_channel, "sms_channel": stage.sms_channel}
    new = NewPlatform(
        stage.id,
        "pro",
        **channels,
        term=term,
        trial=stage.trial,
        company=stage.company,
        additional_seats=stage.additional_seats,
    )
    subscription.create(db, new, at=at)
    if stage.cancelled:
        subscription.cancel(db, stage.id, by="demo", at=at)
    if stage.block:
        subscription.block(db, stage.id, stage.block, by="demo", note="", at=at)
    for days_ago, amount in stage.lots:
        bought_on = today - timedelta(days=days_ago)
        credits.grant(db, stage.id, amount, bought_on=bought_on, expires_on=term[1] if term else None, at=at)


def _term(stage: Stage, today: date) -> tuple[date, date] | None:
    """A year that ends `ends_in` days from today; the thirty days of a trial."""
    if stage.ends_in is None:
        return None
    ends_on = today + timedelta(days=stage.ends_in)
    if stage.trial:
        starts_on = ends_on - (lifecycle.trial_last_day(today) - today)
        return starts_on, ends_on
    return dates.add_months(ends_on + timedelta(days=1), -12), ends_on
