"""The app that shows codes: its code counts when it is shown, once, and for nobody else."""

import base64
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from portal.accounts import authenticator_apps, factors
from portal.accounts.authenticator_apps import apps
from portal.accounts.queries import Administrator
from portal.kit.vault import Unreadable, Vault
from portal.rules.terms import CODE_PERIOD, CODE_TOLERANCE
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
FOREIGN_KEY = "a foreign key of more than 32 characters"


def begin(house: House, person: Administrator) -> str | None:
    """The new secret; None: there is an app already."""
    with house.parts.database.write() as db:
        if not authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now()):
            return None
        return authenticator_apps.find_waiting(db, house.parts.vault, person)


def confirm(house: House, person: Administrator, code: str) -> bool:
    with house.parts.database.write() as db:
        return authenticator_apps.confirm(db, house.parts.vault, person, code, at=house.clock.now())


def use(house: House, person: Administrator, code: str, vault: Vault | None = None) -> bool:
    with house.parts.database.write() as db:
        return authenticator_apps.use(db, vault or house.parts.vault, person, code, at=house.clock.now())


def has_app(house: House, person: Administrator) -> bool:
    with house.parts.database.read() as db:
        return factors.of(db, person.id).app


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (-CODE_TOLERANCE - TICK, False),
        (-CODE_TOLERANCE, True),
        (timedelta(0), True),
        (CODE_PERIOD - TICK, True),
        (CODE_PERIOD + CODE_TOLERANCE - TICK, True),
        (CODE_PERIOD + CODE_TOLERANCE, False),
        (CODE_PERIOD + CODE_TOLERANCE + TICK, False),
    ],
)
def test_a_code_counts_a_little_longer_than_it_is_shown(house: House, after: timedelta, counts: bool) -> None:
    person = house.person()
    code = pyotp.TOTP(house.add_app(person)).at(house.clock.now())  # it appears at this very instant
    house.clock.move(seconds=after.total_seconds())
    assert use(house, person, code) is counts


@both_databases
def test_a_code_counts_once(house: House) -> None:
    person = house.person()
    house.add_app(person)
    code = house.code(person)
    assert use(house, person, code)
    assert not use(house, person, code)
    house.clock.move(seconds=30)
    assert use(house, person, house.code(person))


def test_no_earlier_code_counts_after_a_later_one(house: House) -> None:
    person = house.person()
    house.add_app(person)
    earlier, later = house.code(person, earlier=30), house.code(person)
    assert use(house, person, later)
    assert not use(house, person, earlier)


def test_the_earlier_of_two_codes_that_count_leaves_the_later_one(house: House) -> None:
    person = house.person()
    house.add_app(person)
    assert use(house, person, house.code(person, earlier=30))
    assert use(house, person, house.code(person))


@both_databases
def test_of_many_simultaneous_uses_of_one_code_one_passes(house: House) -> None:
    person = house.person()
    house.add_app(person)
    code = house.code(person)
    assert together(lambda _: use(house, person, code), 12).count(True) == 1


@both_databases
def test_of_two_codes_at_once_the_later_one_always_passes(house: House) -> None:
    person = house.person()
    house.add_app(person)
    codes = [house.code(person, earlier=30), house.code(person)]
    assert together(lambda number: use(house, person, codes[number]), 2)[1]


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "000 000 000", "\x00" * 6])
def test_what_is_no_code_counts_nowhere(house: House, typed: str) -> None:
    person = house.person()
    house.add_app(person)
    assert not use(house, person, typed)


def test_the_code_of_somebody_else_counts_nowhere(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    house.add_app(anna)
    house.add_app(bruno)
    assert not use(house, anna, house.code(bruno))


def test_whoever_has_no_app_has_no_code(house: House) -> None:
    assert not use(house, house.person(), "123456")


def test_a_secret_is_stored_so_that_nobody_reads_it(house: House) -> None:
    person = house.person()
    secret = house.add_app(person)
    with house.parts.database.read() as db:
        stored = db.execute(select(apps.c.secret)).scalar_one()
    raw = base64.urlsafe_b64decode(stored)
    assert secret not in stored
    assert secret.encode() not in raw
    assert base64.b32decode(secret) not in raw


def test_the_secret_of_one_person_is_of_no_use_in_the_row_of_another(house: House) -> None:
    """Somebody who can write the database copies the own secret over Anna's."""
    anna, eve = house.person("m1234"), house.person("m1235")
    house.add_app(anna)
    house.add_app(eve)
    with house.parts.database.write() as db:
        hers = db.execute(select(apps.c.secret).where(apps.c.administrator_id == eve.id)).scalar_one()
        db.execute(update(apps).where(apps.c.administrator_id == anna.id).values(secret=hers))
    with pytest.raises(Unreadable):
        use(house, anna, house.code(eve))


def test_a_secret_whose_key_is_gone_lets_nobody_in_and_is_told(house: House) -> None:
    person = house.person()
    house.add_app(person)
    with pytest.raises(Unreadable):
        use(house, person, house.code(person), Vault([FOREIGN_KEY]))


# --- added -----------------------------------------------------------------------------------------------------------


def test_an_app_is_asked_for_nothing_before_its_first_code(house: House) -> None:
    person = house.person()
    secret = begin(house, person)
    assert secret is not None
    assert not has_app(house, person)
    assert not use(house, person, pyotp.TOTP(secret).at(house.clock.now()))


def test_the_first_code_confirms_the_app_and_is_used_up_by_it(house: House) -> None:
    person = house.person()
    secret = begin(house, person)
    assert secret is not None
    code = pyotp.TOTP(secret).at(house.clock.now())
    assert not confirm(house, person, "000000" if code != "000000" else "000001")
    assert confirm(house, person, code)
    assert has_app(house, person)
    assert not use(house, person, code)
    assert not confirm(house, person, pyotp.TOTP(secret).at(house.clock.now() + CODE_PERIOD))


def test_a_new_beginning_makes_a_new_secret(house: House) -> None:
    person = house.person()
    first, second = begin(house, person), begin(house, person)
    assert first != second
    assert first is not None
    assert not confirm(house, person, pyotp.TOTP(first).at(house.clock.now()))
    assert second is not None
    assert confirm(house, person, pyotp.TOTP(second).at(house.clock.now()))


def test_an_app_that_is_there_is_not_replaced(house: House) -> None:
    person = house.person()
    house.add_app(person)
    assert begin(house, person) is None
    assert use(house, person, house.code(person))


@both_databases
def test_whoever_confirms_while_another_tab_begins_anew_keeps_the_app_that_was_shown(house: House) -> None:
    """Either the first secret is confirmed and stays, or the second one waits: never an app that nobody has seen."""
    person = house.person()
    for _ in range(5):
        secret = begin(house, person)
        assert secret is not None
        code = pyotp.TOTP(secret).at(house.clock.now())
        confirmed, begun = together(
            lambda number, code=code: (  # type: ignore[misc]
                confirm(house, person, code) if number == 0 else begin(house, person)
            ),
            2,
        )
        assert confirmed is (begun is None)
        with house.parts.database.write() as db:
            assert authenticator_apps.remove(db, person) is confirmed
            db.execute(apps.delete())


def test_a_secret_that_waits_under_a_key_that_is_gone_is_begun_anew(house: House) -> None:
    person, other = house.person(), Vault([FOREIGN_KEY])
    secret = begin(house, person)
    assert secret is not None
    with house.parts.database.write() as db:
        assert authenticator_apps.find_waiting(db, other, person) is None
        at, code = house.clock.now(), pyotp.TOTP(secret).at(house.clock.now())
        assert not authenticator_apps.confirm(db, other, person, code, at=at)
    assert begin(house, person) is not None


def test_an_app_is_taken_off_once(house: House) -> None:
    person = house.person()
    house.add_app(person)
    with house.parts.database.write() as db:
        assert authenticator_apps.remove(db, person)
        assert not authenticator_apps.remove(db, person)
    assert not has_app(house, person)
