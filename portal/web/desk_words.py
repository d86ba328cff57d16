"""The words of the desk: by what a platform was found, what a mail was, and what became of it."""

from portal.desk.people import Result
from portal.desk.search import By
from portal.kit.outbox import Outcome, Sent
from portal.kit.texts import gettext as _
from portal.rules.staff import StaffRole


def found_by(by: By) -> str:
    """By what somebody was found."""
    return {
        By.PLATFORM: _("platform"),
        By.USER_NAME: _("user name"),
        By.EMAIL: _("e-mail of an administrator"),
        By.CONTACT: _("e-mail of a contact"),
        By.COMPANY: _("company"),
        By.VAT_NUMBER: _("VAT number"),
        By.ORDER: _("order"),
        By.INVOICE: _("invoice"),
    }[by]


def role(of: StaffRole) -> str:
    """What somebody of the staff is."""
    return {
        StaffRole.SUPPORT: _("Support"),
        StaffRole.BILLING: _("Billing"),
        StaffRole.ADMINISTRATION: _("Administration"),
    }[of]


def delivery(sent: Sent) -> str:
    """What has become of a mail."""
    if sent.done_at is None:
        return _("waiting, tried before") if sent.attempts else _("waiting")
    return {
        Outcome.SENT: _("accepted by the mail server"),
        Outcome.REFUSED: _("refused: the mail server does not know the address"),
        Outcome.EXPIRED: _("not sent: no longer true"),
        Outcome.FAILED: _("given up: somebody has to look"),
        Outcome.HELD: _("held since a restore: somebody has to decide"),
        Outcome.DROPPED: _("not sent: dropped after a restore"),
    }.get(Outcome(str(sent.outcome)), str(sent.outcome))


def act(name: str) -> str:
    """What is done for a person, on its button; by the last part of its address."""
    return {
        "reset-link": _("Mail a link to set a new password"),
        "end-session": _("Sign the person out"),
        "lost-factor": _("Ask that the lost second factors be taken off"),
        "keep-factor": _("Stop taking the second factors off"),
        "view": _("Look at the portal as this person sees it"),
    }[name]


def result(found: Result) -> str:
    """What became of an act."""
    return {
        Result.DONE: _("Done. The customer finds it in the activity."),
        Result.WAITS: _("The address was changed a few days ago: a second person has to approve the link."),
        Result.NOTHING: _("There was nothing to do any more."),
        Result.DISABLED: _("This person cannot sign in at all: the access is disabled."),
        Result.NO_FACTOR: _("This person has no second factor: the password alone is enough."),
        Result.OPEN: _("This was asked for already, and waits."),
    }[found]
