"""Bodies that no browser sends."""

import pytest

from tests.helpers.browser import Browser

NAMELESS = [
    b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\n1\r\n--x--\r\n',
    b"--x\r\nContent-Disposition: nothing\r\n\r\n1\r\n--x--\r\n",
]


@pytest.mark.parametrize("body", NAMELESS)
def test_a_part_without_a_name_is_refused(browser: Browser, body: bytes) -> None:
    answer = browser.open("/login", method="POST", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
