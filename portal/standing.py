"""Where a platform stands: the one composition of subscription, credits and accounts that page, mail and job share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.accounts import queries as accounts
from portal.credits import queries as credits
from portal.credits.queries import Wallet
from portal.rules import access, dates, lifecycle, renewal, terms
from portal.rules import credits as credit_rules
from portal.rules import seats as seat_rules
from portal.rules.access import Act, Block, Decision, Role
from portal.rules.credits import Balance, Lot, LotView
from portal.rules.lifecycle import Change, Life, State
from portal.rules.renewal import Term, Window
from portal.subscription import queries as subscription
from portal.subscription.cancellation import Ending
from portal.subscription.queries import OpenBlock, PaidTerm, Platform


@dataclass(frozen=True)
class Standing:
    """A platform at an instant, as the rules see it; each answer is computed once. Days are business days of `zone`."""

    platform: Platform
    paid: list[PaidTerm]
    blocks: list[OpenBlock]
    life: Life
    at: datetime
    zone: ZoneInfo

    @cached_property
    def state(self) -> State:
        return lifecycle.state(self.life, self.at, self.zone)

    @cached_property
    def today(self) -> date:
        return dates.business_date(self.at, self.zone)

    @cached_property
    def expires_on(self) -> date | None:
        return self.life.expires_on

    @cached_property
    def last_day(self) -> date | None:
        """The last day of the present state."""
        return lifecycle.last_day(self.life, self.at, self.zone)

    @cached_property
    def days_left(self) -> int | None:
        return lifecycle.days_left(self.life, self.at, self.zone)

    @cached_property
    def next_change(self) -> Change | None:
        return lifecycle.next_change(self.life, self.at, self.zone)

    @cached_property
    def sold(self) -> list[PaidTerm]:
        """The terms that were paid, oldest first: without the days of a trial."""
        return [paid for paid in self.paid if not paid.trial]

    @cached_property
    def terms(self) -> list[Term]:
        """The terms, oldest first."""
        return [paid.term for paid in self.paid]

    @cached_property
    def running(self) -> PaidTerm | None:
        """What runs today, or ran last."""
        begun = [paid for paid in self.paid if paid.term.starts_on <= self.today]
        return begun[-1] if begun else (self.paid[0] if self.paid else None)

    @property
    def term(self) -> Term | None:
        """The term that runs today, or ran last."""
        return self.running.term if self.running else None

    @property
    def edition(self) -> str | None:
        """The edition of today; None on an SMS-only platform, which has none."""
        return self.running.edition if self.running and not self.platform.sms_only else None

    @cached_property
    def renewable_until(self) -> date | None:
        """The last day of the grace: on it the platform can still be renewed, or purchased."""
        return lifecycle.grace_last_day(self.expires_on, self.life.grace_until) if self.expires_on else None

    @cached_property
    def deleted_from(self) -> date | None:
        """The first day on which the data may be deleted."""
        return self.renewable_until + dates.ONE_DAY if self.renewable_until else None

    @cached_property
    def renewal_window(self) -> Window | None:
        """Whether the next term may be bought today; None where no e-mail subscription has been bought."""
        if self.platform.trial or self.expires_on is None:
            return None
        return renewal.renewal_window(self.terms[-1].starts_on, self.expires_on, self.today)

    def decide(self, act: Act, role: Role) -> Decision:
        """Whether somebody with this role may do this now, or why not."""
        codes: set[Block] = {block.code for block in self.blocks}
        return access.decide(act, role, self.state, codes, window=self.renewal_window)


def find(db: Connection, platform_id: int, *, at: datetime, zone: ZoneInfo) -> Standing:
    """The platform at instant `at`. Raises LookupError for an ID that no platform has."""
    platform = subscription.find_platform(db, platform_id)
    if platform is None:
        raise LookupError(f"no platform {platform_id}")
    return _of(db, platform, at, zone)


def _of(db: Connection, platform: Platform, at: datetime, zone: ZoneInfo) -> Standing:
    paid, wallet = subscription.terms_of(db, platform.id), None
    if _lives_by_credits(platform, paid):
        wallet = Wallet(credits.lots_of(db, platform.id), credits.last_movements(db, platform.id))
    return compose(platform, paid, subscription.open_blocks(db, platform.id), wallet, at=at, zone=zone)


def compose(
    platform: Platform,
    paid: list[PaidTerm],
    blocks: list[OpenBlock],
    wallet: Wallet | None,
    *,
    at: datetime,
    zone: ZoneInfo,
) -> Standing:
    """The standing of a platform of which this was read. wallet: its lots; asked for only where it lives by them."""
    asked = wallet if _lives_by_credits(platform, paid) else None
    quiet_since = _quiet_since(platform, asked, at, zone) if asked else None
    life = subscription.life_of(platform, paid, quiet_since=quiet_since)
    return Standing(platform, paid, blocks, life, at, zone)


def _lives_by_credits(platform: Platform, paid: list[PaidTerm]) -> bool:
    """Whether the platform lasts as long as its credits and sign-ins, instead of as long as its terms."""
    return platform.sms_only or not paid


def find_after(db: Connection, platform_id: int, *, at: datetime, zone: ZoneInfo, most: int) -> list[Standing]:
    """The next platforms after this ID that are not deleted, at most so many, read together for work on all of them."""
    return _together(db, subscription.living_after(db, platform_id, most=most), at, zone)


def find_many(db: Connection, platform_ids: Sequence[int], *, at: datetime, zone: ZoneInfo) -> dict[int, Standing]:
    """Each of these platforms, by its ID, with as many statements for fifty as for one."""
    found = _together(db, subscription.platforms_of_many(db, platform_ids), at, zone)
    return {place.platform.id: place for place in found}


def _together(db: Connection, platforms: Sequence[Platform], at: datetime, zone: ZoneInfo) -> list[Standing]:
    ids = [platform.id for platform in platforms]
    paid, blocks = subscription.terms_of_many(db, ids), subscription.blocks_of_many(db, ids)
    wallets = credits.lots_of_many(db, [one.id for one in platforms if _lives_by_credits(one, paid[one.id])])
    return [compose(one, paid[one.id], blocks[one.id], wallets.get(one.id), at=at, zone=zone) for one in platforms]


def _quiet_since(platform: Platform, wallet: Wallet, at: datetime, zone: ZoneInfo) -> date | None:
    """SMS-only: the last business day with credits or a sign-in; None while there are credits.

    A lot was good through its last day, or until it was spent. Booking the rest as lost, days later, does not count.
    """
    days = [dates.business_date(platform.created_at, zone)]
    for lot in wallet.lots:
        last_day = credit_rules.last_day(lot, None)
        if lot.remaining == 0:
            last_day = min(last_day, dates.business_date(wallet.last_movements[lot.lot_id], zone))
        elif last_day >= dates.business_date(at, zone):
            return None
        days.append(last_day)
    return max(days if platform.last_sign_in_on is None else [*days, platform.last_sign_in_on])


def lock(db: Connection, platform_id: int, *, at: datetime, zone: ZoneInfo) -> Standing:
    """As `find`, and nobody changes seats, terms or cancellation of the platform until the commit."""
    platform = subscription.lock_platform(db, platform_id)
    if platform is None:
        raise LookupError(f"no platform {platform_id}")
    return _of(db, platform, at, zone)


@dataclass(frozen=True, slots=True)
class Seats:
    paid: int
    taken: int


def seats(db: Connection, place: Standing) -> Seats:
    """How many administrators the platform may have today, and has."""
    grants = subscription.seat_grants_of(db, place.platform.id)
    paid = seat_rules.seats(grants, place.today, place.expires_on)
    return Seats(paid, accounts.count_enabled(db, place.platform.id))


def additional_at_expiry(db: Connection, place: Standing) -> int:
    """How many additional administrators are paid for the last day of the subscription: what a renewal goes on from."""
    if place.expires_on is None:
        return 0
    grants = subscription.seat_grants_of(db, place.platform.id)
    return seat_rules.seats(grants, place.expires_on, place.expires_on) - terms.INCLUDED_SEATS


@dataclass(frozen=True, slots=True)
class Credits:
    """The balance, and each lot that still has credits, in the order in which they expire."""

    balance: Balance
    lots: list[LotView]


def credits_of(db: Connection, place: Standing) -> Credits:
    return credits_in(credits.lots_of(db, place.platform.id), place)


def credits_in(found: list[Lot], place: Standing) -> Credits:
    """What these lots of the platform are good for."""
    when = (place.expires_on, place.at, place.zone, place.life.grace_until)
    views = [credit_rules.view(lot, *when) for lot in found if lot.remaining > 0]
    views.sort(key=lambda view: (view.last_day, view.bought_on, view.lot_id))
    return Credits(credit_rules.balance(found, *when), views)


def ending(place: Standing, owned: Credits) -> Ending | None:
    """What a cancellation brings; None where there is no subscription that could be cancelled."""
    expires_on, last_day = place.expires_on, place.renewable_until
    if expires_on is None or last_day is None or place.platform.trial:
        return None
    coming = place.terms[-1] if place.terms[-1].starts_on > place.today else None
    return Ending(
        expires_on,
        off_on=expires_on + dates.ONE_DAY,
        renewable_until=last_day,
        deleted_on=last_day + dates.ONE_DAY,
        credits=owned.balance.spendable + owned.balance.frozen,
        kept=sum(lot.remaining for lot in owned.lots if lot.last_day > expires_on),
        next_term=coming,
    )
