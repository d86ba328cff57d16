"""What a part of an export is: the rows of one table, each told by the same facts in JSON and in CSV."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.support import LazyProxy
from sqlalchemy import Connection, Row, Select, Table, func, select

from portal.accounts.queries import Administrator
from portal.rules.access import Role
from portal.rules.money import Money

AT_ONCE = 500  # rows in memory
Rows = Callable[["About"], Select[Any]]
Get = Callable[[Row[Any], "About"], Any]


@dataclass(frozen=True)
class About:
    """What an export is about, and for whom. people: user names by id; editions: the names on the price lists by code.

    say: the words of the pages, in the present language, by name (`templates/export/words.txt`).
    """

    reader: Administrator
    at: datetime
    people: Mapping[int, str]
    editions: Mapping[str, str]
    say: Callable[..., str]

    @property
    def platform_id(self) -> int:
        return self.reader.platform_id

    @property
    def whole(self) -> bool:
        """Whether what is personal is told of everybody: to the first administrator, as on the pages."""
        return self.reader.role == Role.FIRST

    def sees(self, administrator_id: int | None) -> bool:
        return self.whole or administrator_id == self.reader.id


@dataclass(frozen=True, slots=True)
class Field:
    """A fact of a row. columns: of the part's table, what it is made of. money: an amount with its currency."""

    name: str
    get: Get
    columns: tuple[str, ...]
    money: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table. name: of its files; tells: what they hold, in a line of the README; rows: whose, in order."""

    name: str
    tells: LazyProxy
    table: Table
    rows: Rows
    fields: tuple[Field, ...]


def part(name: str, tells: LazyProxy, table: Table, rows: Rows, *fields: Field) -> Part:
    return Part(name, tells, table, rows, fields)


def made(name: str, get: Get, *columns: str) -> Field:
    """A fact that is made of columns, or of what was selected beside them."""
    return Field(name, get, columns)


def plain(*names: str) -> tuple[Field, ...]:
    """Columns as they are, under their own names."""
    return tuple(Field(name, _column(name), (name,)) for name in names)


def _column(name: str) -> Get:
    return lambda row, _about: row._mapping[name]


def amounts(*names: str) -> tuple[Field, ...]:
    """Columns of cents, each with the currency of the row."""
    return tuple(Field(name, _amount(name), (name, "currency"), money=True) for name in names)


def _amount(name: str) -> Get:
    return lambda row, _about: Money(row._mapping[name], row.currency)


def person(name: str = "username") -> Field:
    """The user name of whom the row is about."""
    return Field(name, lambda row, about: about.people.get(row.administrator_id), ("administrator_id",))


def count(db: Connection, part: Part, about: About) -> int:
    found = part.rows(about).order_by(None).subquery()
    return db.execute(select(func.count()).select_from(found)).scalar_one()


def slices(db: Connection, part: Part, about: About) -> Generator[list[list[Any]], None, None]:
    """The values of the fields of each row, AT_ONCE rows at a time: no more of them are ever in memory.

    Who stops before the end closes it: else the server keeps the rest.
    """
    with db.execute(part.rows(about), execution_options={"yield_per": AT_ONCE}) as found:
        for rows in found.partitions():
            yield [[field.get(row, about) for field in part.fields] for row in rows]
