"""The ledger of OWASP ASVS 5.0: each claimed id names the tests that show it, and those exist (so they must pass).

The page docs/asvs.md is part of what some ids ask for; so it is held to the code here.
"""

import ast
import re
import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path

import click
import pytest

from portal.accounts.links import Purpose
from portal.cli import main
from portal.rules import terms
from portal.rules.passwords import Reason
from portal.staff.links import Purpose as StaffPurpose
from tests.helpers.house import House
from tests.invariants.sources import calls, modules
from tests.invariants.test_routes import TABLE, E, M, methods

ROOT = Path(__file__).parents[2]
LEDGER = tomllib.loads((Path(__file__).parent / "asvs.toml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ID = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")
PLACES = ("shown", "not_yet", "not_applicable")


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def missing(shown_by: list[str]) -> list[str]:
    """The named tests that do not exist."""
    found = []
    for name in shown_by:
        path, _, test = name.partition("::")
        if not (ROOT / path).is_file() or test not in functions_in(path):
            found.append(name)
    return found


# --- the ledger -------------------------------------------------------------------------------------------------------


def test_a_test_that_is_not_there_is_found() -> None:
    own = "tests/invariants/test_asvs.py"
    assert missing([f"{own}::test_a_test_that_is_not_there_is_found"]) == []
    assert missing([f"{own}::test_of_nothing", "tests/nowhere.py::test"]) == [
        f"{own}::test_of_nothing",
        "tests/nowhere.py::test",
    ]


def test_every_claim_is_shown_by_a_test() -> None:
    for claim, shown_by in LEDGER["shown"].items():
        assert ID.fullmatch(claim), f"{claim} is no id of ASVS 5.0"
        assert shown_by, f"{claim}: a claim without a test; take it out or write one"
        assert not missing(shown_by), f"{claim}: {missing(shown_by)} moved; mend tests/invariants/asvs.toml"


@pytest.mark.parametrize("place", ["not_yet", "not_applicable"])
def test_what_is_not_claimed_says_why(place: str) -> None:
    for claim, reason in LEDGER[place].items():
        assert ID.fullmatch(claim), f"{claim} is no id of ASVS 5.0"
        assert len(reason) > 10, f"{claim}: say why"


def test_an_id_stands_in_one_place() -> None:
    everything = [claim for place in PLACES for claim in LEDGER[place]]
    twice = {claim for claim in everything if everything.count(claim) > 1}
    assert not twice, f"{twice}: shown, not yet, or not applicable?"


def test_no_id_of_the_claimed_chapters_is_missing() -> None:
    """How many there are in each section is the standard's; numbers in it have no gaps."""
    for section, ids in LEDGER["chapters"].items():
        assert ids == [f"{section}.{number}" for number in range(1, len(ids) + 1)]
        known = {claim for place in PLACES for claim in LEDGER[place] if claim.rpartition(".")[0] == section}
        assert known == set(ids), f"{section}: {known ^ set(ids)} in tests/invariants/asvs.toml"
    assert {section.partition(".")[0] for section in LEDGER["chapters"]} == {"6", "7", "8", "9"}


def test_nothing_of_levels_one_and_two_is_missing_there() -> None:
    """What is claimed as a whole: of these chapters only level 3 may be open."""
    required = {claim for ids in LEDGER["chapters"].values() for claim in ids} - set(LEDGER["levels"]["third"])
    assert not required & set(LEDGER["not_yet"]), "then the page must not claim level 2"
    assert "Level 2 of the chapters V6 (authentication), V7 (sessions), V8.1–8.4" in PAGE


# --- the page ---------------------------------------------------------------------------------------------------------


def section(title: str) -> str:
    return " ".join(PAGE.split(f"## {title}\n")[1].split("\n## ")[0].split())


def test_what_is_read_more_narrowly_is_on_the_page() -> None:
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert [claim for claim, _ in rows] == LEDGER["readings"]["narrower"], "docs/asvs.md and the ledger differ"
    assert all(claim in LEDGER["shown"] for claim, _ in rows)
    assert all(len(words) > 60 for _, words in rows)


def told(span: timedelta) -> str:
    """As people say it: in the largest unit that fits.

    >>> told(timedelta(hours=1)), told(timedelta(minutes=90))
    ('1 hour', '90 minutes')
    """
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, rest = divmod(int(span.total_seconds()), size)
        if number and not rest:
            return f"{number} {unit}{'s' * (number != 1)}"
    raise ValueError(span)


LIMITS = [
    f"{terms.SIGN_IN_FAILURES} failures in {told(terms.SIGN_IN_WINDOW)}, then a wait of "
    f"{told(terms.SIGN_IN_FIRST_WAIT)} that doubles up to {told(terms.SIGN_IN_LONGEST_WAIT)}; after 1 hour without",
    f"(/{terms.NETWORK_PREFIX_V4}, /{terms.NETWORK_PREFIX_V6}) | {terms.SIGN_IN_NETWORK_FAILURES} failures in "
    f"{told(terms.SIGN_IN_WINDOW)}",
    f"after {terms.FORCED_RESET_FAILURES} only a new password lets in",
    f"{terms.PASSKEY_REQUESTS_PER_NETWORK} begun by a network in {told(terms.PASSKEY_NETWORK_WINDOW)}",
    f"{terms.RECOVERY_REQUESTS_PER_NETWORK} requests of a network in 1 hour, "
    f"{terms.RECOVERY_MAILS_PER_ACCOUNT} mails to an account in {told(terms.RECOVERY_ACCOUNT_WINDOW)}",
    f"{terms.TRIAL_REQUESTS_PER_NETWORK} requests of a network in 1 hour, "
    f"{terms.TRIAL_MAILS_PER_ADDRESS} mails to an address in {told(terms.TRIAL_ADDRESS_WINDOW)}",
    f"({terms.DEVICE_COOKIE_LIFE.days} days, at most {terms.KNOWN_DEVICES_MAX})",
]
WAYS = [
    f"({terms.PASSWORD_MIN} characters; {terms.PASSWORD_MIN_SECOND_FACTOR} beside a second factor)",
    f"all was proven in this browser at most {told(terms.TAKE_OVER_LIFE)} ago",
    f"the mailbox that was invited, within {told(terms.INVITATION_LIFE)}",
    f"the former mailbox, within {told(terms.EMAIL_CHANGE_UNDO)}",
    f"the mailbox, within {told(terms.NOT_ME_LIFE)} of the sign-in",
    f"the permission that the person gave at `/support/view`, within {told(terms.VIEW_LIFE)}",
    "It happens after 72 hours in which everybody",
]
SESSIONS = [
    f"ends after {told(terms.IDLE_TIMEOUT)} without activity and after {told(terms.SESSION_LIFE)} whatever",
    f"if it was typed {told(terms.REAUTHENTICATION_LIFE)} ago or more",
]
NUMBERS = [
    *(("Limits, and how nobody is locked out by others", words) for words in LIMITS),
    *(("Ways in", words) for words in WAYS),
    *(("Sessions", words) for words in SESSIONS),
    ("Words that no password may contain", f"shorter than {terms.PASSWORD_CONTEXT_WORD_MIN} characters"),
    ("Who may do what", f"{terms.SIGN_IN_FAILURES} or more"),
    ("Who may do what", f"was proven: {told(terms.REAUTHENTICATION_LIFE)}"),
    ("Read more narrowly than the standard is written", f"{told(terms.CODE_TOLERANCE)} longer than its 30 at both"),
]


@pytest.mark.parametrize(("title", "words"), NUMBERS)
def test_the_numbers_on_the_page_are_those_of_the_rules(title: str, words: str) -> None:
    assert words in section(title), f"docs/asvs.md, {title}: write {words!r}"


def test_numbers_that_stand_in_words_of_their_own_are_those_of_the_rules() -> None:
    hour = timedelta(hours=1)
    assert {terms.SIGN_IN_CALM, terms.RECOVERY_NETWORK_WINDOW, terms.TRIAL_NETWORK_WINDOW} == {hour}
    assert "within 60 minutes (24 hours where staff sent the link)" in section("Ways in")
    assert (hour, 24 * hour) == (terms.RESET_LINK_LIFE, terms.SUPPORT_LINK_LIFE)
    assert 72 * hour == terms.FACTOR_REMOVAL_WAIT
    assert timedelta(seconds=30) == terms.CODE_PERIOD
    assert terms.EMAIL_CHANGE_LIFE == terms.TRIAL_LINK_LIFE == 24 * hour


def test_the_words_that_no_password_may_contain_are_on_the_page() -> None:
    told_there = section("Words that no password may contain")
    names = {
        Reason.CONTAINS_USER_NAME: "the user name",
        Reason.CONTAINS_EMAIL: "the e-mail address",
        Reason.CONTAINS_COMPANY: "the company's name",
        Reason.CONTAINS_BRAND: "the name of the service",
    }
    assert set(names) == {reason for reason in Reason if reason.startswith("contains-")}
    assert all(words in told_there for words in names.values())


def test_every_way_in_is_on_the_page(house: House) -> None:
    """What somebody who is not signed in can send, and every link, is a way in until the page says what it is."""
    open_to_all = {rule for rule, who in TABLE.items() if who in (E, M)}
    ways = {rule for rule in open_to_all if "POST" in methods(house, rule) or "<token>" in rule}
    written = set(re.findall(r"`(/[^`]*)`", PAGE.split("## Ways in\n")[1].split("\n## ")[0]))
    assert ways - written == set(), "say in docs/asvs.md, Ways in, what is asked there and what it opens"
    assert written - set(TABLE) == set(), "docs/asvs.md, Ways in, names what is not there"


@pytest.mark.parametrize("purpose", [*Purpose, *StaffPurpose])
def test_every_purpose_of_a_link_is_on_the_page(purpose: str) -> None:
    assert f"`{purpose}`" in section("Tokens")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Sessions", "One session a person."),
        ("Sessions", "leave, or continue here and end the other"),
        ("Sessions", "NIST SP 800-63B-4"),
        ("Sessions", "there is no single sign-on"),
        ("Who may do what", "`tests/invariants/test_routes.py`"),
        ("Who may do what", "`portal/rules/access.py`"),
        ("Who may do what", "a form reads the fields it declares and no other"),
        ("Who may do what", "Read by the first administrator only"),
    ],
)
def test_what_the_page_has_to_say_of_sessions_and_permissions(title: str, words: str) -> None:
    assert words in section(title)


def test_what_else_is_looked_at_is_on_the_page() -> None:
    """What the web knows of a request beside what was sent: each is told, with what it decides."""
    rows = section("Who may do what")
    for what in ("the client network", "the browser, known by a cookie", "how long ago", "the time: idle"):
        assert what in rows
    assert "Never looked at: where somebody is, the time of day, what the browser calls itself." in rows
    decides = {path for path, tree in modules() for _, name in calls(tree) if name.endswith("user_agent.string")}
    assert decides == set()
    readers = {path for path, tree in modules() if "user_agent" in ast.dump(tree)}
    assert readers == {"portal/web/who.py"}  # to name it to people; no decision is made of it


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:portal|tests|docs)/[\w./-]+)`", PAGE)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


# --- laws that some claims rest on ------------------------------------------------------------------------------------


def test_no_script_keeps_anybody_from_pasting() -> None:
    """People and password managers paste; which tokens a field carries, tests/helpers/pages.py sees on every page."""
    for path in sorted((ROOT / "portal" / "static").glob("*.js")):
        text = path.read_text("utf-8")
        for event in ("paste", "copy", "cut", "drop", "beforeinput", "contextmenu"):
            assert f'"{event}"' not in text, f"{path.name} listens to {event}"
            assert f"on{event}" not in text, f"{path.name} listens to {event}"
    for path in sorted((ROOT / "portal" / "templates").rglob("*.html")):
        assert "onpaste" not in path.read_text("utf-8"), path.name


def commands(group: click.Group, prefix: str = "") -> dict[str, set[str]]:
    """Each command with the names of what it takes."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix}{name} ")
        else:
            found[prefix + name] = {parameter.name or "" for parameter in command.params}
    return found


def test_no_command_and_no_staff_page_sets_a_password() -> None:
    """Staff begin a reset and never choose; what creates an account can set its first password, for scripts."""
    taking = {name for name, takes in commands(main).items() if any("password" in word for word in takes)}
    assert taking == {"platform create", "administrator create", "staff create"}
    writers = {path for path, tree in modules() if "password_hash" in _written(tree)}
    writers -= {path for path in writers if path.startswith("portal/staff/")}  # their own
    assert writers <= {
        "portal/accounts/administrators.py",  # a new account
        "portal/accounts/recovery.py",  # a link from the mailbox, or the current password
        "portal/accounts/sign_in.py",  # the same password with newer parameters
        "portal/accounts/erasure.py",  # a purged one
        "portal/moving_in/writing.py",  # a new account, with the hash that the person's password had before
    }, "who sets passwords here?"


def _written(tree: ast.AST) -> set[str]:
    """The columns that a module gives to `values` of a statement, as words or in a dict it builds."""
    found: set[str] = set()
    for call, name in calls(tree):
        if name.endswith("values") or (isinstance(call.func, ast.Attribute) and call.func.attr == "values"):
            found |= {keyword.arg for keyword in call.keywords if keyword.arg}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return found


def test_what_checks_tokens_has_its_keys_from_the_settings() -> None:
    """Whoever verifies a signature is on this list, and nobody lets a token say how, or with which key."""
    signers = {path for path, tree in modules() for node in ast.walk(tree) if _takes_serializer(node)}
    assert signers == {"portal/kit/links.py", "portal/web/cookies.py", "portal/web/sealed.py"}
    imported = {name for _, tree in modules() for node in ast.walk(tree) for name in _imports(node)}
    assert not imported & {"jwt", "jose", "authlib", "joserfc"}
    for path, tree in modules():
        for call, name in calls(tree):
            if name.endswith(("kit.links.Links", "cookies.SignedCookie")):
                assert ast.unparse(call.args[0]) == "settings.token_keys", f"{path}: keys of its own"


def _takes_serializer(node: ast.AST) -> bool:
    """Whether it is called, or made into a class of ours: first of all it is imported."""
    if not isinstance(node, ast.ImportFrom) or node.module != "itsdangerous":
        return False
    return any(alias.name.endswith(("Serializer", "Signer")) for alias in node.names)


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [(node.module or "").partition(".")[0]] if isinstance(node, ast.ImportFrom) else []
