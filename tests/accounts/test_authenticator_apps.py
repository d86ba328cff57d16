"""The app that shows codes: its code counts when it is shown, once, and for nobody else."""

import base64
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from portal.accounts import authenticator_apps, factors
from portal.accounts.authenticator_apps import Encryption, apps
from portal.accounts.queries import Administrator
from portal.kit.vault import Unreadable, Vault
from portal.rules.terms import CODE_PERIOD, CODE_TOLERANCE
from tests.conftest import both_databases
from tests.helpers.house import SECRET, House
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
NEW_KEY, FOREIGN_KEY = "a new key of more than 32 characters", "a foreign key of more than 32 characters"


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


def encryption(house: House, vault: Vault) -> Encryption:
    with house.parts.database.read() as db:
        return authenticator_apps.encryption(db, vault)


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


# --- keys ------------------------------------------------------------------------------------------------------------


@both_databases
def test_renewing_encrypts_under_the_present_key_what_an_earlier_one_had(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    house.add_app(anna)
    rotated, alone = Vault([NEW_KEY, SECRET.reveal()]), Vault([NEW_KEY])
    assert encryption(house, rotated) == Encryption(0, 1, ())
    with house.parts.database.write() as db:
        assert authenticator_apps.renew_encryption(db, rotated) == Encryption(0, 1, ())
        assert authenticator_apps.renew_encryption(db, rotated) == Encryption(1, 0, ())
    assert encryption(house, alone) == Encryption(1, 0, ())
    with house.parts.database.read() as db:
        stored = db.execute(select(apps.c.secret)).scalar_one()
    code = pyotp.TOTP(alone.decrypt(stored, belongs_to=f"authenticator-app:{anna.id}")).at(house.clock.now())
    assert use(house, anna, code, alone)
    assert not has_app(house, bruno)


def test_what_no_key_opens_stays_as_it_is_and_is_named(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    house.add_app(anna)
    house.add_app(bruno)
    with house.parts.database.write() as db:
        db.execute(update(apps).where(apps.c.administrator_id == anna.id).values(secret="spoilt"))
        found = authenticator_apps.renew_encryption(db, Vault([NEW_KEY, SECRET.reveal()]))
        secrets = dict(db.execute(select(apps.c.administrator_id, apps.c.secret)).tuples().all())
    assert found == Encryption(0, 1, ("m1234",))
    assert secrets[anna.id] == "spoilt"


def test_a_secret_that_waits_for_its_first_code_keeps_no_key(house: House) -> None:
    """It is begun anew where it cannot be read; a beginning that was left is no reason to keep a key for ever."""
    begin(house, house.person())
    assert encryption(house, Vault([FOREIGN_KEY])) == Encryption(0, 0, ())


def test_an_app_that_was_added_while_keys_are_renewed_stays(house: House) -> None:
    house.add_app(house.person())
    added = "the secret of an app that was added just now"

    class Slow(Vault):
        def encrypt(self, text: str, *, belongs_to: str) -> str:
            db.execute(update(apps).values(secret=added))
            return super().encrypt(text, belongs_to=belongs_to)

    with house.parts.database.write() as db:
        authenticator_apps.renew_encryption(db, Slow([NEW_KEY, SECRET.reveal()]))
        assert db.execute(select(apps.c.secret)).scalar_one() == added


@both_databases
def test_a_code_that_is_typed_while_keys_are_renewed_counts(house: House) -> None:
    person = house.person()
    house.add_app(person)
    rotated = Vault([NEW_KEY, SECRET.reveal()])
    code = house.code(person)

    def act(number: int) -> bool:
        if number:
            return use(house, person, code, rotated)
        with house.parts.database.write() as db:
            return authenticator_apps.renew_encryption(db, rotated).outdated == 1

    assert together(act, 2) == [True, True]
    assert encryption(house, rotated) == Encryption(1, 0, ())
