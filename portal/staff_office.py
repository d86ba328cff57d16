"""What the commands about the staff do: who may come to the desk."""

import re

from portal.accounts import passwords
from portal.accounts.queries import Administrator
from portal.kit.texts import LANGUAGES
from portal.office import BY, Refused, email_address
from portal.parts import Parts
from portal.rules.passwords import Accepted
from portal.rules.staff import StaffRole
from portal.staff import members, queries
from portal.staff.members import Newcomer, Taken
from portal.staff.queries import Member

# Never like a customer's: those begin with an m and a number.
NAME = re.compile(r"(?!m[0-9])[a-z][a-z0-9._-]{1,31}")
LONGEST_NAME = 120  # characters that the table holds


def create(parts: Parts, username: str, email: str, name: str, role: str, language: str, password: str | None) -> None:
    """Let somebody come to the desk; without a password they are invited by mail. Raises Refused."""
    folded = username.strip().lower()
    if not NAME.fullmatch(folded):
        raise Refused(f"{username!r} is no name for staff: a letter, then letters, digits, dots; no customer's m1234.")
    if language not in LANGUAGES or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"--name is one line of at most {LONGEST_NAME} characters, --language one of the portal's.")
    newcomer = Newcomer(folded, StaffRole(role), email_address(email), name, language)
    password_hash = _hash(parts, newcomer, password)
    with parts.database.write() as db:
        made = members.create(db, parts.links, newcomer, by=BY, at=parts.clock.now(), password_hash=password_hash)
    if isinstance(made, Taken):
        raise Refused(f"{folded} exists already, or did.")


def _hash(parts: Parts, newcomer: Newcomer, password: str | None) -> str | None:
    if password is None:
        return None
    person = Administrator(0, 0, newcomer.username, "", newcomer.email, "", newcomer.language, False, False, None)
    found = passwords.judge(password, person, brand=parts.settings.brand, company="")
    if not isinstance(found, Accepted):
        raise Refused(f"This password cannot be used: {found.reason}.")
    with parts.hasher.turn() as turn:
        return turn.hash(found.normalised)


def invite(parts: Parts, username: str) -> None:
    """Mail a link that sets the password anew; whoever has lost it asks for one. Raises Refused."""
    with parts.database.read() as db:
        member = _member(queries.find_member(db, username.strip().lower()), username)
    with parts.database.write() as db:
        members.invite(db, parts.links, member, at=parts.clock.now())


def disable(parts: Parts, username: str) -> None:
    """Let somebody come no more: sessions end at once. Raises Refused."""
    with parts.database.write() as db:
        member = _member(queries.find_member(db, username.strip().lower()), username)
        members.disable(db, member, by=BY, at=parts.clock.now())


def forget_app(parts: Parts, username: str) -> None:
    """The second factor was lost: the next sign-in adds another. Raises Refused."""
    with parts.database.write() as db:
        member = _member(queries.find_member(db, username.strip().lower()), username)
        members.forget_app(db, member, by=BY, at=parts.clock.now())


def _member(found: Member | None, username: str) -> Member:
    if found is None or not found.enabled:
        raise Refused(f"There is nobody of the staff called {username}, or not any more.")
    return found
