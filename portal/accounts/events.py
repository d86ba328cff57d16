"""What the accounts write into the activity list. Each tag has its sentence in `portal/web/activity.py` once shown."""

from enum import StrEnum


class Event(StrEnum):
    SIGNED_IN = "accounts.signed_in"
    SIGNED_OUT = "accounts.signed_out"
    TAKEN_OVER = "accounts.taken_over"
    RESET_LINK_SENT = "accounts.reset_link_sent"
    RESET_DISOWNED = "accounts.reset_disowned"
    PASSWORD_SET = "accounts.password_set"
    USER_NAMES_SENT = "accounts.user_names_sent"
    ADMINISTRATOR_CREATED = "accounts.administrator_created"
    ADMINISTRATOR_INVITED_AGAIN = "accounts.administrator_invited_again"
    ADMINISTRATOR_ENABLED = "accounts.administrator_enabled"
    ADMINISTRATOR_DISABLED = "accounts.administrator_disabled"
    PROFILE_CHANGED = "accounts.profile_changed"
    EMAIL_CHANGE_ASKED = "accounts.email_change_asked"
    EMAIL_CHANGED = "accounts.email_changed"
    EMAIL_CHANGE_UNDONE = "accounts.email_change_undone"
