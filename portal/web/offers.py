"""What can be ordered, in words: what an act does, with its dates, and why it has to wait.

Whether it is possible is decided by the rules alone.
"""

from markupsafe import Markup, escape

from portal.kit.texts import gettext as _
from portal.rules import dates, renewal, terms
from portal.rules.access import Act, Allowed, Caution, Decision, Reason, Refused
from portal.standing import Standing
from portal.web.times import sentence, weekday


def title(act: Act, place: Standing) -> str:
    """The name of an act on this platform."""
    return _("Add the e-mail channel") if act == Act.PURCHASE and place.platform.sms_only else _title(act)


def _title(act: Act) -> str:
    return {
        Act.PURCHASE: _("Purchase the platform"),
        Act.RENEW: _("Renew the subscription"),
        Act.BUY_CREDITS: _("SMS credits"),
        Act.BUY_SEATS: _("Additional administrators"),
        Act.CHANGE_EDITION: _("Change the edition"),
        Act.CANCEL: _("Cancel the subscription"),
        Act.UNDO_CANCEL: _("Undo the cancellation"),
    }[act]


def about(act: Act, place: Standing) -> Markup:
    """What an act does, with its dates."""
    if place.expires_on is None:
        return escape(_about_without_expiry(act))
    if place.expires_on < place.today and act not in (Act.RENEW, Act.PURCHASE):
        return Markup()  # its dates are over
    next_day = weekday(place.expires_on + dates.ONE_DAY)
    if act is Act.PURCHASE and place.expires_on >= place.today:
        text = _(
            "Everything you have set up stays. All of it is switched on when your payment has been received; the paid "
            "days begin on %(next)s, after the trial."
        )
        return sentence(text, next=next_day)
    parts = {
        "day": weekday(place.expires_on),
        "next": next_day,
        "deleted": weekday(place.deleted_from) if place.deleted_from else "",
    }
    return sentence(_about(act), **parts, months=terms.SMS_ONLY_LOT_MONTHS)


def _about(act: Act) -> str:
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


def _about_without_expiry(act: Act) -> str:
    """What it does on a platform that only sends SMS."""
    return {
        Act.PURCHASE: _("Add the e-mail channel to this platform. Your credits stay, and never expire earlier."),
        Act.BUY_CREDITS: _(
            "You pay only for messages sent. Each purchase is valid for %(months)d months from its payment.",
            months=terms.SMS_ONLY_LOT_MONTHS,
        ),
    }.get(act, "")


def refusal(decision: Decision, place: Standing) -> Markup:
    """Why an act is not possible now, with the day on which it will be."""
    if isinstance(decision, Allowed):
        return Markup()
    if decision.reason is Reason.TOO_EARLY and place.expires_on:
        opens = renewal.renew_from(place.expires_on)
        text = _("The renewal opens on %(day)s, %(days)d days before the expiry.")
        return sentence(text, day=weekday(opens), days=terms.RENEW_FROM_DAYS)
    return escape(_refusal(decision))


def _refusal(refused: Refused) -> str:
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


def caution(decision: Decision, place: Standing) -> Markup:
    """What to know before an act that is possible."""
    if not isinstance(decision, Allowed) or decision.caution is None or place.expires_on is None:
        return Markup()
    if decision.caution is Caution.ENDS_WITH_CANCELLATION:
        text = _("Your subscription is cancelled: what you buy now is lost after %(day)s.")
        return sentence(text, day=weekday(place.expires_on))
    return escape(_caution(decision.caution))


def _caution(found: Caution) -> str:
    return {
        Caution.TRIAL_LIMITS: _("Within the limits of the trial."),
        Caution.UNDOES_CANCELLATION: _("The renewal undoes the cancellation."),
        Caution.ENDS_WITH_CANCELLATION: _("Your subscription is cancelled: what you buy now is lost with it."),
    }[found]


def button(act: Act) -> str:
    """The words on the link to the page where it is done."""
    if act is Act.CANCEL:
        return _("See what happens")
    return _("Continue") if act is Act.UNDO_CANCEL else _("Show the price")
