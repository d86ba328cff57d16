"""What an errand may say of itself to the worker that runs it."""


class NotYet(Exception):
    """An errand that has to be run again later, without being a fault."""


class GiveUp(Exception):
    """An errand that no further attempt would help: it ends as failed at once, for people to look at."""
