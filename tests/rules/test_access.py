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
from portal.rules.renewal import Window

OPEN = Window.OPEN
# RULES.md, its columns as rows. "yes" alone is an Allowed, "yes: …" one with a caution, anything else a refusal.
STATES = (State.TRIAL, State.ACTIVE, State.CANCELLED, State.GRACE)
# fmt: off
RULES_TABLE = {
    #                    trial                active               cancelled                      grace
    Act.SIGN_IN:        ("yes",               "yes",               "yes",                         "yes"),
    Act.USE_FEATURES:   ("yes: trial-limits", "yes",               "yes",                         "expired"),
    Act.PURCHASE:       ("yes",               "already-purchased", "already-purchased",           "already-purchased"),
    Act.RENEW:          ("purchase-first",    "yes",               "yes: undoes-cancellation",    "yes"),
    Act.CANCEL:         ("purchase-first",    "yes",               "already-cancelled",           "expired"),
    Act.UNDO_CANCEL:    ("purchase-first",    "not-cancelled",     "yes",                         "expired"),
    Act.BUY_CREDITS:    ("purchase-first",    "yes",               "yes: ends-with-cancellation", "expired"),
    Act.BUY_SEATS:      ("purchase-first",    "yes",               "yes: ends-with-cancellation", "expired"),
    Act.INVITE:         ("purchase-first",    "yes",               "yes",                         "expired"),
    Act.CHANGE_EDITION: ("purchase-first",    "yes",               "yes",                         "only-with-renewal"),
}
# The same without a subscription: a trial, an SMS-only platform, the grace of a trial; nothing there can be cancelled.
UNSUBSCRIBED_TABLE = {
    #                    trial                SMS-only             grace
    Act.SIGN_IN:        ("yes",               "yes",               "yes"),
    Act.USE_FEATURES:   ("yes: trial-limits", "yes",               "purchase-first"),
    Act.PURCHASE:       ("yes",               "yes",               "yes"),
    Act.RENEW:          ("purchase-first",    "purchase-first",    "purchase-first"),
    Act.CANCEL:         ("purchase-first",    "purchase-first",    "purchase-first"),
    Act.UNDO_CANCEL:    ("purchase-first",    "not-cancelled",     "purchase-first"),
    Act.BUY_CREDITS:    ("purchase-first",    "yes",               "purchase-first"),
    Act.BUY_SEATS:      ("purchase-first",    "purchase-first",    "purchase-first"),
    Act.INVITE:         ("purchase-first",    "yes",               "purchase-first"),
    Act.CHANGE_EDITION: ("purchase-first",    "purchase-first",    "purchase-first"),
}
# Renewing, by what the days say: "at most one future term" everywhere, E - 90 in the active cell alone.
WINDOW_TABLE = {
    #                        trial             active             cancelled                   grace
    Window.OPEN:            ("purchase-first", "yes",             "yes: undoes-cancellation", "yes"),
    Window.TOO_EARLY:       ("purchase-first", "too-early",       "yes: undoes-cancellation", "yes"),
    Window.ALREADY_RENEWED: ("purchase-first", "already-renewed", "already-renewed",          "already-renewed"),
}
# fmt: on
ALWAYS = (Act.SIGN_IN, Act.SEE_OVERVIEW, Act.SEE_INVOICES, Act.EXPORT, Act.CONTACT_SUPPORT, Act.EDIT_SELF, Act.PAY)


def read(cell: str) -> Decision:
    if cell.startswith("yes"):
        return Allowed(Caution(cell.removeprefix("yes: ")) if ":" in cell else None)
    return Refused(Reason(cell))


@pytest.mark.parametrize("act", RULES_TABLE)
def test_the_first_administrator_may_do_what_the_table_says(act: Act) -> None:
    for state, cell in zip(STATES, RULES_TABLE[act], strict=True):
        assert decide(act, Role.FIRST, state, window=OPEN) == read(cell), state


@pytest.mark.parametrize("act", UNSUBSCRIBED_TABLE)
def test_without_a_subscription_most_of_it_begins_with_a_purchase(act: Act) -> None:
    for state, cell in zip((State.TRIAL, State.ACTIVE, State.GRACE), UNSUBSCRIBED_TABLE[act], strict=True):
        assert decide(act, Role.FIRST, state, window=None) == read(cell), state


@pytest.mark.parametrize("window", Window)
def test_a_renewal_waits_for_its_window_and_a_cancelled_platform_only_for_the_future_term(window: Window) -> None:
    for state, cell in zip(STATES, WINDOW_TABLE[window], strict=True):
        assert decide(Act.RENEW, Role.FIRST, state, window=window) == read(cell), state


@pytest.mark.parametrize("window", Window)
def test_the_window_is_asked_about_the_renewal_alone(window: Window) -> None:
    for act, state in itertools.product(set(Act) - {Act.RENEW}, STATES):
        assert decide(act, Role.FIRST, state, window=window) == decide(act, Role.FIRST, state, window=OPEN)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ALWAYS)
def test_reading_exporting_writing_to_support_and_paying_last_as_long_as_the_sign_in(
    state: State, role: Role, act: Act
) -> None:
    assert decide(act, role, state, window=OPEN) == decide(act, role, state, window=None) == Allowed()


@pytest.mark.parametrize("state", State)
def test_the_state_and_the_table_agree_on_who_may_sign_in(state: State) -> None:
    answers = {
        decide(Act.SIGN_IN, role, state, blocks, window=window) == Allowed()
        for role, blocks, window in itertools.product(Role, (frozenset(), frozenset(Block)), (None, *Window))
    }
    assert answers == {state.may_sign_in}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("window", [OPEN, None])
def test_nothing_at_all_is_open_once_the_deletion_is_due(act: Act, role: Role, window: Window | None) -> None:
    for state in (State.DUE_FOR_DELETION, State.DELETED):
        answer = decide(act, role, state, frozenset(Block), window=window)
        assert answer == Refused(Reason(state.value))


ADDITIONAL_MAY = {*ALWAYS, Act.USE_FEATURES, Act.RENEW}


@pytest.mark.parametrize("act", Act)
def test_an_additional_administrator_works_and_renews_but_does_not_decide_about_money_and_people(act: Act) -> None:
    state = State.CANCELLED if act is Act.UNDO_CANCEL else State.ACTIVE
    answer = decide(act, Role.ADDITIONAL, state, window=OPEN)
    assert answer == (Allowed() if act in ADDITIONAL_MAY else Refused(Reason.FIRST_ADMINISTRATOR_ONLY))


def test_the_state_is_told_before_the_role() -> None:
    assert decide(Act.CANCEL, Role.ADDITIONAL, State.GRACE, window=OPEN) == Refused(Reason.EXPIRED)


@pytest.mark.parametrize(
    "act", [Act.DISABLE_ADMINISTRATOR, Act.EDIT_BILLING, Act.EDIT_CONTACTS, Act.DEMAND_SECOND_FACTOR]
)
def test_the_first_administrator_keeps_house_in_every_open_state(act: Act) -> None:
    assert {decide(act, Role.FIRST, state, window=OPEN) for state in STATES} == {Allowed()}


# What each block takes away, "x"; everything else stays as the state has it.
# fmt: off
BLOCK_TABLE = {
    #                        features credits seats edition invite export cancel billing contacts factor
    Block.COMPROMISED:       ("x",    "x",    "x",  "x",    "x",   "x",   "x",   "x",    "x",     "x"),
    Block.LEGAL:             ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     "",      ""),
    Block.ABUSE:             ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     "",      ""),
    Block.FRAUD_CHECK:       ("x",    "x",    "x",  "x",    "x",   "",    "",    "",     "",      ""),
    Block.MISSING_DOCUMENTS: ("x",    "",     "",   "",     "",    "",    "",    "",     "",      ""),
    Block.PAYMENT_OVERDUE:   ("x",    "",     "",   "",     "",    "",    "",    "",     "",      ""),
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
    Act.DEMAND_SECOND_FACTOR,
)


@pytest.mark.parametrize("block", Block)
def test_each_block_takes_away_what_its_row_says_and_nothing_else(block: Block) -> None:
    taken = {act for act, mark in zip(BLOCK_ACTS, BLOCK_TABLE[block], strict=True) if mark}
    for act in set(Act) - {Act.UNDO_CANCEL}:
        free = decide(act, Role.FIRST, State.ACTIVE, window=OPEN)
        blocked = decide(act, Role.FIRST, State.ACTIVE, {block}, window=OPEN)
        assert blocked == (Refused(Reason.BLOCKED, block) if act in taken else free), act


def test_a_cancellation_cannot_be_taken_back_on_a_compromised_platform() -> None:
    answer = decide(Act.UNDO_CANCEL, Role.FIRST, State.CANCELLED, {Block.COMPROMISED}, window=OPEN)
    assert answer == Refused(Reason.BLOCKED, Block.COMPROMISED)
    assert decide(Act.UNDO_CANCEL, Role.FIRST, State.CANCELLED, {Block.LEGAL}, window=OPEN) == Allowed()


@pytest.mark.parametrize("state", STATES)
def test_no_set_of_blocks_stops_signing_in_reading_support_paying_and_renewing(state: State) -> None:
    never = (set(ALWAYS) - {Act.EXPORT}) | {Act.RENEW, Act.PURCHASE, Act.DISABLE_ADMINISTRATOR}
    sets = [frozenset(chosen) for size in range(len(Block) + 1) for chosen in itertools.combinations(Block, size)]
    for act, blocks, window in itertools.product(never, sets, (OPEN, None)):
        free = decide(act, Role.FIRST, state, window=window)
        assert decide(act, Role.FIRST, state, blocks, window=window) == free


def test_a_missing_subscription_is_told_before_a_block() -> None:
    assert decide(Act.BUY_SEATS, Role.FIRST, State.ACTIVE, {Block.ABUSE}, window=None) == Refused(Reason.PURCHASE_FIRST)


def test_of_several_blocks_the_gravest_is_told() -> None:
    answer = decide(Act.USE_FEATURES, Role.FIRST, State.ACTIVE, {Block.PAYMENT_OVERDUE, Block.ABUSE}, window=OPEN)
    assert answer == Refused(Reason.BLOCKED, Block.ABUSE)


def test_a_block_never_opens_what_the_state_closes() -> None:
    answer = decide(Act.USE_FEATURES, Role.FIRST, State.GRACE, {Block.LEGAL}, window=OPEN)
    assert answer == Refused(Reason.EXPIRED)


def test_every_block_says_what_it_restricts_and_one_ends_sessions() -> None:
    assert set(RESTRICTED) == set(Block)
    assert {Block.COMPROMISED} == ENDS_SESSIONS
    assert {Block.PAYMENT_OVERDUE} == LIFTED_BY_PAYMENT
