"""Each form, page and address, with the worst that can be sent there, by everybody who may come.

What is attacked is found by looking around (ground.py): a new page, form or mailed link needs no line here. The quick
tests try each field of each kind of form alone with a few values, and some hundred requests with many things wrong at
once; the long ones (`make soak`) all values with all people, and many thousands.
"""

import logging
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.attack import laws
from tests.attack.blows import FEW, WORST, Blow, blows, one_at_a_time
from tests.attack.forms import Form
from tests.attack.ground import Ground, prepare
from tests.helpers import databases

# What forms send without being there in HTML, or what only machines send.
BESIDE = {
    "answer": '{"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": "e30"}}',
    "choice": "continue",
    "draft_path": "/profile",
    "from": "/subscription",
    "way": "demo",
}
NAMES = (
    "q",
    "page",
    "before",
    "kind",
    "seen",
    "back",
    "next",
    "lang",
    "username",
    "waiting",
    "after",
    "tasks",
    "code",
    "x",
)
QUICK = 25  # requests of each person with many things wrong at once
LONG = 1000


ON_POSTGRES = pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.soak])  # the same laws, twice the time


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRES])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    logging.disable(logging.CRITICAL)  # thousands of refusals
    database = databases.postgres() if request.param == "postgres" else databases.sqlite(folder)
    with database as url, prepare(folder, url) as found:
        yield found
    logging.disable(logging.NOTSET)


def strike(ground: Ground, blow: Blow) -> None:
    try:
        laws.check(blow, blow.strike(ground))
    finally:
        ground.restore()


def targets(ground: Ground, who: str) -> list[tuple[str, Form]]:
    """What this person has found, with a bare form for every address that takes one all the same."""
    asker = ground.people[who]
    found = [(place, Form(place, "GET")) for place in asker.places]
    found += [(form.action, form) for _, form in asker.forms]
    return found + [(path, Form(path, "POST", dict(BESIDE), dict.fromkeys(BESIDE, "text"))) for path in posts(ground)]


def posts(ground: Ground) -> list[str]:
    """Every address that takes a form, with a value that could be there in each place of it."""
    values = {"token": "x" * 40, "username": "m1234", "number": "2025-000001", "code": "abuse", "reference": "x"}
    adapter, found = ground.house.app.url_map.bind("127.0.0.1:8000"), []
    for rule in ground.house.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            found.append(adapter.build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments}, "POST"))
    return found


def each_kind_of_form(ground: Ground) -> list[tuple[str, Form]]:
    """Each form with whoever has found it first."""
    found: dict[Any, tuple[str, Form]] = {}
    for who, asker in ground.people.items():
        for _, form in asker.forms:
            endpoint = ground.endpoint(form.action, form.method)
            found.setdefault((endpoint and endpoint[0], form.method, tuple(form.fields)), (who, form))
    return list(found.values())


def test_nearly_every_form_there_is_has_been_found(ground: Ground) -> None:
    """Otherwise the rest of this file proves little."""
    forms = [ground.endpoint(form.action, form.method) for _, form in each_kind_of_form(ground)]
    found = {endpoint[0] for endpoint in forms if endpoint}
    taking = {rule.endpoint for rule in ground.house.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert len(found & taking) > 0.75 * len(taking)
    assert len(ground.people) >= 25


def test_what_was_done_is_undone_before_the_next_attack(ground: Ground) -> None:
    anna = ground.people["m1234"]
    ground.ask(anna, "/support/view", "POST", data={"csrf_token": anna.token})
    assert ground.restore()
    assert not ground.restore()


def test_no_field_alone_brings_anything_down(ground: Ground) -> None:
    for who, form in each_kind_of_form(ground):
        for blow in one_at_a_time(who, form, ground.people[who].token, FEW):
            strike(ground, blow)


def test_nor_do_many_things_at_once(ground: Ground) -> None:
    for who in ground.people:
        together(ground, who, QUICK)


@pytest.mark.soak
def test_no_value_in_no_field_brings_anything_down(ground: Ground) -> None:
    for who, asker in ground.people.items():
        for _, form in asker.forms:
            for blow in one_at_a_time(who, form, asker.token, WORST):
                strike(ground, blow)


@pytest.mark.soak
def test_nor_do_thousands_of_requests_with_everything_wrong(ground: Ground) -> None:
    for who in random.sample(sorted(ground.people), len(ground.people)):
        together(ground, who, LONG)


def together(ground: Ground, who: str, number: int) -> None:
    """So many requests of one person with many things wrong at once."""

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.data())
    def attack(data: Any) -> None:
        strike(ground, data.draw(blows(ground, who, found, NAMES)))

    found = targets(ground, who)
    attack()
