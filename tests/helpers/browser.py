"""A test client that behaves like a person at a browser, and checks every page it gets."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers import plans
from tests.helpers.pages import Page, check_page

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Browser:
    """One browser with its cookies. `get` and `submit` follow no redirect unless asked to."""

    app: Flask
    address: str = "198.51.100.7"
    language: str = "en"
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client: Any = field(init=False)
    page: Page | None = field(init=False, default=None)
    response: TestResponse | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def open(self, path: str, **options: Any) -> TestResponse:
        """Any request, checked; options are those of Werkzeug's client."""
        headers = {"Accept-Language": self.language, "User-Agent": self.agent} | dict(options.pop("headers", {}))
        environ = {"REMOTE_ADDR": self.address} | options.pop("environ_base", {})
        response = self.client.open(path, headers=headers, environ_base=environ, buffered=True, **options)
        plans.check(self.app)
        self.response, self.page = response, check_page(path, response)
        return response

    def get(self, path: str, **options: Any) -> Page:
        """The page at `path`, redirects followed."""
        self.open(path, follow_redirects=True, **options)
        assert self.page is not None, f"{path} is no page: {self.response}"
        return self.page

    def submit(
        self, fields: dict[str, str] | None = None, *, form: int = 0, follow: bool = True, **options: Any
    ) -> Page:
        """Fill in and send a form of the present page, hidden fields included."""
        assert self.page is not None
        assert self.response is not None
        action, values = self.page.form(form)
        headers = SAME_ORIGIN | dict(options.pop("headers", {}))
        path = action or self.response.request.path
        self.open(
            path, method="POST", data=values | (fields or {}), headers=headers, follow_redirects=follow, **options
        )
        return self.page if self.page is not None else Page.empty()

    def sign_in(self, username: str = "m1234", password: str = "a short sentence is easiest") -> Page:
        self.get("/login")
        return self.submit({"username": username, "password": password})

    def prove(self, password: str = "a short sentence is easiest") -> Page:
        """Type the password again on the page that asks for it, which must be the present one."""
        assert self.page is not None
        assert self.response is not None
        assert self.response.request.path == "/login/again", f"no question for the password but {self.page.text}"
        return self.submit({"password": password})

    def code(self, code: str) -> Page:
        """Type a code on the page that asks for the second factor, which must be the present one."""
        assert self.page is not None
        assert self.response is not None
        assert self.response.request.path == "/login/second-factor", f"no question for a code but {self.page.text}"
        return self.submit({"code": code}, form=self.page.form_with("code"))
