"""The commands about the keys of the settings."""

import click

from portal.cli.base import portal_parts


@click.group()
def keys() -> None:
    """SECRET_KEY and SECRET_KEY_FALLBACKS, and what is encrypted under them."""


@keys.command()
def renew() -> None:
    """Encrypt anew under SECRET_KEY what an earlier key encrypted; exit 1 if there is something that no key opens.

    After it nothing stored needs the earlier keys. Links and sessions that are out need them for a week.
    """
    from portal import keys as stored

    parts = portal_parts()
    with parts.database.write() as db:
        before = stored.renew(db, parts.vault)
    click.echo(f"Encrypted anew: {before.outdated}. Under the present key before: {before.present}.")
    if before.unreadable:
        raise click.ClickException(f"No key opens the second factor of {before.whose}.")
