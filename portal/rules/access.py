"""ONE table: who may do what, in which state, under which block.

Source: RULES.md, Life of a platform (the table) and Blocked platforms. Pages, menus, API and jobs all ask `decide`;
no template compares states. Staff have their own desk and do not stand here. `decide` answers whether the act is open
to this person now; what depends on numbers (a free seat, enough credits) stays with the rule of that act.

Where RULES.md is silent:
- Money, seats, billing data and the end of the subscription are the first administrator's. An additional one works,
  reads, exports, writes to support, and may renew: the data of all must not be lost because one person is away.
- A block never stops signing in, reading, support, one's own profile, and paying, renewing or purchasing, because the
  clock of expiry runs on. It never stops disabling an administrator either. The export stays, except on a compromised
  platform, where it may be the intruder who asks; support sends it once the customer has proven who she is.
- Whether everybody needs a second factor is the first administrator's too, in every open state. On a compromised
  platform it stays as it is, for the same reason; one's own second factor is one's own profile, which no block stops.
- Seats are paid by the days of a term, so an SMS-only platform, which has none, cannot buy any; credits it can.
- E - 90 stands in the active cell alone. A cancelled platform may renew on any day before E, the renewal undoing the
  cancellation; in the grace E - 90 is long past. "At most one future term" holds in every state.
- Nobody is invited in the grace: it keeps the seats that covered E, and sells none.
- The grace of a trial is told to purchase, where that of a subscription is told to renew.
- Of several reasons the nearest is told: the state, then the role, then the day, then the gravest block.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from portal.rules.lifecycle import State
from portal.rules.renewal import Window


class Role(StrEnum):
    """What somebody is on a platform."""

    FIRST = "first"  # m1234, who came with the platform
    ADDITIONAL = "additional"  # m1234-anna, on a paid seat


class Act(StrEnum):
    """What somebody wants to do. Pages that only show something of the platform ask for SEE_OVERVIEW."""

    SIGN_IN = "sign-in"
    SEE_OVERVIEW = "see-overview"
    SEE_INVOICES = "see-invoices"
    EXPORT = "export"
    CONTACT_SUPPORT = "contact-support"
    EDIT_SELF = "edit-self"
    USE_FEATURES = "use-features"
    PAY = "pay"  # an order that is already placed
    RENEW = "renew"
    PURCHASE = "purchase"  # the first term: of a trial, or of an SMS-only platform that adds e-mail
    CANCEL = "cancel"
    UNDO_CANCEL = "undo-cancel"
    BUY_CREDITS = "buy-credits"
    BUY_SEATS = "buy-seats"
    CHANGE_EDITION = "change-edition"
    INVITE = "invite"
    DISABLE_ADMINISTRATOR = "disable-administrator"
    EDIT_BILLING = "edit-billing"  # billing data and payment method
    EDIT_CONTACTS = "edit-contacts"
    DEMAND_SECOND_FACTOR = "demand-second-factor"  # from everybody on the platform, or no longer


class Block(StrEnum):
    """Why a platform is blocked, the gravest first."""

    COMPROMISED = "compromised"
    LEGAL = "legal"
    ABUSE = "abuse"
    FRAUD_CHECK = "fraud_check"
    MISSING_DOCUMENTS = "missing_documents"
    PAYMENT_OVERDUE = "payment_overdue"


class Reason(StrEnum):
    """Why not."""

    DUE_FOR_DELETION = "due-for-deletion"
    DELETED = "deleted"
    FIRST_ADMINISTRATOR_ONLY = "first-administrator-only"
    EXPIRED = "expired"  # in the grace: renew first
    ONLY_WITH_RENEWAL = "only-with-renewal"
    PURCHASE_FIRST = "purchase-first"  # no subscription yet: the purchase page is the way
    ALREADY_PURCHASED = "already-purchased"
    ALREADY_CANCELLED = "already-cancelled"
    NOT_CANCELLED = "not-cancelled"
    TOO_EARLY = "too-early"  # the renewal opens at E - 90
    ALREADY_RENEWED = "already-renewed"  # the next term is paid, and it is the only one that may be
    BLOCKED = "blocked"


class Caution(StrEnum):
    """What to say before the button of an act that is allowed."""

    TRIAL_LIMITS = "trial-limits"
    UNDOES_CANCELLATION = "undoes-cancellation"
    ENDS_WITH_CANCELLATION = "ends-with-cancellation"  # what is bought now is lost after E


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go ahead, saying `caution` first if there is one."""

    caution: Caution | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now, for this reason; `block` is the one that says so where the reason is BLOCKED."""

    reason: Reason
    block: Block | None = None


Decision = Allowed | Refused

_YES = Allowed()
_LIMITED = Allowed(Caution.TRIAL_LIMITS)
_UNDOES = Allowed(Caution.UNDOES_CANCELLATION)
_WARN = Allowed(Caution.ENDS_WITH_CANCELLATION)
_BUY = Refused(Reason.PURCHASE_FIRST)
_NOT_CANC = Refused(Reason.NOT_CANCELLED)
_ALREADY = Refused(Reason.ALREADY_CANCELLED)
_EXPIRED = Refused(Reason.EXPIRED)
_WITH_REN = Refused(Reason.ONLY_WITH_RENEWAL)
_EVERYBODY = frozenset(Role)
_FIRST = frozenset({Role.FIRST})

# fmt: off
_COLUMNS = (State.TRIAL, State.ACTIVE, State.CANCELLED, State.GRACE)
_TABLE: Mapping[Act, tuple[Set[Role], tuple[Decision, ...]]] = {
    #                          who may      trial      active     cancelled  grace
    Act.SIGN_IN:               (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.SEE_OVERVIEW:          (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.SEE_INVOICES:          (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.EXPORT:                (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.CONTACT_SUPPORT:       (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.EDIT_SELF:             (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.USE_FEATURES:          (_EVERYBODY, (_LIMITED, _YES,      _YES,      _EXPIRED)),
    Act.PAY:                   (_EVERYBODY, (_YES,     _YES,      _YES,      _YES)),
    Act.RENEW:                 (_EVERYBODY, (_BUY,     _YES,      _UNDOES,   _YES)),
    Act.PURCHASE:              (_FIRST,     (_YES,     _YES,      _YES,      _YES)),
    Act.CANCEL:                (_FIRST,     (_BUY,     _YES,      _ALREADY,  _EXPIRED)),
    Act.UNDO_CANCEL:           (_FIRST,     (_BUY,     _NOT_CANC, _YES,      _EXPIRED)),
    Act.BUY_CREDITS:           (_FIRST,     (_BUY,     _YES,      _WARN,     _EXPIRED)),
    Act.BUY_SEATS:             (_FIRST,     (_BUY,     _YES,      _WARN,     _EXPIRED)),
    Act.CHANGE_EDITION:        (_FIRST,     (_BUY,     _YES,      _YES,      _WITH_REN)),
    Act.INVITE:                (_FIRST,     (_BUY,     _YES,      _YES,      _EXPIRED)),
    Act.DISABLE_ADMINISTRATOR: (_FIRST,     (_YES,     _YES,      _YES,      _YES)),
    Act.EDIT_BILLING:          (_FIRST,     (_YES,     _YES,      _YES,      _YES)),
    Act.EDIT_CONTACTS:         (_FIRST,     (_YES,     _YES,      _YES,      _YES)),
    Act.DEMAND_SECOND_FACTOR:  (_FIRST,     (_YES,     _YES,      _YES,      _YES)),
}
# fmt: on

_CLOSED: Mapping[State, Refused] = {
    State.DUE_FOR_DELETION: Refused(Reason.DUE_FOR_DELETION),
    State.DELETED: Refused(Reason.DELETED),
}
_OF_A_SUBSCRIPTION = frozenset({Act.RENEW, Act.CANCEL, Act.UNDO_CANCEL, Act.CHANGE_EDITION, Act.BUY_SEATS})

_FEATURES = frozenset({Act.USE_FEATURES})
_GROWTH = frozenset({Act.BUY_CREDITS, Act.BUY_SEATS, Act.CHANGE_EDITION, Act.INVITE})  # no money for what is shut
_CONTROL = frozenset(
    {Act.EXPORT, Act.CANCEL, Act.UNDO_CANCEL, Act.EDIT_BILLING, Act.EDIT_CONTACTS, Act.DEMAND_SECOND_FACTOR}
)

RESTRICTED: Mapping[Block, Set[Act]] = {
    Block.COMPROMISED: _FEATURES | _GROWTH | _CONTROL,
    Block.LEGAL: _FEATURES | _GROWTH,
    Block.ABUSE: _FEATURES | _GROWTH,
    Block.FRAUD_CHECK: _FEATURES | _GROWTH,
    Block.MISSING_DOCUMENTS: _FEATURES,
    Block.PAYMENT_OVERDUE: _FEATURES,
}
ENDS_SESSIONS = frozenset({Block.COMPROMISED})  # and forces a reset; lifted by written request only
LIFTED_BY_PAYMENT = frozenset({Block.PAYMENT_OVERDUE})


def decide(
    act: Act,
    role: Role,
    state: State,
    blocks: Set[Block] = frozenset(),
    *,
    window: Window | None,
) -> Decision:
    """Whether somebody with this role may do this now.

    window: what `renewal_window` says today of the e-mail subscription; None where none has been bought: on a trial,
    in the grace of one, and on an SMS-only platform.

    >>> decide(Act.BUY_CREDITS, Role.FIRST, State.CANCELLED, window=Window.TOO_EARLY)
    Allowed(caution=<Caution.ENDS_WITH_CANCELLATION: 'ends-with-cancellation'>)
    >>> decide(Act.RENEW, Role.ADDITIONAL, State.ACTIVE, window=Window.ALREADY_RENEWED)
    Refused(reason=<Reason.ALREADY_RENEWED: 'already-renewed'>, block=None)
    >>> decide(Act.USE_FEATURES, Role.FIRST, State.ACTIVE, {Block.ABUSE}, window=Window.OPEN)
    Refused(reason=<Reason.BLOCKED: 'blocked'>, block=<Block.ABUSE: 'abuse'>)
    """
    if state in _CLOSED:
        return _CLOSED[state]
    who, cells = _TABLE[act]
    decision = cells[_COLUMNS.index(state)]
    if isinstance(decision, Refused):
        return _BUY if state is State.GRACE and window is None else decision
    if role not in who:
        return Refused(Reason.FIRST_ADMINISTRATOR_ONLY)
    subscribed = window is not None and state is not State.TRIAL
    return _by_subscription(act, subscribed) or _by_day(act, state, window) or _by_block(act, blocks) or decision


def _by_subscription(act: Act, subscribed: bool) -> Refused | None:
    if act is Act.PURCHASE and subscribed:
        return Refused(Reason.ALREADY_PURCHASED)
    return _BUY if act in _OF_A_SUBSCRIPTION and not subscribed else None


def _by_day(act: Act, state: State, window: Window | None) -> Refused | None:
    if act is not Act.RENEW:
        return None
    if window is Window.ALREADY_RENEWED:
        return Refused(Reason.ALREADY_RENEWED)
    return Refused(Reason.TOO_EARLY) if window is Window.TOO_EARLY and state is State.ACTIVE else None


def _by_block(act: Act, blocks: Set[Block]) -> Refused | None:
    gravest = next((block for block in Block if block in blocks and act in RESTRICTED[block]), None)
    return Refused(Reason.BLOCKED, gravest) if gravest else None
