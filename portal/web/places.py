"""Where a person may be led after signing in: only to pages of ours that signed-in people open."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.web import access

LONGEST = 500  # characters of an address that is worth remembering


def safe_place(text: str | None) -> str | None:
    """The address re-written by our own URL map, or None for anything that is not a signed-in page of ours."""
    if not text or len(text) > LONGEST or not text.isascii() or not text.isprintable() or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or text.startswith("//"):
        return None
    return _rewritten(parts.path, parts.query)


def _rewritten(path: str, query: str) -> str | None:
    adapter = current_app.url_map.bind("")
    try:
        endpoint, values = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    rule = access.rule_of(endpoint)
    if rule is None or rule.who is not access.Who.SIGNED_IN or not rule.activity:
        return None
    pairs = urlencode(parse_qsl(query))
    return url_for(endpoint, **values) + (f"?{pairs}" if pairs else "")
