"""The commands: `portal …`. Each exits 0 only if it did what it says, and says on standard error why not."""

from typing import Any

import click

from portal.cli import (
    activity,
    backup,
    credits,
    invoices,
    keys,
    nightly,
    people,
    platforms,
    prices,
    purge,
    running,
    staff,
    transfers,
    upgrading,
)


def _refused_by_the_database() -> type[Exception]:
    """Asked for where something was raised: nobody waits for the library who needs no database."""
    from sqlalchemy.exc import SQLAlchemyError

    return SQLAlchemyError


class Commands(click.Group):
    """A database that fails is explained too, whichever command meets it; the statement goes to no terminal."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except _refused_by_the_database() as error:
            what = type(error).__name__
            raise click.ClickException(f"The database refused ({what}): `portal check` says what is wrong.") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The account portal."""


for command in (
    running.demo,
    running.serve,
    running.worker,
    upgrading.upgrade,
    upgrading.downgrade,
    running.check,
    platforms.platform,
    people.administrator,
    people.end_sessions,
    people.send_reset_link,
    prices.prices,
    invoices.credit_note,
    transfers.confirm_transfer,
    activity.activity,
    credits.credits,
    keys.keys,
    nightly.nightly,
    purge.purge,
    staff.staff,
    backup.backup,
    backup.restore,
    backup.held,
):
    main.add_command(command)
