"""The wiring: which ways to pay a portal has."""

from pathlib import Path

from portal.demonstration import prepare
from portal.factory import create_app
from portal.outside.demo_payments import DemoPayments
from portal.outside.service import DemoService, HttpService
from portal.outside.stripe_checkout import StripeCheckout
from portal.outside.transfer import BankAccount
from portal.parts import Parts
from portal.rules.orders import Way
from portal.setting_values import Secret
from tests.helpers.house import House, build
from tests.outside.test_payments_contract import ASKING

STRIPE = {"stripe_secret_key": Secret("sk_test_x"), "stripe_webhook_secret": Secret("whsec_x")}


def parts(tmp_path: Path, database_url: str, **settings: object) -> Parts:
    house = build(tmp_path, database_url, **settings)
    house.parts.database.close()
    return house.parts


def test_without_a_word_about_paying_there_is_no_way_to_pay(house: House) -> None:
    assert (house.parts.providers, house.parts.bank) == ({}, None)


def test_cards_are_taken_where_stripe_is_configured(tmp_path: Path, database_url: str) -> None:
    found = parts(tmp_path, database_url, **STRIPE)
    assert {way: type(provider) for way, provider in found.providers.items()} == {Way.CARD: StripeCheckout}


def test_transfers_are_taken_where_there_is_an_account(tmp_path: Path, database_url: str) -> None:
    found = parts(tmp_path, database_url, bank_holder="Posta Chiara", bank_iban="IT60X0542811101000000123456")
    assert found.bank == BankAccount("Posta Chiara", "IT60X0542811101000000123456", "")


def test_the_demonstration_pays_with_nothing_real(tmp_path: Path, database_url: str) -> None:
    """Even where a shell still holds the secrets of a real account."""
    found = parts(tmp_path, database_url, demo=True, **STRIPE)
    assert {way: type(provider) for way, provider in found.providers.items()} == {Way.DEMO: DemoPayments}
    assert found.bank is not None


def test_the_service_that_is_told_is_the_configured_one_the_given_one_or_the_demonstrations(
    house: House, tmp_path: Path, database_url: str
) -> None:
    assert house.parts.service is None
    configured = {"service_url": "https://send.example", "service_secret": Secret("x" * 40)}
    assert isinstance(parts(tmp_path, database_url, **configured).service, HttpService)
    assert isinstance(parts(tmp_path, database_url, demo=True, **configured).service, DemoService)
    given = DemoService(tmp_path, clock=house.clock)
    assert parts(tmp_path, database_url, service=given, **configured).service is given


def test_two_processes_of_the_demonstration_sign_with_one_secret(tmp_path: Path, database_url: str) -> None:
    first, second = (parts(tmp_path, database_url, demo=True) for _ in range(2))
    started = first.providers[Way.DEMO].start(ASKING)
    assert second.providers[Way.DEMO].start(ASKING) == started
    other = parts(tmp_path, database_url, demo=True, secret_key=Secret("Another-key-0123456789-of-the-same-length-abc"))
    assert other.providers[Way.DEMO].start(ASKING) != started


def test_a_new_demonstration_forgets_what_was_paid_in_the_last_one(tmp_path: Path) -> None:
    """Its payments are numbered from one again, and none of them may find an old session."""

    def make() -> object:
        return create_app(instance_path=tmp_path, demo=True, argon2_memory_kib=1024)

    prepare(make, keep=False)
    provider = make().extensions["portal"].providers[Way.DEMO]  # type: ignore[attr-defined]
    reference = provider.start(ASKING).reference
    prepare(make, keep=True)
    assert provider.find(reference) is not None
    prepare(make, keep=False)
    assert provider.find(reference) is None
