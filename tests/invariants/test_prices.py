"""No page and no code of a page holds a price: what is sold stands in the price list alone."""

import re
from pathlib import Path

import pytest

import portal

PORTAL = Path(portal.__file__).parent
AMOUNT = re.compile(r"€|\bEUR\b|\b\d+[.,]\d{2}\b(?!rem|em|s|%|px)")
FILES = sorted(
    [*(PORTAL / "templates").rglob("*.html"), *(PORTAL / "templates").rglob("*.txt"), *(PORTAL / "web").rglob("*.py")]
)
IN_STYLE = re.compile(r"<style.*?</style>|<svg.*?</svg>|\"\"\".*?\"\"\"", re.DOTALL)


EXAMPLE = re.compile(r"such as [0-9.,]+|\{\d+,\d+\}")  # what to type into a field; how often in a pattern


def found_in(text: str) -> list[str]:
    return AMOUNT.findall(EXAMPLE.sub("", IN_STYLE.sub("", text)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PORTAL)))
def test_no_price_stands_in_a_page(path: Path) -> None:
    assert found_in(path.read_text("utf-8")) == [], f"{path.name}: take the amount from the price list"


@pytest.mark.parametrize("text", ["<p>€120</p>", "price = 'EUR 5'", "<td>120.00</td>", "<td>120,00</td>"])
def test_the_search_finds_prices(text: str) -> None:
    assert found_in(text)
