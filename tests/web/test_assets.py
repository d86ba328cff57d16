"""Style and scripts: names that change with the contents, kept for a year, sent small, and nobody is looked up."""

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.web import assets
from tests.helpers.house import House
from tests.helpers.statements import counting

FILES = ["portal.css", "portal.js", "icon.svg"]
YEAR = "public, max-age=31536000, immutable"


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.app.test_client()


def address(client: FlaskClient, name: str) -> str:
    """Where a page says that the file is."""
    stem, _, suffix = name.partition(".")
    found = re.search(rf'"(/static/{stem}\.[0-9a-f]{{12}}\.{suffix})"', client.get("/login").text)
    assert found, name
    return found[1]


def small(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(path, headers={"Accept-Encoding": "br, gzip"} | headers)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("portal.css", "text/css; charset=utf-8"),
        ("portal.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_each_is_sent_as_what_it_is(client: FlaskClient, name: str, kind: str) -> None:
    answer = client.get(address(client, name))
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", FILES)
def test_it_is_kept_for_a_year(client: FlaskClient, name: str) -> None:
    assert client.get(address(client, name)).headers["Cache-Control"] == YEAR


@pytest.mark.parametrize("asked", ["portal.css", "portal.0123456789ab.css"])
def test_without_its_hash_or_with_another_it_is_asked_for_again(client: FlaskClient, asked: str) -> None:
    """During an update one node writes the page and another is asked for the style."""
    answer = client.get(f"/static/{asked}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert answer.data == client.get(address(client, "portal.css")).data


@pytest.mark.parametrize("asked", ["nothing.css", "../prices.toml", "portal.0123456789ab.js.css", "", "%00.css"])
def test_what_is_not_there_is_not_found_and_not_kept(client: FlaskClient, asked: str) -> None:
    answer = client.get(f"/static/{asked}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_every_script_is_imported_by_its_hashed_name(client: FlaskClient) -> None:
    waiting, seen = [address(client, "portal.js")], set()
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == YEAR, path
        seen.add(path)
        waiting += {f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', answer.text)} - seen
    assert len(seen) == len(list((Path(assets.__file__).parents[1] / "static").glob("*.js")))


def test_a_change_of_a_script_changes_who_imports_it(tmp_path: Path) -> None:
    names = []
    for version in ("one", "two"):
        folder = tmp_path / version
        folder.mkdir()
        (folder / "inner.js").write_text(f'export const version = "{version}";\n')
        (folder / "outer.js").write_text('import { version } from "./inner.js";\n')
        names.append({name: asset.name for name, asset in assets.prepared(folder).items()})
    assert names[0]["inner.js"] != names[1]["inner.js"]
    assert names[0]["outer.js"] != names[1]["outer.js"]


def test_a_kind_of_file_that_has_no_type_here_is_noticed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "photo.webp").write_bytes(b"")
    with pytest.raises(KeyError):
        assets.prepared(tmp_path)


class TestCompressed:
    def test_for_whoever_takes_it(self, client: FlaskClient) -> None:
        path = address(client, "portal.css")
        plain, packed = client.get(path), small(client, path)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) < len(plain.data) / 2
        assert {plain.headers["Vary"], packed.headers["Vary"]} == {"Accept-Encoding"}

    @pytest.mark.parametrize("takes", ["", "identity", "br", "gzip;q=0", "gzip;q=nonsense\x7f"])
    def test_not_for_whoever_does_not(self, client: FlaskClient, takes: str) -> None:
        answer = client.get(address(client, "portal.css"), headers={"Accept-Encoding": takes})
        assert "Content-Encoding" not in answer.headers

    def test_never_larger_than_it_was(self, client: FlaskClient) -> None:
        path = address(client, "icon.svg")
        assert len(small(client, path).data) <= len(client.get(path).data)


class TestKeptAlready:
    @pytest.mark.parametrize("takes", ["gzip", "identity"])
    def test_it_is_not_sent_again(self, client: FlaskClient, takes: str) -> None:
        path, wants = address(client, "portal.css"), {"Accept-Encoding": takes}
        tag = client.get(path, headers=wants).headers["ETag"]
        again = client.get(path, headers=wants | {"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == YEAR

    def test_packed_and_plain_are_two_things(self, client: FlaskClient) -> None:
        path = address(client, "portal.css")
        tag = small(client, path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_only_the_head_is_sent_where_only_the_head_is_asked_for(client: FlaskClient) -> None:
    path = address(client, "portal.css")
    head, whole = client.head(path), client.get(path)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(whole.data))


def test_nobody_is_looked_up_for_a_file(house: House) -> None:
    house.person()
    browser = house.browser()
    browser.sign_in("m1234")
    path = address(house.app.test_client(), "portal.css")
    with counting(house.parts.database.reader) as read, counting(house.parts.database.writer) as written:
        answer = browser.client.get(path)
    assert answer.status_code == 200
    assert read + written == []
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers["Vary"]
