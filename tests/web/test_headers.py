"""Where the forms of our pages may lead."""

from pathlib import Path

import pytest

from portal.setting_values import Secret
from tests.helpers.browser import Browser
from tests.helpers.house import House, build

STRIPE = {"stripe_secret_key": Secret("sk_test_x"), "stripe_webhook_secret": Secret("whsec_x")}


def form_targets(house: House) -> list[str]:
    answer = Browser(house.app).open("/login")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    return policy["form-action"].split()


def test_forms_lead_to_ourselves_alone(house: House) -> None:
    assert form_targets(house) == ["'self'"]


def test_where_cards_are_taken_a_form_may_lead_to_the_card_page(tmp_path: Path, database_url: str) -> None:
    """Browsers hold the answer of a form, a way to another site, to the same rule as its target."""
    house = build(tmp_path, database_url, **STRIPE)
    assert form_targets(house) == ["'self'", "https://checkout.stripe.com"]
    house.parts.database.close()


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/static/portal.css", "/health/live"])
def test_nothing_else_is_let_in_with_it(tmp_path: Path, database_url: str, path: str) -> None:
    house = build(tmp_path, database_url, **STRIPE)
    policy = Browser(house.app).open(path).headers["Content-Security-Policy"]
    assert policy.count("https:") == 1
    assert "unsafe" not in policy
    house.parts.database.close()


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/static/portal.css"])
def test_passkeys_are_for_our_own_pages_alone(house: House, path: str) -> None:
    allowed = Browser(house.app).open(path).headers["Permissions-Policy"].split(", ")
    assert {"publickey-credentials-create=(self)", "publickey-credentials-get=(self)"} <= set(allowed)
