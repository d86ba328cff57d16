"""What the commands share: the application they are about, and how they refuse."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from portal.settings import SettingsError

if TYPE_CHECKING:  # what counts must not be imported before `serve` has said where (portal/kit/metrics_folder.py)
    from portal.parts import Parts

PLATFORM_ID = click.IntRange(1, 999_999_999)


def application() -> Any:
    """The application, or an explanation and exit 1."""
    from portal import create_app

    app = understood(create_app)
    click.get_current_context().call_on_close(app.extensions["portal"].database.close)
    return app


def understood(build: Callable[[], Any]) -> Any:
    """What is built from the settings, or an explanation of what is wrong with them and exit 1."""
    try:
        return build()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def portal_parts(*, told: bool = False) -> "Parts":
    """What a command works with. told: by the log too; else what was done is in the command's words alone."""
    from portal.kit import logs

    found: Parts = application().extensions["portal"]
    if not told:
        click.get_current_context().with_resource(logs.only_warnings())
    return found


def office_does(act: str, *given: Any, office: str = "office") -> Any:
    """What the office says it has done, or why it has not and exit 1. office: the module that does it."""
    from portal.office import Refused

    try:
        return getattr(import_module(f"portal.{office}"), act)(portal_parts(), *given)
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from None


def typed_password(given: dict[str, Any]) -> str | None:
    if not given.get("password_stdin"):
        return None
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException("The password on standard input is not UTF-8.") from None
