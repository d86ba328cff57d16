"""`portal staff …`: who of the operator's own people comes to the desk."""

from typing import Any

import click

from portal.cli.base import office_does, portal_parts, typed_password


@click.group()
def staff() -> None:
    """The operator's own people: let them come to the desk, and no more."""


@staff.command()
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--role", type=click.Choice(["support", "billing", "administration"]), default="support")
@click.option("--language", type=click.Choice(["it", "en"]), default="it", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite by mail.")
def create(**given: Any) -> None:
    """Let somebody come to the desk. The first sign-in adds an authenticator app."""
    password = typed_password(given)
    facts = [given[name] for name in ("username", "email", "name", "role", "language")]
    office_does("create", *facts, password, office="staff_office")
    click.echo(f"{given['username']} may come to the desk.")


@staff.command()
@click.argument("username")
def invite(username: str) -> None:
    """Mail a link (24 hours) that sets the password anew."""
    office_does("invite", username, office="staff_office")
    click.echo(f"The link for {username} is on its way.")


@staff.command("forget-factor")
@click.argument("username")
def forget_factor(username: str) -> None:
    """Take the second factor of somebody off who has lost it: the next sign-in adds another."""
    office_does("forget_app", username, office="staff_office")
    click.echo(f"{username} adds an authenticator app at the next sign-in.")


@staff.command()
@click.argument("username")
def disable(username: str) -> None:
    """Let somebody come no more: sessions end at once."""
    office_does("disable", username, office="staff_office")
    click.echo(f"{username} is disabled.")


@staff.command("list")
def everybody() -> None:
    """Everybody who has come to the desk, with role and second factor."""
    from portal.staff import queries

    with portal_parts().database.read() as db:
        for member in queries.members(db):
            factor = "second factor on" if member.app_confirmed_at else "no second factor yet"
            click.echo(f"{member.username}  {member.role}  {'' if member.enabled else 'disabled, '}{factor}")
