"""The words for what the rules decide: one sentence for each named value."""

from portal.kit.texts import gettext as _
from portal.kit.texts import number
from portal.rules import terms
from portal.rules.access import Block, Reason, Refused
from portal.rules.lifecycle import State
from portal.rules.passwords import Reason as PasswordReason
from portal.rules.passwords import Refused as PasswordRefused
from portal.rules.sessions import EndReason


def state_name(state: State) -> str:
    """The state in a word or two, for its label."""
    return {
        State.TRIAL: _("Trial"),
        State.ACTIVE: _("Active"),
        State.CANCELLED: _("Cancelled, still active"),
        State.GRACE: _("Expired, still renewable"),
        State.DUE_FOR_DELETION: _("Being deleted"),
        State.DELETED: _("Deleted"),
    }[state]


def session_end(reason: EndReason, idle_minutes: int) -> str:
    """Why the session is over, for the sign-in page."""
    return {
        EndReason.IDLE: _(
            "Your session ended after %(minutes)d minutes without activity. Sign in again: you return to the page "
            "you were on.",
            minutes=idle_minutes,
        ),
        EndReason.ABSOLUTE: _(
            "A session lasts %(hours)d hours at most. Sign in again: you return to the page you were on.",
            hours=terms.SESSION_LIFE.total_seconds() // 3600,
        ),
        EndReason.SIGNED_OUT: _("You are signed out."),
        EndReason.TAKEN_OVER: _(
            "You have been signed out because somebody signed in with your user name on another device. If it was not "
            "you, set a new password."
        ),
        EndReason.PASSWORD_RESET: _("Your password was set anew, so you have been signed out everywhere."),
        EndReason.PASSWORD_CHANGED: _("Your password was changed, so you have been signed out everywhere else."),
        EndReason.DISABLED: _("Your access was disabled by the platform's first administrator or by our staff."),
        EndReason.COMPROMISED: _("The platform was blocked to protect it, so everybody has been signed out."),
        EndReason.PLATFORM_CLOSED: _("The time to renew the platform is over."),
        EndReason.BY_STAFF: _("Our staff ended your session."),
    }.get(reason, _("Your session has ended. Sign in again."))


def password_refusal(refused: PasswordRefused) -> str:
    """Why a password cannot be used, and what to do instead."""
    return {
        PasswordReason.TOO_SHORT: _(
            "Use %(number)d characters or more: a short sentence is easiest.", number=terms.PASSWORD_MIN
        ),
        PasswordReason.TOO_LONG: _("Use at most %(number)d characters.", number=terms.PASSWORD_MAX),
        PasswordReason.BROKEN_TEXT: _("There is a character here that cannot be used. Type it again."),
        PasswordReason.COMMON: _("This password is on the lists that intruders try first. Choose another one."),
        PasswordReason.CONTAINS_USER_NAME: _("The password must not contain your user name."),
        PasswordReason.CONTAINS_EMAIL: _("The password must not contain your e-mail address."),
        PasswordReason.CONTAINS_COMPANY: _("The password must not contain your company's name."),
        PasswordReason.CONTAINS_BRAND: _("The password must not contain the name of the service."),
    }[refused.reason]


def refusal(refused: Refused) -> str:
    """Why an act is not possible now."""
    return {
        Reason.DUE_FOR_DELETION: _("The time to renew is over and the data is being deleted."),
        Reason.DELETED: _("The platform has been deleted."),
        Reason.FIRST_ADMINISTRATOR_ONLY: _("Only the first administrator can do this."),
        Reason.EXPIRED: _("The subscription has expired: renew it first."),
        Reason.ONLY_WITH_RENEWAL: _("Possible together with the renewal."),
        Reason.PURCHASE_FIRST: _("Possible once the platform has been purchased."),
        Reason.ALREADY_PURCHASED: _("The platform has been purchased already."),
        Reason.ALREADY_CANCELLED: _("The subscription is cancelled already."),
        Reason.NOT_CANCELLED: _("The subscription is not cancelled."),
        Reason.TOO_EARLY: _("The renewal opens %(days)d days before the expiry.", days=terms.RENEW_FROM_DAYS),
        Reason.BLOCKED: _("Not while the platform is blocked."),
    }[refused.reason]


def block_title(code: Block) -> str:
    """Why the platform is blocked, in a sentence."""
    return {
        Block.PAYMENT_OVERDUE: _("A payment is overdue."),
        Block.ABUSE: _("Messages from this platform were reported as abuse."),
        Block.COMPROMISED: _("Somebody else may have had access to this platform."),
        Block.MISSING_DOCUMENTS: _("Documents are missing."),
        Block.FRAUD_CHECK: _("We are checking a payment."),
        Block.LEGAL: _("There is a legal reason."),
    }[code]


def block_steps(code: Block) -> str:
    """How to lift the block quickly."""
    return {
        Block.PAYMENT_OVERDUE: _("Pay the open amount: the block is lifted by itself as soon as the payment arrives."),
        Block.ABUSE: _("Tell us where the recipients come from and how they gave their consent."),
        Block.COMPROMISED: _("Set a new password, then ask us in writing to unlock the platform; by phone we may not."),
        Block.MISSING_DOCUMENTS: _("Send us the documents we asked for by e-mail."),
        Block.FRAUD_CHECK: _("Send us a proof of the payment; we answer within one working day."),
        Block.LEGAL: _("Write to us: we explain what we may."),
    }[code]


def block_department(code: Block) -> str:
    """Whom to contact."""
    return {
        Block.PAYMENT_OVERDUE: _("Administration"),
        Block.ABUSE: _("Abuse desk"),
        Block.COMPROMISED: _("Security"),
        Block.MISSING_DOCUMENTS: _("Administration"),
        Block.FRAUD_CHECK: _("Administration"),
        Block.LEGAL: _("Legal department"),
    }[code]


def count(value: int) -> str:
    return number(value)
