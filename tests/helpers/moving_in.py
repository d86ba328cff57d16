"""Files of a former system, row by row, and their import into a house."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bench.moving_in import write
from portal.moving_in import journey
from portal.moving_in.circumstances import Circumstances
from portal.moving_in.faults import Faults
from portal.moving_in.forms import Form, records
from portal.moving_in.hashes import Strength
from portal.moving_in.journey import Difference, Kind, Overtaken, Refused
from portal.moving_in.sheets import Sheet
from portal.rules.names import UserName
from tests.helpers.house import CHEAP_HASH, House

STRENGTH = Strength(CHEAP_HASH["argon2_memory_kib"], CHEAP_HASH["argon2_time_cost"])


def platform(number: int = 1234, **changes: Any) -> dict[str, Any]:
    """A platform with e-mail and SMS, in the middle of a year, with one additional administrator."""
    row: dict[str, Any] = {"id": number, "company": "Bianchi S.r.l.", "channels": "email+sms", "edition": "pro"}
    row |= {"first_day": "2026-03-01", "last_day": "2027-02-28", "trial": "no", "cancelled_on": ""}
    return row | {"additional_administrators": 1} | changes


def sms_only(number: int = 1234, **changes: Any) -> dict[str, Any]:
    nothing = {"edition": "", "first_day": "", "last_day": "", "additional_administrators": ""}
    return platform(number) | {"channels": "sms"} | nothing | changes


def person(user_name: str = "m1234", number: int = 1234, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"user_name": user_name, "platform": number, "name": "Anna Bianchi"}
    row |= {"email": f"{user_name}@example.com", "language": "it", "first": "no" if "-" in user_name else "yes"}
    return row | {"password_hash": "", "disabled_on": ""} | changes


def lot(number: int = 1234, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"platform": number, "credits": 1000, "left": 400, "bought_on": "2026-03-01"}
    return row | {"expires_on": ""} | changes


def invoice(number: str = "118/2025", **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"number": number, "platform": 1234, "issued_on": "2025-03-01", "customer": "Bianchi S.r.l."}
    row |= {"address": "Via Roma 1, 20121 Milano", "vat_number": "12345670785", "tax_code": "", "description": "Pro"}
    return row | {"currency": "EUR", "net": "100.00", "tax": "22.00", "total": "122.00", "seller": ""} | changes


@dataclass
class Mover:
    """Somebody who moves a business into a house, with files in a folder."""

    house: House
    folder: Path
    paths: dict[Kind, Path] = field(default_factory=dict)

    def bring(self, **files: Iterable[dict[str, Any]]) -> "Mover":
        """Write these files, platforms=[…] and so on; others stay."""
        for name, rows in files.items():
            self.paths[Kind(name)] = write(self.folder / f"{name}.csv", rows)
        return self

    def import_(self, *, dry_run: bool = False, tell: bool = False) -> Difference | Refused | Overtaken:
        parts = self.house.parts
        about = Circumstances(parts.clock.now(), parts.settings.timezone, parts.prices, STRENGTH)
        return journey.move_in(parts.database, self.paths, about, dry_run=dry_run, tell=tell)

    def moved(self, **how: bool) -> dict[str, tuple[int, int]]:
        """What an import came to: (new, the same) of each kind of which there was anything."""
        found = self.import_(**how)
        assert isinstance(found, Difference), self.faults_of(found)
        return {str(kind): (count.new, count.same) for kind, count in found.counts.items() if count.new or count.same}

    def faults(self) -> list[str]:
        """What a refused import complains of: "people.csv, line 2, email: found …"."""
        return self.faults_of(self.import_())

    def faults_of(self, found: Any) -> list[str]:
        assert isinstance(found, Refused), found
        return [str(fault).removeprefix(f"{self.folder}/") for fault in found.faults.kept()]


def read(path: Path, form: Form[Any]) -> tuple[list[Any], list[str]]:
    """The records of a file, and the faults in it."""
    faults = Faults([path.name])
    found = list(records(form, Sheet(path.name, path), faults))
    return found, [str(fault) for fault in faults.kept()]


def printed(record: Any) -> dict[str, str]:
    """A record as the row of a file that says the same."""
    return {name: _cell(name, getattr(record, name)) for name in record.__slots__ if name != "line"}


def _cell(name: str, value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return ""
        case UserName():
            return value.folded
        case date() | datetime():
            return value.isoformat()
        case int() if name in ("net", "tax", "total"):
            return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
    return str(value)
