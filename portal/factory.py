"""The only place where the parts are wired together: settings → parts → pages → hooks → error pages."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import Flask

from portal import setting_values
from portal import settings as settings_module
from portal.kit import logs
from portal.kit.clock import Clock, MovableClock, SystemClock
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.kit.links import Links
from portal.kit.vault import Vault
from portal.outside.demo_payments import DemoPayments
from portal.outside.payments import Provider
from portal.outside.post import FolderPost, Post, SmtpPost
from portal.outside.reports import HttpReports, NoReports
from portal.outside.service import DemoService, HttpService, SendingService
from portal.outside.stripe_checkout import StripeCheckout
from portal.outside.transfer import BankAccount
from portal.parts import Parts
from portal.rules.orders import Way
from portal.setting_values import Secret
from portal.settings import Settings
from portal.web import (
    access,
    activity,
    administrators,
    app_factor,
    assets,
    billing,
    bodies,
    buying,
    cancellation,
    contacts,
    cookies,
    credits,
    edge,
    edition,
    email_change,
    errors,
    export,
    factor_demand,
    forms,
    frame,
    headers,
    invoices,
    lost_factor,
    my_sessions,
    not_me,
    observed,
    operations,
    orders,
    passkey_sign_in,
    passkeys,
    profile,
    proof,
    recovery,
    second_factor,
    security,
    session_life,
    sign_in,
    subscription,
    support_view,
    trial,
    webhooks,
    who,
)
from portal.web.application import Application
from portal.web.staff import approvals as staff_approvals
from portal.web.staff import credits as staff_credits
from portal.web.staff import desk as staff_desk
from portal.web.staff import invoices as staff_invoices
from portal.web.staff import orders as staff_orders
from portal.web.staff import people as staff_people
from portal.web.staff import platforms as staff_platforms
from portal.web.staff import sign_in as staff_sign_in
from portal.web.staff import view as staff_view
from portal.web.staff import work as staff_work

DEMO_BANK = BankAccount("Portal", "IT60X0542811101000000123456", "")  # the example of the IBAN registry
LARGEST_BODY = 64 * 1024  # bytes; a page that takes files raises it for itself
PAGES = (
    operations,
    sign_in,
    second_factor,
    recovery,
    session_life,
    subscription,
    profile,
    proof,
    contacts,
    trial,
    credits,
    billing,
    webhooks,
    administrators,
    cancellation,
    invoices,
    buying,
    edition,
    orders,
    email_change,
    my_sessions,
    not_me,
    activity,
    security,
    app_factor,
    passkeys,
    passkey_sign_in,
    factor_demand,
    lost_factor,
    export,
    support_view,
    staff_sign_in,
    staff_view,
    staff_desk,
    staff_people,
    staff_approvals,
    staff_work,
    staff_orders,
    staff_invoices,
    staff_credits,
    staff_platforms,
)


def create_app(
    clock: Clock | None = None,
    post: Post | None = None,
    providers: Mapping[Way, Provider] | None = None,
    service: SendingService | None = None,
    **overrides: Any,
) -> Flask:
    """The WSGI application.

    `clock`, `post`, `providers` and `service` replace the real ones; `overrides` are typed settings that win over
    environment and file.
    """
    settings = prepare(**overrides)
    app = Application("portal", instance_path=str(settings.instance_path), static_folder=None)
    _configure(app, settings)
    app.extensions["portal"] = _parts(app, settings, clock, post, providers, service)
    _hooks(app, settings)
    for module in PAGES:
        app.register_blueprint(module.pages)
    if settings.demo:
        from portal.web.demo import codes, payments, views

        app.register_blueprint(views.pages)
        app.register_blueprint(codes.pages)
        app.register_blueprint(payments.pages)
    return app


def prepare(**overrides: Any) -> Settings:
    """What comes before the application, and is all that a process needs which serves nobody: settings, folder, log."""
    settings = settings_module.load(**overrides)
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    logs.configure(observed.context)
    return settings


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.token_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.token_keys[1:]),
        SESSION_COOKIE_NAME=settings.cookie_name,
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=200,
        WTF_I18N_ENABLED=False,  # our forms bring their own words; the library reads its catalogue anew for each form
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session it is bound to
        MAIL_SERVER=settings.mail_server,
        MAIL_PORT=settings.mail_port,
        MAIL_USE_TLS=settings.mail_use_tls,
        MAIL_USE_SSL=settings.mail_use_ssl,
        MAIL_USERNAME=settings.mail_username or None,
        MAIL_PASSWORD=settings.mail_password.reveal() or None,
        MAIL_DEFAULT_SENDER=settings.mail_default_sender,
    )
    app.session_interface = cookies.SignedCookie(settings.token_keys, app)
    app.request_class = bodies.FormRequest
    app.url_map.strict_slashes = False


def _parts(
    app: Flask,
    settings: Settings,
    clock: Clock | None,
    post: Post | None,
    providers: Mapping[Way, Provider] | None,
    service: SendingService | None,
) -> Parts:
    folder = settings.instance_path
    sending = post or (FolderPost(folder / "demo-mail") if settings.demo else SmtpPost(app))
    hasher = Hasher(
        memory=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
        simultaneous=settings.argon2_simultaneous,
    )
    ticking = clock or (MovableClock(folder / "demo.clock") if settings.demo else SystemClock())
    return Parts(
        settings,
        ticking,
        Database(settings.database_url),
        hasher,
        Links(settings.token_keys),
        Vault(settings.keys),
        sending,
        setting_values.price_lists(settings.price_list),
        providers=_providers(settings, ticking) if providers is None else providers,
        bank=_bank(settings),
        service=service or _service(settings, ticking),
        reports=HttpReports(settings.error_report_url, clock=ticking) if settings.error_report_url else NoReports(),
    )


def _providers(settings: Settings, clock: Clock) -> dict[Way, Provider]:
    """The ways to pay by themselves that this portal has; a transfer needs nobody but a bank."""
    if settings.demo:
        secret = hmac.new(settings.keys[0].encode(), b"portal.demo-payments", hashlib.sha256).hexdigest()
        folder = settings.instance_path / "demo-payments"
        return {Way.DEMO: DemoPayments(folder, Secret(secret), settings.public_url, clock=clock)}
    if settings.stripe_secret_key:
        return {Way.CARD: StripeCheckout(settings.stripe_secret_key, settings.stripe_webhook_secret, clock=clock)}
    return {}


def _bank(settings: Settings) -> BankAccount | None:
    if settings.bank_iban:
        return BankAccount(settings.bank_holder, settings.bank_iban, settings.bank_bic)
    return DEMO_BANK if settings.demo else None


def _service(settings: Settings, clock: Clock) -> SendingService | None:
    if settings.demo:
        return DemoService(settings.instance_path / "demo-service", clock=clock)
    return HttpService(settings.service_url, settings.service_secret) if settings.service_url else None


def _hooks(app: Flask, settings: Settings) -> None:
    """In the order in which they run before a request; after it, the other way round."""
    if settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        # Replacing the method is Flask's documented way to put something in front of the application.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1)  # type: ignore[method-assign]
    bodies.init_app(app, settings)
    observed.init_app(app)
    assets.init_app(app)
    headers.init_app(app, settings)
    edge.init_app(app)
    who.init_app(app)
    frame.init_app(app, settings)  # chooses the language, in which the next ones may already refuse
    staff_view.init_app(app)  # may refuse what a forgery token would only be asked for
    forms.ForgeryProtection(app).exempt(webhooks.pages)  # signed by who sends them, which is no browser
    access.init_app(app)
    errors.init_app(app)
