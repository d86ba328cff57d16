"""The account portal. `create_app` imports the factory inside itself, so that importing a rule never imports Flask."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(**overrides: Any) -> "Flask":
    """The WSGI application, built from the environment and `instance/config.toml`; `overrides` win over both."""
    return _factory()(**overrides)


@cache
def _factory() -> "Callable[..., Flask]":
    with loading():
        from portal.factory import create_app as build
    return build


@contextmanager
def loading() -> Iterator[None]:
    """For imports: what is imported stays, and looking for garbage among it takes a sixth of the start (measured).

    Neither meanwhile nor ever after, therefore.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looking:
            gc.enable()
