"""The security headers of every answer, errors and static files included."""

from flask import Flask, Response, request

from portal.settings import Settings

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
    headers = ALWAYS | {"Content-Security-Policy": policy(settings)}
    if settings.secure:
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response
