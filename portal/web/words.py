"""The words for what the rules decide: one sentence for each named value."""

from datetime import datetime

from portal.kit.links import Fault
from portal.kit.texts import gettext as _
from portal.kit.texts import ngettext
from portal.rules import terms
from portal.rules.access import RESTRICTED, Act, Block, Decision, Refused, Role
from portal.rules.factors import Factor
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
        EndReason.EMAIL_CHANGED: _(
            "The change of your e-mail address was taken back, so you have been signed out everywhere. The link to set "
            "a new password is in the mail to the address that is yours again."
        ),
        EndReason.SECOND_FACTOR_CHANGED: _(
            "The second factor of your user name was changed, so you have been signed out everywhere else."
        ),
        EndReason.NOT_ME: _(
            "A sign-in was reported as not yours, so everybody has been signed out. The link to set a new password is "
            "in the mail."
        ),
        EndReason.DISABLED: _("Your access was disabled by the platform's first administrator or by our staff."),
        EndReason.COMPROMISED: _("The platform was blocked to protect it, so everybody has been signed out."),
        EndReason.PLATFORM_CLOSED: _("The time to renew the platform is over."),
        EndReason.BY_STAFF: _("Our staff ended your session."),
    }.get(reason, _("Your session has ended. Sign in again."))


def how_ended(reason: EndReason) -> str:
    """How a session ended, in a few words, for the list of those that were."""
    return {
        EndReason.IDLE: _("no activity"),
        EndReason.ABSOLUTE: _("longest time reached"),
        EndReason.SIGNED_OUT: _("signed out"),
        EndReason.TAKEN_OVER: _("signed in on another device"),
        EndReason.PASSWORD_RESET: _("password set anew"),
        EndReason.PASSWORD_CHANGED: _("password changed"),
        EndReason.EMAIL_CHANGED: _("change of the e-mail address taken back"),
        EndReason.SECOND_FACTOR_CHANGED: _("second factor changed"),
        EndReason.NOT_ME: _("reported as somebody else's"),
        EndReason.DISABLED: _("access disabled"),
        EndReason.COMPROMISED: _("platform blocked to protect it"),
        EndReason.PLATFORM_CLOSED: _("platform expired"),
        EndReason.BY_STAFF: _("ended by our staff"),
    }[reason]


def came_in_with(factor: str) -> str:
    """With what somebody came in, in a sentence."""
    return {
        Factor.PASSWORD: _("With the password."),
        Factor.APP: _("With the password and a code of the authenticator app."),
        Factor.PASSKEY: _("With a passkey."),
        Factor.RECOVERY_CODE: _("With the password and a recovery code."),
    }[Factor(factor)]


def strangers_wait() -> str:
    """What a browser that is not known has to expect while strangers guess."""
    minutes = int(terms.SIGN_IN_LONGEST_WAIT.total_seconds()) // 60
    return _(
        "From any other one you may have to wait up to %(minutes)d minutes, or set a new password.", minutes=minutes
    )


def everybody_waits() -> str:
    """The same where no browser is known."""
    minutes = int(terms.SIGN_IN_LONGEST_WAIT.total_seconds()) // 60
    return _("To come in you may have to wait up to %(minutes)d minutes, or set a new password.", minutes=minutes)


def device_memory() -> str:
    """How long a browser is known."""
    return _("A browser that is not used for %(days)d days is forgotten.", days=terms.DEVICE_COOKIE_LIFE.days)


def password_refusal(refused: PasswordRefused, *, second_factor: bool = False) -> str:
    """Why a password cannot be used, and what to do instead."""
    return {
        PasswordReason.TOO_SHORT: _(
            "Use %(number)d characters or more: a short sentence is easiest.", number=shortest_password(second_factor)
        ),
        PasswordReason.TOO_LONG: _("Use at most %(number)d characters.", number=terms.PASSWORD_MAX),
        PasswordReason.BROKEN_TEXT: _("There is a character here that cannot be used. Type it again."),
        PasswordReason.COMMON: _("This password is on the lists that intruders try first. Choose another one."),
        PasswordReason.CONTAINS_USER_NAME: _("The password must not contain your user name."),
        PasswordReason.CONTAINS_EMAIL: _("The password must not contain your e-mail address."),
        PasswordReason.CONTAINS_COMPANY: _("The password must not contain your company's name."),
        PasswordReason.CONTAINS_BRAND: _("The password must not contain the name of the service."),
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


def block_effect(code: Block) -> str:
    """What does not work meanwhile, and what does."""
    off = _("Meanwhile sending is off.")
    if Act.BUY_CREDITS in RESTRICTED[code]:
        off = _("Meanwhile sending is off and nothing can be bought.")
    on = _("Everything can be read, and paying and renewing stay possible: the dates below go on.")
    return f"{off} {on}"


def sending(decision: Decision) -> str:
    """Whether the platform sends."""
    if isinstance(decision, Refused):
        return _("Sending is off while the platform is blocked.") if decision.block else _("Sending is off.")
    return _("Sending works within the limits of the trial.") if decision.caution else _("Sending is on.")


def days_left(days: int) -> str:
    return ngettext("%(num)d day left, today included.", "%(num)d days left, today included.", days)


def mail_subject(platform_id: int, about: str) -> str:
    """The subject of a mail to the people who can help: they see at once which platform it is about."""
    return _("Platform %(id)s: %(about)s", id=platform_id, about=about)


def ago(instant: datetime, now: datetime) -> str:
    """How long ago, in whole minutes."""
    minutes = int((now - instant).total_seconds()) // 60
    if minutes < 1:
        return _("less than a minute ago")
    return ngettext("%(num)d minute ago", "%(num)d minutes ago", minutes)


def role(found: str) -> str:
    return _("First administrator") if found == Role.FIRST else _("Additional administrator")


def channels(email: bool, sms: bool) -> str:
    return _("E-mail and SMS") if email and sms else _("E-mail") if email else _("SMS")


def seats(paid: int) -> str:
    """What the number of seats is made of."""
    if paid == 1:
        return _("One is included. Several people signed in at once need additional administrators.")
    return ngettext(
        "One is included, %(num)d additional one is paid. Each can be signed in at the same time.",
        "One is included, %(num)d additional ones are paid. Each can be signed in at the same time.",
        paid - 1,
    )


def longest_session() -> str:
    return _("A session lasts %(hours)d hours at most.", hours=terms.SESSION_LIFE.total_seconds() // 3600)


def shortest_password(second_factor: bool) -> int:
    """How many characters a new password needs: fewer for whoever is asked for a second factor as well."""
    return terms.PASSWORD_MIN_SECOND_FACTOR if second_factor else terms.PASSWORD_MIN


def password_hint(second_factor: bool = False) -> str:
    number = shortest_password(second_factor)
    return _("%(number)d characters or more: a short sentence is easiest. Spaces are fine.", number=number)


def reset_link_life() -> str:
    minutes = int(terms.RESET_LINK_LIFE.total_seconds()) // 60
    return _("The link works for %(minutes)d minutes, once.", minutes=minutes)


def email_change_life() -> str:
    hours = int(terms.EMAIL_CHANGE_LIFE.total_seconds()) // 3600
    return _("The link works for %(hours)d hours, once.", hours=hours)


def email_change_undo() -> str:
    """How long the address before can take a change back."""
    return _("For %(days)d days the change can be taken back from there.", days=terms.EMAIL_CHANGE_UNDO.days)


def invitation_days() -> int:
    return terms.INVITATION_LIFE.days


def trial_offer() -> str:
    return _(
        "%(days)d days, free of charge, with e-mail and SMS. Nothing has to be paid, and nothing renews by itself.",
        days=terms.TRIAL_DAYS,
    )


def trial_link_life() -> str:
    hours = int(terms.TRIAL_LINK_LIFE.total_seconds()) // 3600
    return _("The link works for %(hours)d hours, once.", hours=hours)


def dead_link(fault: Fault) -> str:
    """Why a link from a mail does not open."""
    return {
        Fault.BROKEN: _("The link is not complete. Some mail programs cut long links: copy the whole of it."),
        Fault.EXPIRED: _("The link was valid for a limited time, and that time is over."),
        Fault.USED: _("The link has been used already, and each one works once."),
        Fault.WITHDRAWN: _("The link was replaced by a newer one or withdrawn: use the newest mail."),
    }[fault]


def demo_step(step: str) -> str:
    """The buttons that move the clock of the demonstration."""
    amount, unit = step.partition("-")[2], step.partition("-")[0]
    return {
        "minutes": _("+ %(number)s minutes", number=amount),
        "hours": ngettext("+ %(num)d hour", "+ %(num)d hours", int(amount)),
        "days": ngettext("+ %(num)d day", "+ %(num)d days", int(amount)),
    }[unit]
