"""The keys of notices: each is written once, whoever comes."""

from portal.subscription import notices
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

KEY = "expiry:1234:2026-11-22:-7"


def write(house: House, key: str = KEY, platform_id: int = 1234) -> bool:
    with house.parts.database.write() as db:
        return notices.write_once(db, platform_id, key, at=house.clock.now())


@both_databases
def test_of_several_at_once_one_writes_the_key(house: House) -> None:
    house.platform(1234)
    assert sorted(together(lambda _: write(house), 4)) == [False, False, False, True]
    assert not write(house)


def test_each_platform_has_its_own_keys(house: House) -> None:
    for number in (1234, 2000, 3000):
        house.platform(number)
    write(house)
    write(house, "expiry:1234:2026-11-22:-1")
    write(house, "expiry:2000:2026-11-22:-1", 2000)
    with house.parts.database.read() as db:
        found = notices.keys_of(db, [1234, 3000])
    assert found == {1234: {KEY, "expiry:1234:2026-11-22:-1"}, 3000: set()}
