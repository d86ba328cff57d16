"""A fault told by its kinds and places, without its words: those may hold what somebody typed, an address or a secret.

A database that refuses a row names its values, a parser what it could not read. So neither the log nor a report has the
message of an exception; the lines of the program in which it happened are our own, and tell enough to find it.
"""

import traceback
from typing import Any

DEEPEST = 5  # exceptions of a chain
MOST_PLACES = 40  # of each, the innermost: a recursion has a thousand


def kind(error: BaseException) -> str:
    """
    >>> kind(KeyError("a secret"))
    'KeyError'
    >>> from http.client import IncompleteRead
    >>> kind(IncompleteRead(b""))
    'http.client.IncompleteRead'
    """
    name = type(error).__qualname__
    return name if type(error).__module__ == "builtins" else f"{type(error).__module__}.{name}"


def places(error: BaseException, most: int = MOST_PLACES) -> list[str]:
    """Where it came through, the outermost first: file, line, function."""
    frames = traceback.extract_tb(error.__traceback__)[-most:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def chain(error: BaseException) -> list[BaseException]:
    """The exception, and before it what it came from, as a traceback shows them."""
    found: list[BaseException] = []
    present: BaseException | None = error
    while present is not None and len(found) < DEEPEST and present not in found:
        found.insert(0, present)
        present = present.__cause__ or (None if present.__suppress_context__ else present.__context__)
    return found


def told(error: BaseException) -> list[dict[str, Any]]:
    """The whole of it, as JSON: the first cause first."""
    return [{"kind": kind(one), "places": places(one)} for one in chain(error)]


def text(error: BaseException) -> str:
    """The whole of it, in lines for people: the first cause first."""
    return "\n".join(line for one in chain(error) for line in (kind(one), *(f"  {place}" for place in places(one))))
