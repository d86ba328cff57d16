"""The commands that bring the database to this version, and back to the one of an earlier release."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.cli.base import portal_parts

TRY_AGAIN = "Nothing was changed: try again, or stop what is in the way first."


@click.command()
def upgrade() -> None:
    """Bring the database to this version."""
    from portal import migrations

    with _explained():
        migrations.upgrade(portal_parts().database.writer)
    click.echo("The database is up to date.")


@click.command()
@click.option("--to", required=True, metavar="REVISION", help="The revision of that release, as 0008.")
@click.option("--lose-data", is_flag=True, help="Do it; without this it is only told what would be lost.")
def downgrade(to: str, lose_data: bool) -> None:
    """Bring the database back to an earlier revision. Stop nodes and workers first, install the earlier release after.

    Run by the version that is installed now: the earlier one does not know how to undo what came later.
    """
    from portal import migrations

    engine = portal_parts().database.writer
    with _explained():
        lost = migrations.losses(engine, _earlier(to))
    if lost and not lose_data:
        what = "\n".join(f"- {words}" for words in lost)
        raise click.ClickException(f"This would be lost:\n{what}\nMake a backup, and say --lose-data.")
    with _explained():
        migrations.downgrade(engine, to)
    for words in lost:
        click.echo(f"lost: {words}")
    click.echo(f"The database is at {to}.")


def _earlier(to: str) -> str:
    from portal import migrations

    if to not in migrations.revisions():
        raise click.ClickException(f"There is no revision {to}: there are {', '.join(migrations.revisions())}.")
    return to


@contextmanager
def _explained() -> Iterator[None]:
    from alembic.util import CommandError

    from portal.migrations import Hindered

    try:
        yield
    except Hindered as error:
        raise click.ClickException(f"In the way: {error}. {TRY_AGAIN}") from None
    except CommandError as error:
        raise click.ClickException(f"The database is not of this version, nor of an earlier one: {error}") from None
