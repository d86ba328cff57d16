"""A platform with something in every table that knows of customers, all of it marked with a word of its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Integer, String, Table

from portal.accounts import drafts, email_changes, recovery
from portal.accounts import tables as people
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.billing import invoices, profiles
from portal.billing.profiles import PaymentMethod
from portal.credits import actions as credits
from portal.kit.db import Instant
from portal.rules.access import Block
from portal.rules.money import Money
from portal.rules.orders import Way
from portal.staff.tables import view_permissions
from portal.subscription import actions as subscription
from portal.subscription import seating
from portal.subscription import tables as platforms
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from tests.helpers.house import House
from tests.helpers.shop import COMPANY, PACK

PERSONAL = (
    people.email_changes,
    people.authenticator_apps,
    people.passkeys,
    people.recovery_codes,
    people.factor_removals,
    people.known_devices,
)


def fill(house: House, number: int = 1234, *, word: str = "Marigold", email: str = "anna@example.com") -> Administrator:
    """The platform with its first administrator, who is returned, and m<number>-marco beside her."""
    house.platform(number, additional_seats=2, company=f"{word} srl")
    first = house.person(f"m{number}", email=email, full_name=f"{word} Uno")
    marco = house.person(f"m{number}-marco", email=f"marco.{word.lower()}@example.com", full_name=f"{word} Due")
    for person in (first, marco):
        house.browser(agent=f"Firefox/140.0 {word}").sign_in(person.username)
    _buy(house, first, word)
    at = house.clock.now()
    with house.parts.database.write() as db:
        for person in (first, marco):
            for table in PERSONAL:
                if table is not people.known_devices:  # known since the sign-in
                    db.execute(table.insert().values(anything(table, at, word, administrator_id=person.id)))
        drafts.save(db, first.id, "/profile", {"full_name": word}, at=at)
        for person in (first, marco):
            recovery.send_reset_link(db, house.parts.links, person, Purpose.RESET, at=at)
        email_changes.ask(db, house.parts.links, marco, f"neu.{word.lower()}@example.com", at=at)
        support.add(db, first, Entry(Kind.TECHNICAL, f"{word} Tecnica", f"t.{word.lower()}@example.com"), at=at)
        subscription.block(db, number, Block.MISSING_DOCUMENTS, by="Staff Sara", note="not for customers", at=at)
        seating.plan_reduction(db, number, due_on=at.date() + timedelta(days=99), picked=[marco.username])
        for table in (platforms.notices, platforms.trial_requests, view_permissions):
            db.execute(table.insert().values(anything(table, at, word, platform_id=number, administrator_id=first.id)))
        days = {"expires_on": at.date() - timedelta(days=400), "last_day": at.date() - timedelta(days=380)}
        table = platforms.grace_extensions
        db.execute(table.insert().values(anything(table, at, word, platform_id=number, **days)))
    house.work()
    return first


def _buy(house: House, first: Administrator, word: str) -> None:
    """A term and credits, paid, one of them twice, one credited; some of the credits spent."""
    billing, at, zone = replace(COMPANY, name=f"{word} S.r.l."), house.clock.now(), house.parts.settings.timezone
    term, pack = (house.order(*choice, by=first, billing=billing) for choice in ((), (PACK,)))
    for order in (term, pack):
        house.pay(order, reference=f"{word}-{order.id}")
    house.pay(pack, reference=f"{word}-again")
    house.order(PACK, by=first, billing=billing, key="waits")
    with house.parts.database.write() as db:
        profiles.store(db, first.platform_id, billing, at=at, by=first.id)
        method = PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", word)
        profiles.store_payment_method(db, first.platform_id, method, at=at, by=first.id)
        invoice = invoices.find_invoice_of_order(db, pack.id)
        assert invoice
        given: dict[str, Any] = {"amount": Money(100, "EUR"), "reason": word, "by": "staff", "at": at, "zone": zone}
        invoices.credit_note(db, invoice=invoice, **given)
        expires_on = house.place(first.platform_id).expires_on
        credits.spend(db, first.platform_id, 7, key=f"{word}#1", at=at, zone=zone, expires_on=expires_on)


def anything(table: Table, at: datetime, word: str, **given: Any) -> dict[str, Any]:
    """A row with something in every column, its texts beginning with the word; `given` where it matters what."""
    row: dict[str, Any] = {}
    for column in table.c:
        if column.name in given:
            row[column.name] = given[column.name]
        elif not (column.primary_key and column.autoincrement in (True, "auto")):
            row[column.name] = _value(column.type, at, f"{word}-{column.name}-{given}")
    return row


def _value(kind: Any, at: datetime, text: str) -> Any:
    match kind:
        case Instant():
            return at
        case Date():
            return at.date()
        case Boolean():
            return False
        case Integer():
            return 1
        case JSON():
            return []
        case String():
            return text[: kind.length] if kind.length else text
    raise TypeError(f"no value for {kind!r}")
