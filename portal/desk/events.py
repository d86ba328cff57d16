"""What staff do about a customer's money, as the customer reads it in the activity."""

from enum import StrEnum


class Event(StrEnum):
    TRANSFER_TAKEN = "desk.transfer_taken"
    MONEY_GIVEN_BACK = "desk.money_given_back"
    MONEY_KEPT = "desk.money_kept"
    MONEY_SETTLED = "desk.money_settled"
    CREDITS_GRANTED = "desk.credits_granted"
