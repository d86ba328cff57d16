"""The account portal. `create_app` imports the factory inside itself, so that importing a rule never imports Flask."""

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(**overrides: Any) -> "Flask":
    """The WSGI application, built from the environment and `instance/config.toml`; `overrides` win over both."""
    looking = gc.isenabled()
    gc.disable()  # what is imported stays: looking for garbage among it takes a sixth of the start (measured)
    try:
        from portal.factory import create_app as build
    finally:
        if looking:
            gc.enable()
    return build(**overrides)
