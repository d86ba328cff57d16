"""`portal platform import`: an existing business moves in. The files are described in `docs/import.md`."""

from pathlib import Path

import click

from portal.cli.base import portal_parts

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("import")
@click.option("--platforms", type=FILE, required=True, help="Platforms with their terms.")
@click.option("--people", type=FILE, help="Their administrators.")
@click.option("--lots", type=FILE, help="Their SMS credits.")
@click.option("--invoices", type=FILE, help="The invoices of the former system.")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be created; create nothing.")
def platform_import(dry_run: bool, **files: Path | None) -> None:
    """Import platforms, people, lots and invoices from CSV files: all of it, or nothing.

    What is here already and the same is passed over, so that it can be run again; nothing is ever overwritten, and
    nobody is mailed.
    """
    from portal.moving_in import journey, report
    from portal.moving_in.circumstances import Circumstances
    from portal.moving_in.hashes import Strength
    from portal.moving_in.journey import Difference, Kind, Refused

    parts = portal_parts()
    settings = parts.settings
    strength = Strength(settings.argon2_memory_kib, settings.argon2_time_cost)
    about = Circumstances(parts.clock.now(), settings.timezone, parts.prices, strength)
    paths = {Kind(name): path for name, path in files.items() if path is not None}
    match journey.move_in(parts.database, paths, about, dry_run=dry_run, tell=parts.service is not None):
        case Difference() as found:
            click.echo("\n".join(report.lines(found, dry_run=dry_run)))
        case Refused(faults):
            click.echo("\n".join(report.complaints(faults)), err=True)
            raise click.exceptions.Exit(1)
        case _:
            raise click.ClickException(report.OVERTAKEN)
