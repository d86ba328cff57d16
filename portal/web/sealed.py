"""A quote on its way through a page: sealed, so that the form brings back exactly what was shown."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from portal.billing import choices
from portal.billing.choices import Choice
from portal.billing.frozen import offer_from_json, offer_to_json
from portal.rules import pricing
from portal.rules.orders import Kind
from portal.rules.pricing import Offer, Quote, QuoteRefusal
from portal.web.edge import now, parts


class LookAgain(StrEnum):
    """Why the price has to be looked at once more before it is ordered."""

    CHOICE_CHANGED = "choice-changed"  # something else was chosen than what was priced
    PRICE_CHANGED = "price-changed"
    EXPIRED = "expired"


def seal(kind: Kind, choice: Choice, offer: Offer) -> str:
    """The offer as it is shown now, for a hidden field."""
    shown = {"at": now().isoformat(), "offer": offer_to_json(offer), "choice": _what(kind, choice)}
    sealed = _serializer().dumps(shown)
    return sealed if isinstance(sealed, str) else sealed.decode()


def refusal(sealed: str, kind: Kind, choice: Choice, fresh: Offer) -> LookAgain | None:
    """Why what was shown cannot be ordered; None: it is what would be shown now. A broken seal shows nothing."""
    try:
        shown: dict[str, Any] = _serializer().loads(sealed)
    except BadSignature:
        return LookAgain.CHOICE_CHANGED
    if shown["choice"] != _what(kind, choice):
        return LookAgain.CHOICE_CHANGED
    quote = Quote(offer_from_json(shown["offer"]), datetime.fromisoformat(shown["at"]))
    match pricing.confirm(quote, fresh, now()):
        case QuoteRefusal.EXPIRED:
            return LookAgain.EXPIRED
        case QuoteRefusal.PRICE_CHANGED:
            return LookAgain.PRICE_CHANGED
        case None:
            return None


def _what(kind: Kind, choice: Choice) -> list[Any]:
    found = choices.to_json(choice)
    return [str(kind), {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}]


def _serializer() -> URLSafeSerializer:
    keys = list(reversed(parts().settings.token_keys))  # the library signs with the last one
    return URLSafeSerializer(keys, salt="portal.quote", signer_kwargs={"digest_method": sha256})
