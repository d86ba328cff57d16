"""What the mails about an order may use beside their payload: lines, amounts, reasons, account and links."""

from collections.abc import Iterable
from typing import Any

from portal.billing import gains, order_words, words
from portal.billing.frozen import offer_from_json
from portal.billing.gains import Given
from portal.billing.tasks import Task
from portal.kit.outbox import Message
from portal.outside import transfer
from portal.parts import Parts
from portal.rules import dates
from portal.rules.money import Money
from portal.rules.pricing import Offer


def of(parts: Parts, message: Message) -> dict[str, Any]:
    """In the present language. Raises KeyError for a payload that no mail of the billing has."""
    payload, origin = message.payload, parts.settings.public_url
    day = dates.business_date(message.created_at, parts.settings.timezone)
    names = order_words.edition_names(parts.prices, day)
    number = payload["order_id"]
    facts: dict[str, Any] = {"number": number, "order_link": f"{origin}/orders/{number}", "bank": parts.bank}
    facts["reference"] = transfer.printed(transfer.rf_reference(number))
    facts |= _offer(offer_from_json(payload["offer"]), names)
    if "amount" in payload:
        facts["amount"] = words.amount_words(Money(*payload["amount"]))
    if "given" in payload:
        facts["given"] = gains.sentences(Given.from_json(payload["given"]), names)
        facts["invoice_link"] = f"{origin}/subscription/invoices/{payload['invoice']}"
    if "why" in payload:
        facts["why"] = order_words.money_task(Task(payload["why"]))
    return facts


def _offer(offer: Offer, names: dict[str, str]) -> dict[str, Any]:
    bought = ((words.item_words(line, names, offer=offer), words.amount_words(line.amount)) for line in offer.lines)
    taxed = (words.tax_label(offer.treatment), words.amount_words(offer.tax))
    return {"lines": _joined([*bought, taxed]), "total": words.amount_words(offer.total)}


def _joined(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{what} · {amount}" for what, amount in pairs]
