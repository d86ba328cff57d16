"""`portal confirm-transfer`: money that staff have found on the bank's statement."""

from datetime import datetime

import click

from portal.cli.base import portal_parts
from portal.cli.invoices import Amount

ORDER = click.IntRange(1, 2_147_483_647)


@click.command("confirm-transfer")
@click.argument("order_id", metavar="ORDER", type=ORDER)
@click.option("--value-date", type=click.DateTime(["%Y-%m-%d"]), required=True, help="As the bank's statement has it.")
@click.option("--reference", required=True, help="The bank's own reference of the transfer, which names the money.")
@click.option("--amount", "cents", type=Amount(), help="What has arrived, such as 366.00. Default: all that is due.")
def confirm_transfer(order_id: int, value_date: datetime, reference: str, cents: int | None) -> None:
    """Take a bank transfer for ORDER: deliver what it pays, or open the task to give it back."""
    from portal import bookkeeping, office

    try:
        told = bookkeeping.confirm_transfer(portal_parts(), order_id, value_date.date(), reference, cents)
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(told)
