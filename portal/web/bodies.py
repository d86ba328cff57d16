"""How the body of a form is read.

Werkzeug gives a part that has no name the name None, at which those who read forms break: Flask-WTF asks each name how
it ends. No browser sends one, so it is refused as what it is: a request that is no good.
"""

from typing import IO, Any

from flask import Request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser


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
