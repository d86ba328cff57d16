"""Numbers of invoices that were given, and that a restored database does not know of: they are not given again."""

from datetime import date

from sqlalchemy import Connection, select, update

from portal.billing.tables import invoice_numbers, invoices
from portal.kit.db import insert_once
from portal.rules import invoices as rules
from portal.rules.invoices import Series


def reserve(db: Connection, number: str, *, today: date) -> bool:
    """Let the next number of its series come after this one; False where it is none, or is known."""
    if not rules.is_number(number) or _is_known(db, number):
        return False
    series = Series.CREDIT_NOTE if number.startswith(Series.CREDIT_NOTE) else Series.INVOICE
    year, sequence = map(int, number.removeprefix(series).split("-"))
    insert_once(db, invoice_numbers, {"series": series, "year": year, "last": 0, "last_on": today})
    mine = (invoice_numbers.c.series == series) & (invoice_numbers.c.year == year)
    later = update(invoice_numbers).where(mine, invoice_numbers.c.last < sequence)
    db.execute(later.values(last=sequence, last_on=today))
    return True


def _is_known(db: Connection, number: str) -> bool:
    return db.execute(select(invoices.c.id).where(invoices.c.number == number)).first() is not None
