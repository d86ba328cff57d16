"""The files that settings come from: the instance's configuration, the price list, the key of the demonstration."""

import secrets
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.rules.price_file import PriceListFaults
from portal.setting_values import Secret, price_lists


def config_file(path: Path, faults: list[str]) -> dict[str, str]:
    """What `instance/config.toml` says, as the environment would: upper-case names, texts; nothing if there is none."""
    if not path.exists():
        return {}
    try:
        found = {name.upper(): _as_text(value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(f"instance/config.toml cannot be read ({error}): mend it or take it away.")
        return {}
    if found.pop("INSTANCE_PATH", None) is not None:
        faults.append("INSTANCE_PATH cannot stand in config.toml, which lies in that folder: set PORTAL_INSTANCE_PATH.")
    return found


def _as_text(value: Any) -> str:
    """A value of the file as the environment would give it: a list is comma-separated there."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def faults_of_prices(path: Path) -> list[str]:
    """What is wrong with the price list, in the words of the settings."""
    try:
        price_lists(path)
    except PriceListFaults as error:
        return [f"PORTAL_PRICE_LIST: {fault}" for fault in error.faults]
    return []


def demo_secret(folder: Path) -> Secret:
    """The demonstration's own key, made at its first start and kept so that sign-ins survive a restart."""
    path = folder / "demo.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48), "utf-8")
        with suppress(FileExistsError):  # another process was quicker: its key is the one
            path.hardlink_to(fresh)
        fresh.unlink()
    return Secret(path.read_text("utf-8"))
