"""A portal with many platforms, to measure in this process or to start a server on."""

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask

from bench import seeding
from bench.driver import PASSWORD
from portal import migrations
from portal.factory import create_app
from portal.parts import Parts
from portal.setting_values import Secret

KEY = "bench-" + "0123456789abcdef" * 3
TOKEN_HASH: dict[str, Any] = {"argon2_memory_kib": 1024, "argon2_time_cost": 1, "argon2_parallelism": 1}


def portal(folder: Path, platforms: int, *, at: datetime | None = None, history: bool = False, **how: Any) -> Flask:
    """A portal with so many platforms, each with term, administrator and credits; throttle off by default.

    at: when it was filled, which is now; history: with what gathers in the course of the years.
    """
    app = open_again(folder, **how)
    parts: Parts = app.extensions["portal"]
    migrations.upgrade(parts.database.writer)
    moment = at or datetime.now(UTC)
    secret = token_hash() if how.get("argon2_memory_kib") == TOKEN_HASH["argon2_memory_kib"] else _hash(parts)
    with parts.database.write() as db:
        seeding.customers(db, platforms, secret=secret, today=moment.date(), at=moment)
        if history:
            seeding.history(db, platforms, today=moment.date(), at=moment)
    return app


def open_again(folder: Path, **how: Any) -> Flask:
    """The portal in this folder, whose database may be there already."""
    given: dict[str, Any] = {"instance_path": folder, "secret_key": Secret(KEY), "throttle": False}
    app = create_app(**given | {"argon2_simultaneous": 8} | how)
    logging.getLogger("portal").setLevel(logging.CRITICAL)
    return app


def kept(folder: Path, platforms: int, **how: Any) -> Flask:
    """One with history and a token hash in this folder, filled unless an earlier measurement has left it there."""
    place = folder / f"portal-{platforms}"
    done = place / "filled"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        portal(place, platforms, history=True, **TOKEN_HASH).extensions["portal"].database.close()
        done.touch()
    app = open_again(place, **TOKEN_HASH | how)
    migrations.upgrade(app.extensions["portal"].database.writer)
    return app


def environment(folder: Path, port: int, *, token: bool = True, **more: str) -> dict[str, str]:
    """What a server or command on this folder has to be told; token: the hash is a token one, not what is shipped."""
    names = {f"PORTAL_{name.upper()}": str(value) for name, value in TOKEN_HASH.items()} if token else {}
    names |= {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_SECRET_KEY": KEY, "PORTAL_THROTTLE": "0"}
    return names | {"PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}"} | more


def token_hash() -> str:
    """Of the password, by the cheapest argon2id there is, so that what is not the hash shows."""
    return PasswordHasher(1, 1024, 1).hash(PASSWORD)


def _hash(parts: Parts) -> str:
    with parts.hasher.turn() as turn:
        return turn.hash(PASSWORD)


def fresh(folder: Path, name: str) -> Path:
    """A folder of this name that was not there before."""
    path = folder / name
    path.mkdir()
    return path
