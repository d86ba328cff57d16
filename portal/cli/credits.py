"""The commands about the ledger of SMS credits."""

import click

from portal.cli.base import portal_parts


@click.group()
def credits() -> None:
    """The SMS credits of all platforms."""


@credits.command()
def verify() -> None:
    """Count every lot anew: exit 1 with each whose movements do not add up to what is said to be left of it."""
    from portal.credits import ledger

    broken = list(ledger.find_broken(portal_parts().database))
    for lot in broken:
        click.echo(f"Lot {lot.lot_id}: {lot.counted} by its movements, {lot.stands} by the newest of them.", err=True)
    if broken:
        raise click.ClickException(f"{len(broken)} lots do not come out: only the portal may write to `movements`.")
    click.echo("Every lot comes out: what is left of it is the sum of its movements.")
