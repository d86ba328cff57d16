"""The security headers of every answer, errors and static files included."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CHECKOUT = "https://checkout.stripe.com"  # a form of ours is answered with the way there, which counts as its target
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # Flask-WTF's HTTPS check needs the referrer of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "X-Frame-Options": "DENY",
    "Server": "portal",  # else the server names itself
}
ONE_YEAR = 31_536_000  # seconds


def policy(settings: Settings) -> str:
    """What a page may load, and where its forms may lead: to ourselves, and to the card page where there is one."""
    targets = f"'self' {CHECKOUT}" if settings.stripe_secret_key else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            f"form-action {targets}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        )
    )


def init_app(app: Flask, settings: Settings) -> None:
    """Around the application, so that what an error of the framework itself answers has them too."""
    ours = ALWAYS | {"Content-Security-Policy": policy(settings), "Cache-Control": "no-store"}
    if settings.secure:
        ours["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"
    by_name = {name.lower(): (name, value) for name, value in ours.items()}
    inner = app.wsgi_app

    def protected(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            given = {name.lower() for name, _value in headers}  # what an answer says of itself stays
            missing = [header for name, header in by_name.items() if name not in given]
            return start_response(status, headers + missing, *error)

        return inner(environ, begin)

    # Replacing the method is Flask's documented way to put something around the application.
    app.wsgi_app = protected  # type: ignore[method-assign]
