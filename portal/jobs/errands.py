"""What an errand may say of itself to the worker that runs it."""


class NotYet(Exception):
    """An errand that has to be run again later, without being a fault."""
