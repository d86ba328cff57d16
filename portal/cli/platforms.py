"""`portal platform …`: what the operator does about platforms."""

import json
from datetime import date, datetime
from typing import Any

import click

from portal.cli.base import PLATFORM_ID, office_does, portal_parts, typed_password
from portal.cli.imports import platform_import
from portal.rules.terms import MOST_ADDITIONAL

REASON = click.option("--reason", default="", help="The customer reads it in the activity.")


class Term(click.ParamType[tuple[date, date]]):
    """FIRST..LAST, both days inside: 2026-03-01..2027-02-28."""

    name = "FIRST..LAST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        if isinstance(value, tuple):
            return value
        try:
            first, last = (date.fromisoformat(part) for part in value.split(".."))
        except ValueError:
            self.fail("write two days such as 2026-03-01..2027-02-28", param, ctx)
        if last < first:
            self.fail("the last day comes before the first", param, ctx)
        return first, last


@click.group()
def platform() -> None:
    """Create, import, show, block, unblock, hold, release, extend platforms, and tell the sending service of them."""


platform.add_command(platform_import)


@platform.command("create")
@click.option("--id", "platform_id", type=PLATFORM_ID, required=True)
@click.option("--edition", default="pro", show_default=True)
@click.option("--term", type=Term(), help="First and last paid day; not for --sms-only.")
@click.option("--channels", default="email,sms", show_default=True)
@click.option("--sms-only", is_flag=True, help="The same as --channels sms without a term.")
@click.option("--trial", is_flag=True)
@click.option("--cancelled", is_flag=True)
@click.option("--seats", default=0, type=click.IntRange(0, MOST_ADDITIONAL), help="Additional administrators paid for.")
@click.option("--company", default="")
@click.option("--username", help="Default: m and the ID.")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--language", type=click.Choice(["it", "en"]), default="it", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite by mail.")
def platform_create(platform_id: int, **given: Any) -> None:
    """Create a platform and its first administrator."""
    from portal import office

    parts = portal_parts()
    try:
        office.create_platform(parts, platform_id, given, typed_password(given))
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"Platform {platform_id} is created.")


@platform.command("show")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--json", "as_json", is_flag=True)
def platform_show(platform_id: int, as_json: bool) -> None:
    """How a platform stands now."""
    from portal import office

    try:
        facts = office.describe_platform(portal_parts(), platform_id)
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
    else:
        for name, value in facts.items():
            click.echo(f"{name.replace('_', ' ')}: {value}")


@platform.command("block")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--code", required=True)
@click.option("--note", default="", help="For the staff alone.")
@REASON
def platform_block(platform_id: int, code: str, note: str, reason: str) -> None:
    """Block a platform for a reason; `compromised` also ends its sessions and forces resets."""
    office_does("block", platform_id, code, note, reason)
    click.echo(f"Platform {platform_id} is blocked: {code}.")


@platform.command("unblock")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--code", required=True)
@REASON
@click.option("--request", default="", help="Where the customer asks in writing; `compromised` is lifted only so.")
def platform_unblock(platform_id: int, code: str, reason: str, request: str) -> None:
    """Lift the block of this code."""
    office_does("unblock", platform_id, code, reason, request)
    click.echo(f"Platform {platform_id}: the block {code} is lifted.")


@platform.command("hold")
@click.argument("platform_id", type=PLATFORM_ID)
@REASON
def platform_hold(platform_id: int, reason: str) -> None:
    """Put a legal hold on a platform: it stops only the purge."""
    office_does("hold", platform_id, reason)
    click.echo(f"Platform {platform_id} is held.")


@platform.command("release")
@click.argument("platform_id", type=PLATFORM_ID)
@REASON
def platform_release(platform_id: int, reason: str) -> None:
    """Take the legal hold off again."""
    office_does("release", platform_id, reason)
    click.echo(f"Platform {platform_id} is released.")


@platform.command("extend")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The new last day to renew.")
@click.option("--reason", required=True, help="Everybody on the platform reads it.")
def platform_extend(platform_id: int, until: datetime, reason: str) -> None:
    """Make an exception: let a platform that has expired be renewed for longer than ten days."""
    office_does("extend", platform_id, until.date(), reason)
    click.echo(f"Platform {platform_id} can be renewed until {until.date()}.")


@platform.command("tell")
@click.argument("platform_id", type=PLATFORM_ID)
def platform_tell(platform_id: int) -> None:
    """Have the sending service told again how a platform stands."""
    office_does("tell_service", platform_id)
    click.echo(f"Platform {platform_id}: a worker tells the sending service.")
