"""The staff's half of the access table: which of the operator's people may do what for a customer, and what it takes.

Source: RULES.md, Recovering credentials (support), Blocked platforms, Support centre; SECURITY.md, Duties. Where they
are silent:
- Support helps people, billing moves money, administration does both and what binds others: holds, staff, exceptions.
- Every act has a reason, of REASON_MIN characters or a ticket's number; it is written into the customer's activity.
- Money above TRANSFER_APPROVAL, credits above CREDITS_APPROVAL, and a reset link for somebody whose e-mail address was
  changed within EMAIL_CHANGE_UNDO wait for a second person who might do the act too. Nobody approves the own request.
- Credits are given while the features are on: in the grace they would be frozen at once, and later lost with the data.
- An approval counts for APPROVAL_LIFE; what was asked for is done as it was asked for, or not at all.
- A compromised platform is unlocked by administration alone, on a written request.
- Staff look at the portal as a customer sees it only while the customer allows it, for VIEW_LIFE, and at no page that
  is not one of SeenPage: every other one is closed to them.
"""

from collections.abc import Mapping, Set
from datetime import datetime
from enum import StrEnum

from portal.rules.access import Block
from portal.rules.dates import as_utc
from portal.rules.lifecycle import State
from portal.rules.money import Money
from portal.rules.terms import (
    APPROVAL_LIFE,
    CREDITS_APPROVAL,
    EMAIL_CHANGE_UNDO,
    REASON_MIN,
    TRANSFER_APPROVAL,
    VIEW_LIFE,
)


class StaffRole(StrEnum):
    """What one of the operator's people is."""

    SUPPORT = "support"
    BILLING = "billing"
    ADMINISTRATION = "administration"


class StaffAct(StrEnum):
    """What staff want to do. Pages that only show something ask for LOOK."""

    LOOK = "look"
    SEND_RESET_LINK = "send-reset-link"
    ASK_FACTOR_REMOVAL = "ask-factor-removal"
    STOP_FACTOR_REMOVAL = "stop-factor-removal"
    END_SESSIONS = "end-sessions"
    VIEW_AS_CUSTOMER = "view-as-customer"
    CONFIRM_TRANSFER = "confirm-transfer"
    CLOSE_TASK = "close-task"
    ISSUE_CREDIT_NOTE = "issue-credit-note"
    GRANT_CREDITS = "grant-credits"
    BLOCK = "block"
    LIFT_BLOCK = "lift-block"
    LIFT_COMPROMISED = "lift-compromised"
    LEGAL_HOLD = "legal-hold"
    EXTEND_GRACE = "extend-grace"
    APPROVE = "approve"  # which act it is decides who may
    MANAGE_STAFF = "manage-staff"


class SeenPage(StrEnum):
    """The pages of a customer that staff may look at. Which view is which it says itself: portal/web/access.py."""

    SUBSCRIPTION = "subscription"
    BUY = "buy"
    RENEW = "renew"
    PURCHASE = "purchase"
    BUY_ADMINISTRATORS = "buy-administrators"
    BUY_CREDITS = "buy-credits"
    EDITION = "edition"
    CANCEL = "cancel"
    CREDITS = "credits"
    ADMINISTRATORS = "administrators"
    CONTACTS = "contacts"
    BILLING = "billing"
    INVOICES = "invoices"
    INVOICE = "invoice"
    INVOICE_FILE = "invoice-file"
    ORDER = "order"
    ACTIVITY = "activity"


_ALL = frozenset(StaffRole)
_PEOPLE = frozenset({StaffRole.SUPPORT, StaffRole.ADMINISTRATION})
_MONEY = frozenset({StaffRole.BILLING, StaffRole.ADMINISTRATION})
_BINDING = frozenset({StaffRole.ADMINISTRATION})
# fmt: off
_TABLE: Mapping[StaffAct, Set[StaffRole]] = {
    StaffAct.LOOK:                _ALL,
    StaffAct.SEND_RESET_LINK:     _PEOPLE,
    StaffAct.ASK_FACTOR_REMOVAL:  _PEOPLE,
    StaffAct.STOP_FACTOR_REMOVAL: _PEOPLE,
    StaffAct.END_SESSIONS:        _PEOPLE,
    StaffAct.VIEW_AS_CUSTOMER:    _PEOPLE,
    StaffAct.CONFIRM_TRANSFER:    _MONEY,
    StaffAct.CLOSE_TASK:          _MONEY,
    StaffAct.ISSUE_CREDIT_NOTE:   _MONEY,
    StaffAct.GRANT_CREDITS:       _MONEY,
    StaffAct.BLOCK:               _PEOPLE,
    StaffAct.LIFT_BLOCK:          _PEOPLE,
    StaffAct.LIFT_COMPROMISED:    _BINDING,
    StaffAct.LEGAL_HOLD:          _BINDING,
    StaffAct.EXTEND_GRACE:        _BINDING,
    StaffAct.APPROVE:             _ALL,
    StaffAct.MANAGE_STAFF:        _BINDING,
}
# fmt: on


def may(act: StaffAct, role: StaffRole) -> bool:
    """Whether somebody of this role may do this.

    >>> may(StaffAct.CONFIRM_TRANSFER, StaffRole.SUPPORT), may(StaffAct.LOOK, StaffRole.BILLING)
    (False, True)
    """
    return role in _TABLE[act]


def act_of_lifting(block: Block) -> StaffAct:
    """What lifting this block is."""
    return StaffAct.LIFT_COMPROMISED if block is Block.COMPROMISED else StaffAct.LIFT_BLOCK


def reason_suffices(reason: str) -> bool:
    """Whether this says why.

    >>> reason_suffices("T-1234"), reason_suffices("  x  ")
    (True, False)
    """
    return len(" ".join(reason.split())) >= REASON_MIN


def transfer_needs_approval(amount: Money) -> bool:
    """Whether so much money is taken by two people only; exactly TRANSFER_APPROVAL by one."""
    return amount.cents > TRANSFER_APPROVAL


def credits_need_approval(credits: int) -> bool:
    """Whether so many credits are given by two people only; exactly CREDITS_APPROVAL by one."""
    return credits > CREDITS_APPROVAL


def may_give_credits(state: State) -> bool:
    """Whether credits that are given now can be spent now.

    >>> may_give_credits(State.CANCELLED), may_give_credits(State.GRACE)
    (True, False)
    """
    return state in (State.TRIAL, State.ACTIVE, State.CANCELLED)


def reset_needs_approval(email_changed_at: datetime | None, at: datetime) -> bool:
    """Whether a link goes to an address that is so new that two people have to want it."""
    return email_changed_at is not None and as_utc(at) < as_utc(email_changed_at) + EMAIL_CHANGE_UNDO


def approval_open(asked_at: datetime, at: datetime) -> bool:
    """Whether what was asked for may still be approved."""
    return as_utc(at) < as_utc(asked_at) + APPROVAL_LIFE


def view_ends_at(granted_at: datetime) -> datetime:
    """The first instant at which staff may look no more."""
    return as_utc(granted_at) + VIEW_LIFE


def view_open(expires_at: datetime, ended_at: datetime | None, at: datetime) -> bool:
    """Whether staff may look: nobody has ended it, and it is not over."""
    return ended_at is None and as_utc(at) < as_utc(expires_at)
