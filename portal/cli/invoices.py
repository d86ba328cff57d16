"""The commands about invoices."""

import re

import click

from portal.cli.base import portal_parts


class Amount(click.ParamType[int]):
    """An amount such as 12.50, as cents."""

    name = "AMOUNT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,7})(?:[.,]([0-9]{2}))?", str(value), re.ASCII)
        if found is None:
            self.fail("write an amount such as 12.50", param, ctx)
        return int(found[1]) * 100 + int(found[2] or 0)


@click.command("credit-note")
@click.argument("number")
@click.option("--reason", required=True, help="Why; it stands on the credit note.")
@click.option("--amount", "cents", type=Amount(), help="Tax included, such as 12.50. Default: all that is left.")
def credit_note(number: str, reason: str, cents: int | None) -> None:
    """Credit the invoice NUMBER, in whole or in part. It moves no money."""
    from portal import bookkeeping, office

    try:
        written = bookkeeping.credit_note(portal_parts(), number, reason, cents)
    except office.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"Credit note {written.number} is issued for {number}.")
