"""Billing data and payment method in the database: one row a platform, and an activity that names fields only."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.billing import profiles
from portal.billing.frozen import BillingData
from portal.billing.profiles import PaymentMethod
from portal.kit.audit import events
from portal.rules.orders import Way
from tests.conftest import both_databases
from tests.helpers.house import House

DATA = BillingData(
    "Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785", recipient_code="ABC1234"
)
METHOD = PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", "Bianchi S.r.l.")


def keep(house: House, data: BillingData | PaymentMethod, platform_id: int = 1234, by: int | None = None) -> None:
    with house.parts.database.write() as db:
        if isinstance(data, BillingData):
            profiles.store(db, platform_id, data, at=house.clock.now(), by=by)
        else:
            profiles.store_payment_method(db, platform_id, data, at=house.clock.now(), by=by)


def activity(house: House) -> list[tuple[str, list[str]]]:
    """(tag, names of what changed) of each event of the billing."""
    with house.parts.database.read() as db:
        rows = db.execute(select(events.c.tag, events.c.details).where(events.c.tag.startswith("billing.")))
        return [(row.tag, row.details["changed"]) for row in rows]


@both_databases
def test_what_is_stored_is_found_by_its_platform_alone(house: House) -> None:
    house.platform(1234)
    house.platform(1235)
    keep(house, DATA)
    keep(house, METHOD)
    with house.parts.database.read() as db:
        assert profiles.find(db, 1234) == DATA
        assert profiles.find(db, 1235) is None
        assert profiles.find_payment_method(db, 1234) == METHOD
        assert profiles.find_payment_method(db, 1235) is None


@both_databases
def test_the_last_one_stored_stands(house: House) -> None:
    house.platform(1234)
    for data in (DATA, replace(DATA, city="Torino", province="TO"), METHOD, replace(METHOD, way=Way.CARD, iban="")):
        keep(house, data)
    with house.parts.database.read() as db:
        assert profiles.find(db, 1234) == replace(DATA, city="Torino", province="TO")
        assert profiles.find_payment_method(db, 1234) == PaymentMethod(Way.CARD, "", "Bianchi S.r.l.")


def test_the_activity_names_the_fields_and_never_what_stands_in_them(house: House) -> None:
    anna = house.person("m1234")
    keep(house, DATA, by=anna.id)
    keep(house, replace(DATA, city="Torino", province="TO"), by=anna.id)
    keep(house, METHOD, by=anna.id)
    assert activity(house)[1:] == [
        ("billing.data_changed", ["city", "province"]),
        ("billing.payment_method_changed", ["holder", "iban", "way"]),
    ]
    assert set(activity(house)[0][1]) == {
        "name", "street", "postcode", "city", "province", "country", "vat_number", "recipient_code",
    }  # fmt: skip
    with house.parts.database.read() as db:
        written = str(db.execute(select(events.c.details)).all())
    assert not [value for value in ("Bianchi", "Torino", "12345670785", "IT60X05", "ABC1234") if value in written]


@pytest.mark.parametrize("data", [DATA, METHOD], ids=["data", "method"])
def test_saving_the_same_again_is_no_event(house: House, data: BillingData | PaymentMethod) -> None:
    house.platform(1234)
    keep(house, data)
    keep(house, data)
    assert len(activity(house)) == 1
