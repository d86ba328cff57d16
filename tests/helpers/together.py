"""Doing things at the same moment, as two browsers do."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def together(act: Callable[[int], Result], times: int) -> list[Result]:
    """Call `act(number)` in so many threads that start at one moment; what one raises is raised here."""
    start = threading.Barrier(times)
    results: dict[int, Result] = {}
    faults: list[BaseException] = []

    def one(number: int) -> None:
        start.wait()
        try:
            results[number] = act(number)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if faults:
        raise faults[0]
    return [results[number] for number in range(times)]
