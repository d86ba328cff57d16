"""What makes the mails about orders leave: cases of `test_letters`, each through the billing's own functions."""

from collections.abc import Callable
from dataclasses import replace

from portal.accounts.queries import Administrator
from portal.billing import orders, settle
from portal.billing.choices import SeatsChoice, TermChoice
from portal.billing.queries import Order
from portal.jobs.payments import till
from portal.outside.transfer import BankAccount
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from tests.helpers.house import House
from tests.helpers.shop import PACK

BANK = BankAccount("Posta Chiara S.r.l.", "IT60X0542811101000000123456", "BCITITMM")


def with_bank(house: House) -> None:
    """The portal has an account for transfers."""
    house.app.extensions["portal"] = replace(house.parts, bank=BANK)


def order_received(house: House, language: str) -> None:
    buyer(house, language)
    house.order(TermChoice("pro", 12, 2))


def transfer_awaited(house: House, language: str, order: Order | None = None) -> None:
    """A renewal in the grace: both days of RULES.md count."""
    with_bank(house)
    person = buyer(house, language, ends_in=-3)
    placed = order or house.order()
    with house.parts.database.write() as db:
        zone = house.parts.settings.timezone
        assert orders.choose_transfer(db, placed, to=person, at=house.clock.now(), zone=zone)


def transfer_awaited_for_credits(house: House, language: str) -> None:
    buyer(house, language)
    transfer_awaited(house, language, house.order(PACK))


def transfer_awaited_for_seats(house: House, language: str) -> None:
    buyer(house, language, ends_in=20)
    transfer_awaited(house, language, house.order(SeatsChoice(2)))


def payment_received(house: House, language: str) -> None:
    buyer(house, language)
    house.pay(house.order(TermChoice("pro", 12, 2)))


def payment_received_for_credits(house: House, language: str) -> None:
    buyer(house, language)
    house.pay(house.order(PACK))


def payment_failed(house: House, language: str) -> None:
    buyer(house, language)
    at, order = house.clock.now(), house.order()
    with house.parts.database.write() as db:
        payment = orders.begin_payment(db, order, Way.CARD, at=at)
        orders.note_started(db, payment.id, reference="cs_1", address="https://example.com/pay")
        report = Report(Way.CARD, "event-1", "cs_1", PaymentState.FAILED, None, at)
        settle.receive(db, report, till(house.parts, at))


def payment_short(house: House, language: str) -> None:
    with_bank(house)
    buyer(house, language)
    house.pay(house.order(), amount=Money(50000, "EUR"))


def payment_not_used(house: House, language: str) -> None:
    buyer(house, language)
    order = house.order()
    house.pay(order)
    house.pay(order, reference="the same again")


def buyer(house: House, language: str, *, ends_in: int = 98) -> Administrator:
    """m1234, as she is found or made."""
    found = house.administrator("m1234")
    if found:
        return found
    house.platform(1234, ends_in=ends_in)
    return house.person("m1234", language=language)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case
    for case in (
        order_received,
        transfer_awaited,
        transfer_awaited_for_credits,
        transfer_awaited_for_seats,
        payment_received,
        payment_received_for_credits,
        payment_failed,
        payment_short,
        payment_not_used,
    )
}
