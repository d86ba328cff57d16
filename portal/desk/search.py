"""Where a customer is found from whatever they tell on the phone: a user name, a number, an address, a company."""

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
SHORTEST = 2  # characters of a company's name worth looking for


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


def find(db: Connection, typed: str) -> list[Hit]:
    """Every platform that the text may mean, the surest first; each by everything it was found by."""
    text = " ".join(typed.split())
    hits = [*_by_number(db, text), *_by_name(db, text), *_by_email(db, text), *_by_company(db, text)]
    return list(dict.fromkeys(hits))[:MOST]


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
    people = accounts.everybody_of_email(db, folded)
    hits = [Hit(person.platform_id, By.EMAIL, person.username) for person in people]
    return hits + [Hit(number, By.CONTACT, text) for number in support.platforms_of_email(db, folded)]


def _by_company(db: Connection, text: str) -> list[Hit]:
    if len(text) < SHORTEST:
        return []
    hits = [Hit(number, By.COMPANY, name) for number, name in subscription.find_companies(db, text, most=MOST)]
    bare = "".join(filter(str.isalnum, text)).upper()
    vat = profiles.platforms_of_vat_number(db, bare)
    billed = [Hit(number, By.COMPANY, name) for number, name in profiles.find_names(db, text, most=MOST)]
    return [*(Hit(number, By.VAT_NUMBER, bare) for number in vat), *hits, *billed]
