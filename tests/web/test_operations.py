"""For machines: health and the addresses that standards give."""

from pathlib import Path

from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build


def test_alive_without_a_database(tmp_path: Path) -> None:
    house = build(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}")
    assert house.browser().open("/health/live").get_json() == {"status": "live"}
    assert house.browser().open("/health/ready").status_code == 503


@both_databases
def test_ready_with_one(browser: Browser) -> None:
    answer = browser.open("/health/ready")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})
    assert "Set-Cookie" not in answer.headers


def test_password_managers_are_led_to_the_form(house: House, browser: Browser) -> None:
    assert browser.open("/.well-known/change-password").headers["Location"] == "/reset-password"
    house.person("m1234")
    browser.sign_in()
    assert browser.open("/.well-known/change-password").headers["Location"] == "/profile/password"


def test_security_txt_has_what_rfc_9116_asks(browser: Browser) -> None:
    answer = browser.open("/.well-known/security.txt")
    assert answer.mimetype == "text/plain"
    fields = dict(line.split(": ", 1) for line in answer.get_data(as_text=True).splitlines())
    assert fields["Contact"] == "mailto:help@example.com"
    assert fields["Expires"] == "2027-05-19T00:00:00Z"
    assert fields["Canonical"] == "http://127.0.0.1:8000/.well-known/security.txt"
