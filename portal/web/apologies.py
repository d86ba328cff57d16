"""The words of the error pages: what happened, and what to do now."""

from dataclasses import dataclass

from portal.kit.texts import gettext as _


@dataclass(frozen=True, slots=True)
class Apology:
    title: str
    happened: str
    next: str


def apology(code: int) -> Apology:
    """What happened and what to do now; codes are those of `portal/web/errors.py`."""
    return {
        400: Apology(
            _("This form cannot be accepted"),
            _("It was open for too long, or was sent from another page or without cookies. Nothing was changed."),
            _("Go back, load the page again and send the form once more."),
        ),
        403: Apology(
            _("You may not open this page"),
            _("It belongs to somebody with other rights on the platform."),
            _("Ask the first administrator of your platform, or write to us."),
        ),
        404: Apology(
            _("There is no such page"),
            _("The address is wrong, or the page has moved."),
            _("Check the address, or start from the first page."),
        ),
        405: Apology(
            _("This address is not opened like that"),
            _("It only takes what a form of ours sends. Nothing was changed."),
            _("Start from the first page and use the button there."),
        ),
        413: Apology(
            _("This is too much at once"),
            _("What was sent is larger than this page accepts. Nothing was changed."),
            _("Go back, shorten it and send it again."),
        ),
        429: Apology(
            _("Too many requests"),
            _("Too much was asked from your network in a short time."),
            _("Wait a few minutes and try again."),
        ),
        500: Apology(
            _("Something broke on our side"),
            _("The fault is ours, and it has been recorded. Nothing was changed by your request."),
            _("Try again in a few minutes. If it happens again, write to us with the reference number."),
        ),
        503: Apology(
            _("The portal is busy"),
            _("It cannot answer at this moment. Nothing was changed."),
            _("Try again in a few seconds."),
        ),
    }[code]
