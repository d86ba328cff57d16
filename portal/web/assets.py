"""Style, scripts and drawings under names that change with their contents: a browser asks once, and keeps them a year.

All are read, compressed and named when the application is built, so that a page only puts a known address in, and a
request is answered from memory without anybody being looked up. A script names the scripts that it imports; in what is
sent they have their names with the hash too, so that a change of one changes the name of whoever imports it.

A name with another hash is of another version: while two nodes are brought up to date one after the other, a page of
the one may ask the other for its style. It gets what there is here, to be asked for again the next time; so does
whoever asks without a hash.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FOLDER = "/static/"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}  # the same on every machine
FOR_EVER = "public, max-age=31536000, immutable"  # seconds: a year, the longest that RFC 9111 knows of
ASK_AGAIN = "no-cache"
HASH = 12  # hexadecimal digits: 48 bits, against mistakes and not against attacks
_HASHED = re.compile(rf"(?P<stem>.+)\.[0-9a-f]{{{HASH}}}(?P<suffix>\.[a-z]+)")
_IMPORT = re.compile(r'(?<=from "\./)[\w.-]+(?=")')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    name: str
    mimetype: str
    body: bytes
    compressed: bytes

    @property
    def address(self) -> str:
        return FOLDER + self.name


@cache
def prepared(folder: Path) -> Mapping[str, Asset]:
    """The files by the names that they have in the folder."""
    found: dict[str, Asset] = {}

    def prepare(path: Path) -> Asset:
        if path.name not in found:
            body = path.read_bytes()
            if path.suffix == ".js":
                body = _IMPORT.sub(lambda name: prepare(folder / name[0]).name, body.decode()).encode()
            digest = hashlib.sha256(body).hexdigest()[:HASH]
            packed = gzip.compress(body, mtime=0)
            found[path.name] = Asset(f"{path.stem}.{digest}{path.suffix}", TYPES[path.suffix], body, packed)
        return found[path.name]

    for path in sorted(folder.iterdir()):
        prepare(path)
    return found


def answer(assets: Mapping[str, Asset], request: Request) -> Response | None:
    """The file by either of its names, if there is one; 304 to who has it already."""
    name = request.path.removeprefix(FOLDER)
    hashed = _HASHED.fullmatch(name)
    asset = assets.get(f"{hashed['stem']}{hashed['suffix']}" if hashed else name)
    if asset is None:
        return None
    small = request.accept_encodings["gzip"] > 0 and len(asset.compressed) < len(asset.body)
    response = Response(asset.compressed if small else asset.body, mimetype=asset.mimetype)
    response.headers["Cache-Control"] = FOR_EVER if name == asset.name else ASK_AGAIN
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(asset.name + ("-gzip" if small else ""))
    if small:
        response.headers["Content-Encoding"] = "gzip"
    return response.make_conditional(request)


def init_app(app: Flask) -> None:
    """Before the application: its hooks would look up who asks, and answer anew for each cookie."""
    assets, inner = prepared(Path(app.root_path) / "static"), app.wsgi_app

    def files(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        found = None
        if environ["PATH_INFO"].startswith(FOLDER) and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            found = answer(assets, Request(environ))
        return found(environ, start_response) if found else inner(environ, start_response)

    def asset(name: str) -> str:
        return assets[name].address

    # Replacing the method is Flask's documented way to put something around the application.
    app.wsgi_app = files  # type: ignore[method-assign]
    app.jinja_env.globals["asset"] = asset
