"""`portal administrator …` and `portal send-reset-link`: what the operator does about people."""

from typing import Any

import click

from portal.cli.base import office_does, typed_password


@click.group()
def administrator() -> None:
    """Create and disable administrators, and see to lost second factors."""


@administrator.command("create")
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--language", type=click.Choice(["it", "en"]), default="it", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite by mail.")
@click.option("--within-seats", is_flag=True, help="Refuse, instead of granting a seat through the expiry.")
def administrator_create(**given: Any) -> None:
    """Create an administrator on the platform that the user name tells; a missing seat is granted and recorded."""
    office_does("create_administrator", given, typed_password(given))
    click.echo(f"Administrator {given['username']} is created.")


@administrator.command("disable")
@click.argument("username")
def administrator_disable(username: str) -> None:
    """Disable an administrator: sessions end at once."""
    office_does("disable_administrator", username, office="people_office")
    click.echo(f"Administrator {username} is disabled.")


@administrator.command("lost-factor")
@click.argument("username")
@click.option("--reason", help="Why, or the ticket's number; it stands in the notices.")
@click.option("--stop", is_flag=True, help="Stop what was asked for.")
def administrator_lost_factor(username: str, reason: str | None, stop: bool) -> None:
    """Ask that every second factor of somebody who has lost them be taken off.

    It happens by itself when the waiting time is over; everybody concerned is told at once, and can stop it.
    """
    if stop == (reason is not None):
        raise click.UsageError("Write either --reason, to ask, or --stop.")
    if stop:
        office_does("stop_removal", username, office="people_office")
        click.echo(f"The second factors of {username} stay.")
        return
    due_at = office_does("ask_removal", username, reason, office="people_office")
    click.echo(f"The second factors of {username} are taken off on {due_at:%Y-%m-%d %H:%M %Z}, if nobody stops it.")


@click.command("end-sessions")
@click.argument("username", required=False)
@click.option("--everybody", is_flag=True, help="On all platforms.")
@click.option("--reason", required=True, help="Why, or the ticket's number; it is written down.")
def end_sessions(username: str | None, everybody: bool, reason: str) -> None:
    """Sign out an administrator, or everybody: at the next request they read that staff did it."""
    if everybody == (username is not None):
        raise click.UsageError("Write either a user name or --everybody.")
    click.echo(f"Sessions ended: {office_does('end_sessions', username, reason, office='people_office')}.")


@click.command("send-reset-link")
@click.argument("username")
@click.option("--reason", required=True, help="Why, or the ticket's number; it stands in the mail.")
def send_reset_link(username: str, reason: str) -> None:
    """Mail a link (24 hours) to set a new password to the stored address."""
    office_does("send_reset_link", username, reason, office="people_office")
    click.echo(f"The link for {username} is on its way.")
