"""The price lists as an operator writes them: from parsed TOML to values, with every fault told at once.

A price that is read wrong is charged wrong, so nothing is guessed: each key has to be there and to be known, and an
amount is a text with two decimals, because a number with a point would be a float. `portal/prices.toml` is an example
with the meaning of each key. Where the file is silent nothing is assumed: what has no limit is "unlimited".
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from portal.rules import price_values as read
from portal.rules.money import Money
from portal.rules.prices import Edition, Pack, PriceList, PriceLists

MISSING = object()  # what is read in the place of a key that is not there: no value is like it
Keys = Mapping[str, Callable[[object], Any]]
LIST: Keys = {
    "starts_on": read.day,
    "currency": read.currency,
    "trial_edition": read.code,
    "months": read.months,
    "administrator_per_year": read.amount,
    "premium_support_per_year": read.amount,
    "credits_per_message": read.costs,
    "edition": read.tables("list.edition"),
    "pack": read.tables("list.pack"),
}
EDITION: Keys = {
    "code": read.code,
    "name": read.name,
    "per_year": read.amount,
    "email": read.email,
    "sms": read.flag,
    "contacts": read.limit,
    "messages_per_month": read.limit,
    "support": read.support,
}
PACK: Keys = {"credits": read.number(read.MOST), "price": read.amount}


class PriceListFaults(Exception):
    """The file cannot be used; `faults` has a line for each fault, with its place and its remedy."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def parse(data: Mapping[str, object]) -> PriceLists:
    """The price lists of a file. Raises PriceListFaults with every fault, whatever the data, and nothing else.

    >>> parse({})
    Traceback (most recent call last):
    ...
    portal.rules.price_file.PriceListFaults: list is missing: write at least one, under [[list]].
    """
    faults: list[str] = []
    tables = _table(data, {"list": read.tables("list")}, "", faults).get("list", ())
    found = [_list(each, f"list {number}", faults) for number, each in enumerate(tables, start=1)]
    for day in _repeated(values.get("starts_on") for values in found):
        faults.append(f"list: two lists start on {day}: change one of the dates, or take one list away.")
    currencies = sorted({values["currency"] for values in found if "currency" in values})
    if len(currencies) > 1:
        faults.append(f"list: the lists are in {' and '.join(currencies)}: write one currency in all of them.")
    if faults:
        raise PriceListFaults(faults)
    return PriceLists(tuple(_made(values) for values in found))


def _list(data: object, place: str, faults: list[str]) -> dict[str, Any]:
    """What is right of a list, with the tables inside it read too."""
    found = _table(data, LIST, place, faults)
    for name, keys in (("edition", EDITION), ("pack", PACK)):
        tables = enumerate(found.get(name, ()), start=1)
        found[name] = [_table(each, keys, f"{place}, {name} {number}", faults) for number, each in tables]
    faults += [f"{place}, {fault}" for fault in [*_faults_of_editions(found), *_faults_of_packs(found["pack"])]]
    return found


def _faults_of_editions(found: Mapping[str, Any]) -> list[str]:
    """What is wrong with the editions together; what is wrong with one alone has been told."""
    editions = found["edition"]
    codes = [edition["code"] for edition in editions if "code" in edition]
    faults = [f"edition: the code {code} stands twice: change one of them." for code in _repeated(codes)]
    prices = [edition["per_year"] for edition in editions if "per_year" in edition]
    if any(before >= after for before, after in pairwise(prices)):
        faults.append("edition: put the cheapest first, and give each next one a higher per_year.")
    trial = found.get("trial_edition")
    if trial and codes and len(codes) == len(editions) and trial not in codes:
        faults.append(f"trial_edition is wrong: write the code of one of the editions, not {trial}.")
    return faults


def _faults_of_packs(packs: Iterable[Mapping[str, Any]]) -> list[str]:
    sizes = [pack["credits"] for pack in packs if "credits" in pack]
    if any(before >= after for before, after in pairwise(sizes)):
        return ["pack: put the smallest first, and give each next one more credits."]
    return []


def _table(data: object, keys: Keys, place: str, faults: list[str]) -> dict[str, Any]:
    """The values of a table that are right; what is wrong, missing or unknown is a fault."""
    where = f"{place}, " if place else ""
    if not isinstance(data, Mapping):
        faults.append(f"{place or 'the file'}: write a table, that is lines such as key = value.")
        return {}
    for key in data:
        if key not in keys:
            faults.append(f"{where}{read.shown(key)} is no key of the price list: mend its name or take it away.")
    found = {}
    for key, value_of in keys.items():
        try:
            found[key] = value_of(data.get(key, MISSING))
        except ValueError as error:
            faults.append(f"{where}{key} is {'wrong' if key in data else 'missing'}: {error}.")
    return found


def _repeated(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, times in Counter(values).items() if times > 1 and value is not None]


def _made(values: Mapping[str, Any]) -> PriceList:
    """The list, once nothing is wrong with any."""
    currency = values["currency"]
    rest = {key: values[key] for key in ("starts_on", "currency", "trial_edition", "months", "credits_per_message")}
    return PriceList(
        **rest,
        editions=tuple(_edition(edition, currency) for edition in values["edition"]),
        administrator_per_year=Money(values["administrator_per_year"], currency),
        packs=tuple(_pack(pack, currency) for pack in values["pack"]),
        premium_support_per_year=Money(values["premium_support_per_year"], currency),
    )


def _edition(values: Mapping[str, Any], currency: str) -> Edition:
    return Edition(**dict(values) | {"per_year": Money(values["per_year"], currency)})


def _pack(values: Mapping[str, Any], currency: str) -> Pack:
    """A pack is known by the number of its credits, which no other pack of the list has."""
    return Pack(str(values["credits"]), values["credits"], Money(values["price"], currency))
