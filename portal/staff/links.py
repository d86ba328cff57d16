"""What links of the staff are for. A link of one purpose opens nothing of another, nor of a customer's."""

from enum import StrEnum


class Purpose(StrEnum):
    INVITATION = "staff-invitation"  # mailed: sets the password, the first one or a new one
    SECOND_FACTOR = "staff-second-factor"  # never mailed: a proven password that waits for the second factor
