"""`portal backup`, `portal restore`, and what becomes of the work that a restore holds: docs/backup.md."""

import json
from pathlib import Path

import click

from portal.cli.base import portal_parts

NOT_IN_IT = (
    "Not in it: SECRET_KEY and its fallbacks, config.toml, the price list, and the folders invoices and exports."
)
UNKNOWN = "Nobody can know what else has changed since the backup: go on with docs/backup.md."
REASON = click.option("--reason", required=True, help="Why, in a few words; it is kept.")
IDS = click.argument("ids", type=int, nargs=-1, metavar="[ID]…")
ALL = click.option("--all", "everything", is_flag=True, help="All that is held.")
LONGEST_REASON = 200  # characters


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write the database to FILE while everything runs. FILE must not exist."""
    from portal import backups

    parts = portal_parts()
    try:
        saved = backups.save(parts.settings, file)
    except backups.NotDone as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Saved and examined: {saved.path}, {saved.size} bytes. {NOT_IN_IT}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--purged", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Certificates, one a line."
)
@click.option("--last-invoice", "numbers", multiple=True, help="The highest number that was given; for each series.")
def restore(file: Path, purged: Path | None, numbers: tuple[str, ...]) -> None:
    """Put a backup back where no database is, and hold what the world may have heard already.

    Stop nodes and workers first. Nothing is sent by this; what waited is listed by `portal held list`.
    """
    from portal import backups, restoring

    parts = portal_parts()
    parts.database.close()
    again = _platforms(purged) if purged else []
    try:
        with backups.put_back(parts.settings, file) as database:
            told = restoring.tell(parts, database, again, numbers)
    except backups.NotDone as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Restored. Held: {told.held}. Signed out: {told.signed_out}. Links ended: {told.links}.")
    click.echo(f"Deleted once more: {told.purged} of {len(again)} platforms, by the next worker.")
    click.echo(f"Payments that have ended meanwhile: {told.paid}. Not to be asked about: {told.unasked}.")
    if told.invoices:
        click.echo(f"Issued since, and not in the backup: {', '.join(told.invoices)}.")
    click.echo(UNKNOWN)


def _platforms(file: Path) -> list[int]:
    """The platforms of certificates, as `portal purge certificates` prints them."""
    try:
        return [int(json.loads(line)["platform"]) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{file} holds no certificates: one a line, as JSON.") from None


@click.group()
def held() -> None:
    """What waited when a backup was made that was restored: done, or dropped, as somebody decides."""


@held.command("list")
def list_() -> None:
    """Everything that is held: number, what, for whom, since when."""
    from portal.kit import held as rows

    with portal_parts().database.read() as db:
        found = rows.find(db)
    for row in found:
        whose = f"platform {row.platform_id}" if row.platform_id else "no platform"
        click.echo(
            f"{row.id}  {row.topic} {row.name}  {whose}  {row.recipient or '–'}  {row.created_at:%Y-%m-%d %H:%M}"
        )
    click.echo(f"Held: {len(found)}.")


@held.command()
@IDS
@ALL
@REASON
def release(ids: tuple[int, ...], everything: bool, reason: str) -> None:
    """Let it be done by the next worker, as if it were new."""
    click.echo(f"Released: {_decide('release', ids, everything, reason)}.")


@held.command()
@IDS
@ALL
@REASON
def drop(ids: tuple[int, ...], everything: bool, reason: str) -> None:
    """Never do it."""
    click.echo(f"Dropped: {_decide('drop', ids, everything, reason)}.")


def _decide(what: str, ids: tuple[int, ...], everything: bool, reason: str) -> int:
    """How many it was done to. Says no to half of what was asked for."""
    from portal.kit import held as rows

    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise click.ClickException(f"--reason is one line of at most {LONGEST_REASON} characters.")
    if bool(ids) == everything:
        raise click.ClickException("Name what is held by its numbers, or say --all.")
    parts = portal_parts()
    with parts.database.write() as db:
        missing = set(ids) - {row.id for row in rows.find(db)}
        if missing:
            raise click.ClickException(f"Not held: {', '.join(map(str, sorted(missing)))}. Nothing was changed.")
        decide = rows.release if what == "release" else rows.drop
        return decide(db, None if everything else ids, reason, at=parts.clock.now())
