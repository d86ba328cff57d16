"""Who of the staff may do what, in every state that a platform can be in: each route of the desk, opened and sent."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import update

from portal.rules import staff
from portal.rules.access import Block
from portal.rules.lifecycle import State
from portal.rules.staff import StaffRole
from portal.subscription import actions as subscription
from portal.subscription.tables import platforms
from portal.web import access
from tests.helpers.browser import SAME_ORIGIN
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.shop import PACK
from tests.helpers.till import awaited, token
from tests.invariants.test_routes import TABLE, D, example, methods

DESK = [rule for rule, who in TABLE.items() if who == D]
ANSWERS = (200, 303, 404, 422)  # whatever is asked for: never a fault of ours


@dataclass(frozen=True)
class Stage:
    """A platform with this many days left, `later` days on."""

    state: State
    ends_in: int | None = 20
    later: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    blocked: bool = False


STAGES = {
    "active": Stage(State.ACTIVE),
    "trial": Stage(State.TRIAL, facts={"trial": True}),
    "cancelled": Stage(State.CANCELLED, facts={"cancelled": True}),
    "SMS-only": Stage(State.ACTIVE, ends_in=None),
    "blocked": Stage(State.ACTIVE, blocked=True),
    "grace": Stage(State.GRACE, later=21),
    "due": Stage(State.DUE_FOR_DELETION, later=31),
    "deleted": Stage(State.DELETED, later=31),
}


def furnish(house: House, stage: Stage) -> None:
    """An order that waits, an invoice, a sum that staff have to look at, and the state."""
    house.platform(1234, ends_in=stage.ends_in, **stage.facts)
    anna = house.person("m1234")
    awaited(house)
    order = house.order(PACK, by=anna, key="another")
    house.pay(order, amount=replace(order.total, cents=order.total.cents + 1))
    if stage.blocked:
        with house.parts.database.write() as db:
            subscription.block(db, 1234, Block.COMPROMISED, by="test", note="", at=house.clock.now())
    house.clock.move(days=stage.later)
    if stage.state is State.DELETED:
        with house.parts.database.write() as db:
            db.execute(update(platforms).values(deleted_at=house.clock.now()))
    assert house.place().state is stage.state


@pytest.mark.parametrize("role", StaffRole)
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_every_route_of_the_desk_opens_to_the_roles_that_may(house: House, stage: Stage, role: StaffRole) -> None:
    furnish(house, stage)
    browser = at_the_desk(house, role)
    browser.get("/staff")
    forgery_token = token(browser)
    rules = {route.rule: route for route in house.app.url_map.iter_rules()}
    for rule in DESK:
        with house.app.app_context():
            declared = access.rule_of(rules[rule].endpoint)
        assert declared
        assert declared.staff
        may = staff.may(declared.staff, role)
        for method in methods(house, rule):
            sent = {"csrf_token": forgery_token, "platform_id": "1234"} if method == "POST" else None
            answer = browser.open(example(rule), method=method, data=sent, headers=SAME_ORIGIN)
            told = f"{method} {rule}: {answer.status_code}"
            assert (answer.status_code == 403) != may, told
            assert not may or answer.status_code in ANSWERS, told
