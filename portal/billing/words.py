"""The words for what is sold and how it is taxed: the same in quotes, orders, mails and invoices.

All in the present language (`portal.kit.texts`). An item is the stable name of a line: "edition.<code>",
"upgrade.<code>", "administrator", "credits.<number or code>", "support.<code>", and "credit" of a credit note.
"""

from collections.abc import Mapping
from datetime import date

from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import ngettext
from portal.rules import dates
from portal.rules.money import Money
from portal.rules.pricing import Line, Offer, TaxTreatment
from portal.rules.terms import YEARLY_TERM_MONTHS

NO_NAMES: Mapping[str, str] = {}
FOR_A_TIME = ("edition", "administrator", "support")  # what is bought for the days of its offer


def item_words(line: Line, names: Mapping[str, str] = NO_NAMES, *, offer: Offer | None = None) -> str:
    """What a line buys: "Edition Pro, 12 months", "Additional administrator × 2, 99 of 365 days".

    names: the price list's names by code; a code without one is written with a capital. offer: the line's, whose dates
    tell the months of a whole term. An item that nobody has given words to is shown by its stable name, so that an
    invoice is never left without its line.
    """
    what = _thing(line.item, names)
    counted = what if line.quantity == 1 else f"{what} × {texts.number(line.quantity)}"
    whole = offer is not None and line.denominator == 1 and line.item.partition(".")[0] in FOR_A_TIME
    span = _months_words(offer.starts_on, offer.ends_on) if offer and whole else span_words(line)
    return f"{counted}, {span}" if span else counted


def _months_words(first: date | None, last: date | None) -> str:
    """The number of months for days that are whole months; empty for others."""
    if first is None or last is None:
        return ""
    end = last + dates.ONE_DAY
    months = dates.months_between(first, end)
    whole = months > 0 and dates.falls_on_anchor(first, end)
    return ngettext("%(num)d month", "%(num)d months", months) if whole else ""


def _thing(item: str, names: Mapping[str, str]) -> str:
    kind, _dot, code = item.partition(".")
    name = names.get(code, code[:1].upper() + code[1:])
    if kind == "credits" and code.isascii() and code.isdigit():
        return ngettext("%(number)s SMS credit", "%(number)s SMS credits", int(code), number=texts.number(int(code)))
    found = {
        "edition": _("Edition %(name)s", name=name),
        "upgrade": _("Change to %(name)s", name=name),
        "administrator": _("Additional administrator"),
        "credits": _("SMS credits, pack %(name)s", name=name),
        "support": _("%(name)s support", name=name),
        "credit": _("Part of the amount, given back"),
    }
    return found.get(kind, item)


def span_words(line: Line) -> str:
    """The time that a line pays for, read off its fraction: twelfths are months of a year, others are days of a term.

    No term has twelve days, so that the two cannot be mixed up. Empty where there is no fraction.
    """
    part, whole = line.numerator, line.denominator
    if whole == 1:
        return ""
    if whole == YEARLY_TERM_MONTHS:
        return ngettext("%(num)d month", "%(num)d months", part)
    if part == whole:
        return ngettext("%(num)d day", "%(num)d days", part)
    return ngettext("%(num)d of %(whole)d days", "%(num)d of %(whole)d days", part, whole=whole)


def formula_words(line: Line) -> str:
    """How the amount is made: "2 × €120.00 × 99/365". Each one is rounded before it is multiplied by the number."""
    price = amount_words(line.unit_price)
    one = price if line.numerator == line.denominator else f"{price} × {line.numerator}/{line.denominator}"
    return one if line.quantity == 1 else f"{texts.number(line.quantity)} × {one}"


def amount_words(amount: Money) -> str:
    """An amount with its currency: "€120.00"."""
    return texts.money(amount.cents, amount.currency)


def tax_label(treatment: TaxTreatment) -> str:
    """What stands beside the amount of the tax: "VAT 22 %"."""
    return {
        TaxTreatment.ITALIAN_VAT: _("VAT %(rate)s %%", rate=texts.number(treatment.permille // 10)),
        TaxTreatment.REVERSE_CHARGE: _("VAT, reverse charge"),
        TaxTreatment.OUTSIDE_EU: _("VAT, not due"),
    }[treatment]


def tax_note(treatment: TaxTreatment) -> str:
    """What an invoice has to say of its tax, with the rule; empty where the rate says it all."""
    return {
        TaxTreatment.ITALIAN_VAT: "",
        TaxTreatment.REVERSE_CHARGE: _(
            "Reverse charge: the VAT is paid by the customer. Not subject to VAT in Italy under art. 7-ter of D.P.R. "
            "633/1972; Articles 44 and 196 of Directive 2006/112/EC."
        ),
        TaxTreatment.OUTSIDE_EU: _(
            "Not subject to VAT in Italy under art. 7-ter of D.P.R. 633/1972: the customer is established outside the "
            "European Union."
        ),
    }[treatment]
