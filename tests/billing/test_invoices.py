"""Invoices: numbers without gaps whatever happens, frozen once written, and credited never twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.billing import invoices
from portal.billing.events import Event
from portal.billing.frozen import seller_of
from portal.billing.invoices import Invoice
from portal.billing.tables import billing_profiles, invoice_numbers
from portal.kit import audit, outbox
from portal.rules.invoices import NoCredit
from portal.rules.money import Money, total
from portal.rules.pricing import Line, TaxTreatment
from tests.billing.bills import BUYER, GERMAN, issue, issue_in, offer
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


def credit(house: House, invoice: Invoice, cents: int | None = None, **facts: Any) -> Invoice | NoCredit:
    given = {"reason": "agreed with support", "by": "command line", "at": house.clock.now()}
    amount = None if cents is None else eur(cents)
    with house.parts.database.write() as db:
        zone = house.parts.settings.timezone
        return invoices.credit_note(db, invoice=invoice, amount=amount, zone=zone, **given | facts)


def note(house: House, invoice: Invoice, cents: int | None = None) -> Invoice:
    written = credit(house, invoice, cents)
    assert isinstance(written, Invoice)
    return written


# --- numbers and dates -----------------------------------------------------------------------------------------------


@both_databases
def test_twenty_at_once_get_the_numbers_from_one_to_twenty(house: House) -> None:
    written = together(lambda number: issue(house, number + 1), 20)
    assert sorted(invoice.number for invoice in written) == [f"2026-{n:06}" for n in range(1, 21)]


@both_databases
def test_what_is_undone_takes_no_number_with_it(house: House) -> None:
    issue(house, 1)
    with suppress(RuntimeError), house.parts.database.write() as db:
        assert issue_in(db, house, 2).number == "2026-000002"
        raise RuntimeError("the payment could not be settled")
    assert issue(house, 3).number == "2026-000002"


@both_databases
def test_half_of_twenty_at_once_are_undone_and_leave_no_gap(house: House) -> None:
    def one(number: int) -> str | None:
        with suppress(RuntimeError), house.parts.database.write() as db:
            found = issue_in(db, house, number + 1).number
            if number % 2:
                raise RuntimeError("the payment could not be settled")
        return None if number % 2 else found

    kept = [number for number in together(one, 20) if number]
    assert sorted(kept) == [f"2026-{n:06}" for n in range(1, 11)]


@both_databases
def test_an_order_has_one_invoice_and_a_second_one_takes_no_number(house: House) -> None:
    issue(house, 1)
    with pytest.raises(IntegrityError):
        issue(house, 1)
    assert issue(house, 2).number == "2026-000002"


@both_databases
def test_what_is_written_is_what_is_read_afterwards(house: House) -> None:
    invoice = issue(house, 1)
    partly = note(house, invoice, 100)
    with house.parts.database.read() as db:
        assert [invoices.get_invoice(db, written.id) for written in (invoice, partly)] == [invoice, partly]


@both_databases
@pytest.mark.parametrize(
    ("at", "number", "on"),
    [
        ("2026-12-31T23:59:59.999999+01:00", "2026-000002", date(2026, 12, 31)),
        ("2027-01-01T00:00:00+01:00", "2027-000001", date(2027, 1, 1)),
        ("2026-12-31T22:59:59.999999+00:00", "2026-000002", date(2026, 12, 31)),
        ("2026-12-31T23:00:00+00:00", "2027-000001", date(2027, 1, 1)),
    ],
)
def test_each_business_year_counts_from_one(house: House, at: str, number: str, on: date) -> None:
    issue(house, 1)
    found = issue(house, 2, at=datetime.fromisoformat(at))
    assert (found.number, found.issued_on) == (number, on)


@both_databases
def test_dates_never_go_back_though_the_clock_does(house: House) -> None:
    first = issue(house, 1)
    second = issue(house, 2, at=house.clock.now() - timedelta(days=3))
    third = issue(house, 3, at=house.clock.now() + timedelta(days=1))
    assert [found.number for found in (first, second, third)] == ["2026-000001", "2026-000002", "2026-000003"]
    assert second.issued_on == first.issued_on == date(2026, 11, 20)
    assert third.issued_on == date(2026, 11, 21)


@both_databases
def test_the_last_instant_of_december_stays_in_its_year_though_january_has_begun(house: House) -> None:
    issue(house, 1, at=datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    late = issue(house, 2, at=datetime(2026, 12, 31, 22, 59, 59, 999999, tzinfo=UTC))
    assert (late.number, late.issued_on) == ("2026-000001", date(2026, 12, 31))


# --- what is frozen --------------------------------------------------------------------------------------------------


@both_databases
def test_an_invoice_keeps_what_was_true_when_it_was_written(house: House) -> None:
    house.platform()
    profile = BUYER.to_json() | {"platform_id": 1234, "updated_at": house.clock.now()}
    with house.parts.database.write() as db:
        db.execute(billing_profiles.insert().values(profile))
        written = issue_in(db, house, 1)
        db.execute(update(billing_profiles).values(name="Verdi S.p.A.", street="Piazza Nuova 9"))
    with house.parts.database.read() as db:
        found = invoices.find_invoice(db, 1234, written.number)
    assert found == written
    assert found.billing == BUYER
    assert found.seller == seller_of(house.parts.settings)
    assert (found.net, found.tax, found.total) == (eur(6510), eur(1432), eur(7942))


def test_an_invoice_outlives_its_platform_and_its_order(house: House) -> None:
    """It points to neither by a foreign key: the purge may delete both."""
    written = issue(house, 4711, platform_id=999)
    with house.parts.database.read() as db:
        assert invoices.find_invoice(db, 999, written.number) == written


@pytest.mark.parametrize(
    ("treatment", "tax"),
    [(TaxTreatment.ITALIAN_VAT, 1432), (TaxTreatment.REVERSE_CHARGE, 0), (TaxTreatment.OUTSIDE_EU, 0)],
)
def test_the_tax_is_that_of_the_offer(house: House, treatment: TaxTreatment, tax: int) -> None:
    written = issue(house, offer=offer(treatment=treatment), billing=GERMAN)
    assert (written.net, written.tax, written.total) == (eur(6510), eur(tax), eur(6510 + tax))


def test_the_pdf_is_asked_for_with_the_invoice(house: House) -> None:
    written = issue(house)
    with house.parts.database.read() as db:
        (row,) = db.execute(select(outbox.outbox)).all()
    assert (row.topic, row.name, row.payload) == ("errand", "invoice_pdf", {"invoice_id": written.id})
    assert row.deduplication_key == f"invoice-pdf:{written.id}"


# --- credit notes ----------------------------------------------------------------------------------------------------


@both_databases
def test_a_credit_note_is_the_exact_negative_of_its_invoice(house: House) -> None:
    lines = [Line("edition.pro", 1, eur(48501), 99, 365), Line("administrator", 3, eur(1), 1, 2)]
    invoice = issue(house, offer=offer(*lines))
    written = note(house, invoice)
    assert written.number == "C2026-000001"
    assert (written.net, written.tax, written.total) == (-invoice.net, -invoice.tax, -invoice.total)
    assert [line.amount for line in written.offer.lines] == [-line.amount for line in invoice.offer.lines]
    assert (written.offer.net, written.offer.tax) == (written.net, written.tax)
    assert written.refers_to == (invoice.number, invoice.issued_on)
    assert (written.billing, written.seller, written.note) == (invoice.billing, invoice.seller, "agreed with support")


def test_a_part_is_credited_in_one_line_with_its_share_of_the_tax(house: House) -> None:
    written = note(house, issue(house), 1250)
    assert (written.net, written.tax, written.total) == (eur(-1025), eur(-225), eur(-1250))
    (line,) = written.offer.lines
    assert (line.item, line.amount) == ("credit", eur(-1025))


@both_databases
def test_parts_add_up_to_the_invoice_and_never_to_more(house: House) -> None:
    invoice = issue(house)
    parts = [note(house, invoice, cents) for cents in (1, 1250, 3333)]
    assert credit(house, invoice, 3359) is NoCredit.MORE_THAN_LEFT
    parts.append(note(house, invoice))
    assert credit(house, invoice, 1) is NoCredit.MORE_THAN_LEFT
    assert credit(house, invoice) is NoCredit.NOTHING
    assert total((part.net for part in parts), "EUR") == -invoice.net
    assert total((part.total for part in parts), "EUR") == -invoice.total
    assert [part.number for part in parts] == [f"C2026-{n:06}" for n in range(1, 5)]


@both_databases
def test_of_ten_who_credit_the_whole_at_once_one_does(house: House) -> None:
    invoice = issue(house)
    found = together(lambda _number: credit(house, invoice), 10)
    assert len([one for one in found if isinstance(one, Invoice)]) == 1
    assert issue(house, 2).number == "2026-000002"
    assert note(house, issue(house, 3)).number == "C2026-000002"


@pytest.mark.parametrize("cents", [0, -1])
def test_nothing_is_not_credited(house: House, cents: int) -> None:
    assert credit(house, issue(house), cents) is NoCredit.NOTHING


def test_a_credit_note_is_not_credited_in_turn(house: House) -> None:
    assert credit(house, note(house, issue(house))) is NoCredit.NOT_AN_INVOICE


def test_a_credit_note_stands_in_the_activity_of_the_platform(house: House) -> None:
    note(house, issue(house), 1250)
    with house.parts.database.read() as db:
        (event,) = db.execute(select(audit.events)).all()
    assert (event.tag, event.platform_id) == (Event.CREDIT_NOTE_ISSUED, 1234)
    papers = {"invoice": "2026-000001", "credit_note": "C2026-000001", "cents": 1250, "currency": "EUR"}
    assert event.details == papers | {"by": "command line", "reason": "agreed with support"}


# --- queries ---------------------------------------------------------------------------------------------------------


@both_databases
def test_the_list_has_pages_newest_first(house: House) -> None:
    for number in range(1, 8):
        issue(house, number, at=house.clock.now() + timedelta(minutes=number))
    issue(house, 99, platform_id=5678)
    with house.parts.database.read() as db:
        pages = [invoices.invoices_of(db, 1234, page=page, size=3) for page in (0, 1, 2, 3, 4)]
        nobody = invoices.invoices_of(db, 4321)
    numbers = [[int(found.number[-1]) for found in page.invoices] for page in pages]
    assert numbers == [[7, 6, 5], [7, 6, 5], [4, 3, 2], [1], [1]]
    assert [(page.page, page.pages) for page in pages] == [(1, 3), (1, 3), (2, 3), (3, 3), (3, 3)]
    assert (nobody.invoices, nobody.page, nobody.pages) == ([], 1, 1)


@both_databases
@pytest.mark.parametrize("number", ["2026-000002", "C2026-000001", "", "\x00", "2026-000001\x00", "x" * 500])
def test_what_is_no_number_of_the_platform_is_not_found(house: House, number: str) -> None:
    issue(house, 1)
    with house.parts.database.read() as db:
        assert invoices.find_invoice(db, 1234, number) is None
        assert invoices.find_invoice(db, 5678, "2026-000001") is None
        assert invoices.find_invoice(db, None, "2026-000001") is not None


def test_the_credit_notes_of_an_invoice_are_found(house: House) -> None:
    invoice = issue(house)
    parts = [note(house, invoice, 100), note(house, invoice, 200)]
    with house.parts.database.read() as db:
        assert invoices.credit_notes_of(db, invoice) == parts
        assert invoices.credited(db, invoice) == eur(300)
        assert db.execute(select(invoice_numbers.c.last).order_by(invoice_numbers.c.series)).scalars().all() == [1, 2]


def test_a_later_change_of_the_seller_changes_no_credit_note(house: House) -> None:
    old = replace(seller_of(house.parts.settings), name="Before S.r.l.")
    assert note(house, issue(house, seller=old)).seller == old
