"""What is written of the staff themselves: of no platform, so that no customer reads it."""

from enum import StrEnum


class Event(StrEnum):
    SIGNED_IN = "staff.signed_in"
    SIGNED_OUT = "staff.signed_out"
    PASSWORD_SET = "staff.password_set"
    APP_ADDED = "staff.app_added"
    APP_FORGOTTEN = "staff.app_forgotten"
    MEMBER_CREATED = "staff.member_created"
    MEMBER_DISABLED = "staff.member_disabled"
