"""The Flask application, as far as it is a class."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.web.templating import Environment


class Application(Flask):
    jinja_environment = Environment

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing of ours is a coroutine, and Flask asks it of each function of each request."""
        return func
