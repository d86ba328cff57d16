"""What the subscription writes into the activity list."""

from enum import StrEnum


class Event(StrEnum):
    PLATFORM_CREATED = "subscription.platform_created"
    MOVED_IN = "subscription.moved_in"
    SEAT_GRANTED = "subscription.seat_granted"
    CANCELLED = "subscription.cancelled"
    CANCELLATION_UNDONE = "subscription.cancellation_undone"
    EDITION_PLANNED = "subscription.edition_planned"
    EDITION_PLAN_UNDONE = "subscription.edition_plan_undone"
    SEATS_REDUCED = "subscription.seats_reduced"
    TRIAL_LINK_SENT = "subscription.trial_link_sent"  # nobody's yet: there is no platform
    TRIAL_ASKED_AGAIN = "subscription.trial_asked_again"
    TRIAL_STARTED = "subscription.trial_started"
    BLOCKED = "subscription.blocked"
    UNBLOCKED = "subscription.unblocked"
    SECOND_FACTOR_DEMANDED = "subscription.second_factor_demanded"
    SECOND_FACTOR_LEFT_FREE = "subscription.second_factor_left_free"
    GRACE_EXTENDED = "subscription.grace_extended"
    PURGE_MARKED = "subscription.purge_marked"
    PURGE_STOPPED = "subscription.purge_stopped"
    PURGED = "subscription.purged"  # nobody's any more: there is no platform
    EXPORT_ASKED = "subscription.export_asked"
    EXPORT_READY = "subscription.export_ready"
    EXPORT_FAILED = "subscription.export_failed"
    EXPORT_DOWNLOADED = "subscription.export_downloaded"
    HELD = "subscription.legal_hold"
    RELEASED = "subscription.legal_hold_released"
