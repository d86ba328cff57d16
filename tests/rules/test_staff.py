"""Which of the staff may do what, and what two of them have to want."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.rules import staff, terms
from portal.rules.access import Block
from portal.rules.lifecycle import State
from portal.rules.money import Money
from portal.rules.staff import StaffAct, StaffRole

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
S, B, A = StaffRole.SUPPORT, StaffRole.BILLING, StaffRole.ADMINISTRATION
WHO_MAY = {
    StaffAct.LOOK: {S, B, A},
    StaffAct.SEND_RESET_LINK: {S, A},
    StaffAct.ASK_FACTOR_REMOVAL: {S, A},
    StaffAct.STOP_FACTOR_REMOVAL: {S, A},
    StaffAct.END_SESSIONS: {S, A},
    StaffAct.VIEW_AS_CUSTOMER: {S, A},
    StaffAct.CONFIRM_TRANSFER: {B, A},
    StaffAct.CLOSE_TASK: {B, A},
    StaffAct.ISSUE_CREDIT_NOTE: {B, A},
    StaffAct.GRANT_CREDITS: {B, A},
    StaffAct.BLOCK: {S, A},
    StaffAct.LIFT_BLOCK: {S, A},
    StaffAct.LIFT_COMPROMISED: {A},
    StaffAct.LEGAL_HOLD: {A},
    StaffAct.EXTEND_GRACE: {A},
    StaffAct.APPROVE: {S, B, A},
    StaffAct.MANAGE_STAFF: {A},
}


@pytest.mark.parametrize("act", StaffAct)
def test_who_may_do_what(act: StaffAct) -> None:
    assert {role for role in StaffRole if staff.may(act, role)} == WHO_MAY[act]


@pytest.mark.parametrize("block", Block)
def test_a_compromised_platform_is_unlocked_by_administration_alone(block: Block) -> None:
    allowed = {role for role in StaffRole if staff.may(staff.act_of_lifting(block), role)}
    assert allowed == ({A} if block is Block.COMPROMISED else {S, A})


@pytest.mark.parametrize(
    ("reason", "suffices"),
    [("", False), ("T-1", False), ("T-12", True), ("   T   1   ", False), ("ab  cd", True), ("\n\n\n\n\n", False)],
)
def test_a_reason_has_four_characters_blanks_aside(reason: str, suffices: bool) -> None:
    assert staff.reason_suffices(reason) is suffices
    assert terms.REASON_MIN == 4


@pytest.mark.parametrize(("cents", "two"), [(99_999, False), (100_000, False), (100_001, True)])
def test_more_money_than_that_is_taken_by_two(cents: int, two: bool) -> None:
    assert staff.transfer_needs_approval(Money(cents, "EUR")) is two
    assert terms.TRANSFER_APPROVAL == 100_000


@pytest.mark.parametrize(("credits", "two"), [(9_999, False), (10_000, False), (10_001, True)])
def test_more_credits_than_that_are_given_by_two(credits: int, two: bool) -> None:
    assert staff.credits_need_approval(credits) is two
    assert terms.CREDITS_APPROVAL == 10_000


@pytest.mark.parametrize("state", State)
def test_credits_are_given_while_the_features_are_on(state: State) -> None:
    assert staff.may_give_credits(state) is (state in {State.TRIAL, State.ACTIVE, State.CANCELLED})


@pytest.mark.parametrize(
    ("ago", "two"),
    [(None, False), (timedelta(0), True), (timedelta(days=7) - INSTANT, True), (timedelta(days=7), False)],
)
def test_a_link_to_an_address_of_this_week_is_wanted_by_two(ago: timedelta | None, two: bool) -> None:
    changed = None if ago is None else NOON - ago
    assert staff.reset_needs_approval(changed, NOON) is two


@pytest.mark.parametrize(
    ("waited", "is_open"),
    [(timedelta(0), True), (timedelta(hours=24) - INSTANT, True), (timedelta(hours=24), False)],
)
def test_what_was_asked_for_waits_a_day_for_the_second_person(waited: timedelta, is_open: bool) -> None:
    assert staff.approval_open(NOON, NOON + waited) is is_open
    assert timedelta(hours=24) == terms.APPROVAL_LIFE


@pytest.mark.parametrize(
    ("after", "ended_after", "is_open"),
    [
        (timedelta(0), None, True),
        (timedelta(minutes=15) - INSTANT, None, True),
        (timedelta(minutes=15), None, False),
        (timedelta(minutes=15) + INSTANT, None, False),
        (timedelta(minutes=1), timedelta(minutes=1), False),
        (timedelta(minutes=14), timedelta(minutes=1), False),
        (timedelta(minutes=16), timedelta(minutes=1), False),
    ],
)
def test_staff_look_for_a_quarter_of_an_hour_unless_it_is_ended(
    after: timedelta, ended_after: timedelta | None, is_open: bool
) -> None:
    ended_at = None if ended_after is None else NOON + ended_after
    assert staff.view_open(staff.view_ends_at(NOON), ended_at, NOON + after) is is_open
    assert timedelta(minutes=15) == terms.VIEW_LIFE
