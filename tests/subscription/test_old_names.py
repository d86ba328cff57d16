"""Names and former invoices from before they were kept to be found by: written once by the migration."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, MetaData, Table, select, text

from portal import migrations
from portal.desk import search
from portal.subscription.tables import searched_names
from tests.conftest import on_postgres
from tests.helpers.house import House
from tests.invariants.test_migrations import both_empty, empty

__all__ = ["empty"]  # the fixture, found here by its name
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
LAST = 2_001  # a platform behind the second slice
BILLING: dict[str, Any] = dict.fromkeys(
    ("street", "postcode", "city", "province", "vat_number", "tax_code", "recipient_code", "certified_mail"), ""
)


def platform(number: int, company: str) -> dict[str, Any]:
    channels = {"email_channel": True, "sms_channel": True, "trial": False}
    return {"id": number, "company": company, "created_at": AT} | channels


def paper(series: str, sequence: int, number: str) -> dict[str, Any]:
    row: dict[str, Any] = {"series": series, "year": 2025, "sequence": sequence, "number": number, "platform_id": 7}
    row |= {"order_id": -sequence, "issued_on": date(2025, 3, 1), "issued_at": AT, "language": "it", "currency": "EUR"}
    row |= {name: {} for name in ("offer", "billing", "seller")} | {"net": 1, "tax": 0, "total": 1, "note": ""}
    return row


def old_names(engine: Engine) -> None:
    migrations.upgrade(engine, "0010")
    companies = {7: "Caffè L'Aquila", 8: "", 9: "***", LAST: "Marigold srl"}
    rows = [platform(number, companies.get(number, f"Azienda {number}")) for number in range(1, LAST + 1)]
    billed = {"platform_id": 8, "name": "Fiori", "country": "IT", "email": "", "phone": "", "updated_at": AT} | BILLING
    papers = [paper("F", 1, "NC 4/2025"), paper("N", 2, "2025-000001")]
    with engine.begin() as db:
        for name, some in (("platforms", rows), ("billing_profiles", [billed]), ("invoices", papers)):
            db.execute(Table(name, MetaData(), autoload_with=db).insert(), some)


def kept(engine: Engine, *numbers: int) -> list[tuple[int, str, str]]:
    mine = select(searched_names).where(searched_names.c.platform_id.in_(numbers))
    with engine.connect() as db:
        return sorted(tuple(row) for row in db.execute(mine))


def found(engine: Engine, typed: str) -> list[int]:
    with engine.connect() as db:
        return [hit.platform_id for hit in search.find(db, typed).hits]


@both_empty
def test_every_name_that_was_there_is_found_by_its_words(empty: Engine) -> None:
    old_names(empty)
    migrations.upgrade(empty)
    assert kept(empty, 7, 8, 9, LAST) == [
        (7, "company", "aquila caffe l"),
        (7, "company", "caffe l aquila"),
        (7, "company", "l aquila caffe"),
        (8, "invoices", "fiori"),
        (LAST, "company", "marigold srl"),
        (LAST, "company", "srl marigold"),
    ]
    assert found(empty, "aquila") == [7]
    assert found(empty, "fiori") == [8]
    assert found(empty, "srl") == [LAST]
    assert found(empty, f"azienda {LAST - 1}") == [LAST - 1]


@both_empty
def test_a_former_invoice_that_was_there_is_found_in_any_case_and_ours_is_not_taken_for_one(empty: Engine) -> None:
    old_names(empty)
    migrations.upgrade(empty)
    with empty.connect() as db:
        folded = db.execute(text("SELECT number, number_folded FROM invoices ORDER BY number")).all()
    assert [tuple(row) for row in folded] == [("2025-000001", None), ("NC 4/2025", "nc 4/2025")]


@both_empty
def test_down_and_up_again_makes_the_same_anew(empty: Engine) -> None:
    old_names(empty)
    migrations.upgrade(empty)
    before = kept(empty, *range(LAST + 1))
    migrations.downgrade(empty, "0010")
    migrations.upgrade(empty)
    assert len(before) == 2 * (LAST - 4) + 6
    assert kept(empty, *range(LAST + 1)) == before


@on_postgres
def test_postgresql_compares_the_forms_letter_by_letter(house: House) -> None:
    """Whatever the order of its own language: the databases of these tests may have none."""
    told = text(
        "SELECT collation_name FROM information_schema.columns"
        " WHERE table_name = 'searched_names' AND column_name = 'form'"
    )
    with house.parts.database.read() as db:
        assert db.execute(told).scalar_one() == "C"
