"""What the factory puts together and web and jobs use: handed on as one value, never looked up in a container."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.kit.clock import Clock
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.kit.links import Links
from portal.kit.vault import Vault
from portal.outside.payments import Provider
from portal.outside.post import Post
from portal.outside.reports import Reports
from portal.outside.service import SendingService
from portal.outside.transfer import BankAccount
from portal.rules.orders import Way
from portal.rules.prices import PriceLists
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    clock: Clock
    database: Database
    hasher: Hasher
    links: Links
    vault: Vault  # for secrets that have to be read again
    post: Post
    prices: PriceLists
    providers: Mapping[Way, Provider]  # only those that are configured
    bank: BankAccount | None  # where transfers go; None: nobody can pay by one
    service: SendingService | None  # told what is switched on; None: it asks by itself
    reports: Reports  # told of unexpected errors
