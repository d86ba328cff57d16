"""Bank transfers: the account, the reference that names an order on a statement, and the code a bank's app scans.

Nothing is asked of anybody here: staff read the statement and confirm what has arrived.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup
from stdnum import iban as stdnum_iban
from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

from portal.rules.money import Money

if TYPE_CHECKING:  # loaded where a code is drawn: few processes ever do, and none when it starts
    from segno import QRCode

EPC_CURRENCY = "EUR"  # the only one of EPC069-12
QUIET = 4  # modules of white around the code, by its standard


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a transfer goes. iban: without blanks. bic: may be empty, which is enough inside the EEA."""

    holder: str
    iban: str
    bic: str

    @property
    def printed_iban(self) -> str:
        """In groups of four, as on paper.

        >>> BankAccount("Portal", "IT60X0542811101000000123456", "").printed_iban
        'IT60 X054 2811 1010 0000 0123 456'
        """
        return str(stdnum_iban.format(self.iban))


def rf_reference(order_id: int) -> str:
    """The creditor reference of an order by ISO 11649: a mistyped digit, or two that changed places, are noticed.

    >>> rf_reference(1234)
    'RF541234'
    """
    number = str(order_id)
    return f"RF{mod_97_10.calc_check_digits(number + 'RF')}{number}"


def printed(reference: str) -> str:
    """A creditor reference in groups of four.

    >>> printed("RF541234")
    'RF54 1234'
    """
    return str(iso11649.format(reference))


def epc_qr(account: BankAccount, amount: Money, reference: str) -> "QRCode":
    """The code that fills in a transfer (EPC069-12, version 2).

    Raises ValueError for another currency than the euro, no amount, or more than 999,999,999.99.
    """
    from segno.helpers import make_epc_qr

    if amount.currency != EPC_CURRENCY:
        raise ValueError(f"a transfer by code is in {EPC_CURRENCY}, not in {amount.currency}")
    euros = Decimal(amount.cents) / 100
    return make_epc_qr(account.holder, account.iban, euros, reference=reference, bic=account.bic or None)


def scannable(text: str) -> Markup:
    """A text as a code that a camera reads."""
    import segno

    return svg(segno.make(text, micro=False))


def svg(code: "QRCode") -> Markup:
    """The code as a picture inside of a page, with attributes only, which the content policy allows.

    Black on white with its white margin in the dark scheme too: a camera needs the contrast. `aria-hidden`, since
    everything it says stands beside it in words.
    """
    size = code.symbol_size(border=QUIET)[0]
    dark = "".join(_runs(code))
    return Markup(
        '<svg class="code" width="200" height="200" viewBox="0 0 %(size)d %(size)d" aria-hidden="true"'
        ' focusable="false" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h%(size)dv%(size)dh-%(size)dz"/><path fill="#000" d="%(dark)s"/></svg>'
    ) % {"size": size, "dark": dark}


def _runs(code: "QRCode") -> Iterator[str]:
    """A rectangle for each run of dark modules in a row."""
    for y, row in enumerate(code.matrix_iter(border=QUIET)):
        x = 0
        for dark, run in groupby(row):
            width = len(list(run))
            if dark:
                yield f"M{x} {y}h{width}v1h-{width}z"
            x += width
