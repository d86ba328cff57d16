"""Invoices to test with: who sells, who pays, and what for."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal.billing import invoices
from portal.billing.frozen import BillingData, seller_of
from portal.billing.invoices import Invoice
from portal.rules.money import Money
from portal.rules.pricing import Line, Offer, TaxTreatment
from tests.helpers.house import House

BUYER = BillingData(
    "Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785", recipient_code="ABC1234"
)
GERMAN = BillingData("Müller GmbH", "Hauptstraße 5", "10115", "Berlin", "", "DE", vat_number="136695976")
SWISS = BillingData("Rossi SA", "Via Nassa 3", "6900", "Lugano", "TI", "CH", vat_number="CHE107787577")


def offer(*lines: Line, treatment: TaxTreatment = TaxTreatment.ITALIAN_VAT, dated: bool = True) -> Offer:
    """Two additional administrators for the rest of a year, unless lines are given."""
    given = lines or (Line("administrator", 2, Money(12000, "EUR"), 99, 365),)
    days = (date(2026, 11, 22), date(2027, 2, 28)) if dated else (None, None)
    return Offer(given, "EUR", treatment, *days)


def issue(house: House, order_id: int = 1, *, at: datetime | None = None, **facts: Any) -> Invoice:
    """An invoice in a transaction of its own."""
    with house.parts.database.write() as db:
        return issue_in(db, house, order_id, at=at, **facts)


def issue_in(db: Connection, house: House, order_id: int, *, at: datetime | None = None, **facts: Any) -> Invoice:
    settings = house.parts.settings
    given: dict[str, Any] = {"platform_id": 1234, "offer": offer(), "billing": BUYER, "language": "en"}
    given |= {"seller": seller_of(settings), "at": at or house.clock.now(), "zone": settings.timezone}
    return invoices.issue(db, order_id=order_id, **given | facts)
