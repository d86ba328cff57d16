"""The account portal. `create_app` imports the factory inside itself, so that importing a rule never imports Flask."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(**overrides: Any) -> "Flask":
    """The WSGI application, built from the environment and `instance/config.toml`; `overrides` win over both."""
    with loading():
        from portal.factory import create_app as build
    return build(**overrides)


@contextmanager
def loading() -> Iterator[None]:
    """For imports: what is imported stays, and looking for garbage among it takes a sixth of the start (measured)."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
