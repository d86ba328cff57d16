"""A trial: from the page, through the worker and a real mail server, to the first sign-in and the end of its grace."""

import re
from email.message import EmailMessage

import pytest

from portal.kit import outbox
from portal.rules import terms
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD
from tests.jobs.conftest import PostalHouse

CARLA = {"full_name": "Carla Ferri", "company": "", "email": "Carla@Example.com"}


def ask(postal: PostalHouse, language: str = "en", **changed: str) -> tuple[str, str]:
    """(address, text) of the page that answers; from a browser that nobody has used before."""
    browser = Browser(postal.house.app, language=language)
    browser.get("/request-trial")
    page = browser.submit(CARLA | changed)
    assert browser.response is not None
    return browser.response.request.path, page.html


def newest(postal: PostalHouse) -> EmailMessage:
    postal.work()
    return postal.server.accepted[-1]


def link_in(postal: PostalHouse, mail: EmailMessage, path: str) -> str:
    """The first address of ours in the plain text that begins with this path."""
    body = mail.get_body(["plain"])
    assert body is not None
    found = re.search(
        rf"^{re.escape(postal.house.parts.settings.public_url)}({re.escape(path)}\S*)\s*$", body.get_content(), re.M
    )
    assert found, body.get_content()
    return found[1]


def begin(postal: PostalHouse, language: str = "en") -> Browser:
    ask(postal, language)
    browser = Browser(postal.house.app, language=language)
    browser.get(link_in(postal, newest(postal), "/request-trial/"))
    browser.submit({"password": PASSWORD, "password_again": PASSWORD})
    return browser


@both_databases
@pytest.mark.parametrize(
    ("language", "subjects"),
    [
        ("en", ["Your trial of Portal: confirm your address", "Your trial of Portal is ready: m1235"]),
        ("it", ["La tua prova di Portal: conferma il tuo indirizzo", "La tua prova di Portal è pronta: m1235"]),
    ],
)
def test_two_mails_and_a_password_lead_to_the_overview(postal: PostalHouse, language: str, subjects: list[str]) -> None:
    begin(postal, language)
    ready = newest(postal)
    assert [mail["Subject"] for mail in postal.server.accepted] == subjects
    assert set(postal.server.recipients) == {"Carla@Example.com"}
    browser = Browser(postal.house.app, language=language)
    browser.get(link_in(postal, ready, "/login"))
    page = browser.submit({"password": PASSWORD})
    assert page.state() == "trial"
    assert page.root.get("lang") == language


def test_with_the_mail_server_down_the_answer_is_the_same_and_the_link_comes_later(postal: PostalHouse) -> None:
    usual = ask(postal, email="bruno@example.com")
    postal.work()
    postal.server.stop()
    assert ask(postal) == usual
    postal.work()
    assert postal.server.recipients == ["bruno@example.com"]
    postal.server.start()
    postal.house.clock.move(seconds=outbox.RETRY_AFTER[0].total_seconds())
    assert newest(postal)["To"] == "Carla@Example.com"


def test_a_request_leaves_the_same_trace_whoever_asked(postal: PostalHouse) -> None:
    begin(postal)
    postal.work()
    for email in ("carla@example.com", "nobody@example.com", "anna@example.com"):
        ask(postal, email=email)
    postal.work()
    assert {(task.outcome, str(task.payload)) for task in postal.rows(outbox.TASK)} == {("handled", "{}")}


def test_asked_for_twice_at_once_only_the_newest_link_leaves(postal: PostalHouse) -> None:
    ask(postal)
    ask(postal)
    postal.work()
    assert [row.outcome for row in postal.rows()] == ["expired", "sent"]
    browser = Browser(postal.house.app)
    browser.get(link_in(postal, postal.server.accepted[-1], "/request-trial/"))
    assert browser.response is not None
    assert browser.response.status_code == 200


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (terms.TRIAL_DAYS - 1, "trial"),
        (terms.TRIAL_DAYS, "grace"),
        (terms.TRIAL_DAYS + terms.GRACE_DAYS - 1, "grace"),
        (terms.TRIAL_DAYS + terms.GRACE_DAYS, None),
    ],
)
def test_a_trial_lasts_thirty_days_and_can_be_purchased_for_ten_more(
    postal: PostalHouse, days: int, state: str | None
) -> None:
    begin(postal)
    postal.house.clock.move(days=days)
    browser = Browser(postal.house.app)
    assert browser.sign_in("m1235").state() == state
    assert browser.response is not None
    assert (browser.response.status_code == 403) is (state is None)


def test_who_asks_again_in_the_ten_days_is_told_until_when_everything_can_be_kept(postal: PostalHouse) -> None:
    begin(postal)
    postal.work()
    postal.house.clock.move(days=terms.TRIAL_DAYS)
    ask(postal)
    mail = newest(postal)
    assert mail["Subject"] == "You have a trial of Portal already: m1235"
    assert "It ended on Saturday 19 December 2026. Until Tuesday 29 December 2026, 23:59" in " ".join(
        str(mail.get_body(["plain"]).get_content()).split()  # type: ignore[union-attr]
    )
    assert link_in(postal, mail, "/reset-password") == "/reset-password?username=m1235"
