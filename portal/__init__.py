"""The account portal. `create_app` imports the factory inside itself, so that importing a rule never imports Flask."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(**overrides: Any) -> "Flask":
    """The WSGI application, built from the environment and `instance/config.toml`; `overrides` win over both."""
    from portal.factory import create_app as build

    return build(**overrides)
