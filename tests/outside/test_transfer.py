"""What a transfer needs: a reference that notices mistakes, and a code that says exactly what is to be paid."""

import doctest
from xml.etree.ElementTree import fromstring

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, iso11649

from portal.factory import DEMO_BANK
from portal.outside import transfer
from portal.outside.transfer import BankAccount, epc_qr, printed, rf_reference, scannable, svg
from portal.rules.money import Money

ACCOUNT = BankAccount("Società Esempio S.r.l.", "IT60X0542811101000000123456", "BPMOIT22XXX")
IDS = st.integers(1, 2**31 - 1)


def test_the_examples_are_true() -> None:
    assert doctest.testmod(transfer).failed == 0


@given(IDS)
def test_every_order_has_a_reference_that_banks_accept(order_id: int) -> None:
    reference = rf_reference(order_id)
    assert iso11649.validate(printed(reference)) == reference
    assert reference[4:] == str(order_id)


@given(IDS, st.data())
def test_a_mistyped_digit_makes_no_reference_of_another_order(order_id: int, data: st.DataObject) -> None:
    reference = rf_reference(order_id)
    place = data.draw(st.integers(2, len(reference) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != reference[place]]))
    assert not iso11649.is_valid(reference[:place] + digit + reference[place + 1 :])


def payload(amount: str, *, holder: str = ACCOUNT.holder, bic: str = ACCOUNT.bic, charset: int = 2) -> bytes:
    """By EPC069-12, version 2: ten lines, the seventh being the amount, the tenth the creditor's reference."""
    lines = ["BCD", "002", str(charset), "SCT", bic, holder, ACCOUNT.iban, amount, "", "RF541234"]
    return "\n".join(lines).encode("iso-8859-1")


@pytest.mark.parametrize(
    ("cents", "written"),
    [(1, "EUR0.01"), (10, "EUR0.1"), (36600, "EUR366"), (36605, "EUR366.05"), (99999999999, "EUR999999999.99")],
)
def test_the_code_says_account_amount_and_reference(cents: int, written: str) -> None:
    """A code is known by its modules: the same text, level M as the standard asks, gives the same picture."""
    code = epc_qr(ACCOUNT, Money(cents, "EUR"), "RF541234")
    expected = segno.make_qr(payload(written), error="m", boost_error=False)
    assert (code.error, code.matrix) == ("M", expected.matrix)
    assert code.matrix != epc_qr(ACCOUNT, Money(cents, "EUR"), rf_reference(1235)).matrix


def test_a_bank_inside_the_eea_needs_no_bic() -> None:
    account = BankAccount("Portal", ACCOUNT.iban, "")
    code = epc_qr(account, Money(100, "EUR"), "RF541234")
    expected = segno.make_qr(payload("EUR1", holder="Portal", bic=""), error="m", boost_error=False)
    assert code.matrix == expected.matrix


@pytest.mark.parametrize("amount", [Money(100, "CHF"), Money(0, "EUR"), Money(-1, "EUR"), Money(10**11, "EUR")])
def test_what_no_transfer_by_code_can_be(amount: Money) -> None:
    with pytest.raises(ValueError, match=r"EUR|amount"):
        epc_qr(ACCOUNT, amount, "RF541234")


def test_the_picture_shows_the_modules_black_on_white_with_a_margin_of_four() -> None:
    code = epc_qr(ACCOUNT, Money(36600, "EUR"), "RF541234")
    root = fromstring(svg(code))
    ground, dark = list(root)
    size = len(code.matrix) + 8
    assert root.get("viewBox") == f"0 0 {size} {size}"
    assert (ground.get("fill"), ground.get("d")) == ("#fff", f"M0 0h{size}v{size}h-{size}z")
    assert dark.get("fill") == "#000"
    assert modules(dark.get("d") or "") == {
        (x + 4, y + 4) for y, row in enumerate(code.matrix) for x, module in enumerate(row) if module
    }


def modules(path: str) -> set[tuple[int, int]]:
    """The squares that a path of rectangles covers."""
    found = set()
    for run in path.split("z")[:-1]:
        start, _, rest = run.removeprefix("M").partition("h")
        x, y = map(int, start.split())
        found |= {(x + step, y) for step in range(int(rest.partition("v")[0]))}
    return found


def test_the_picture_needs_no_style_and_is_not_read_aloud() -> None:
    drawn = svg(epc_qr(ACCOUNT, Money(36600, "EUR"), "RF541234"))
    assert "style" not in drawn
    assert fromstring(drawn).get("aria-hidden") == "true"


def test_the_picture_of_a_text_is_that_of_the_text() -> None:
    text = "otpauth://totp/Portal:m1234?secret=JBSWY3DPEHPK3PXP&issuer=Portal"
    dark = list(fromstring(scannable(text)))[1].get("d") or ""
    matrix = segno.make(text, micro=False).matrix
    assert modules(dark) == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}


def test_the_account_of_the_demonstration_is_a_valid_one() -> None:
    assert iban.is_valid(DEMO_BANK.iban)
    assert iban.compact(DEMO_BANK.printed_iban) == DEMO_BANK.iban
