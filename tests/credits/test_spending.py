"""Spending: which lots pay, once for each key, and never more than there is, however many spend at once."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.credits import actions, queries
from portal.credits.actions import KeyReused, Spent
from portal.credits.tables import LARGEST_AMOUNT, Kind, lots, movements
from portal.kit import audit
from portal.rules import credits as rules
from portal.rules.credits import Lot, NotEnough, Take
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together
from tests.rules.instants import ROME, rome

DAY = date(2026, 11, 20)
E = date(2027, 2, 28)
Answer = Spent | NotEnough | KeyReused


def spend(
    house: House, quantity: int, key: str = "batch-1", *, platform_id: int = 1234, expires_on: date | None = E
) -> Answer:
    with house.parts.database.write() as db:
        return actions.spend(db, platform_id, quantity, key=key, at=house.clock.now(), zone=ROME, expires_on=expires_on)


def left(house: House, platform_id: int = 1234) -> dict[int, int]:
    with house.parts.database.read() as db:
        return {lot.lot_id: lot.remaining for lot in queries.lots_of(db, platform_id)}


def rows(house: House) -> list[tuple[int, int, str]]:
    with house.parts.database.read() as db:
        return [tuple(row) for row in db.execute(select(movements.c.lot_id, movements.c.amount, movements.c.kind))]


@both_databases
def test_what_is_spent_leaves_the_lot_and_stands_in_the_ledger(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    assert spend(house, 30) == Spent(30, (Take(lot, 30),), house.clock.now())
    assert left(house) == {lot: 70}
    assert rows(house) == [(lot, 100, Kind.BOUGHT), (lot, -30, Kind.SPENT)]


@both_databases
def test_a_spending_over_several_lots_is_one_answer_and_a_row_for_each(house: House) -> None:
    house.platform(1234)
    newer = house.lot(1234, 50, bought_on=DAY, expires_on=E)
    older = house.lot(1234, 50, bought_on=date(2026, 1, 7), expires_on=E)
    spent = spend(house, 60)
    assert spent == Spent(60, (Take(older, 50), Take(newer, 10)), house.clock.now())
    with house.parts.database.read() as db:
        last, first = queries.movements_of(db, 1234, limit=2).rows
    assert (first.amount, last.amount) == (-50, -10)
    assert first.spending == last.spending == "batch-1"


def test_the_lot_that_expires_first_pays_even_if_it_was_bought_last(house: House) -> None:
    """An SMS-only platform that has added e-mail: its old lot has a longer life than the new one."""
    house.platform(1234)
    kept = house.lot(1234, 50, bought_on=date(2026, 1, 7), expires_on=None)
    follows_e = house.lot(1234, 50, bought_on=DAY, expires_on=E)
    spent = spend(house, 60)
    assert isinstance(spent, Spent)
    assert spent.takes == (Take(follows_e, 50), Take(kept, 10))


@both_databases
def test_the_same_key_again_gets_the_first_answer_and_spends_nothing(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 50, bought_on=date(2026, 1, 7), expires_on=E)
    house.lot(1234, 50, bought_on=DAY, expires_on=E)
    first = spend(house, 60)
    house.clock.move(days=3)
    house.lot(1234, 500, bought_on=DAY, expires_on=E)
    assert spend(house, 60) == first
    assert sum(left(house).values()) == 540


@pytest.mark.parametrize("day", ["2027-02-28 23:59:59.999999", "2027-03-01 00:00:00", "2027-03-11 00:00:00"])
def test_a_replay_is_answered_whatever_has_become_of_the_lots(house: House, day: str) -> None:
    house.platform(1234)
    house.lot(1234, 50, bought_on=DAY, expires_on=E)
    first = spend(house, 50)
    house.clock.set(rome(day))
    assert spend(house, 50) == first


@both_databases
def test_the_same_key_for_another_quantity_is_refused_with_the_first_one(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    spend(house, 30)
    assert [spend(house, quantity) for quantity in (29, 31, 2**63)] == [KeyReused(30)] * 3
    assert left(house) == {lot: 70}


def test_keys_that_look_like_the_rows_of_another_are_different(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 1, bought_on=date(2026, 1, 7), expires_on=E)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    for key in ("a", "a#1", "a#2", "a#1#1", "A", "1234:a", " "):
        assert isinstance(spend(house, 2, key), Spent)
    assert left(house)[lot] == 101 - 7 * 2
    assert spend(house, 3, "a") == KeyReused(2)


@both_databases
def test_two_platforms_may_use_the_same_key(house: House) -> None:
    for platform_id in (1234, 12345):
        house.platform(platform_id)
        house.lot(platform_id, 100, bought_on=DAY, expires_on=E)
        assert isinstance(spend(house, 30, platform_id=platform_id), Spent)
    assert sum(left(house, 12345).values()) == 70


@pytest.mark.parametrize(("key", "good"), [("k", True), ("~" * 80, True), ("~" * 81, False), ("", False)])
def test_a_key_has_one_to_eighty_characters(house: House, key: str, good: bool) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    assert actions.is_key(key) is good
    if good:
        assert isinstance(spend(house, 1, key), Spent)
    else:
        with pytest.raises(ValueError, match="printable ASCII"):
            spend(house, 1, key)


@pytest.mark.parametrize("key", ["a\n", "\x1f", "\x7f", "è", "a\x00b"])
def test_a_key_is_printable_ascii(key: str) -> None:
    assert not actions.is_key(key)


@both_databases
def test_the_longest_key_of_the_longest_platform_id_is_kept_whole(house: House) -> None:
    house.platform(999_999_999)
    house.lot(999_999_999, 100, bought_on=DAY, expires_on=E)
    first = spend(house, 1, "k" * 80, platform_id=999_999_999)
    assert spend(house, 1, "k" * 80, platform_id=999_999_999) == first


@both_databases
@pytest.mark.parametrize("quantity", [101, LARGEST_AMOUNT + 1, 2**63, 10**30])
def test_more_than_there_is_takes_nothing_and_says_how_much_is_missing(house: House, quantity: int) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    assert spend(house, quantity) == NotEnough(quantity - 100)
    assert left(house) == {lot: 100}


@pytest.mark.parametrize("quantity", [0, -1, -(2**63)])
def test_less_than_one_credit_is_a_fault_of_the_caller(house: House, quantity: int) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with pytest.raises(ValueError, match="at least one credit"):
        spend(house, quantity)


@both_databases
def test_a_refused_key_is_judged_anew_once_there_are_credits(house: House) -> None:
    house.platform(1234)
    assert spend(house, 30) == NotEnough(30)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    assert isinstance(spend(house, 30), Spent)


@pytest.mark.parametrize(
    ("at", "goes"),
    [("2027-02-28 23:59:59.999999", True), ("2027-03-01 00:00:00", False), ("2027-03-11 00:00:00", False)],
)
def test_frozen_and_lost_lots_are_never_spent(house: House, at: str, goes: bool) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    house.clock.set(rome(at))
    assert isinstance(spend(house, 1), Spent) is goes


@pytest.mark.parametrize(("at", "goes"), [("2028-11-20 23:59:59.999999", True), ("2028-11-21 00:00:00", False)])
def test_a_lot_of_an_sms_only_platform_pays_through_its_last_day(house: House, at: str, goes: bool) -> None:
    house.platform(1234, ends_in=None)
    house.lot(1234, 100, bought_on=DAY, expires_on=None)
    house.clock.set(rome(at))
    assert isinstance(spend(house, 1, expires_on=None), Spent) is goes


def test_another_platforms_credits_pay_nothing(house: House) -> None:
    house.platform(1234)
    house.platform(2000)
    house.lot(2000, 100, bought_on=DAY, expires_on=E)
    assert spend(house, 1) == NotEnough(1)


@both_databases
def test_twenty_at_once_spend_what_there_is_and_no_credit_more(house: House) -> None:
    house.platform(1234)
    for amount in (5, 3, 5):
        house.lot(1234, amount, bought_on=DAY, expires_on=E)
    answers = together(lambda number: spend(house, 2, f"batch-{number}"), 20)
    assert sum(isinstance(answer, Spent) for answer in answers) == 6
    assert [answer for answer in answers if not isinstance(answer, Spent)] == [NotEnough(1)] * 14
    assert sorted(left(house).values()) == [0, 0, 1]


@both_databases
def test_twenty_at_once_with_one_key_spend_once_and_hear_the_same(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 5, bought_on=DAY, expires_on=E)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    answers = together(lambda _: spend(house, 8), 20)
    assert answers == [answers[0]] * 20
    assert isinstance(answers[0], Spent)
    assert sum(left(house).values()) == 97


@both_databases
def test_a_purchase_amid_the_spending_is_neither_lost_nor_spent_twice(house: House) -> None:
    """The first lots of all come while others already spend: what nobody held is not taken."""
    house.platform(1234)

    def act(number: int) -> Answer | int:
        if number % 4 == 0:
            return house.lot(1234, 4, bought_on=DAY, expires_on=E)
        return spend(house, 1, f"batch-{number}")

    answers = together(act, 20)
    spent = sum(isinstance(answer, Spent) for answer in answers)
    assert sum(left(house).values()) == 5 * 4 - spent


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_lot_that_was_not_held_pays_for_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the lock and the look another lot is committed: somebody else may hold it."""
    house.platform(1234)
    first = house.lot(1234, 1, bought_on=DAY, expires_on=E)
    lock = queries.lock_lots

    def lock_and_buy(*given: object) -> set[int]:
        held = lock(*given)  # type: ignore[arg-type]  # handed on as it came
        house.lot(1234, 100, bought_on=date(2026, 1, 1), expires_on=E)
        return held

    monkeypatch.setattr(queries, "lock_lots", lock_and_buy)
    spent = spend(house, 1)
    assert isinstance(spent, Spent)
    assert spent.takes == (Take(first, 1),)


def test_spending_writes_nothing_into_the_activity_list(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)

    def events() -> int:
        with house.parts.database.read() as db:
            return db.execute(select(func.count()).select_from(audit.events)).scalar_one()

    before = events()
    spend(house, 1)
    assert events() == before


# --- granting ---------------------------------------------------------------------------------------------------------


@both_databases
def test_no_order_gives_two_lots(house: House) -> None:
    house.platform(1234)

    def grant(order_id: int | None) -> None:
        with house.parts.database.write() as db:
            actions.grant(db, 1234, 10, bought_on=DAY, expires_on=E, at=house.clock.now(), order_id=order_id)

    grant(7)
    with pytest.raises(IntegrityError):
        grant(7)
    for _ in range(2):
        grant(None)
    with house.parts.database.read() as db:
        assert list(db.execute(select(lots.c.order_id).order_by(lots.c.id)).scalars()) == [7, None, None]
    assert sum(left(house).values()) == 30


@both_databases
def test_the_largest_lot_is_what_the_ledger_can_write(house: House) -> None:
    house.platform(1234)
    for _ in range(2):
        house.lot(1234, LARGEST_AMOUNT, bought_on=DAY, expires_on=E)
    with pytest.raises(ValueError, match="at most"):
        house.lot(1234, LARGEST_AMOUNT + 1, bought_on=DAY, expires_on=E)
    assert isinstance(spend(house, 2 * LARGEST_AMOUNT), Spent)
    assert spend(house, 2 * LARGEST_AMOUNT) == Spent(
        2 * LARGEST_AMOUNT, tuple(Take(lot, LARGEST_AMOUNT) for lot in left(house)), house.clock.now()
    )


# --- any sequence -----------------------------------------------------------------------------------------------------


@dataclass
class Model:
    """What the rules alone say of the same sequence."""

    lots: list[Lot] = field(default_factory=list)
    answers: dict[str, Spent] = field(default_factory=dict)

    def take(self, spent: Spent) -> None:
        taken = {take.lot_id: take.quantity for take in spent.takes}
        self.lots = [
            Lot(lot.lot_id, lot.bought_on, lot.remaining - taken.get(lot.lot_id, 0), lot.kept_until)
            for lot in self.lots
        ]


GRANTS = st.tuples(st.just("grant"), st.integers(1, 60), st.integers(0, 800), st.booleans())
SPENDS = st.tuples(st.just("spend"), st.integers(1, 90), st.sampled_from("abcdef"), st.integers(0, 40))
platform_ids = count(10_000)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(GRANTS | SPENDS, max_size=14), sms_only=st.booleans())
def test_any_sequence_keeps_the_ledger_and_the_rules_in_step(
    house: House, steps: list[tuple[str, int, int | str, int]], sms_only: bool
) -> None:
    platform_id, model, expires_on = next(platform_ids), Model(), None if sms_only else E
    house.clock.set(rome("2027-01-01 12:00:00"))
    house.platform(platform_id, ends_in=None if sms_only else 58)
    for what, amount, detail, extra in steps:
        if what == "grant":
            assert isinstance(detail, int)
            bought_on = date(2027, 1, 1) - timedelta(days=detail)
            until = None if sms_only or extra else E
            lot_id = house.lot(platform_id, amount, bought_on=bought_on, expires_on=until)
            model.lots.append(rules.buy(lot_id, bought_on, amount, until))
        else:
            house.clock.move(days=extra)
            check_spending(house, model, platform_id, amount, str(detail), expires_on)
        assert left(house, platform_id) == {lot.lot_id: lot.remaining for lot in model.lots}
        assert sums(house, platform_id) == {lot.lot_id: lot.remaining for lot in model.lots}


def check_spending(
    house: House, model: Model, platform_id: int, quantity: int, key: str, expires_on: date | None
) -> None:
    """Spend, and compare the answer with what the rules say; a key that was booked answers as it did then."""
    answer = spend(house, quantity, key, platform_id=platform_id, expires_on=expires_on)
    known = model.answers.get(key)
    if known:
        assert answer == (known if known.quantity == quantity else KeyReused(known.quantity))
        return
    expected = rules.spend(model.lots, quantity, expires_on, house.clock.now(), ROME)
    if isinstance(expected, NotEnough):
        assert answer == expected
        return
    assert answer == Spent(quantity, expected, house.clock.now())
    model.answers[key] = answer
    model.take(answer)


def sums(house: House, platform_id: int) -> dict[int, int]:
    """The balance of each lot, summed by the rules from the ledger's own rows; they refuse one below zero."""
    query = select(movements.c.lot_id, movements.c.amount).join(lots).where(lots.c.platform_id == platform_id)
    with house.parts.database.read() as db:
        return rules.remaining(db.execute(query).tuples())
