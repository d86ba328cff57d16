"""The keys of the settings, and what is stored under them: everything that `portal keys renew` encrypts anew."""

from sqlalchemy import Connection

from portal.accounts import authenticator_apps
from portal.kit import stored_secrets
from portal.kit.stored_secrets import Encryption
from portal.kit.vault import Vault
from portal.staff import members

KINDS = (authenticator_apps.SECRETS, members.SECRETS)


def encryption(db: Connection, vault: Vault) -> Encryption:
    """By which keys everything is encrypted."""
    return stored_secrets.look(db, vault, KINDS)


def renew(db: Connection, vault: Vault) -> Encryption:
    """Encrypt everything under the present key; returns how it was before."""
    return stored_secrets.renew(db, vault, KINDS)
