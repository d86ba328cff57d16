"""What links are for. A link of one purpose opens nothing of another."""

from enum import StrEnum


class Purpose(StrEnum):
    RESET = "reset"  # asked for by the person
    SUPPORT_RESET = "support-reset"  # sent by staff
    INVITATION = "invitation"  # the first password of a new administrator
    TRIAL = "trial"  # the subject is a request for a trial: confirms its address, and starts it
    TAKE_OVER = "take-over"  # never mailed: a proven password that waits for an answer to the take-over question


PASSWORD_PURPOSES = (Purpose.RESET, Purpose.SUPPORT_RESET, Purpose.INVITATION)
