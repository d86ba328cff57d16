"""The table of RULES.md, Life of a platform, written out once more, and what blocks and roles take away."""

import itertools

import pytest

from portal.rules.access import (
    ENDS_SESSIONS,
    LIFTED_BY_PAYMENT,
    RESTRICTED,
    Act,
    Allowed,
    Block,
    Caution,
    Decision,
    Reason,
    Refused,
    Role,
    decide,
)
from portal.rules.lifecycle import State

# RULES.md, its columns as rows. "yes" alone is an Allowed, "yes: …" one with a caution, anything else a refusal.
STATES = (State.TRIAL, State.ACTIVE, State.CANCELLED, State.GRACE)
# fmt: off
RULES_TABLE = {
    #                    trial                active           cancelled                      grace
    Act.SIGN_IN:        ("yes",               "yes",           "yes",                         "yes"),
    Act.USE_FEATURES:   ("yes: trial-limits", "yes",           "yes",                         "expired"),
    Act.RENEW:          ("purchase-first",    "yes",           "yes: undoes-cancellation",    "yes"),
    Act.CANCEL:         ("purchase-first",    "yes",           "already-cancelled",           "expired"),
    Act.UNDO_CANCEL:    ("purchase-first",    "not-cancelled", "yes",                         "expired"),
    Act.BUY_CREDITS:    ("purchase-first",    "yes",           "yes: ends-with-cancellation", "expired"),
    Act.BUY_SEATS:      ("purchase-first",    "yes",           "yes: ends-with-cancellation", "expired"),
    Act.CHANGE_EDITION: ("purchase-first",    "yes",           "yes",                         "only-with-renewal"),
}
# fmt: on
MATRIX = [(state, act, cell) for act, cells in RULES_TABLE.items() for state, cell in zip(STATES, cells, strict=True)]
ALWAYS = (Act.SIGN_IN, Act.SEE_OVERVIEW, Act.SEE_INVOICES, Act.EXPORT, Act.CONTACT_SUPPORT, Act.EDIT_SELF, Act.PAY)


def read(cell: str) -> Decision:
    if cell.startswith("yes"):
        return Allowed(Caution(cell.removeprefix("yes: ")) if ":" in cell else None)
    return Refused(Reason(cell))


@pytest.mark.parametrize(("state", "act", "cell"), MATRIX, ids=[f"{state}-{act}" for state, act, _ in MATRIX])
def test_the_first_administrator_may_do_what_the_table_says(state: State, act: Act, cell: str) -> None:
    assert decide(act, Role.FIRST, state, renewal_open=True) == read(cell)


@pytest.mark.parametrize(("state", "renews"), [(State.ACTIVE, False), (State.CANCELLED, False), (State.GRACE, True)])
def test_before_its_day_the_renewal_is_closed_and_in_the_grace_it_is_always_open(state: State, renews: bool) -> None:
    decision = decide(Act.RENEW, Role.FIRST, state, renewal_open=False)
    assert decision == (Allowed() if renews else Refused(Reason.TOO_EARLY))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ALWAYS)
def test_reading_exporting_writing_to_support_and_paying_last_as_long_as_the_sign_in(
    state: State, role: Role, act: Act
) -> None:
    assert decide(act, role, state) == Allowed()


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("subscribed", [True, False])
def test_nothing_at_all_is_open_once_the_deletion_is_due(act: Act, role: Role, subscribed: bool) -> None:
    for state in (State.DUE_FOR_DELETION, State.DELETED):
        answer = decide(act, role, state, frozenset(Block), subscribed=subscribed, renewal_open=True)
        assert answer == Refused(Reason(state.value))


@pytest.mark.parametrize(
    ("state", "subscribed", "purchase", "renew"),
    [
        (State.TRIAL, False, Allowed(), Refused(Reason.PURCHASE_FIRST)),
        (State.TRIAL, True, Allowed(), Refused(Reason.PURCHASE_FIRST)),  # a trial has none, whatever is said
        (State.GRACE, False, Allowed(), Refused(Reason.PURCHASE_FIRST)),  # a trial that ran out keeps its data
        (State.GRACE, True, Refused(Reason.ALREADY_PURCHASED), Allowed()),
        (State.ACTIVE, False, Allowed(), Refused(Reason.PURCHASE_FIRST)),  # SMS-only, adds e-mail
        (State.ACTIVE, True, Refused(Reason.ALREADY_PURCHASED), Allowed()),
    ],
)
def test_whoever_has_no_subscription_purchases_and_whoever_has_one_renews(
    state: State, subscribed: bool, purchase: Decision, renew: Decision
) -> None:
    assert decide(Act.PURCHASE, Role.FIRST, state, subscribed=subscribed) == purchase
    assert decide(Act.RENEW, Role.FIRST, state, subscribed=subscribed, renewal_open=True) == renew


def test_an_sms_only_platform_has_nothing_to_cancel_but_buys_credits() -> None:
    for act in (Act.CANCEL, Act.CHANGE_EDITION, Act.BUY_SEATS):
        assert decide(act, Role.FIRST, State.ACTIVE, subscribed=False) == Refused(Reason.PURCHASE_FIRST)
    assert decide(Act.BUY_CREDITS, Role.FIRST, State.ACTIVE, subscribed=False) == Allowed()


ADDITIONAL_MAY = {*ALWAYS, Act.USE_FEATURES, Act.RENEW}


@pytest.mark.parametrize("act", Act)
def test_an_additional_administrator_works_and_renews_but_does_not_decide_about_money_and_people(act: Act) -> None:
    state = State.CANCELLED if act is Act.UNDO_CANCEL else State.ACTIVE
    answer = decide(act, Role.ADDITIONAL, state, renewal_open=True)
    assert answer == (Allowed() if act in ADDITIONAL_MAY else Refused(Reason.FIRST_ADMINISTRATOR_ONLY))


def test_the_state_is_told_before_the_role() -> None:
    assert decide(Act.CANCEL, Role.ADDITIONAL, State.GRACE) == Refused(Reason.EXPIRED)


@pytest.mark.parametrize("act", [Act.DISABLE_ADMINISTRATOR, Act.EDIT_BILLING, Act.EDIT_CONTACTS])
def test_the_first_administrator_keeps_house_in_every_open_state(act: Act) -> None:
    assert {decide(act, Role.FIRST, state) for state in STATES} == {Allowed()}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.TRIAL, Refused(Reason.PURCHASE_FIRST)),
        (State.ACTIVE, Allowed()),
        (State.CANCELLED, Allowed()),
        (State.GRACE, Refused(Reason.EXPIRED)),
    ],
)
def test_people_are_invited_while_the_features_are_on(state: State, expected: Decision) -> None:
    assert decide(Act.INVITE, Role.FIRST, state) == expected


# What each block takes away, "x"; everything else stays as the state has it.
# fmt: off
BLOCK_TABLE = {
    #                        features credits seats edition invite export cancel billing contacts
    Block.COMPROMISED:       ("x",    "x",    "x",  "x",    "x",   "x",   "x",   "x",    "x"),
    Block.LEGAL:             ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     ""),
    Block.ABUSE:             ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     ""),
    Block.FRAUD_CHECK:       ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     ""),
    Block.MISSING_DOCUMENTS: ("x",    "",     "",   "",     "",    "",    "",    "",     ""),
    Block.PAYMENT_OVERDUE:   ("x",    "",     "",   "",     "",    "",    "",    "",     ""),
}
# fmt: on
BLOCK_ACTS = (
    Act.USE_FEATURES,
    Act.BUY_CREDITS,
    Act.BUY_SEATS,
    Act.CHANGE_EDITION,
    Act.INVITE,
    Act.EXPORT,
    Act.CANCEL,
    Act.EDIT_BILLING,
    Act.EDIT_CONTACTS,
)


@pytest.mark.parametrize("block", Block)
def test_each_block_takes_away_what_its_row_says_and_nothing_else(block: Block) -> None:
    taken = {act for act, mark in zip(BLOCK_ACTS, BLOCK_TABLE[block], strict=True) if mark}
    for act in set(Act) - {Act.UNDO_CANCEL}:
        free = decide(act, Role.FIRST, State.ACTIVE, renewal_open=True)
        blocked = decide(act, Role.FIRST, State.ACTIVE, {block}, renewal_open=True)
        assert blocked == (Refused(Reason.BLOCKED, block) if act in taken else free), act


def test_a_cancellation_cannot_be_taken_back_on_a_compromised_platform() -> None:
    answer = decide(Act.UNDO_CANCEL, Role.FIRST, State.CANCELLED, {Block.COMPROMISED})
    assert answer == Refused(Reason.BLOCKED, Block.COMPROMISED)
    assert decide(Act.UNDO_CANCEL, Role.FIRST, State.CANCELLED, {Block.LEGAL}) == Allowed()


@pytest.mark.parametrize("state", STATES)
def test_no_set_of_blocks_stops_signing_in_reading_support_paying_and_renewing(state: State) -> None:
    never = (set(ALWAYS) - {Act.EXPORT}) | {Act.RENEW, Act.PURCHASE, Act.DISABLE_ADMINISTRATOR}
    sets = [frozenset(chosen) for size in range(len(Block) + 1) for chosen in itertools.combinations(Block, size)]
    for act, blocks, subscribed in itertools.product(never, sets, (True, False)):
        free = decide(act, Role.FIRST, state, subscribed=subscribed, renewal_open=True)
        assert decide(act, Role.FIRST, state, blocks, subscribed=subscribed, renewal_open=True) == free


def test_of_several_blocks_the_gravest_is_told() -> None:
    answer = decide(Act.USE_FEATURES, Role.FIRST, State.ACTIVE, {Block.PAYMENT_OVERDUE, Block.ABUSE})
    assert answer == Refused(Reason.BLOCKED, Block.ABUSE)


def test_a_block_never_opens_what_the_state_closes() -> None:
    assert decide(Act.USE_FEATURES, Role.FIRST, State.GRACE, {Block.LEGAL}) == Refused(Reason.EXPIRED)


def test_every_block_says_what_it_restricts_and_one_ends_sessions() -> None:
    assert set(RESTRICTED) == set(Block)
    assert {Block.COMPROMISED} == ENDS_SESSIONS
    assert {Block.PAYMENT_OVERDUE} == LIFTED_BY_PAYMENT
