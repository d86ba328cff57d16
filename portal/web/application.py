"""The Flask application, as far as it is a class."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug import routing

from portal.web.templating import Environment


class Rule(routing.Rule):
    """An address, whose writer is made when one is first written: to make all of them was a fifth of the start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """In the place of the library's. Where an update changes that, all are made at once again, and a test fails."""
        make = super()._compile_builder
        name = "_build_unknown" if append_unknown else "_build"

        def write(rule: routing.Rule, **parts: Any) -> tuple[str, str]:
            made = make(append_unknown).__get__(rule, None)
            setattr(rule, name, made)
            found: tuple[str, str] = made(**parts)
            return found

        return write


class Application(Flask):
    jinja_environment = Environment
    url_rule_class = Rule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing of ours is a coroutine, and Flask asks it of each function of each request."""
        return func
