"""A fault is told by its kinds and places, never by its words."""

import json

import pytest

from portal.kit import faults

SECRET = "what somebody typed"


def caught() -> Exception:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError as error:
        return error


def test_the_whole_chain_is_told_the_first_cause_first() -> None:
    assert [one["kind"] for one in faults.told(caught())] == ["KeyError", "ValueError"]
    assert all("test_faults.py" in one["places"][-1] for one in faults.told(caught()))


@pytest.mark.parametrize("tell", [faults.text, lambda error: json.dumps(faults.told(error))])
def test_no_word_of_it_is_told(tell) -> None:  # type: ignore[no-untyped-def]  # either way to tell it
    assert SECRET not in tell(caught())


def test_what_was_raised_from_nothing_has_no_cause() -> None:
    def fail() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise ValueError(SECRET) from None

    with pytest.raises(ValueError, match=SECRET) as caught:
        fail()
    assert [one["kind"] for one in faults.told(caught.value)] == ["ValueError"]


def test_a_ring_of_causes_comes_to_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert [faults.kind(one) for one in faults.chain(first)] == ["KeyError", "ValueError"]


def test_of_a_recursion_only_the_innermost_places_are_told() -> None:
    def again(times: int) -> None:
        if times == 0:
            raise ValueError
        again(times - 1)

    with pytest.raises(ValueError) as caught:  # noqa: PT011  # it has no words
        again(200)
    assert len(faults.places(caught.value)) == faults.MOST_PLACES
