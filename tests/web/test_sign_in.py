"""Coming in and going out."""

from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House


@both_databases
def test_signs_in_with_the_user_name_whatever_its_case(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in(" M1234 ")
    assert browser.response is not None
    assert browser.response.request.path == "/subscription"
