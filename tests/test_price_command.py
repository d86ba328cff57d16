"""`portal prices check`: a price list is shown as it would be in effect, or refused with everything that is wrong."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import cli
from portal.kit.clock import SystemClock
from portal.setting_values import EXAMPLE_PRICES

EXAMPLE = EXAMPLE_PRICES.read_text("utf-8")
KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"


@pytest.fixture(autouse=True)
def _nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def check(*arguments: object, **environ: str) -> Result:
    return CliRunner().invoke(cli.main, ["prices", "check", *map(str, arguments)], env=environ)


def shown(text: str) -> str:
    Path("ours.toml").write_text(text, "utf-8")
    result = check("ours.toml")
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_each_list_is_shown_with_its_days_and_prices() -> None:
    told = shown(EXAMPLE)
    before, after = told.split("\n\nFrom 2027-01-01 on")
    assert before.startswith("From 2020-01-01 to 2026-12-31")
    rows = [cells(line) for line in before.splitlines()]
    assert ["pro", "Pro", "€40.00", "€480.00", "€960.00", "e-mail, SMS", "25,000", "250,000", "standard"] in rows
    assert ["administrator", "€10.00", "€120.00", "€240.00"] in rows
    assert ["5,000", "€300.00"] in rows
    assert "unlimited" in before
    assert ["pro", "Pro", "€43.00", "€516.00", "€1,032.00", "e-mail, SMS", "25,000", "300,000", "standard"] in [
        cells(line) for line in after.splitlines()
    ]


def test_the_lists_are_shown_in_the_order_of_their_days_whatever_that_of_the_file() -> None:
    first, second = EXAMPLE.split("\n\n[[list]]")[1:]
    told = shown("[[list]]" + second + "\n\n[[list]]" + first)
    assert told.index("From 2020-01-01 to 2026-12-31") < told.index("From 2027-01-01 on")


def test_the_list_of_today_is_marked() -> None:
    """Around today by two days, so that the zone does not matter."""
    today = SystemClock().now().date()
    begun, coming = today - timedelta(days=2), today + timedelta(days=2)
    told = shown(EXAMPLE.replace("2020-01-01 ", f"{begun} ").replace("2027-01-01", f"{coming}"))
    assert f"From {begun} to {coming - timedelta(days=1)}, in effect today\n" in told
    assert f"From {coming} on\n" in told


def test_a_file_from_which_nothing_can_be_sold_today_is_a_fault() -> None:
    Path("ours.toml").write_text(EXAMPLE.replace("2020-01-01 ", "2998-01-01 ").replace("2027-", "2999-"), "utf-8")
    result = check("ours.toml")
    assert result.exit_code == 1
    assert "From 2998-01-01 to 2998-12-31" in result.stdout
    assert "No list is in effect today" in result.stderr


def test_every_fault_is_told_on_standard_error() -> None:
    Path("ours.toml").write_text(EXAMPLE.replace('"480.00"', "480.00").replace('"EUR"', '"euro"', 1), "utf-8")
    result = check("ours.toml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "- list 1, currency is wrong: write" in result.stderr
    assert "- list 1, edition 2, per_year is wrong: write" in result.stderr


@pytest.mark.parametrize(("file", "words"), [("none.toml", "cannot be read"), (".", "cannot be read")])
def test_a_file_that_is_not_there_is_refused(file: str, words: str) -> None:
    result = check(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_without_a_file_the_configured_one_is_checked(tmp_path: Path) -> None:
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path), "PORTAL_SECRET_KEY": KEY}
    assert "From 2020-01-01 to 2026-12-31" in check(**environ).stdout
    Path("ours.toml").write_text(EXAMPLE.replace("2027-01-01", "2030-06-01"), "utf-8")
    assert "From 2020-01-01 to 2030-05-31" in check(**environ, PORTAL_PRICE_LIST="ours.toml").stdout
    Path("ours.toml").write_text("", "utf-8")
    refused = check(**environ, PORTAL_PRICE_LIST="ours.toml", PORTAL_MAIL_PORT="x")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "- PORTAL_MAIL_PORT is wrong" in refused.stderr
    assert "- PORTAL_PRICE_LIST: list is missing" in refused.stderr
