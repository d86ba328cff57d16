"""The words for what the rules decide: one sentence for each named value."""

from dataclasses import dataclass
from datetime import datetime

from portal.kit.links import Fault
from portal.kit.texts import gettext as _
from portal.kit.texts import ngettext
from portal.rules import terms
from portal.rules.access import RESTRICTED, Act, Block, Caution, Decision, Reason, Refused, Role
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
        Reason.ALREADY_RENEWED: _("The next term is paid already."),
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


def caution(found: Caution) -> str:
    """What to know before an act that is possible."""
    return {
        Caution.TRIAL_LIMITS: _("Within the limits of the trial."),
        Caution.UNDOES_CANCELLATION: _("The renewal undoes the cancellation."),
        Caution.ENDS_WITH_CANCELLATION: _("Your subscription is cancelled: what you buy now is lost with it."),
    }[found]


def act_title(act: Act) -> str:
    """The name of what can be ordered."""
    return {
        Act.PURCHASE: _("Purchase the platform"),
        Act.RENEW: _("Renew the subscription"),
        Act.BUY_CREDITS: _("SMS credits"),
        Act.BUY_SEATS: _("Additional administrators"),
        Act.CHANGE_EDITION: _("Change the edition"),
        Act.CANCEL: _("Cancel the subscription"),
        Act.UNDO_CANCEL: _("Undo the cancellation"),
    }[act]


def act_text(act: Act) -> str:
    """What it does where there is an expiry; %(day)s: the expiry, %(next)s the day after, %(deleted)s: the deletion."""
    return {
        Act.PURCHASE: _(
            "Everything you have set up stays. The first paid term begins when your payment has been received."
        ),
        Act.RENEW: _("The next term begins on %(next)s: no day is lost, and none is paid twice."),
        Act.BUY_CREDITS: _(
            "You pay only for messages sent. Credits are valid until %(day)s; each renewal moves the date."
        ),
        Act.BUY_SEATS: _(
            "For several people signed in at once. Until %(day)s, so you pay only for the days that remain."
        ),
        Act.CHANGE_EDITION: _("More takes effect at once, less with the next term. The expiry stays %(day)s."),
        Act.CANCEL: _(
            "Everything works until %(day)s. After that you can still renew for a few days; from %(deleted)s the "
            "platform, its data and its credits are deleted for good. Nothing is refunded."
        ),
        Act.UNDO_CANCEL: _("The subscription goes on as before; its expiry stays %(day)s."),
    }[act]


def act_without_expiry(act: Act) -> str:
    """What it does on a platform that only sends SMS."""
    return {
        Act.PURCHASE: _("Add the e-mail channel to this platform. Your credits stay, and never expire earlier."),
        Act.BUY_CREDITS: _(
            "You pay only for messages sent. Each purchase is valid for %(months)d months from its payment.",
            months=terms.SMS_ONLY_LOT_MONTHS,
        ),
    }.get(act, "")


def order_button(act: Act) -> str:
    """The words on the link that opens a mail to the people who take the order."""
    if act is Act.CANCEL:
        return _("Write to us to cancel")
    return _("Write to us to undo it") if act is Act.UNDO_CANCEL else _("Write to us to order")


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


def password_hint() -> str:
    return _("%(number)d characters or more: a short sentence is easiest. Spaces are fine.", number=terms.PASSWORD_MIN)


def reset_link_life() -> str:
    minutes = int(terms.RESET_LINK_LIFE.total_seconds()) // 60
    return _("The link works for %(minutes)d minutes, once.", minutes=minutes)


def dead_link(fault: Fault) -> str:
    """Why a link from a mail does not open."""
    return {
        Fault.BROKEN: _("The link is not complete. Some mail programs cut long links: copy the whole of it."),
        Fault.EXPIRED: _("The link was valid for a limited time, and that time is over."),
        Fault.USED: _("The link has been used already, and each one works once."),
        Fault.WITHDRAWN: _("The link was replaced by a newer one or withdrawn: use the newest mail."),
    }[fault]


@dataclass(frozen=True, slots=True)
class ErrorWords:
    title: str
    happened: str
    next: str


def error(code: int) -> ErrorWords:
    """What happened and what to do now; codes are those of `portal/web/errors.py`."""
    return {
        400: ErrorWords(
            _("This form cannot be accepted"),
            _("It was open for too long, or was sent from another page or without cookies. Nothing was changed."),
            _("Go back, load the page again and send the form once more."),
        ),
        403: ErrorWords(
            _("You may not open this page"),
            _("It belongs to somebody with other rights on the platform."),
            _("Ask the first administrator of your platform, or write to us."),
        ),
        404: ErrorWords(
            _("There is no such page"),
            _("The address is wrong, or the page has moved."),
            _("Check the address, or start from the first page."),
        ),
        405: ErrorWords(
            _("This address is not opened like that"),
            _("It only takes what a form of ours sends. Nothing was changed."),
            _("Start from the first page and use the button there."),
        ),
        413: ErrorWords(
            _("This is too much at once"),
            _("What was sent is larger than this page accepts. Nothing was changed."),
            _("Go back, shorten it and send it again."),
        ),
        429: ErrorWords(
            _("Too many requests"),
            _("Too much was asked from your network in a short time."),
            _("Wait a few minutes and try again."),
        ),
        500: ErrorWords(
            _("Something broke on our side"),
            _("The fault is ours, and it has been recorded. Nothing was changed by your request."),
            _("Try again in a few minutes. If it happens again, write to us with the reference number."),
        ),
        503: ErrorWords(
            _("The portal is busy"),
            _("It cannot answer at this moment. Nothing was changed."),
            _("Try again in a few seconds."),
        ),
    }[code]


def demo_step(step: str) -> str:
    """The buttons that move the clock of the demonstration."""
    amount, unit = step.partition("-")[2], step.partition("-")[0]
    return {
        "minutes": _("+ %(number)s minutes", number=amount),
        "hours": ngettext("+ %(num)d hour", "+ %(num)d hours", int(amount)),
        "days": ngettext("+ %(num)d day", "+ %(num)d days", int(amount)),
    }[unit]
