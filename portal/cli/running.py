"""The commands that bring the portal up, keep it running and look at its health."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from portal import loading
from portal.cli.base import application, understood
from portal.kit.metrics_folder import counted_together
from portal.settings import HASHES, Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option(
    "--socket", type=click.Path(path_type=Path), help="A Unix socket for the proxy, instead of host and port."
)
@click.option("--workers", default=os.cpu_count() or 1, type=click.IntRange(1), show_default="one for each core")
def serve(host: str, port: int, socket: Path | None, workers: int) -> None:
    """Start the production server. SIGTERM lets it finish and stop, SIGHUP reads settings and prices again."""
    click.get_current_context().with_resource(counted_together())
    with loading():  # all that the processes will need, which then share it. The application they build themselves
        from portal import factory, serving

    settings: Settings = understood(factory.prepare)
    if not _is_current(settings):
        raise click.ClickException("The database is not up to date: run `portal upgrade` first.")
    if socket and not settings.trusted_proxies:
        raise click.ClickException("Through a socket nobody has an address: set PORTAL_TRUSTED_PROXIES=1 or more.")
    if settings.argon2_simultaneous == HASHES:  # nobody has said otherwise: the processes share the machine's
        os.environ["PORTAL_ARGON2_SIMULTANEOUS"] = str(max(1, HASHES // workers))
    try:
        serving.serve(host, port, workers, socket)
    except serving.NoSocket as error:
        raise click.ClickException(f"There is nothing to listen on at {socket or f'{host}:{port}'}: {error}") from None


def _is_current(settings: Settings) -> bool:
    from portal import migrations
    from portal.kit.db import Database

    database = Database(settings.database_url)
    try:
        return migrations.is_current(database.writer)
    finally:
        database.close()


@click.command()
@click.option("--once", is_flag=True, help="Stop when nothing is due.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="Answer /health/live and /metrics there; else nobody is.")
def worker(once: bool, host: str, port: int | None) -> None:
    """Do what waits in the outbox, mails and tasks, and what falls due by itself. Several workers may run."""
    from portal.jobs.worker import Worker

    found = Worker(application())
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: found.stop())
    with ExitStack() as stack:
        if port is not None:
            try:
                click.echo(f"Health is told on port {stack.enter_context(found.answering(host, port))}.", err=True)
            except OSError as error:
                raise click.ClickException(f"There is nothing to listen on at {host}:{port}: {error}") from None
        found.work(once=once)


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--keep", is_flag=True, help="Go on with the data of the last time instead of a new cast.")
def demo(port: int, keep: bool) -> None:
    """Show the portal: a cast of customers, the mails they get, a clock that can be moved. Nothing to configure."""
    from portal import demonstration, serving

    os.environ |= {"PORTAL_DEMO": "1", "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    demonstration.prepare(application, keep=keep)
    with demonstration.worker():
        click.echo(demonstration.welcome(port))
        serving.serve("127.0.0.1", port, workers=1)


@click.command()
def check() -> None:
    """Diagnose settings, database, migrations, workers, mail and more; exit 1 if anything is wrong."""
    from portal import diagnosis

    app = application()
    found = diagnosis.examine(app)
    for finding in found:
        click.echo(f"{'ok   ' if finding.ok else 'FAULT'} {finding.what}: {finding.words}", err=not finding.ok)
    if not all(finding.ok for finding in found):
        sys.exit(1)
