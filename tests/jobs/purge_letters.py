"""What makes the certificate of a deletion leave: a case of `test_letters`."""

from collections.abc import Callable
from typing import Any

from portal.subscription import mails
from portal.subscription.mails import Address
from tests.helpers.house import House

FOUND: dict[str, Any] = {
    "platform": 1234,
    "removed": {"administrators": {"rows": 2, "digest": "ab" * 32}, "events": {"rows": 40, "digest": "cd" * 32}},
    "kept": {"invoices": 3},
}


def deletion_certificate(house: House, language: str, invoices: int = 3) -> None:
    at, to = house.clock.now(), Address("m1234@example.com", language)
    found = FOUND | {"began_at": at.isoformat(), "kept": {"invoices": invoices}}
    with house.parts.database.write() as db:
        mails.deletion_certificate(db, to=to, key="purge:1", salt="5a" * 16, seal="ef" * 32, found=found, at=at)


def deletion_certificate_without_invoices(house: House, language: str) -> None:
    deletion_certificate(house, language, 0)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case for case in (deletion_certificate, deletion_certificate_without_invoices)
}
