"""The words of what staff do to a platform: what became of it, and what the customer will read."""

from dataclasses import dataclass
from datetime import date

from portal.desk.platforms import Result
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.rules.access import ENDS_SESSIONS, LIFTED_BY_PAYMENT, Block
from portal.rules.lifecycle import ExtensionRefusal
from portal.web import words


def result(found: Result) -> str:
    """What became of an act."""
    return {
        Result.DONE: _("Done. The customer finds it in the activity."),
        Result.BLOCKED_ALREADY: _("The platform is blocked for this reason already. Nothing was done a second time."),
        Result.NOT_BLOCKED: _("The platform is not blocked for this reason any more. There was nothing to lift."),
        Result.NO_REQUEST: _("It is lifted only where the customer has asked in writing."),
        Result.HELD_ALREADY: _("There is a legal hold already. Nothing was done a second time."),
        Result.NOT_HELD: _("There is no legal hold any more. There was nothing to take off."),
        Result.DELETED: _("The data of this platform are deleted, or being deleted now: there is nothing left to do."),
    }[found]


def not_longer(refusal: ExtensionRefusal, longest: date | None) -> str:
    """Why the grace does not last until the day that was typed. longest: the latest day that may be named."""
    return {
        ExtensionRefusal.NOT_EXPIRED: _("An exception is made only once the subscription has expired."),
        ExtensionRefusal.DELETED: result(Result.DELETED),
        ExtensionRefusal.NOT_LONGER: _("The platform can be renewed through this day already: name a later one."),
        ExtensionRefusal.TOO_LONG: _("The latest possible day is %(day)s.", day=texts.day(longest) if longest else "–"),
        ExtensionRefusal.PAST: _("This day is over: nobody could renew on it."),
    }[refusal]


def extended(until: date) -> str:
    """What has become of it."""
    return _("The last day is now %(day)s. Everybody on the platform is told by mail.", day=texts.day(until))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the first page of the platform says in a language while it is blocked."""

    language: str
    name: str
    title: str
    steps: str
    effect: str
    department: str


def customer_reads(code: Block) -> list[Reading]:
    """The words of the block in every language, before somebody chooses it."""
    return [_reading(code, language) for language in texts.LANGUAGES]


def _reading(code: Block, language: str) -> Reading:
    with texts.speaking(language):
        said = (words.block_steps(code), words.block_effect(code), words.block_department(code))
        title = " ".join((_("The platform is blocked."), words.block_title(code)))
    return Reading(language, texts.OWN_NAMES[language], title, *said)


def beside(code: Block) -> str:
    """What happens beside the block, or lifts it; empty where nothing does."""
    if code in ENDS_SESSIONS:
        return _(
            "Everybody is signed out and needs a new password; waiting requests to take lost second factors off stop. "
            "Only administration unlocks it again, on a written request."
        )
    return _("The payment lifts it by itself.") if code in LIFTED_BY_PAYMENT else ""
