"""The four files: their columns, and the value that each row makes.

A column that may be missing may be left out of the file altogether. `docs/import.md` describes each one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from portal.billing.former import Printed
from portal.kit import texts
from portal.moving_in import cells
from portal.moving_in.cells import Channels, Reader
from portal.moving_in.faults import Faults, Unfit, shown
from portal.moving_in.hashes import Strength, password_hash
from portal.moving_in.sheets import LONGEST_CELL, Row, Sheet
from portal.rules.names import UserName
from portal.rules.terms import MOST_ADDITIONAL

COMPANY, NAME, EDITION, DESCRIPTION, ADDRESS = 200, 120, 32, 300, 200  # characters that the tables hold
Record = TypeVar("Record")
_LINE: Any = field(default=0, compare=False)  # where a row stands is no part of what it says


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """A platform with one of its terms; a platform without e-mail has one row, and no term."""

    id: int
    company: str
    channels: Channels
    edition: str
    first_day: date | None
    last_day: date | None
    trial: bool
    cancelled_on: date | None
    additional_administrators: int
    line: int = _LINE


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An administrator. password_hash: None where the person sets a password by mail."""

    user_name: UserName
    platform: int
    name: str
    email: str
    language: str
    first: bool
    password_hash: str | None = field(repr=False)
    disabled_on: date | None
    line: int = _LINE


@dataclass(frozen=True, slots=True)
class LotRow:
    """A purchase of credits. expires_on: None for what the rules of this portal give it."""

    platform: int
    credits: int
    left: int
    bought_on: date
    expires_on: date | None
    line: int = _LINE


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice as it was printed, in one line; a credit note has amounts below zero."""

    number: str
    platform: int
    issued_on: date
    customer: str
    address: str
    vat_number: str
    tax_code: str
    description: str
    currency: str
    net: int
    tax: int
    total: int
    seller: str
    line: int = _LINE

    @property
    def printed(self) -> Printed:
        return Printed(self.customer, self.address, self.vat_number, self.tax_code, self.description, self.seller)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    read: Reader
    may_be_missing: bool = False


@dataclass(frozen=True, slots=True)
class Form(Generic[Record]):
    """The columns of a file, named as the fields of the value that a row makes."""

    columns: tuple[Column, ...]
    make: Callable[..., Record]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row of which at least one cell is none: what could be read of it, so that nothing is told twice."""

    values: dict[str, Any]


PLATFORMS = Form(
    (
        Column("id", cells.platform_id),
        Column("company", cells.text(COMPANY)),
        Column("channels", cells.channels),
        Column("edition", cells.text(EDITION)),
        Column("first_day", cells.day),
        Column("last_day", cells.day),
        Column("trial", cells.yes_or_no, may_be_missing=True),
        Column("cancelled_on", cells.day, may_be_missing=True),
        Column("additional_administrators", cells.whole(0, MOST_ADDITIONAL), may_be_missing=True),
    ),
    PlatformRow,
)
LOTS = Form(
    (
        Column("platform", cells.platform_id),
        Column("credits", cells.some_credits),
        Column("left", cells.credits_left),
        Column("bought_on", cells.needed_day),
        Column("expires_on", cells.day, may_be_missing=True),
    ),
    LotRow,
)
INVOICES = Form(
    (
        Column("number", cells.invoice_number),
        Column("platform", cells.platform_id),
        Column("issued_on", cells.needed_day),
        Column("customer", cells.text(COMPANY, required=True)),
        Column("address", cells.text(ADDRESS), may_be_missing=True),
        Column("vat_number", cells.text(20), may_be_missing=True),
        Column("tax_code", cells.text(20), may_be_missing=True),
        Column("description", cells.text(DESCRIPTION, required=True)),
        Column("currency", cells.currency),
        Column("net", cells.cents),
        Column("tax", cells.cents),
        Column("total", cells.cents),
        Column("seller", cells.text(COMPANY), may_be_missing=True),
    ),
    InvoiceRow,
)


def people(least: Strength) -> Form[PersonRow]:
    """The form of people; their hashes have to be at least so strong."""
    return Form(
        (
            Column("user_name", cells.user_name),
            Column("platform", cells.platform_id),
            Column("name", cells.text(NAME)),
            Column("email", cells.email),
            Column("language", cells.one_of(sorted(texts.LANGUAGES))),
            Column("first", cells.yes_or_no),
            Column("password_hash", password_hash(least), may_be_missing=True),
            Column("disabled_on", cells.day, may_be_missing=True),
        ),
        PersonRow,
    )


def records(form: Form[Any], sheet: Sheet, faults: Faults) -> Iterator[Any]:
    """The value of every row, or `Unreadable`; nothing where the columns are not those of the form."""
    before, rows = faults.count, sheet.rows(faults)
    head = next(rows, None)
    if head is None and faults.count == before:
        faults.add(sheet.name, 1, "", "nothing", "a line with the names of the columns")
    order = _order(form, sheet.name, head, faults) if head else None
    if order is None:
        return
    for row in rows:
        yield _record(form, sheet.name, order, row, faults)


def _order(form: Form[Any], file: str, head: Row, faults: Faults) -> list[Column] | None:
    """The columns in the order of the file; None where the line with their names is not right, all of it told."""
    known = {column.name: column for column in form.columns}
    names = ["_".join(cell.lower().replace("-", "_").split()) for cell in head.cells]
    missing = [name for name, column in known.items() if name not in names and not column.may_be_missing]
    unknown = [name for name in names if name not in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = {"no column": missing, "the unknown column": unknown, "twice the column": twice}
    found = [f"{what} {', '.join(map(shown, wrong))}" for what, wrong in problems.items() if wrong]
    if found:
        faults.add(file, head.line, "", "; ".join(found), f"the columns {', '.join(known)}")
        return None
    return [known[name] for name in names]


def _record(form: Form[Any], file: str, order: list[Column], row: Row, faults: Faults) -> Any:
    if len(row.cells) != len(order):
        expected = f"{len(order)}: a text with the separator in it stands in quotation marks"
        faults.add(file, row.line, "", f"{len(row.cells)} cells", expected)
        return Unreadable({})
    given = {column.name: cell for column, cell in zip(order, row.cells, strict=True)}
    values: dict[str, Any] = {}
    for column in form.columns:
        cell = given.get(column.name, "")
        value = column.read(cell) if len(cell) <= LONGEST_CELL else Unfit(f"at most {LONGEST_CELL} characters")
        if isinstance(value, Unfit):
            found = f"{len(cell)} characters" if value.secret else shown(cell)
            faults.add(file, row.line, column.name, found, value.expected)
        else:
            values[column.name] = value
    if len(values) < len(form.columns):
        return Unreadable(values)
    return form.make(**values, line=row.line)
