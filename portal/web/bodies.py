"""How the body of a form is read.

Werkzeug gives a part that has no name the name None, at which those who read forms break: Flask-WTF asks each name how
it ends. No browser sends one, so it is refused as what it is: a request that is no good.
"""

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from flask import Flask, Request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from portal.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGEST_THROWN_AWAY = 1024 * 1024  # bytes: as much as the sample nginx lets through (client_max_body_size)
PIECE = 64 * 1024


class NamedParts(FormDataParser):
    def parse(self, stream: IO[bytes], *given: Any, **more: Any) -> Any:
        rest, fields, files = super().parse(stream, *given, **more)
        if None in fields or None in files:
            for _, file in files.items(multi=True):
                file.close()
            raise BadRequest
        return rest, fields, files


class FormRequest(Request):
    form_data_parser_class = NamedParts


def init_app(app: Flask, settings: Settings) -> None:
    """Behind a proxy, read what nobody wanted of a body: it has all of it already.

    A refusal that is sent while the proxy still writes closes the connection under it, and the proxy answers 502 in the
    place of what we have said. Without a proxy somebody could make us wait for a body that never comes.
    """
    if not settings.trusted_proxies:
        return
    inner = app.wsgi_app

    def emptied(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = inner(environ, start_response)
        length, left = environ.get("CONTENT_LENGTH", ""), LARGEST_THROWN_AWAY
        while length not in ("", "0") and left > 0 and (piece := environ["wsgi.input"].read(PIECE)):
            left -= len(piece)
        return answer

    # Replacing the method is Flask's documented way to put something around the application.
    app.wsgi_app = emptied  # type: ignore[method-assign]
