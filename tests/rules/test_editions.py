"""What a smaller edition takes away: nothing is forgotten, nothing invented."""

from dataclasses import replace

import pytest

from portal.rules.editions import Loss, losses
from portal.rules.money import Money
from portal.rules.prices import Edition, SupportLevel

PRO = Edition("pro", "Pro", Money(48000, "EUR"), True, True, 10_000, 100_000, SupportLevel.PREMIUM)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({}, ()),
        ({"sms": False}, (Loss.SMS_CHANNEL,)),
        ({"contacts": 9_999}, (Loss.CONTACTS,)),
        ({"contacts": 10_000}, ()),
        ({"contacts": 10_001}, ()),
        ({"contacts": None}, ()),
        ({"messages_per_month": 99_999}, (Loss.MESSAGES,)),
        ({"messages_per_month": None}, ()),
        ({"support": SupportLevel.STANDARD}, (Loss.SUPPORT,)),
        ({"sms": False, "contacts": 1}, (Loss.SMS_CHANNEL, Loss.CONTACTS)),
    ],
)
def test_what_is_lost_with_another_edition(change: dict[str, object], lost: tuple[Loss, ...]) -> None:
    assert losses(PRO, replace(PRO, **change)) == lost


def test_a_limit_is_less_than_none() -> None:
    assert losses(replace(PRO, contacts=None, messages_per_month=None), PRO) == (Loss.CONTACTS, Loss.MESSAGES)


def test_what_was_never_there_is_not_lost() -> None:
    small = replace(PRO, sms=False, support=SupportLevel.STANDARD)
    assert losses(small, replace(small, name="Other")) == ()
