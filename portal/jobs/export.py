"""An export made by a worker: everything of the platform as it stood at one instant, in one zip.

All of it is read in one snapshot of the database: what is committed meanwhile is in none of the files, and they fit
together. The files of invoices (PDF) are those that lie there when their turn comes. It is written under a name of its
own, checked, renamed, and only then does the row name it: whatever dies on the way leaves nothing that anybody could
download, and the errand begins anew.
"""

import hashlib
import logging
import os
import re
import secrets
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Any, NoReturn

from flask import render_template
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from portal.accounts import queries as accounts
from portal.billing import invoices, order_words, papers
from portal.billing.tables import invoices as invoice_rows
from portal.jobs import export_fields, export_words, export_zip
from portal.jobs.errands import GiveUp, NotYet
from portal.jobs.export_fields import About
from portal.jobs.export_parts import PARTS
from portal.jobs.export_zip import Package
from portal.jobs.invoice_pdf import page_of
from portal.kit import texts
from portal.parts import Parts
from portal.rules import dates
from portal.rules.invoices import FORMER
from portal.subscription import exports
from portal.subscription.exports import Export, Made

MOST_ATTEMPTS = 5  # about twenty minutes in all; then the customer is told, and may ask again
BEAT = timedelta(seconds=30)  # a sign of life at least so often while a per cent takes long
CHUNK = 1 << 16  # bytes read at once
INVOICE_WEIGHT = 50  # what the page of an invoice takes, in rows
STYLE = "invoices/print.css"
_OF_EXPORT = re.compile(r"\.?([0-9]{1,10})-.*", re.ASCII)
log = logging.getLogger("portal")


class _Lost(NotYet):
    """Another worker has begun anew, or the platform is gone: what was made so far is thrown away."""


def make(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """An errand: {"export_id": …}. Raises NotYet or GiveUp."""
    export = _claim(parts, payload["export_id"], at)
    if export is None:
        return
    try:
        _clear_away(parts, export)
        path = _file(parts, export)
        with parts.database.write() as db:
            done = exports.finish(db, export, _made(path), at=parts.clock.now())
        if not done:
            raise _Lost("the export was taken over")
    except _Lost:
        raise
    except Exception:
        _give_back(parts, export)
        raise


def _claim(parts: Parts, export_id: int, at: datetime) -> Export | None:
    """None where there is nothing left to make."""
    try:
        with parts.database.write() as db:
            export = exports.claim(db, export_id, at=at)
    except LookupError:
        return None
    if export is None:
        raise NotYet("another worker is making it")
    if export.attempts > MOST_ATTEMPTS:  # the earlier ones died of it without a word
        _give_up(parts, export)
    return export


def _give_back(parts: Parts, export: Export) -> None:
    """After a fault: let the next attempt begin, or tell that there is none."""
    if export.attempts >= MOST_ATTEMPTS:
        _give_up(parts, export)
    with suppress(SQLAlchemyError), parts.database.write() as db:  # else the claim ends with its lease
        exports.let_go(db, export)


def _give_up(parts: Parts, export: Export) -> NoReturn:
    with parts.database.write() as db:
        exports.fail(db, export, at=parts.clock.now())
    raise GiveUp(f"export {export.id} failed {MOST_ATTEMPTS} times")


def _clear_away(parts: Parts, export: Export) -> None:
    """What earlier attempts at this export have left."""
    for path in _lying(parts):
        if _number(path) == export.id:
            path.unlink(missing_ok=True)


def _file(parts: Parts, export: Export) -> Path:
    """The finished file. All of it or nothing: its name is new, and nobody knows it yet."""
    folder = exports.folder(parts.settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = mkstemp(dir=folder, prefix=f".{export.id}-", suffix=".part")
    try:
        with open(handle, "wb") as file:
            _write(parts, export, file)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{export.id}-{export.attempts}-{secrets.token_hex(8)}.zip"
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return path


def _made(path: Path) -> Made:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return Made(path.name, path.stat().st_size, digest.hexdigest())


def _write(parts: Parts, export: Export, file: IO[bytes]) -> None:
    at = parts.clock.now()
    with parts.database.snapshot() as db:
        reader = accounts.get_administrator(db, export.administrator_id)
        language = reader.language if reader.language in texts.LANGUAGES else texts.DEFAULT_LANGUAGE
        with texts.speaking(language), closing(Package(file)) as package:
            _Writing(parts, export, db, _about(parts, db, reader, at), package).all()


def _about(parts: Parts, db: Connection, reader: accounts.Administrator, at: datetime) -> About:
    people = {one.id: one.username for one in accounts.administrators_of_platform(db, reader.platform_id)}
    names = order_words.edition_names(parts.prices, dates.business_date(at, parts.settings.timezone))
    return About(reader, at, people, names, export_words.say)


class _Writing:
    """One export on its way into its package."""

    def __init__(self, parts: Parts, export: Export, db: Connection, about: About, package: Package) -> None:
        self.parts, self.export, self.db, self.about, self.package = parts, export, db, about, package
        self.rows = {part.name: export_fields.count(db, part, about) for part in PARTS}
        mine = (invoice_rows.c.platform_id == about.platform_id) & (invoice_rows.c.series != FORMER)
        self.invoices = list(db.execute(select(invoice_rows.c.id).where(mine).order_by(invoice_rows.c.id)).scalars())
        self.whole = 2 * sum(self.rows.values()) + INVOICE_WEIGHT * len(self.invoices)
        self.done, self.told, self.beat_at = 0, 0, about.at

    def all(self) -> None:
        made_at = texts.moment(self.about.at, self.parts.settings.timezone)
        facts = {"about": self.about, "parts": PARTS, "rows": self.rows, "made_at": made_at}
        self._text("README.txt", render_template("export/readme.txt", **facts))
        for part in PARTS:
            for kind, write_rows in (("json", export_zip.as_json), ("csv", export_zip.as_csv)):
                rows = closing(export_fields.slices(self.db, part, self.about))
                with self.package.add(f"{kind}/{part.name}.{kind}", rows=self.rows[part.name]) as write, rows as slices:
                    for number in write_rows(part.fields, slices, write):
                        self._advance(number)
        self._papers()
        told = {"platform": self.about.platform_id, "made_at": self.about.at, "made_for": self.about.reader.username}
        self.package.add_manifest(told | {"language": texts.language()})

    def _papers(self) -> None:
        """Each invoice as a page, and as PDF where there is one."""
        if self.invoices:
            style = Path(__file__).parents[1] / "templates" / STYLE
            self._text("invoices/print.css", style.read_text("utf-8"))
        for invoice_id in self.invoices:
            invoice = invoices.get_invoice(self.db, invoice_id)
            self._text(f"invoices/{invoice.number}.html", page_of(invoice, style="print.css"))
            with suppress(FileNotFoundError), papers.pdf_path(self.parts.settings, invoice).open("rb") as file:
                self._copy(f"invoices/{invoice.number}.pdf", file)
            self._advance(INVOICE_WEIGHT)

    def _text(self, name: str, text: str) -> None:
        with self.package.add(name) as write:
            write(text.encode())

    def _copy(self, name: str, file: IO[bytes]) -> None:
        with self.package.add(name) as write:
            while chunk := file.read(CHUNK):
                write(chunk)

    def _advance(self, by: int) -> None:
        """Tell of each per cent, in a transaction of its own; 100 is for what can be downloaded."""
        self.done += by
        percent, now = min(99, self.done * 100 // self.whole), self.parts.clock.now()
        if percent == self.told and self.beat_at <= now < self.beat_at + BEAT:
            return
        with suppress(SQLAlchemyError):  # somebody else writes for long: the next slice tells it
            with self.parts.database.write() as db:
                ours = exports.note_progress(db, self.export, percent, at=now)
            if not ours:
                raise _Lost("the export was taken over")
            self.told, self.beat_at = percent, now


def tidy_up(parts: Parts) -> None:
    """At each round: remove the files that nobody can download any more."""
    try:
        gone = tidy(parts)
    except (SQLAlchemyError, OSError) as error:  # the next round tries again; nobody can download them meanwhile
        log.error("exports not removed", extra={"fault": type(error).__name__})
    else:
        if gone:
            log.info("exports removed", extra={"files": gone})


def tidy(parts: Parts) -> int:
    """Remove the files whose time is over, and those that nobody will ever name; returns how many."""
    lying = _lying(parts)  # before the rows are read: what is named meanwhile is found there
    at = parts.clock.now()
    with parts.database.read() as db:
        over = exports.any_over(db, at=at)
    if over:
        with parts.database.write() as db:
            exports.expire(db, at=at)
    with parts.database.read() as db:
        named, making = exports.files(db), exports.making(db)
    useless = [path for path in lying if path.name not in named and _number(path) not in making]
    for path in useless:
        path.unlink(missing_ok=True)
    return len(useless)


def _lying(parts: Parts) -> list[Path]:
    folder = exports.folder(parts.settings)
    return [path for path in folder.iterdir() if _OF_EXPORT.fullmatch(path.name)] if folder.is_dir() else []


def _number(path: Path) -> int:
    """The export that a file is of."""
    found = _OF_EXPORT.fullmatch(path.name)
    return int(found[1]) if found else 0
