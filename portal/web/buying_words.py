"""The words of the pages that sell: why to look again, why there is no offer, what an edition is and takes away."""

from portal.kit.texts import gettext as _
from portal.kit.texts import number
from portal.rules import editions, terms
from portal.rules.editions import Loss
from portal.rules.offers import NoOffer
from portal.rules.prices import Edition, SupportLevel
from portal.standing import Standing
from portal.web.edge import parts
from portal.web.sealed import LookAgain

LOT_MONTHS = terms.SMS_ONLY_LOT_MONTHS
QUOTE_MINUTES = int(terms.QUOTE_LIFE.total_seconds()) // 60


def asked_again(again: LookAgain) -> str:
    """Why the price is shown once more."""
    return {
        LookAgain.CHOICE_CHANGED: _("You have chosen something else: this is its price. If it is right, continue."),
        LookAgain.PRICE_CHANGED: _("The price has changed since you opened this page. Look again before you continue."),
        LookAgain.EXPIRED: _("The price was shown too long ago. It is the same now: if it is right, continue."),
    }[again]


def no_offer(none: NoOffer) -> str:
    """Why there is no price for a choice."""
    return {
        NoOffer.UNKNOWN_EDITION: _("Choose one of the editions."),
        NoOffer.MONTHS_NOT_OFFERED: _("Choose one of the lengths."),
        NoOffer.UNKNOWN_PACK: _("Choose one of the packs."),
        NoOffer.QUANTITY_OUT_OF_RANGE: _(
            "Choose a number from 0 to %(most)s. For more, write to us.", most=number(terms.MOST_ADDITIONAL)
        ),
        NoOffer.SAME_EDITION: _("This is the edition you have."),
        NoOffer.DOWNGRADE_NOT_SOLD: _("A smaller edition begins with the next term, and nothing is paid for it now."),
        NoOffer.NO_LIST_PRICE: _("Your present edition is not on the price list any more: write to us for an offer."),
        NoOffer.NOTHING_REMAINING: _("There is no paid day left for which this could be bought."),
    }[none]


def what(edition: Edition) -> str:
    """What an edition has, in a line."""
    channels = _("e-mail and SMS") if edition.sms else _("e-mail")
    contacts = _("any number of contacts")
    if edition.contacts is not None:
        contacts = _("%(number)s contacts", number=number(edition.contacts))
    messages = _("any number of e-mails a month")
    if edition.messages_per_month is not None:
        messages = _("%(number)s e-mails a month", number=number(edition.messages_per_month))
    support = _("premium support") if edition.support is SupportLevel.PREMIUM else _("standard support")
    return f"{channels} · {contacts} · {messages} · {support}"


def lost(old_code: str, new_code: str, place: Standing) -> list[str]:
    """What the platform loses with the other edition, each in a few words; empty for an edition nobody knows."""
    old = parts().prices.find_edition(old_code, place.today)
    new = parts().prices.on(place.today).find_edition(new_code)
    return [_lost(loss, new) for loss in editions.losses(old, new)] if old and new else []


def _lost(loss: Loss, new: Edition) -> str:
    return {
        Loss.SMS_CHANNEL: _("the SMS channel of the edition; credits that you have stay usable"),
        Loss.CONTACTS: _("contacts beyond %(number)s", number=number(new.contacts or 0)),
        Loss.MESSAGES: _("e-mails beyond %(number)s a month", number=number(new.messages_per_month or 0)),
        Loss.SUPPORT: _("premium support"),
    }[loss]
