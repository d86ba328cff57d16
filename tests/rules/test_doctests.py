"""The examples in the docstrings of the policy book are run, so that none of them can go stale."""

import doctest
import importlib
import pkgutil

import pytest

import portal.rules

MODULES = [f"portal.rules.{module.name}" for module in pkgutil.iter_modules(portal.rules.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_every_rule_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples in {name} are wrong: see above"


def test_there_are_examples_to_run() -> None:
    assert {"portal.rules.dates", "portal.rules.lifecycle", "portal.rules.pricing"} <= set(MODULES)
    assert doctest.testmod(importlib.import_module("portal.rules.dates")).attempted > 0
