"""`portal purge …`: who is going to be deleted, doing it now, and the certificates of what was."""

import json

import click

from portal.cli.base import portal_parts


@click.group()
def purge() -> None:
    """The deletion of platforms whose time is over."""


@purge.command("dry-run")
def dry_run() -> None:
    """Say which platforms are due, how many rows would go, and why some of them stay. Changes nothing."""
    from portal.jobs import purge as job

    due = 0
    for candidate in job.find_candidates(portal_parts()):
        due, place = due + 1, candidate.place
        why = "stays: " + ", ".join(candidate.refusals) if candidate.refusals else "goes"
        click.echo(f"{place.platform.id}  E {place.expires_on or '–'}  {sum(candidate.rows.values())} rows  {why}")
        for name, rows in candidate.rows.items():
            click.echo(f"    {name}: {rows}")
    click.echo(f"{due} platforms are due for deletion." if due else "No platform is due for deletion.")


@purge.command()
def run() -> None:
    """Mark what is due now, and go on with what is marked; a worker does the same by itself."""
    from portal.jobs import purge as job
    from portal.purging import queries

    parts = portal_parts(told=True)
    marked = job.mark_due(parts)
    job.go_on(parts)
    with parts.database.read() as db:
        going = queries.find_marked(db)
    click.echo(f"{marked} platforms marked now, {len(going)} on their way.")


@purge.command()
@click.argument("platform_id", type=int)
def certificate(platform_id: int) -> None:
    """Print the certificate of a deletion, with its seal."""
    from portal.purging import certificates, queries

    with portal_parts().database.read() as db:
        found = queries.find(db, platform_id)
    if found is None or found.erased_at is None:
        raise click.ClickException(f"Platform {platform_id} was not deleted, or not to its end yet.")
    told = certificates.certificate(found)
    click.echo(json.dumps(told | {"seal": certificates.seal_of(told)}, indent=2))


@purge.command("certificates")
def all_certificates() -> None:
    """Print the certificates of all deletions, one a line, to be kept outside: `portal restore --purged` reads them."""
    from portal.purging import certificates, queries

    with portal_parts().database.read() as db:
        for found in queries.find_erased(db):
            told = certificates.certificate(found)
            click.echo(json.dumps(told | {"seal": certificates.seal_of(told)}))
