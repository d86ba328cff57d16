"""The numbers: each is what RULES.md and SECURITY.md say, is used by the code, and stands in a boundary table."""

import ast
from collections.abc import Iterable
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import portal
from portal.rules import terms

CODE = Path(portal.__file__).parent
TESTS = Path(__file__).parents[1]
TERMS = CODE / "rules" / "terms.py"

# Written in RULES.md or SECURITY.md, used by pages that come later. A name leaves this set when its page comes.
WAITING_FOR_CODE = {
    "PIN_DIGITS": "the support PIN",
    "PIN_LIFE": "the support PIN",
}
# Used by the code, but by no rule: the test of the boundary stands, or will stand, beside the feature.
RULES = {
    "BUSINESS_ZONE": ZoneInfo("Europe/Rome"),
    "GRACE_DAYS": 10,
    "GRACE_EXTENSION_MOST": 30,
    "RENEW_FROM_DAYS": 90,
    "TRIAL_DAYS": 30,
    "CARD_CONFIRMATION": timedelta(hours=24),
    "TRANSFER_CONFIRMATION_BANK_DAYS": 5,
    "REMINDER_DAYS": (-90, -30, -15, -7, -1, 0, 1, 5, 8, 10),
    "EXTENDED_GRACE_REMINDER_DAYS": (-2, 0),
    "YEARLY_ONLY_REMINDER_DAYS": (-90,),
    "YEARLY_TERM_MONTHS": 12,
    "CREDIT_REMINDER_DAYS": (60, 30, 7, 1),
    "SMS_ONLY_LOT_MONTHS": 24,
    "SMS_ONLY_DORMANT_MONTHS": 12,
    "SMS_ONLY_NOTICE_DAYS": (60, 30, 7, 1),
    "NIGHT_FROM": time(4),
    "NIGHTS_MADE_UP": 31,
    "PAYMENTS_ASKED_FOR": timedelta(days=30),
    "OUTBOX_KEPT": timedelta(days=90),
    "LINKS_KEPT": timedelta(days=120),
    "HALFWAY_LINKS_KEPT": timedelta(days=1),
    "SESSIONS_KEPT": timedelta(days=90),
    "SESSIONS_LISTED": 10,
    "EMAIL_CHANGES_KEPT": timedelta(days=365),
    "WINDOWS_KEPT": timedelta(days=2),
    "FAILURES_KEPT": timedelta(days=365),
    "NIGHTS_KEPT": 400,
    "REASON_MIN": 4,
    "TRANSFER_APPROVAL": 100_000,
    "CREDITS_APPROVAL": 10_000,
    "APPROVAL_LIFE": timedelta(hours=24),
    "STAFF_INVITATION_LIFE": timedelta(hours=24),
    "VIEW_LIFE": timedelta(minutes=15),
    "PURGE_DELAY": timedelta(hours=24),
    "INCLUDED_SEATS": 1,
    "MOST_ADDITIONAL": 1_000,
    "MOVED_IN_ID_MAX": 899_999_999,
    "QUOTE_LIFE": timedelta(minutes=30),
    "ORDER_LIFE": timedelta(hours=24),
    "TRANSFER_ORDER_DAYS": 30,
    "ITALIAN_VAT_PERMILLE": 220,
    "IDLE_TIMEOUT": timedelta(minutes=30),
    "IDLE_WARNING": timedelta(minutes=2),
    "SESSION_LIFE": timedelta(hours=12),
    "REAUTHENTICATION_LIFE": timedelta(minutes=10),
    "ACTIVITY_WRITE_INTERVAL": timedelta(seconds=60),
    "SIGN_IN_FAILURES": 5,
    "SIGN_IN_WINDOW": timedelta(minutes=5),
    "SIGN_IN_FIRST_WAIT": timedelta(seconds=30),
    "SIGN_IN_LONGEST_WAIT": timedelta(minutes=15),
    "SIGN_IN_CALM": timedelta(hours=1),
    "SIGN_IN_NETWORK_FAILURES": 20,
    "FORCED_RESET_FAILURES": 100,
    "NETWORK_PREFIX_V4": 24,
    "NETWORK_PREFIX_V6": 64,
    "RECOVERY_MAILS_PER_ACCOUNT": 5,
    "RECOVERY_ACCOUNT_WINDOW": timedelta(days=1),
    "RECOVERY_REQUESTS_PER_NETWORK": 20,
    "RECOVERY_NETWORK_WINDOW": timedelta(hours=1),
    "RESET_LINK_LIFE": timedelta(minutes=60),
    "SUPPORT_LINK_LIFE": timedelta(hours=24),
    "INVITATION_LIFE": timedelta(days=7),
    "EMAIL_CHANGE_LIFE": timedelta(hours=24),
    "EMAIL_CHANGE_UNDO": timedelta(days=7),
    "TAKE_OVER_LIFE": timedelta(minutes=5),
    "DRAFT_LIFE": timedelta(hours=24),
    "TRIAL_LINK_LIFE": timedelta(hours=24),
    "TRIAL_MAILS_PER_ADDRESS": 3,
    "TRIAL_ADDRESS_WINDOW": timedelta(days=1),
    "TRIAL_REQUESTS_PER_NETWORK": 10,
    "TRIAL_NETWORK_WINDOW": timedelta(hours=1),
    "PASSWORD_MIN": 15,
    "PASSWORD_MIN_SECOND_FACTOR": 8,
    "PASSWORD_MAX": 256,
    "PASSWORD_MAX_BYTES": 4096,
    "PASSWORD_CONTEXT_WORD_MIN": 4,
    "EXPORT_LIFE": timedelta(days=7),
    "EXPORTS_PER_PLATFORM": 3,
    "EXPORT_WINDOW": timedelta(days=1),
    "PASSKEYS_MAX": 10,
    "FACTOR_REMOVAL_WAIT": timedelta(hours=72),
    "PASSKEY_LIFE": timedelta(minutes=5),
    "PASSKEY_REQUESTS_PER_NETWORK": 60,
    "PASSKEY_NETWORK_WINDOW": timedelta(minutes=5),
    "CODE_DIGITS": 6,
    "CODE_PERIOD": timedelta(seconds=30),
    "CODE_TOLERANCE": timedelta(seconds=10),
    "APP_SETUP_LIFE": timedelta(minutes=30),
    "SECOND_FACTOR_LIFE": timedelta(minutes=5),
    "RECOVERY_CODES": 10,
    "RECOVERY_CODE_LENGTH": 10,
    "DEVICE_COOKIE_LIFE": timedelta(days=400),
    "NOT_ME_LIFE": timedelta(days=7),
    "KNOWN_DEVICES_MAX": 20,
    "ALARM_MAILS": 1,
    "ALARM_WINDOW": timedelta(days=1),
    "PLATFORM_DIGITS": 9,
    "SUFFIX_LENGTH": 32,
    "SUPPORT_WINDOWS": ((time(9), time(13)), (time(14), time(18))),
    "TAKEN_IN_CHARGE_HOURS": 4,
    "SOLVED_FIRST_LEVEL_DAYS": 1,
    "SOLVED_SECOND_LEVEL_DAYS": 4,
    "CALL_BACK_HOURS": (2, 4),
    "ROUND_THE_CLOCK_RESPONSE": timedelta(hours=24),
    "CONTACTS_MAX": 50,
    "PIN_DIGITS": 6,
    "PIN_LIFE": timedelta(minutes=15),
}
NAMES = sorted(name for name in vars(terms) if name.isupper())


def names_read(source: str) -> set[str]:
    """The names a module reads, as `NAME` or `terms.NAME`; importing one without reading it does not count."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "terms":
            found.add(node.attr)
    return found


def names_read_in(files: Iterable[Path]) -> set[str]:
    return set().union(*(names_read(file.read_text(encoding="utf-8")) for file in files))


@pytest.fixture(scope="module")
def in_code() -> set[str]:
    return names_read_in(file for file in CODE.rglob("*.py") if file != TERMS)


@pytest.fixture(scope="module")
def in_tests() -> set[str]:
    return names_read_in(file for file in TESTS.rglob("test_*.py") if file != Path(__file__))


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_the_one_of_the_rules(name: str) -> None:
    assert name in RULES, f"{name} is new in terms.py: write its value, as the rules state it, into this table"
    assert getattr(terms, name) == RULES[name], f"{name} differs from the rules: change RULES.md first, then this table"


def test_no_number_is_missing() -> None:
    assert sorted(RULES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_used(name: str, in_code: set[str]) -> None:
    if name in WAITING_FOR_CODE:
        assert name not in in_code, f"{name} is used now: take it out of WAITING_FOR_CODE"
    else:
        assert name in in_code, f"nothing under portal/ reads {name}: use it, or delete it from terms.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_number_stands_in_a_boundary_table(name: str, in_tests: set[str]) -> None:
    if name in WAITING_FOR_CODE:
        assert name not in in_tests, f"a test reads {name} now: take it out of the waiting set"
    else:
        assert name in in_tests, f"no test reads {name}: write its boundary (just before, exactly at, just after)"


def test_the_waiting_set_holds_only_numbers_that_exist() -> None:
    assert WAITING_FOR_CODE.keys() <= set(NAMES)


def test_an_import_alone_is_no_use() -> None:
    assert names_read("from portal.rules.terms import GRACE_DAYS") == set()
    assert names_read("from portal.rules.terms import GRACE_DAYS\nx = GRACE_DAYS + 1") == {"GRACE_DAYS"}
    assert names_read("from portal.rules import terms\nx = terms.GRACE_DAYS") == {"terms", "GRACE_DAYS"}
    assert "GRACE_DAYS" not in names_read("GRACE_DAYS = 10\nother.GRACE_DAYS")
