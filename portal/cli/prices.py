"""`portal prices check`: what a price list says and from when, or everything that is wrong with it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from portal import setting_values, settings
from portal.kit import texts
from portal.kit.clock import SystemClock
from portal.rules import dates, terms
from portal.rules.money import Money
from portal.rules.price_file import PriceListFaults
from portal.rules.prices import Edition, PriceList, PriceLists
from portal.rules.pricing import price_of_term


@click.group()
def prices() -> None:
    """The price list."""


@prices.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Show each price list of FILE (default: the configured one) with its days; exit 1 with every fault."""
    zone = terms.BUSINESS_ZONE
    try:
        if file is None:
            configured = settings.load()
            file, zone = configured.price_list, configured.timezone
        found = setting_values.price_lists(file)
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from None
    except PriceListFaults as error:
        told = "".join(f"\n- {fault}" for fault in error.faults)
        raise click.ClickException(f"The price list cannot be used:{told}") from None
    today = dates.business_date(SystemClock().now(), zone)
    with texts.speaking("en"):
        click.echo("\n\n".join("\n".join(_lines(each, until, today)) for each, until in _in_order(found)))
    if all(each.starts_on > today for each in found.lists):
        raise click.ClickException(f"No list is in effect today, {today}: add one that starts earlier.")


def _in_order(found: PriceLists) -> Iterator[tuple[PriceList, date | None]]:
    """Each list, oldest first, with its last day; None: until another one is written."""
    ordered = sorted(found.lists, key=lambda each: each.starts_on)
    for each, following in zip(ordered, [*ordered[1:], None], strict=True):
        yield each, following.starts_on - dates.ONE_DAY if following else None


def _lines(each: PriceList, until: date | None, today: date) -> Iterator[str]:
    present = each.starts_on <= today and (until is None or today <= until)
    yield f"From {each.starts_on} {f'to {until}' if until else 'on'}{', in effect today' if present else ''}"
    yield ""
    yield from _table(
        [
            [
                "edition",
                "name",
                *(_months(count) for count in each.months),
                "channels",
                "contacts",
                "a month",
                "support",
            ],
            *(_edition(edition, each) for edition in each.editions),
        ]
    )
    yield ""
    rows = [["administrator", *(_money(price_of_term(each.administrator_per_year, count)) for count in each.months)]]
    yield from _table([["", *(_months(count) for count in each.months)], *rows])
    yield ""
    yield from _table([["credits", "price"], *([texts.number(p.credits), _money(p.price)] for p in each.packs)])
    yield ""
    yield f"Premium support a year: {_money(each.premium_support_per_year)}. Trial: {each.trial_edition}. All are net."
    yield f"Credits a message: {', '.join(f'{country} {cost}' for country, cost in each.credits_per_message.items())}."


def _edition(edition: Edition, each: PriceList) -> list[str]:
    return [
        edition.code,
        edition.name,
        *(_money(price_of_term(edition.per_year, count)) for count in each.months),
        "e-mail, SMS" if edition.sms else "e-mail",
        _limit(edition.contacts),
        _limit(edition.messages_per_month),
        edition.support,
    ]


def _table(rows: list[list[str]]) -> Iterator[str]:
    """Rows of cells as lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _months(count: int) -> str:
    return f"{count} months" if count > 1 else "1 month"


def _money(amount: Money) -> str:
    return texts.money(amount.cents, amount.currency)


def _limit(most: int | None) -> str:
    return "unlimited" if most is None else texts.number(most)
