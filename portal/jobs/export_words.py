"""What an export says in words, in the language of whoever asked for it: the words of the pages."""

from typing import Any

from flask import get_template_attribute
from sqlalchemy import Row

from portal.billing import former, words
from portal.billing.frozen import offer_from_json
from portal.jobs.export_fields import About, Get
from portal.kit.audit import Recorded
from portal.rules import orders as rules
from portal.rules.access import Block
from portal.rules.orders import OrderState
from portal.rules.pricing import Line, Offer

WORDS = "export/words.txt"  # where the words of the pages are within reach of a worker, as they are for its mails


def say(name: str, *given: Any) -> str:
    return str(get_template_attribute(WORDS, name)(*given)).strip()


def block(name: str) -> Get:
    """Title, steps or department of a block; nothing for a code that we no longer know."""

    def told(row: Row[Any], about: About) -> str:
        return about.say(f"block_{name}", Block(row.code)) if row.code in tuple(Block) else ""

    return told


def event(name: str) -> Get:
    """What was done, of which kind, or by whom."""

    def told(row: Row[Any], about: About) -> str:
        recorded = Recorded(*(row._mapping[column] for column in Recorded.__slots__))
        return about.say(name, recorded, about.people, about.editions)

    return told


def by_staff(row: Row[Any], about: About) -> bool:
    return bool(event("staff")(row, about))


def order_state(row: Row[Any], about: About) -> str:
    """Where the order stands: that it has expired is told by its dates."""
    return str(rules.state(OrderState(row.state), row.open_until, about.at))


def offer(row: Row[Any], about: About) -> dict[str, Any]:
    """What was offered, line by line: what, how often, at which price, for which part of a term, and the amount.

    Of an invoice of the former system it is what was printed, in one line.
    """
    if former.is_former(row.offer):
        return dict(row.offer)
    found = offer_from_json(row.offer)
    return {
        "starts_on": found.starts_on,
        "ends_on": found.ends_on,
        "treatment": found.treatment,
        "tax": words.tax_label(found.treatment),
        "lines": [_line(line, found, about) for line in found.lines],
    }


def _line(line: Line, found: Offer, about: About) -> dict[str, Any]:
    return {
        "item": line.item,
        "description": words.item_words(line, about.editions, offer=found),
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "fraction": [line.numerator, line.denominator],
        "amount": line.amount,
    }
