"""The words for what was done: the sentence of an event (`activity_sentences`), with what its details name.

The details of an event are read defensively, since the list shows what earlier versions wrote too: what is unknown is
passed over, and where something is missing the plain sentence is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.kit import texts
from portal.kit.audit import Recorded
from portal.kit.texts import gettext as _
from portal.rules import names
from portal.rules.access import Block
from portal.rules.names import UserName
from portal.rules.staff import SeenPage
from portal.web import words
from portal.web.activity_sentences import KIND_NAMES, SEEN_PAGES, SENTENCES, By, Kind

NAMED = {  # what a detail `by` says beside a user name
    "command line": By.STAFF,
    "staff": By.STAFF,
    "demo": By.STAFF,
    "payment": By.PAYMENT,
    "fewer seats": By.PORTAL,
    "portal": By.PORTAL,
    "person": By.STRANGER,  # it was asked for on a page that needs no sign-in
}


@dataclass(frozen=True, slots=True)
class Actor:
    name: str
    staff: bool


NUMBERED: tuple[str, ...] = ("order", "invoice", "credit_note")
WITH_NETWORK = (  # where from: told of a sign-in, and of what takes everything away
    "accounts.signed_in",
    "accounts.taken_over",
    "subscription.export_asked",
    "subscription.export_downloaded",
)


def tags(kind: Kind) -> list[str]:
    return [tag for tag, told in SENTENCES.items() if told.kind is kind]


def kind_of(event: Recorded) -> str:
    """The name of its kind; empty for a tag that nobody has given words to."""
    told = SENTENCES.get(event.tag)
    return str(KIND_NAMES[told.kind]) if told else ""


def sentence(event: Recorded, people: Mapping[int, str], editions: Mapping[str, str]) -> str:
    """What was done. people: the platform's user names by id; editions: the names on the price list by code."""
    told = SENTENCES.get(event.tag)
    if told is None:
        return _("Something was noted: %(tag)s", tag=event.tag)
    try:
        found = str(told.text) % _parts(event, people, editions)
    except KeyError:
        found = str(told.plain or told.text)
    return " ".join(filter(None, (found, _because(event.details.get("reason")))))


def actor(event: Recorded, people: Mapping[int, str]) -> Actor:
    """Who did it: what the details say, else who does such a thing as a rule."""
    named = event.details.get("by")
    if isinstance(named, str) and named not in NAMED and isinstance(found := names.parse(named), UserName):
        return Actor(found.folded, staff=False)
    told = SENTENCES.get(event.tag)
    by = NAMED.get(str(named), told.by if told else By.PORTAL)
    if by is By.PERSON and (username := people.get(event.administrator_id or 0)):
        return Actor(username, staff=False)
    return Actor(_name(by), staff=by is By.STAFF)


def _name(by: By) -> str:
    return {
        By.STRANGER: _("Somebody who was not signed in"),
        By.STAFF: _("Our staff"),
        By.PAYMENT: _("The payment"),
    }.get(by, _("The portal, by itself"))


def _parts(event: Recorded, people: Mapping[int, str], editions: Mapping[str, str]) -> dict[str, str]:
    """What a sentence may name, of all that the details hold in a form that we know."""
    found = {name: str(event.details[name]) for name in NUMBERED if name in event.details}
    if username := people.get(event.administrator_id or 0):
        found["username"] = username
    if (page := event.details.get("page")) in tuple(SeenPage):
        found["page"] = str(SEEN_PAGES[SeenPage(page)])
    code = event.details.get("edition")
    if isinstance(code, str):
        found["edition"] = editions.get(code, code.capitalize())
    return found | _reason(event.details.get("code")) | _day(event.details.get("due_on")) | _sums(event.details)


def _sums(details: Mapping[str, Any]) -> dict[str, str]:
    """Money and credits, in words."""
    found = {}
    cents, currency, credits = (details.get(name) for name in ("cents", "currency", "credits"))
    if type(cents) is int and isinstance(currency, str) and currency.isascii() and currency.isalpha():
        found["amount"] = texts.money(cents, currency)
    if type(credits) is int:
        found["credits"] = texts.number(credits)
    return found


def _because(reason: Any) -> str:
    """What staff wrote when they did it: the customer reads it too."""
    return _("Reason: %(reason)s", reason=reason) if isinstance(reason, str) and reason else ""


def _reason(code: Any) -> dict[str, str]:
    return {"reason": words.block_title(Block(code))} if code in tuple(Block) else {}


def _day(text: Any) -> dict[str, str]:
    try:
        return {"day": texts.day(date.fromisoformat(text))}
    except (TypeError, ValueError):
        return {}
