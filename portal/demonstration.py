"""The demonstration as a command: a fresh cast, a worker beside the server, and what to do in the browser."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from portal import migrations, setting_values
from portal.billing import papers
from portal.billing.frozen import seller_of
from portal.billing.settle import Till
from portal.outside.demo_payments import DemoPayments
from portal.outside.post import FolderPost
from portal.outside.service import DemoService
from portal.parts import Parts
from portal.web.demo.cast import CAST, PASSWORD, STAFF
from portal.web.demo.seeding import cut_keys, seed


def prepare(build: Callable[[], Any], *, keep: bool) -> None:
    """A database with the cast as it stands today; `keep` goes on with the last one."""
    parts: Parts = build().extensions["portal"]
    if not keep:
        _forget(parts)
        parts = build().extensions["portal"]
    fresh = not migrations.is_current(parts.database.writer)
    migrations.upgrade(parts.database.writer)
    if fresh:
        keys = cut_keys(parts)
        with parts.database.write() as db:
            seed(db, keys, till(parts))
    parts.database.close()


def till(parts: Parts) -> Till:
    """The cast has bought from the example list, whichever one is tried now."""
    prices = setting_values.price_lists(setting_values.EXAMPLE_PRICES)
    return Till(parts.clock.now(), parts.settings.timezone, prices, seller_of(parts.settings))


def _forget(parts: Parts) -> None:
    """Remove the demonstration's own files, and nothing else."""
    parts.database.close()
    folder = parts.settings.instance_path
    for name in ("demo.db", "demo.db-wal", "demo.db-shm", "demo.clock"):
        (folder / name).unlink(missing_ok=True)
    if isinstance(parts.post, FolderPost):
        parts.post.empty()
    for provider in parts.providers.values():
        if isinstance(provider, DemoPayments):
            provider.empty()
    if isinstance(parts.service, DemoService):
        parts.service.empty()
    shutil.rmtree(papers.folder(parts.settings), ignore_errors=True)


@contextmanager
def worker() -> Iterator[None]:
    """A worker for as long as the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "portal", "worker"])
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def welcome(port: int) -> str:
    people = "\n".join(f"    {actor.username:<12} {actor.shows}" for actor in CAST)
    colleagues = ", ".join(f"{colleague.username}: {colleague.role}" for colleague in STAFF)
    return (
        f"\n  Open  http://127.0.0.1:{port}/login\n\n  The password of everybody:  {PASSWORD}\n\n{people}\n\n"
        f"  Passkeys work by name only:  http://localhost:{port}/login\n"
        f"  The mails and the clock:  http://127.0.0.1:{port}/demo\n"
        f"  The codes of the apps:  http://127.0.0.1:{port}/demo/codes\n"
        f"  The desk of staff:  http://127.0.0.1:{port}/staff  ({colleagues})\n  Stop with Ctrl-C.\n"
    )
