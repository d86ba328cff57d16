"""Bodies that no browser sends, and what nobody wanted of one."""

from io import BytesIO
from pathlib import Path

import pytest

from portal.web.bodies import LARGEST_THROWN_AWAY, PIECE
from tests.helpers.browser import Browser
from tests.helpers.house import build

NAMELESS = [
    b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\n1\r\n--x--\r\n',
    b"--x\r\nContent-Disposition: nothing\r\n\r\n1\r\n--x--\r\n",
]


@pytest.mark.parametrize("body", NAMELESS)
def test_a_part_without_a_name_is_refused(browser: Browser, body: bytes) -> None:
    answer = browser.open("/login", method="POST", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400


def left_of(folder: Path, database_url: str, size: int, *, proxies: int) -> int:
    """Bytes that nobody has read of a body sent to where there is no page."""
    house, body = build(folder, database_url, trusted_proxies=proxies), BytesIO(bytes(size))
    answer = house.browser().open("/nowhere", method="POST", input_stream=body, content_length=size)
    assert answer.status_code in (400, 404)
    house.parts.database.close()
    return size - body.tell()


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, LARGEST_THROWN_AWAY])
def test_behind_a_proxy_a_refused_body_is_read_to_its_end(tmp_path: Path, database_url: str, size: int) -> None:
    """The proxy has all of it, and would answer 502 if the connection closed under what it still writes."""
    assert left_of(tmp_path, database_url, size, proxies=1) == 0


def test_behind_a_proxy_no_more_of_a_body_is_read_than_the_sample_lets_through(
    tmp_path: Path, database_url: str
) -> None:
    assert left_of(tmp_path, database_url, LARGEST_THROWN_AWAY + 7, proxies=1) == 7


def test_without_a_proxy_nobody_waits_for_a_body_that_may_never_come(tmp_path: Path, database_url: str) -> None:
    assert left_of(tmp_path, database_url, PIECE, proxies=0) == PIECE
