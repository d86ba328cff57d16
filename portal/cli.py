"""The commands: `portal …`. Each exits 0 only if it did what it says, and says on standard error why not."""

import json
import os
import signal
import sys
import time
from datetime import date
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from portal.parts import Parts
from portal.settings import HASHES, SettingsError

IDLE_SECONDS = 1.0  # how long the worker rests when nothing is due


class Commands(click.Group):
    """A database that fails is explained too, whichever command meets it; the statement goes to no terminal."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SQLAlchemyError as error:
            what = type(error).__name__
            raise click.ClickException(f"The database refused ({what}): `portal check` says what is wrong.") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The account portal."""


def _app() -> Any:
    """The application, or an explanation and exit 1."""
    from portal import create_app

    try:
        app = create_app()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    click.get_current_context().call_on_close(app.extensions["portal"].database.close)
    return app


def _parts() -> Parts:
    found: Parts = _app().extensions["portal"]
    return found


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


PLATFORM_ID = click.IntRange(1, 999_999_999)


@main.command()
def upgrade() -> None:
    """Bring the database to this version."""
    from alembic.util import CommandError

    from portal import migrations

    try:
        migrations.upgrade(_parts().database.writer)
    except CommandError as error:
        raise click.ClickException(f"The database is not of this version, nor of an earlier one: {error}") from None
    click.echo("The database is up to date.")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, type=click.IntRange(1), show_default="one for each core")
def serve(host: str, port: int, workers: int) -> None:
    """Start the production server."""
    from portal import migrations

    parts = _parts()
    if not migrations.is_current(parts.database.writer):
        raise click.ClickException("The database is not up to date: run `portal upgrade` first.")
    parts.database.close()
    if parts.settings.argon2_simultaneous == HASHES:  # nobody has said otherwise: the processes share the machine's
        os.environ["PORTAL_ARGON2_SIMULTANEOUS"] = str(max(1, HASHES // workers))
    _serve(host, port, workers)


def _serve(host: str, port: int, workers: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "portal:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=4,
        websockets=False,
        log_level=LogLevels.warning,
    )
    server.serve()


@main.command()
@click.option("--once", is_flag=True, help="Stop when nothing is due.")
def worker(once: bool) -> None:
    """Do what waits in the outbox: mails and tasks. Several workers may run."""
    from portal.jobs.post import work_once

    app, stopping = _app(), False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True  # the present row is finished first

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        try:
            busy = work_once(app)
        except SQLAlchemyError as error:
            if once:
                raise
            click.echo(f"The database does not answer ({type(error).__name__}); trying again.", err=True)
            busy = False
        if not busy:
            if once:
                return
            time.sleep(IDLE_SECONDS)


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--keep", is_flag=True, help="Go on with the data of the last time instead of a new cast.")
def demo(port: int, keep: bool) -> None:
    """Show the portal: a cast of customers, the mails they get, a clock that can be moved. Nothing to configure."""
    from portal import demonstration

    os.environ |= {"PORTAL_DEMO": "1", "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    demonstration.prepare(_app, keep=keep)
    with demonstration.worker():
        click.echo(demonstration.welcome(port))
        _serve("127.0.0.1", port, workers=1)


@main.command()
def check() -> None:
    """Diagnose settings, database, migrations and mail; exit 1 if anything is wrong."""
    from portal import diagnosis

    app = _app()
    found = diagnosis.examine(app)
    for finding in found:
        click.echo(f"{'ok   ' if finding.ok else 'FAULT'} {finding.what}: {finding.words}", err=not finding.ok)
    if not all(finding.ok for finding in found):
        sys.exit(1)


@main.group()
def platform() -> None:
    """Create, show, block, unblock, hold, release platforms."""


@platform.command("create")
@click.option("--id", "platform_id", type=PLATFORM_ID, required=True)
@click.option("--edition", default="pro", show_default=True)
@click.option("--term", type=Term(), help="First and last paid day; not for --sms-only.")
@click.option("--channels", default="email,sms", show_default=True)
@click.option("--sms-only", is_flag=True, help="The same as --channels sms without a term.")
@click.option("--trial", is_flag=True)
@click.option("--cancelled", is_flag=True)
@click.option("--seats", default=0, type=click.IntRange(0, 10_000), help="Additional administrators paid for.")
@click.option("--company", default="")
@click.option("--username", help="Default: m and the ID.")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--language", type=click.Choice(["it", "en"]), default="it", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite by mail.")
def platform_create(platform_id: int, **given: Any) -> None:
    """Create a platform and its first administrator."""
    from portal import office

    parts = _parts()
    try:
        office.create_platform(parts, platform_id, given, _typed_password(given))
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"Platform {platform_id} is created.")


def _typed_password(given: dict[str, Any]) -> str | None:
    if not given.get("password_stdin"):
        return None
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException("The password on standard input is not UTF-8.") from None


@platform.command("show")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--json", "as_json", is_flag=True)
def platform_show(platform_id: int, as_json: bool) -> None:
    """How a platform stands now."""
    from portal import office

    try:
        facts = office.describe_platform(_parts(), platform_id)
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
@click.option("--note", default="")
def platform_block(platform_id: int, code: str, note: str) -> None:
    """Block a platform for a reason; `compromised` also ends its sessions and forces resets."""
    _office("block", platform_id, code, note)
    click.echo(f"Platform {platform_id} is blocked: {code}.")


@platform.command("unblock")
@click.argument("platform_id", type=PLATFORM_ID)
@click.option("--code", required=True)
def platform_unblock(platform_id: int, code: str) -> None:
    """Lift the block of this code."""
    _office("unblock", platform_id, code)
    click.echo(f"Platform {platform_id}: the block {code} is lifted.")


@platform.command("hold")
@click.argument("platform_id", type=PLATFORM_ID)
def platform_hold(platform_id: int) -> None:
    """Put a legal hold on a platform: it stops only the purge."""
    _office("hold", platform_id)
    click.echo(f"Platform {platform_id} is held.")


@platform.command("release")
@click.argument("platform_id", type=PLATFORM_ID)
def platform_release(platform_id: int) -> None:
    """Take the legal hold off again."""
    _office("release", platform_id)
    click.echo(f"Platform {platform_id} is released.")


@main.group()
def administrator() -> None:
    """Create and disable administrators."""


@administrator.command("create")
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--language", type=click.Choice(["it", "en"]), default="it", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite by mail.")
@click.option("--within-seats", is_flag=True, help="Refuse, instead of granting a seat through the expiry.")
def administrator_create(**given: Any) -> None:
    """Create an administrator on the platform that the user name tells; a missing seat is granted and recorded."""
    _office("create_administrator", given, _typed_password(given))
    click.echo(f"Administrator {given['username']} is created.")


@administrator.command("disable")
@click.argument("username")
def administrator_disable(username: str) -> None:
    """Disable an administrator: sessions end at once."""
    _office("disable_administrator", username)
    click.echo(f"Administrator {username} is disabled.")


@main.command("send-reset-link")
@click.argument("username")
@click.option("--reason", required=True, help="Why, or the ticket's number; it stands in the mail.")
def send_reset_link(username: str, reason: str) -> None:
    """Mail a link (24 hours) to set a new password to the stored address."""
    _office("send_reset_link", username, reason)
    click.echo(f"The link for {username} is on its way.")


def _office(act: str, *given: Any) -> None:
    from portal import office

    try:
        getattr(office, act)(_parts(), *given)
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
