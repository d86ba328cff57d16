"""What an export holds: everything of the platform, nothing of anybody else, no secret, all of it of one instant."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, Table, select, update

from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators
from portal.credits import ledger
from portal.credits.ledger import Entry
from portal.credits.tables import Kind, movements
from portal.jobs import export
from portal.jobs.export_parts import PARTS
from portal.kit import audit, links
from portal.subscription import exports
from tests.conftest import both_databases
from tests.helpers.full_platform import fill
from tests.helpers.house import House
from tests.helpers.shop import COMPANY
from tests.jobs.exported import ask, export_of, find, opened
from tests.jobs.test_export_law import LEFT_OUT, SECRET, TABLES

WORD, NEIGHBOUR = "Marigold", "Nettlebed"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def anna(house: House) -> Administrator:
    """Of a platform with something in every table."""
    return fill(house, word=WORD)


def marco(house: House) -> Administrator:
    found = house.administrator("m1234-marco")
    assert found
    return found


# --- whole -----------------------------------------------------------------------------------------------------------


@both_databases
def test_every_file_is_what_the_manifest_says(house: House) -> None:
    found = export_of(house, fill(house))
    assert [entry["name"] for entry in found.manifest["files"]] == list(found.files)[:-1]
    assert list(found.files)[-1] == "manifest.json"
    for entry in found.manifest["files"]:
        content = found.files[entry["name"]]
        assert entry["bytes"] == len(content), entry
        assert entry["sha256"] == hashlib.sha256(content).hexdigest(), entry


@both_databases
def test_every_subject_has_its_rows_in_both_files(house: House) -> None:
    found = export_of(house, fill(house))
    said = {entry["name"]: entry["rows"] for entry in found.manifest["files"]}
    for part in PARTS:
        rows, table = found.rows(part.name), found.table(part.name)
        assert rows, f"{part.name}: fill it in tests/helpers/full_platform.py, or nothing shows that it is exported"
        assert said[f"json/{part.name}.json"] == said[f"csv/{part.name}.csv"] == len(rows) == len(table) - 1
        assert [list(row) for row in rows] == [[field.name for field in part.fields]] * len(rows)
        assert {len(line) for line in table} == {len(table[0])}


def test_the_manifest_says_of_what_when_and_for_whom(house: House, anna: Administrator) -> None:
    told = export_of(house, anna).manifest
    del told["files"]
    assert told == {
        "format": 1,
        "platform": 1234,
        "made_at": "2026-11-20T09:00:00.000000Z",
        "made_for": "m1234",
        "language": "en",
    }


def test_a_platform_without_anything_has_every_file_too(house: House) -> None:
    found = export_of(house, house.person("m1234"))
    assert found.rows("orders") == []
    assert found.table("orders")[0][:3] == ["id", "placed_by", "kind"]
    assert len(found.table("orders")) == 1


def test_the_invoices_are_pages_and_files_of_their_own(house: House, anna: Administrator) -> None:
    house.work()
    found = export_of(house, anna)
    numbers = [row["number"] for row in found.rows("invoices")]
    assert numbers == ["2026-000001", "2026-000002", "C2026-000001"]
    for number in numbers:
        page = found.files[f"invoices/{number}.html"].decode()
        assert number in page
        assert f"{WORD} S.r.l." in page
        assert '<link rel="stylesheet" href="print.css">' in page
        assert found.files[f"invoices/{number}.pdf"].startswith(b"%PDF-")
    assert b".parties" in found.files["invoices/print.css"]
    assert found.rows("invoices")[2]["corrects"] == "2026-000002"


def test_an_invoice_without_its_pdf_is_there_as_a_page(house: House, anna: Administrator, tmp_path: Path) -> None:
    (tmp_path / "invoices" / "2026-000001.pdf").unlink()
    found = export_of(house, anna)
    assert "invoices/2026-000001.html" in found.files
    assert "invoices/2026-000001.pdf" not in found.files
    assert "invoices/2026-000002.pdf" in found.files


def test_amounts_days_and_instants_are_written_for_programs(house: House, anna: Administrator) -> None:
    found = export_of(house, anna)
    order = found.rows("orders")[0]
    assert order["total"] == {"cents": 58560, "currency": "EUR"}
    assert order["offer"]["lines"][0]["amount"] == {"cents": 48000, "currency": "EUR"}
    assert order["paid_for"] == "2027-02-26"
    assert INSTANT.fullmatch(order["placed_at"])
    head, line = found.table("orders")[:2]
    cells = dict(zip(head, line, strict=True))
    assert (cells["total_cents"], cells["total_currency"]) == ("58560", "EUR")
    assert json.loads(cells["billing"])["name"] == f"{WORD} S.r.l."
    assert cells["cancelled_at"] == ""


def test_spent_credits_are_numbers_and_keep_the_key_of_the_sending_service(house: House, anna: Administrator) -> None:
    found = export_of(house, anna)
    spent = next(row for row in found.rows("credit_movements") if row["kind"] == "spent")
    assert (spent["amount"], spent["spending"]) == (-7, f"{WORD}#1")
    line = next(line for line in found.table("credit_movements") if "spent" in line)
    assert "-7" in line, "a negative number is no formula"
    assert [row["remaining"] for row in found.rows("credit_lots")] == [4993]


def test_an_order_that_waited_too_long_is_told_as_expired(house: House, anna: Administrator) -> None:
    house.clock.move(days=2)
    states = [row["state"] for row in export_of(house, anna).rows("orders")]
    assert states == ["delivered", "delivered", "expired"]


# --- for people ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "readme", "done", "kind", "block"),
    [
        ("en", "What is not in it", "Order 1 was placed.", "Orders and invoices", "Send us the documents"),
        ("it", "Che cosa non c’è", "È stato inviato l’ordine 1.", "Ordini e fatture", "Mandaci"),
    ],
)
def test_words_are_in_the_language_of_the_asker(
    house: House, language: str, readme: str, done: str, kind: str, block: str
) -> None:
    person = fill(house)
    with house.parts.database.write() as db:
        db.execute(update(administrators).where(administrators.c.id == person.id).values(language=language))
    found = export_of(house, replace(person, language=language))
    assert readme in found.readme
    event = next(row for row in found.rows("activity") if row["tag"] == "billing.order_placed")
    assert (event["kind"], event["who"], event["staff"]) == (kind, "m1234", False)
    assert event["what"] == done
    assert block in found.rows("blocks")[0]["steps"]
    assert found.table("activity")[0][0] == "id", "the names of columns are for programs, and the same everywhere"


def test_what_our_staff_did_is_marked(house: House, anna: Administrator) -> None:
    found = export_of(house, anna)
    assert {row["who"] for row in found.rows("activity") if row["staff"]} == {"Our staff"}
    assert {row["tag"] for row in found.rows("activity") if row["staff"]} >= {"subscription.blocked"}


def test_the_readme_names_every_subject_with_its_rows(house: House, anna: Administrator) -> None:
    found = export_of(house, anna)
    for part in PARTS:
        line = next(line for line in found.readme.splitlines() if line.startswith(f"{part.name}: "))
        assert re.search(rf"\b{len(found.rows(part.name))} rows?\.$", line), line
    assert "%(" not in found.readme


ODD = '=HYPERLINK("http://x";"y"), "quoted"\nnext line; ünïcode ✓ 日本 \u202e'


@both_databases
def test_odd_names_come_through_whole_and_no_cell_is_computed(house: House) -> None:
    anna = house.person("m1234", full_name=ODD[:120])
    house.order(by=anna, billing=replace(COMPANY, name="+39 plus", street="@at", city="-minus"))
    found = export_of(house, anna)
    assert found.rows("administrators")[0]["full_name"] == ODD
    head, line = found.table("administrators")
    assert line[head.index("full_name")] == f"'{ODD}"
    for part in PARTS:
        for line in found.table(part.name)[1:]:
            wrong = [cell for cell in line if cell.startswith(("=", "+", "@", "\t", "\r", "\n"))]
            assert not wrong, f"{part.name}: {wrong}"


def test_half_a_character_from_a_broken_program_breaks_no_file(house: House, anna: Administrator) -> None:
    with house.parts.database.write() as db:
        db.execute(update(TABLES.tables["seat_reductions"]).values(picked=["\ud800 half"]))
    found = export_of(house, anna)
    assert found.rows("seat_reductions")[0]["picked"] == ["\ud800 half"]
    assert found.table("seat_reductions")[1][2] == '["\\ud800 half"]'


# --- nothing else ----------------------------------------------------------------------------------------------------


def secrets(house: House) -> set[str]:
    """Every secret there is, and every digest of one."""
    columns = [TABLES.tables[table].c[column] for table, column in (name.split(".") for name in _secret_columns())]
    columns += [links.links.c.nonce, links.links.c.secret_hash, TABLES.tables["limits"].c.key]
    with house.parts.database.read() as db:
        found = {value for column in columns for value in db.execute(select(column)).scalars()}
        tokens = {house.parts.links.token(db, link) for link in db.execute(select(links.links.c.id)).scalars()}
    return {str(value) for value in found | tokens if value is not None}


def _secret_columns() -> list[str]:
    secret = [name for name, why in LEFT_OUT.items() if why == SECRET]
    return [name for name in secret if isinstance(_column(name).type, String)]


def _column(name: str) -> Any:
    table, _, column = name.partition(".")
    return TABLES.tables[table].c[column]


@both_databases
def test_no_secret_is_in_any_file(house: House) -> None:
    anna = fill(house)
    house.browser().sign_in("m1234", "a wrong password, long enough")
    hidden = secrets(house)
    assert len(hidden) > 15
    found = export_of(house, anna)
    for name, content in found.files.items():
        leaked = [secret for secret in hidden if secret.encode() in content]
        assert not leaked, f"{name}: {leaked}"
        for word in (b"$argon2", b"password_hash", b"token_hash", b"Staff Sara", b"not for customers"):
            assert word not in content, f"{name}: {word!r}"


@both_databases
def test_nothing_of_another_platform_is_in_any_file_though_the_address_is_the_same(house: House) -> None:
    anna = fill(house, word=WORD)
    export_of(house, fill(house, 99, word=NEIGHBOUR))
    found = export_of(house, anna)
    for name, content in found.files.items():
        assert NEIGHBOUR.lower() not in content.decode("utf-8", "replace").lower(), name
        assert b"m99" not in content, name
    assert {row["recipient"] for row in found.rows("mails")} >= {"anna@example.com"}
    for part in PARTS:
        told = {row["id"] for row in found.rows(part.name) if "id" in row}
        assert not told & ids(house, part.table, 99), f"{part.name}: rows of the neighbour"


def ids(house: House, table: Table, platform_id: int) -> set[int]:
    """The rows that say themselves whose they are."""
    if not {"id", "platform_id"} <= set(table.c.keys()):
        return set()
    with house.parts.database.read() as db:
        return set(db.execute(select(table.c.id).where(table.c.platform_id == platform_id)).scalars())


@both_databases
def test_an_additional_administrator_gets_of_what_is_personal_her_own(house: House) -> None:
    fill(house)
    found = export_of(house, marco(house))
    for name in ("sessions", "devices", "email_changes", "authenticator_apps", "passkeys", "recovery_codes"):
        assert {row["username"] for row in found.rows(name)} == {"m1234-marco"}, name
    assert [row["email"] for row in found.rows("administrators")] == [None, "marco.marigold@example.com"]
    assert {row["recipient"] for row in found.rows("mails")} == {"marco.marigold@example.com"}
    assert {row["who"] for row in found.rows("activity") if row["network"]} == {"m1234-marco"}
    assert found.rows("trial_request") == []
    assert "it holds what belongs to m1234-marco" in found.readme
    assert b"anna@example.com" not in b"".join(found.files.values())


def test_what_is_of_the_platform_is_the_same_for_everybody(house: House, anna: Administrator) -> None:
    mine = export_of(house, anna)
    theirs = export_of(house, marco(house))
    for name in ("platform", "terms", "orders", "payments", "invoices", "billing_data", "contacts", "credit_movements"):
        assert mine.rows(name) == theirs.rows(name), name
    assert len(theirs.rows("activity")) > len(mine.rows("activity")), "the list is everybody's, and goes on"


# --- of one instant --------------------------------------------------------------------------------------------------


@contextmanager
def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Any) -> Iterator[None]:
    """While an export is made, something else happens after each slice."""
    advance = export._Writing._advance

    def busy(self: Any, by: int) -> None:
        act()
        advance(self, by)

    with monkeypatch.context() as patched:
        patched.setattr(export._Writing, "_advance", busy)
        yield


@both_databases
def test_what_is_committed_meanwhile_is_in_none_of_the_files(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = fill(house)
    with house.parts.database.read() as db:
        before = {part.name: len(db.execute(select(part.table)).all()) for part in PARTS if part.name != "exports"}

    def another() -> None:
        with house.parts.database.write() as db:
            lot = db.execute(select(movements.c.lot_id)).scalars().first()
            assert lot
            ledger.append(db, [Entry(lot, -1, Kind.SPENT, house.clock.now())])
            audit.record(db, "accounts.signed_out", at=house.clock.now(), platform_id=1234)

    asked = ask(house, anna)
    with meanwhile(monkeypatch, another):
        house.work()
    found = opened(house, find(house, anna, asked))
    for name in ("credit_movements", "activity"):
        rows = found.rows(name)
        assert len(rows) == len(found.table(name)) - 1
        assert len(rows) == before[name] + (1 if name == "activity" else 0), "the request itself is an event"
    assert sum(row["amount"] for row in found.rows("credit_movements")) == found.rows("credit_lots")[0]["remaining"]


def test_the_same_data_are_the_same_bytes(house: House, anna: Administrator) -> None:
    asked = ask(house, anna)
    digests = []
    for _ in range(2):
        with house.parts.database.write() as db:
            db.execute(update(TABLES.tables["exports"]).values(claimed_until=None, attempts=0))
            claimed = exports.claim(db, asked.id, at=house.clock.now())
        assert claimed
        with house.app.app_context():
            digests.append(export._made(export._file(house.parts, claimed)).sha256)
    assert digests[0] == digests[1]
