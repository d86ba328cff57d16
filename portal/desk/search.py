"""Where a customer is found from whatever they tell on the phone: a user name, a number, an address, a company.

Each look goes to one place of an index, and reads no more than is shown: it costs the same however many customers there
are. That is why a company is found by the beginnings of its words (portal/rules/searching.py) and all else as a whole.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from portal.accounts import queries as accounts
from portal.billing import former, invoices, profiles
from portal.billing import queries as billing
from portal.rules import names
from portal.rules.names import UserName
from portal.subscription import queries as subscription
from portal.support import queries as support

MOST = 50  # platforms shown: whoever finds more, types more
LARGEST_ID = 2**31 - 1  # of an Integer column
_ENOUGH = MOST + 1  # read of each kind, which tells that there are more


class By(StrEnum):
    """By what a platform was found."""

    PLATFORM = "platform"
    USER_NAME = "user-name"
    EMAIL = "e-mail"
    CONTACT = "contact"
    COMPANY = "company"
    VAT_NUMBER = "vat-number"
    ORDER = "order"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Hit:
    """A platform, by what it was found, and the words in which that stands there."""

    platform_id: int
    by: By
    what: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is shown, and whether there may be more."""

    hits: list[Hit]
    more: bool


def find(db: Connection, typed: str) -> Found:
    """Every platform that the text may mean, the surest first; each by everything it was found by."""
    text = " ".join(typed.split())
    if not text:
        return Found([], more=False)
    kinds = [look(db, text) for look in (_by_number, _by_name, _by_email, _by_vat_number, _by_company, _by_billed)]
    hits = list(dict.fromkeys(hit for found in kinds for hit in found))
    return Found(hits[:MOST], more=len(hits) > MOST or any(len(found) >= _ENOUGH for found in kinds))


def _by_number(db: Connection, text: str) -> list[Hit]:
    hits = []
    if text.isascii() and text.isdigit() and 0 < int(text[:12]) <= LARGEST_ID:
        number = int(text[:12])
        if subscription.find_platform(db, number):
            hits.append(Hit(number, By.PLATFORM, text))
        order = billing.find_any_order(db, number)
        if order:
            hits.append(Hit(order.platform_id, By.ORDER, text))
    return hits + _by_invoice(db, text)


def _by_invoice(db: Connection, text: str) -> list[Hit]:
    """One of ours, or one of the former system: their numbers are never the same."""
    invoice = invoices.find_invoice(db, None, text.upper())
    if invoice:
        return [Hit(invoice.platform_id, By.INVOICE, invoice.number)]
    number = former.find_platform(db, text)
    return [Hit(number, By.INVOICE, text)] if number else []


def _by_name(db: Connection, text: str) -> list[Hit]:
    parsed = names.parse(text)
    if not isinstance(parsed, UserName):
        return []
    person = accounts.find_administrator(db, parsed.folded)
    if person:
        return [Hit(person.platform_id, By.USER_NAME, person.username)]
    return [Hit(parsed.platform_id, By.PLATFORM, text)] if subscription.find_platform(db, parsed.platform_id) else []


def _by_email(db: Connection, text: str) -> list[Hit]:
    """Administrators who are disabled too: somebody may ask why."""
    if "@" not in text:
        return []
    folded = names.fold_email(text)
    people = accounts.everybody_of_email(db, folded, most=_ENOUGH)
    hits = [Hit(person.platform_id, By.EMAIL, person.username) for person in people]
    contacts = support.platforms_of_email(db, folded, most=_ENOUGH)
    return hits + [Hit(number, By.CONTACT, text) for number in contacts]


def _by_vat_number(db: Connection, text: str) -> list[Hit]:
    bare = "".join(filter(str.isalnum, text)).upper()
    return [Hit(number, By.VAT_NUMBER, bare) for number in profiles.platforms_of_vat_number(db, bare, most=_ENOUGH)]


def _by_company(db: Connection, text: str) -> list[Hit]:
    return [Hit(number, By.COMPANY, name) for number, name in subscription.find_companies(db, text, most=_ENOUGH)]


def _by_billed(db: Connection, text: str) -> list[Hit]:
    """By the name on the invoices, which may be another one."""
    return [Hit(number, By.COMPANY, name) for number, name in profiles.find_names(db, text, most=_ENOUGH)]
