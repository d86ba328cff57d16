"""What the support centre writes into the activity list."""

from enum import StrEnum


class Event(StrEnum):
    CONTACT_ADDED = "support.contact_added"
    CONTACT_CHANGED = "support.contact_changed"
    CONTACT_REMOVED = "support.contact_removed"
