"""What makes the mails to the staff leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.rules.staff import StaffRole
from portal.staff import members
from portal.staff.members import Newcomer
from tests.helpers.desk import hire
from tests.helpers.house import House


def staff_invitation(house: House, language: str) -> None:
    newcomer = Newcomer("sara", StaffRole.SUPPORT, "sara@desk.example.com", "Sara Desk", language)
    with house.parts.database.write() as db:
        members.create(db, house.parts.links, newcomer, by="test", at=house.clock.now())


def staff_password_set(house: House, language: str) -> None:
    member = hire(house, language=language)
    at = house.clock.now()
    with house.parts.database.write() as db:
        link_id = house.parts.links.issue(db, "staff-invitation", member.id, at=at, expires_at=at.replace(year=2027))
        token = house.parts.links.token(db, link_id)
        link = house.parts.links.find(db, token, "staff-invitation", at=at)
        assert not isinstance(link, str)
        assert members.set_password(db, link, "a hash", at=at)


def staff_factor_forgotten(house: House, language: str) -> None:
    member = hire(house, language=language)
    with house.parts.database.write() as db:
        members.forget_app(db, member, by="test", at=house.clock.now())


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case for case in (staff_invitation, staff_password_set, staff_factor_forgotten)
}
