"""The commands about the activity list."""

import click

from portal.cli.base import portal_parts


@click.group()
def activity() -> None:
    """What was done on the platforms."""


@activity.command()
def verify() -> None:
    """Walk the chain of sealed events: exit 1 with the first place where it was changed, shortened or added to.

    Compare the seal that is printed with one kept elsewhere: somebody who can write the whole database can also make
    the whole chain anew. The events of the last minute are not sealed yet.
    """
    from portal.kit import chain
    from portal.kit.chain import Broken
    from portal.purging import queries

    with portal_parts().database.read() as db:
        certified = queries.erased_events(db)
        found = chain.verify(db)
    if isinstance(found, Broken):
        raise click.ClickException(f"The chain breaks at event {found.sequence}: {found.fault}.")
    if found.erased != certified:
        raise click.ClickException(f"{found.erased} events are erased, but {certified} by the purges.")
    click.echo(f"{found.count} events, each as it was sealed; {found.erased} of them erased with their platform.")
    click.echo(f"The last seal: {found.seal}")
