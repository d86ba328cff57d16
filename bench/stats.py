"""The few figures that the measurements need."""

import math
import statistics
from collections.abc import Sequence


def separability(a: Sequence[float], b: Sequence[float]) -> float:
    """The area under the ROC curve for one measurement: 0.5 tells nothing, 1.0 (or 0.0, folded) tells always."""
    ranks = _ranks([*a, *b])
    u = sum(ranks[: len(a)]) - len(a) * (len(a) + 1) / 2
    area = u / (len(a) * len(b))
    return max(area, 1 - area)


def rank_test(a: Sequence[float], b: Sequence[float]) -> float:
    """Mann-Whitney's p-value by the normal approximation: small where the two can be told apart."""
    area = separability(a, b)
    deviation = math.sqrt((len(a) + len(b) + 1) / (12 * len(a) * len(b)))
    return math.erfc((area - 0.5) / deviation / math.sqrt(2))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    place = 0
    while place < len(order):
        last = place
        while last + 1 < len(order) and values[order[last + 1]] == values[order[place]]:
            last += 1
        for index in order[place : last + 1]:
            ranks[index] = (place + last) / 2 + 1
        place = last + 1
    return ranks


def paired_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """The median of the ratios of measurements that were taken beside each other."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))
