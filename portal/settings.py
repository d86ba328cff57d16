"""The settings: typed, frozen, read once from `PORTAL_<NAME>` over `instance/config.toml`.

`load` never stops at the first fault: it lists every wrong or missing value with its remedy.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal import setting_sources as sources
from portal import setting_values as read
from portal.rules import terms
from portal.setting_values import LOOPBACK, Secret

HASHES = max(1, (os.cpu_count() or 2) - 1)  # at once on this machine: one core is left for everybody else's pages
SHORTEST_SECRET = 32  # characters: 128 bits even where they are hexadecimal digits
WEAK_SECRETS = ("changeme", "change-me", "secret", "development", "example", "default")


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds one line for each, with its remedy."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings cannot be used:\n" + "\n".join(f"- {fault}" for fault in faults))


def _setting(parse: Callable[[str], Any], help: str, default: Any = None, *, shown: bool = True) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help}, repr=shown)


@dataclass(frozen=True)
class Settings:
    """One field for each `PORTAL_<NAME>`; the second word of a field is what the README's table says of it."""

    instance_path: Path = _setting(Path, "folder of the database, config.toml and files", Path("instance"))
    demo: bool = _setting(read.flag, "the demonstration: stand-in mail, movable clock, cast of customers", False)
    secret_key: Secret = _setting(Secret, "signs cookies and links; 32 random characters or more", Secret(""))
    secret_key_fallbacks: tuple[Secret, ...] = _setting(
        read.secrets, "earlier keys, comma-separated, still accepted", ()
    )
    database_url: str = _setting(
        read.database, "SQLAlchemy URL; default: SQLite in the instance folder", "", shown=False
    )
    public_url: str = _setting(read.origin, "the portal's own address, used in every mail", "http://127.0.0.1:8000")
    trusted_proxies: int = _setting(read.number(0, 9), "proxies in front whose forwarded headers are believed", 0)
    timezone: ZoneInfo = _setting(read.zone, "business time zone: where calendar days are counted", terms.BUSINESS_ZONE)
    idle_timeout_seconds: timedelta = _setting(read.seconds, "idle seconds that end a session", terms.IDLE_TIMEOUT)
    brand: str = _setting(str, "the service's name, on pages and in mails", "Portal")
    support_email: str = _setting(read.address, "where customers write to", "support@example.com")
    mail_server: str = _setting(str, "SMTP host", "127.0.0.1")
    mail_port: int = _setting(read.number(1, 65535), "SMTP port", 25)
    mail_use_tls: bool = _setting(read.flag, "STARTTLS", False)
    mail_use_ssl: bool = _setting(read.flag, "TLS from the first byte", False)
    mail_username: str = _setting(str, "SMTP user", "")
    mail_password: Secret = _setting(Secret, "SMTP password", Secret(""))
    mail_default_sender: str = _setting(read.address, "From address of every mail", "no-reply@example.com")
    argon2_memory_kib: int = _setting(read.number(1024, 4_194_304), "argon2id memory", 47_104)
    argon2_time_cost: int = _setting(read.number(1, 100), "argon2id passes", 1)
    argon2_parallelism: int = _setting(read.number(1, 16), "argon2id lanes", 1)
    argon2_simultaneous: int = _setting(
        read.number(1, 1024),
        "password hashes at once in a process; default: cores − 1, shared by its processes",
        HASHES,
    )
    stripe_secret_key: Secret = _setting(
        read.starting("the secret key of Stripe", "sk_", "rk_"), "asks Stripe for payments by card", Secret("")
    )
    stripe_webhook_secret: Secret = _setting(
        read.starting("the signing secret of the webhook", "whsec_"), "proves that an event is of Stripe", Secret("")
    )
    bank_holder: str = _setting(read.line(70), "whose bank account transfers go to", "")
    bank_iban: str = _setting(read.iban, "the account's IBAN", "")
    bank_bic: str = _setting(read.bic, "its bank's BIC; not needed inside the EEA", "")
    service_url: str = _setting(read.base_address, "the sending service, told what is switched on", "")
    service_secret: Secret = _setting(
        read.long_secret(SHORTEST_SECRET), "signs what it is told; 32 random characters or more", Secret("")
    )
    metrics_token: Secret = _setting(
        read.long_secret(SHORTEST_SECRET), "whoever reads /metrics shows it; 32 random characters or more", Secret("")
    )
    error_report_url: str = _setting(
        read.base_address, "told of unexpected errors; may hold a key in its path", "", shown=False
    )
    price_list: Path = _setting(read.file, "the price list, a TOML file; default: an example", read.EXAMPLE_PRICES)
    throttle: bool = _setting(read.flag, "limits on sign-in and recovery; may be off only on 127.0.0.1", True)
    seller_name: str = _setting(read.line(200), "who sells, on every invoice", "Example S.r.l.")
    seller_street: str = _setting(read.line(200), "its street and number", "Via dell'Esempio 1")
    seller_postcode: str = _setting(read.line(16), "its postcode", "20121")
    seller_city: str = _setting(read.line(100), "its city", "Milano")
    seller_province: str = _setting(read.line(40), "its province", "MI")
    seller_vat_number: str = _setting(read.italian_vat_number, "its Italian VAT number", "12345670785")
    seller_tax_code: str = _setting(read.line(20), "its tax code, where it is not the VAT number", "")
    seller_registration: str = _setting(read.line(200), "its entry in the company register, and its capital", "")
    seller_email: str = _setting(read.address, "who answers about invoices; default: SUPPORT_EMAIL", "")
    seller_phone: str = _setting(read.line(32), "its telephone number", "")

    @property
    def secure(self) -> bool:
        """Whether the portal is reached by HTTPS."""
        return self.public_url.startswith("https:")

    @property
    def trusted_hosts(self) -> list[str]:
        """Host headers that are answered: the portal's own, and this machine's for health checks."""
        return [urlsplit(self.public_url).hostname or "", "127.0.0.1", "localhost", "[::1]"]

    @property
    def cookie_name(self) -> str:
        return "__Host-portal" if self.secure else "portal"

    @property
    def device_cookie_name(self) -> str:
        return f"{self.cookie_name}-device"

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, the present one first. What is signed for people uses `token_keys`."""
        return (self.secret_key.reveal(), *(key.reveal() for key in self.secret_key_fallbacks))

    @property
    def token_keys(self) -> tuple[str, ...]:
        """What cookies, links, seals and forgery tokens are signed with: made of the keys and the portal's own address.

        So they open nothing on a portal at another address, even where it shares the key and a copy of the database.
        """
        audience = f"portal.tokens:{self.public_url}".encode()
        return tuple(hmac.new(key.encode(), audience, hashlib.sha256).hexdigest() for key in self.keys)


NAMES = tuple(f.name.upper() for f in fields(Settings))
SELLER_NEEDS = (
    "SELLER_NAME",
    "SELLER_STREET",
    "SELLER_POSTCODE",
    "SELLER_CITY",
    "SELLER_PROVINCE",
    "SELLER_VAT_NUMBER",
)
EMPTY_IS_DEFAULT = (
    "DATABASE_URL",
    "INSTANCE_PATH",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "BANK_IBAN",
    "BANK_BIC",
    "SERVICE_URL",
    "SERVICE_SECRET",
    "METRICS_TOKEN",
    "ERROR_REPORT_URL",
)


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of this process.

    `overrides` (already typed) win over the environment, which wins over the file.
    Raises SettingsError with every fault at once.
    """
    environ = os.environ if environ is None else environ
    faults: list[str] = []
    given = {name[7:]: value for name, value in environ.items() if name.startswith("PORTAL_")}
    folder = Path(overrides.get("instance_path") or given.get("INSTANCE_PATH") or "instance").absolute()
    raw = sources.config_file(folder / "config.toml", faults) | given
    values = _parsed(raw, faults) | overrides | {"instance_path": folder}
    if "price_list" in values:
        values["price_list"] = folder / values["price_list"]
    found = Settings(**values)
    if not found.database_url:
        name = "demo.db" if found.demo else "portal.db"
        found = Settings(**values | {"database_url": f"sqlite:///{folder / name}"})
    if found.demo and not found.secret_key:
        found = Settings(**values | {"database_url": found.database_url, "secret_key": sources.demo_secret(folder)})
    faults += sources.faults_of_prices(found.price_list)
    faults += _contradictions(found, set(raw) | {name.upper() for name in overrides})
    if faults:
        raise SettingsError(faults)
    return found


def _parsed(raw: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    values = {}
    parsers = {f.name.upper(): (f.name, f.metadata["parse"]) for f in fields(Settings)}
    for name, text in raw.items():
        if name not in parsers:
            faults.append(f"PORTAL_{name} is not a setting: mend its name or take it away.")
            continue
        if name in EMPTY_IS_DEFAULT and not text.strip():
            continue
        try:
            values[parsers[name][0]] = parsers[name][1](text.strip())
        except ValueError as error:
            faults.append(f"PORTAL_{name} is wrong: {error}.")
    return values


def _contradictions(found: Settings, named: set[str]) -> list[str]:
    faults = []
    if not found.demo:
        faults += _weak_keys(found)
        if not (found.mail_use_tls or found.mail_use_ssl or found.mail_server in LOOPBACK):
            faults.append("PORTAL_MAIL_SERVER would be used in plain text: set PORTAL_MAIL_USE_TLS=1.")
        if found.secure and "SUPPORT_EMAIL" not in named:
            faults.append("PORTAL_SUPPORT_EMAIL is missing: set it to the address customers write to.")
        if found.secure and "PRICE_LIST" not in named:
            faults.append("PORTAL_PRICE_LIST is missing: the example's prices are nobody's, set it to your own file.")
    faults += _missing_seller(found, named)
    faults += _halves(found)
    if found.mail_use_tls and found.mail_use_ssl:
        faults.append("PORTAL_MAIL_USE_TLS and PORTAL_MAIL_USE_SSL exclude each other: take one of them away.")
    if found.demo and found.secure:
        faults.append("PORTAL_DEMO shows everybody's mails: it is for 127.0.0.1 only, take it away or PUBLIC_URL.")
    if found.secure and not found.throttle:
        faults.append("PORTAL_THROTTLE may be off only where PUBLIC_URL is on 127.0.0.1: take it away.")
    return faults


NEEDED_TOGETHER = (
    ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),  # a payment whose event cannot be believed helps nobody
    ("STRIPE_WEBHOOK_SECRET", "STRIPE_SECRET_KEY"),
    ("BANK_HOLDER", "BANK_IBAN"),
    ("BANK_IBAN", "BANK_HOLDER"),
    ("BANK_BIC", "BANK_IBAN"),
    ("SERVICE_URL", "SERVICE_SECRET"),
    ("SERVICE_SECRET", "SERVICE_URL"),
)


def _halves(found: Settings) -> list[str]:
    return [
        f"PORTAL_{other} is missing, which PORTAL_{name} needs: set both, or neither."
        for name, other in NEEDED_TOGETHER
        if getattr(found, name.lower()) and not getattr(found, other.lower())
    ]


def _missing_seller(found: Settings, named: set[str]) -> list[str]:
    """The example's name and number would otherwise stand on real invoices."""
    if found.demo or not found.secure:
        return []
    missing = [name for name in SELLER_NEEDS if name not in named or not getattr(found, name.lower())]
    return [f"PORTAL_{name} is missing: write what has to stand on invoices." for name in missing]


def _weak_keys(found: Settings) -> list[str]:
    remedy = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
    faults = []
    for name, keys in (("SECRET_KEY", found.keys[:1]), ("SECRET_KEY_FALLBACKS", found.keys[1:])):
        for key in keys:
            if not key:
                faults.append(f"PORTAL_{name} is missing: {remedy}.")
            elif len(key) < SHORTEST_SECRET or len(set(key)) < 10 or any(w in key.lower() for w in WEAK_SECRETS):
                faults.append(f"PORTAL_{name} is too weak: {remedy}.")
    return faults
