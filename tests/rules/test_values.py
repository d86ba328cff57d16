"""The values of the policy book never change once made, so that a decision can be kept and compared."""

import importlib
import pkgutil
from dataclasses import is_dataclass

import pytest

import portal.rules

MODULES = [
    importlib.import_module(f"portal.rules.{module.name}") for module in pkgutil.iter_modules(portal.rules.__path__)
]
VALUES = sorted(
    {value for module in MODULES for value in vars(module).values() if isinstance(value, type) and is_dataclass(value)},
    key=lambda value: value.__qualname__,
)


@pytest.mark.parametrize("value", VALUES)
def test_every_value_is_frozen_and_slotted(value: type) -> None:
    parameters = value.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen, f"write @dataclass(frozen=True, slots=True) above {value.__qualname__}"
    assert "__slots__" in vars(value), f"write @dataclass(frozen=True, slots=True) above {value.__qualname__}"


def test_there_are_values_to_look_at() -> None:
    assert {"Life", "Term", "Money", "Quote", "Grant"} <= {value.__qualname__ for value in VALUES}
