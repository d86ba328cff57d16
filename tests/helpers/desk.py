"""Somebody of the staff, to come to the desk with."""

from typing import Any

import pyotp

from portal.rules.staff import StaffRole
from portal.staff import members, queries
from portal.staff.members import Newcomer
from portal.staff.queries import Member
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House


def hire(house: House, username: str = "sara", role: StaffRole = StaffRole.SUPPORT, **facts: Any) -> Member:
    """A member of the staff with a password, and no second factor yet."""
    with house.parts.hasher.turn() as turn:
        password_hash = turn.hash(facts.pop("password", PASSWORD))
    newcomer = Newcomer(username, role, f"{username}@desk.example.com", "Sara Desk", facts.get("language", "en"))
    with house.parts.database.write() as db:
        made = members.create(
            db, house.parts.links, newcomer, by="test", at=house.clock.now(), password_hash=password_hash
        )
    assert isinstance(made, Member)
    return made


def code_of(house: House, username: str = "sara") -> str:
    """What the app of this member shows now."""
    with house.parts.database.read() as db:
        member = queries.find_member(db, username)
        assert member
        row = db.execute(queries.staff_members.select().where(queries.staff_members.c.id == member.id)).one()
    secret = house.parts.vault.decrypt(row.app_secret, belongs_to=members.owner(member.id))
    return pyotp.TOTP(secret).at(house.clock.now())


def at_the_desk(house: House, role: StaffRole = StaffRole.SUPPORT, username: str = "sara") -> Browser:
    """A browser in which somebody of this role is signed in."""
    if not _known(house, username):
        hire(house, username, role)
    browser = house.browser()
    house.clock.move(seconds=60)  # a code that was used does not count again
    browser.get("/staff/login")
    browser.submit({"username": username, "password": PASSWORD})
    browser.submit({"code": code_of(house, username)})
    return browser


def _known(house: House, username: str) -> bool:
    with house.parts.database.read() as db:
        return queries.find_member(db, username) is not None
