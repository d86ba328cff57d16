"""The ground on which everything is attacked: a house with everybody in it, and a way to put it back as it was.

Whoever attacks is one of `people` (stage.py). Each is a set of cookies with the addresses and forms that are found by
following every link; so a new page, form or mailed link is attacked by itself.
"""

import copy
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, create_engine, text
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from portal.demonstration import till
from portal.kit.db import metadata
from portal.outside.payments import Provider
from portal.rules.orders import Way
from portal.web.demo.seeding import cut_keys, seed
from tests.attack import stage
from tests.attack.forms import Form, read
from tests.attack.stage import HERE, Asker
from tests.helpers.browser import SAME_ORIGIN
from tests.helpers.house import House, build
from tests.outside.providers import DemoStand, StripeStand

EACH = 2  # addresses of one page that differ by a number or a name; the first ones found stand for all
ENGLISH, NETWORK = {"Accept-Language": "en"}, {"REMOTE_ADDR": "198.51.100.7"}
MOST = 150  # pages of one person


@dataclass
class Ground:
    house: House
    people: dict[str, Asker] = field(default_factory=dict)
    restore: Callable[[], bool] = lambda: False

    def client(self, asker: Asker) -> Any:
        client = self.house.app.test_client()
        client._cookies = copy.copy(asker.cookies)  # the jar has no public way in for a set of cookies
        return client

    def ask(self, asker: Asker, path: str, method: str = "GET", **given: Any) -> TestResponse:
        headers = ENGLISH | SAME_ORIGIN | given.pop("headers", {})
        answer: TestResponse = self.client(asker).open(
            path, method=method, headers=headers, environ_base=NETWORK, buffered=True, **given
        )
        return answer

    def endpoint(self, path: str, method: str = "GET") -> tuple[str, Mapping[str, Any]] | None:
        try:
            return self.house.app.url_map.bind("127.0.0.1:8000").match(urlsplit(path).path, method)
        except (HTTPException, RequestRedirect):
            return None


@contextmanager
def prepare(folder: Path, url: str) -> Iterator[Ground]:
    """The cast, every mail with a link on its way, and everybody signed in with their pages explored."""
    stripe, demo = StripeStand(), DemoStand(folder)
    providers: dict[Way, Provider] = {Way.CARD: stripe.provider, Way.DEMO: demo.provider}
    house = build(folder, url, demo=True, providers=providers)
    stripe.clock.set(house.clock.now())
    keys = cut_keys(house.parts)
    with house.parts.database.write() as db:
        seed(db, keys, till(house.parts))
    stage.set_up(house)
    ground = Ground(house)
    for asker in list(stage.people(house)):
        explore(ground, asker)
        ground.people[asker.name] = asker
    with closing(house.parts.database):
        keeper = _keep_sqlite if url.startswith("sqlite") else _keep_postgres
        with keeper(url, folder) as ground.restore:
            yield ground


def explore(ground: Ground, asker: Asker) -> None:
    """Follow every link, each page a few times: where this person may go, and the forms found there."""
    waiting, seen, times, places = list(asker.places), set[str](), Counter[str](), list[str]()
    client = ground.client(asker)
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        found = ground.endpoint(path)
        if path in seen or found is None or "lang=" in path or _elsewhere(ground, asker, path):
            continue
        seen.add(path)
        times[found[0]] += 1
        if times[found[0]] > EACH:
            continue
        answer = client.get(path, headers=ENGLISH, environ_base=NETWORK, buffered=True)
        places.append(path)
        if answer.location:
            waiting.insert(0, _ours(answer.location))
        if answer.mimetype != "text/html":
            continue
        page = read(answer.get_data(as_text=True))
        waiting += [_ours(link) for link in page.links if link.startswith(("/", HERE))]
        for form in page.forms:
            form.action = _ours(form.action) or path
            asker.forms.append((path, form))
            if form.method == "GET":
                waiting.append(form.action)
    asker.cookies, asker.places = copy.copy(client._cookies), places
    asker.forms = _different(asker.forms)


def _elsewhere(ground: Ground, asker: Asker, path: str) -> bool:
    """What the stranger has found is looked at by others only where they begin."""
    return path not in asker.places and "stranger" in ground.people and path in ground.people["stranger"].places


def _ours(address: str) -> str:
    return address.removeprefix(HERE).partition("#")[0]


def _different(forms: list[tuple[str, Form]]) -> list[tuple[str, Form]]:
    """Each form once, though the one to sign out stands on every page."""
    found: dict[Any, tuple[str, Form]] = {}
    for path, form in forms:
        found.setdefault((form.action, form.method, tuple(form.fields)), (path, form))
    return list(found.values())


@contextmanager
def _keep_sqlite(url: str, folder: Path) -> Iterator[Callable[[], bool]]:
    """Puts every row back as it is now; whether anything had changed."""
    path, copied = url.removeprefix("sqlite:///"), folder / "kept.db"
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copied)) as kept:
        live.backup(kept)
        live.execute("PRAGMA synchronous = OFF")
        last = [_version(live)]

        def restore() -> bool:
            if _version(live) == last[0]:
                return False
            kept.backup(live)
            last[0] = _version(live)
            return True

        yield restore


def _version(live: sqlite3.Connection) -> int:
    """Another one whenever somebody else has committed something."""
    return int(live.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def _keep_postgres(url: str, _folder: Path) -> Iterator[Callable[[], bool]]:
    """As for SQLite: whether a transaction has got a number tells whether anything was written."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    names = [table.name for table in metadata.sorted_tables]
    _run(engine, "CREATE SCHEMA kept", *(f'CREATE TABLE kept."{name}" AS TABLE public."{name}"' for name in names))
    last = [_newest(engine)]
    put_back = [f'INSERT INTO public."{name}" SELECT * FROM kept."{name}"' for name in names]
    tables = ", ".join(f'public."{name}"' for name in names)

    def restore() -> bool:
        if _newest(engine) == last[0]:
            return False
        with engine.connect() as db:
            db.execute(text("SET session_replication_role = replica"))
            db.execute(text(f"BEGIN; TRUNCATE {tables}; {'; '.join(put_back)}; COMMIT"))
        last[0] = _newest(engine)
        return True

    yield restore
    engine.dispose()


def _newest(engine: Engine) -> int:
    with engine.connect() as db:
        return int(db.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")).scalar_one())


def _run(engine: Engine, *statements: str) -> None:
    with engine.connect() as db:
        for statement in statements:
            db.execute(text(statement))
