"""`portal keys renew`, and what `portal check` says of keys: an earlier key may go once nothing stored needs it."""

from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Table, select, update

from portal import cli, keys
from portal.accounts import authenticator_apps
from portal.accounts.authenticator_apps import apps
from portal.accounts.queries import Administrator
from portal.kit.db import metadata
from portal.kit.stored_secrets import Encryption
from portal.kit.vault import Vault
from portal.staff import members
from portal.staff.tables import staff_members
from tests.conftest import both_databases
from tests.helpers.house import SECRET, House
from tests.helpers.together import together

KEY = SECRET.reveal()
NEW_KEY, FOREIGN_KEY = "a-new-key-of-32-characters-Zq7-0123", "a-foreign-key-of-32-characters-01234"
PRESENT, ROTATED, ALONE = Vault([KEY]), Vault([NEW_KEY, KEY]), Vault([NEW_KEY])


class Operator:
    """Somebody at the command line, with a key and earlier ones in the settings."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url}

    def run(self, command: str, *given: str) -> Result:
        found = {"PORTAL_SECRET_KEY": given[0], "PORTAL_SECRET_KEY_FALLBACKS": ",".join(given[1:])}
        return CliRunner().invoke(cli.main, command.split(), env=self.environ | found)

    def told_of_keys(self, *given: str) -> str:
        """What the check says of them; that there is no mail server here is no matter."""
        (line,) = [line for line in self.run("check", *given).output.splitlines() if "keys:" in line]
        return line


@pytest.fixture
def operator(tmp_path: Path, database_url: str) -> Operator:
    return Operator(tmp_path, database_url)


@pytest.fixture
def anna(house: House) -> Administrator:
    person = house.person("m1234")
    house.add_app(person)
    return person


def add_member(house: House) -> None:
    """One of the staff, with an authenticator app."""
    hidden = PRESENT.encrypt(pyotp.random_base32(), belongs_to=members.owner(1))
    row = {"id": 1, "username": "carla", "role": "support", "email": "c@example.com", "full_name": "Carla"}
    row |= {"language": "it", "app_secret": hidden, "app_confirmed_at": house.clock.now(), "last_step": -1}
    with house.parts.database.write() as db:
        db.execute(staff_members.insert().values(row | {"created_at": house.clock.now()}))


def encryption(house: House, vault: Vault) -> Encryption:
    with house.parts.database.read() as db:
        return keys.encryption(db, vault)


def renew(house: House, vault: Vault) -> Encryption:
    with house.parts.database.write() as db:
        return keys.renew(db, vault)


def spoil(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        db.execute(update(apps).where(apps.c.administrator_id == person.id).values(secret="spoilt"))


def code_counts(house: House, person: Administrator, vault: Vault) -> bool:
    with house.parts.database.write() as db:
        code = pyotp.TOTP(authenticator_apps.reveal(db, vault, person) or "").at(house.clock.now())
        return authenticator_apps.use(db, vault, person, code, at=house.clock.now())


# --- the command -----------------------------------------------------------------------------------------------------


@both_databases
def test_a_key_is_changed_without_anybody_noticing(house: House, operator: Operator) -> None:
    person = house.person("m1234")
    house.add_app(person)
    add_member(house)
    assert operator.told_of_keys(KEY) == "ok    keys: secrets stored: 2, each under the present key"
    needed = operator.told_of_keys(NEW_KEY, KEY)
    assert needed.startswith("ok    keys: secrets stored: 2, of which 2 under an earlier key")
    assert "`portal keys renew`" in needed
    done = operator.run("keys renew", NEW_KEY, KEY)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "Encrypted anew: 2. Under the present key before: 0.\n"
    assert operator.told_of_keys(NEW_KEY, KEY) == "ok    keys: secrets stored: 2, each under the present key"
    assert operator.told_of_keys(NEW_KEY) == "ok    keys: secrets stored: 2, each under the present key"
    assert code_counts(house, person, ALONE)


def test_renewing_again_finds_nothing_to_do(house: House, anna: Administrator, operator: Operator) -> None:
    operator.run("keys renew", NEW_KEY, KEY)
    done = operator.run("keys renew", NEW_KEY, KEY)
    assert (done.exit_code, done.stdout) == (0, "Encrypted anew: 0. Under the present key before: 1.\n")


def test_a_key_that_went_too_early_is_found_and_the_people_are_named(
    house: House, anna: Administrator, operator: Operator
) -> None:
    told = operator.told_of_keys(NEW_KEY)
    assert told.startswith("FAULT keys: none opens the second factor of m1234")
    assert "PORTAL_SECRET_KEY_FALLBACKS" in told
    done = operator.run("keys renew", NEW_KEY)
    assert done.exit_code == 1
    assert done.stderr == "Error: No key opens the second factor of m1234.\n"
    assert code_counts(house, anna, PRESENT)  # and nothing was lost: the key put back, the app works again


def test_what_can_be_renewed_is_renewed_beside_what_cannot(
    house: House, anna: Administrator, operator: Operator
) -> None:
    bruno = house.person("m1235")
    house.add_app(bruno)
    spoil(house, anna)
    done = operator.run("keys renew", NEW_KEY, KEY)
    assert done.exit_code == 1
    assert "Encrypted anew: 1." in done.stdout
    assert "m1234" in done.stderr
    assert "m1235" not in done.stderr
    assert code_counts(house, bruno, ALONE)


def test_no_key_and_no_secret_is_printed(house: House, anna: Administrator, operator: Operator) -> None:
    with house.parts.database.read() as db:
        secret = authenticator_apps.reveal(db, PRESENT, anna)
    for command in ("keys renew", "check"):
        said = operator.run(command, NEW_KEY, KEY).output + operator.run(command, FOREIGN_KEY).output
        for hidden in (KEY, NEW_KEY, FOREIGN_KEY, secret):
            assert str(hidden) not in said


# --- what it does ----------------------------------------------------------------------------------------------------


def test_everything_that_is_encrypted_is_renewed() -> None:
    """A column whose name ends with `secret` holds one, and every kind of them is in `keys.KINDS`."""
    columns = {column for table in metadata.tables.values() for column in _columns(table) if column.endswith("secret")}
    assert columns == {f"{kind.secret.table.name}.{kind.secret.name}" for kind in keys.KINDS}


def _columns(table: Table) -> list[str]:
    return [f"{table.name}.{column.name}" for column in table.columns]


def test_what_no_key_opens_stays_as_it_is_and_is_named(house: House, anna: Administrator) -> None:
    bruno = house.person("m1235")
    house.add_app(bruno)
    spoil(house, anna)
    assert renew(house, ROTATED) == Encryption(0, 1, ("m1234",))
    with house.parts.database.read() as db:
        mine = select(apps.c.secret).where(apps.c.administrator_id == anna.id)
        assert db.execute(mine).scalar_one() == "spoilt"


def test_a_secret_that_waits_for_its_first_code_keeps_no_key(house: House) -> None:
    """It is begun anew where it cannot be read; a beginning that was left is no reason to keep a key for ever."""
    person = house.person()
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now())
    assert encryption(house, Vault([FOREIGN_KEY])) == Encryption()


def test_an_app_that_was_added_while_keys_are_renewed_stays(house: House, anna: Administrator) -> None:
    added = "the secret of an app that was added just now"

    class Slow(Vault):
        def encrypt(self, text: str, *, belongs_to: str) -> str:
            db.execute(update(apps).values(secret=added))
            return super().encrypt(text, belongs_to=belongs_to)

    with house.parts.database.write() as db:
        keys.renew(db, Slow([NEW_KEY, KEY]))
        assert db.execute(select(apps.c.secret)).scalar_one() == added


@both_databases
def test_a_code_that_is_typed_while_keys_are_renewed_counts(house: House) -> None:
    person = house.person()
    house.add_app(person)

    def act(number: int) -> bool:
        return code_counts(house, person, ROTATED) if number else renew(house, ROTATED).outdated == 1

    assert together(act, 2) == [True, True]
    assert encryption(house, ROTATED) == Encryption(present=1)
