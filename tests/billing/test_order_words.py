"""Every value that a customer can meet about an order has its words, in every language."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from portal.billing import order_words
from portal.billing.attempts import NotNow
from portal.billing.tasks import Task
from portal.kit import texts
from portal.rules.orders import Kind, OrderState, PaymentState, Way
from tests.rules.price_lists import LISTS


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    ("words", "values"),
    [
        (order_words.kind, Kind),
        (order_words.order_state, OrderState),
        (order_words.payment_state, PaymentState),
        (order_words.money_task, Task),
        (order_words.not_now, NotNow),
        (lambda way: order_words.pay_button(way, "€1.00"), Way),
    ],
)
def test_every_value_has_words_of_its_own(words: Callable[[Any], str], values: Any, language: str) -> None:
    with texts.speaking(language):
        said = [words(value) for value in values]
    assert all(said)
    assert len(set(said)) == len(values)


def test_an_edition_that_is_sold_no_more_keeps_its_name() -> None:
    assert order_words.edition_names(LISTS, date(2026, 5, 31)) == {"old": "Old", "starter": "Starter", "pro": "Pro"}
    assert set(order_words.edition_names(LISTS, date(2026, 6, 1))) == {"old", "starter", "pro", "business"}
