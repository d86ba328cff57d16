"""What the subscription writes into the activity list."""

from enum import StrEnum


class Event(StrEnum):
    PLATFORM_CREATED = "subscription.platform_created"
    SEAT_GRANTED = "subscription.seat_granted"
    CANCELLED = "subscription.cancelled"
    CANCELLATION_UNDONE = "subscription.cancellation_undone"
    SEATS_REDUCED = "subscription.seats_reduced"
    BLOCKED = "subscription.blocked"
    UNBLOCKED = "subscription.unblocked"
    HELD = "subscription.legal_hold"
    RELEASED = "subscription.legal_hold_released"
