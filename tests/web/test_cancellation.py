"""Cancelling and taking it back, through the pages: exact dates before the button, and the last day to the instant."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.kit.audit import events
from portal.rules import renewal
from portal.rules.access import Block
from portal.subscription import actions, queries, sales
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.together import together
from tests.rules.instants import rome
from tests.web.test_overview import told

E = date(2026, 11, 22)  # the expiry of every platform here, as in RULES.md
CANCEL, UNDO = "/subscription/cancel", "/subscription/cancel/undo"


def sign_in(house: House, when: str = "2026-11-20 10:00:00", username: str = "m1234", **facts: object) -> Browser:
    """Somebody signed in at a moment in Rome, on a platform that expires on E."""
    house.clock.set(rome(when))
    if "ends_in" not in facts:
        facts["ends_in"] = (E - date.fromisoformat(when[:10])).days
    language = facts.pop("language", "en")
    house.platform(1234, **facts)  # type: ignore[arg-type]
    house.person("m1234", language=language)
    if username != "m1234":
        house.person(username, language=language)
    browser = house.browser()
    browser.sign_in(username)
    return browser


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def is_cancelled(house: House) -> bool:
    with house.parts.database.read() as db:
        found = queries.find_platform(db, 1234)
    assert found is not None
    return found.cancelled_at is not None


def mails(house: House) -> list[str]:
    return [letter.subject for letter in house.work()]


def post(browser: Browser, path: str, **fields: str) -> Page:
    """A POST as a page sends it, whatever the present page offers."""
    token = browser.get("/profile").form()[1]["csrf_token"]
    browser.open(path, method="POST", data={"csrf_token": token} | fields, headers={"Sec-Fetch-Site": "same-origin"})
    return browser.page or Page.empty()


# fmt: off
CONSEQUENCES = {
    "en": ["Sunday 22 November 2026, 23:59", "Monday 23 November 2026 From this day features and sending are off.",
           "Wednesday 2 December 2026, 23:59", "Thursday 3 December 2026 From this day the platform and all its data",
           "Nothing is refunded", "12,480 credits: you can use them until Sunday 22 November 2026",
           "lost with the platform on Thursday 3 December 2026", "One other person signs in here too",
           "We keep the invoices", "made and downloaded until Wednesday 2 December 2026, 23:59"],
    "it": ["domenica 22 novembre 2026, ore 23:59", "lunedì 23 novembre 2026 Da questo giorno le funzioni",
           "mercoledì 2 dicembre 2026, ore 23:59", "giovedì 3 dicembre 2026 Da questo giorno la piattaforma",
           "Nulla viene rimborsato", "12.480 crediti: puoi usarli fino a domenica 22 novembre 2026",
           "si perdono con la piattaforma giovedì 3 dicembre 2026", "Anche un’altra persona accede qui",
           "Conserviamo le fatture", "creare e scaricare fino a mercoledì 2 dicembre 2026, ore 23:59"],
}
# fmt: on


@pytest.mark.parametrize("language", CONSEQUENCES)
def test_every_consequence_stands_before_the_button_with_its_full_date(house: House, language: str) -> None:
    browser = sign_in(house, language=language, additional_seats=1)
    house.person("m1234-marco")
    house.lot(1234, 12_480, bought_on=date(2026, 5, 1), expires_on=E)
    text = told(browser.get(CANCEL))
    button = text.rindex({"en": "Cancel the subscription", "it": "Disdici l’abbonamento"}[language])
    for words in CONSEQUENCES[language]:
        assert words in text[:button], words


def test_credits_with_a_later_day_of_their_own_are_told_apart(house: House) -> None:
    browser = sign_in(house)
    house.lot(1234, 300, bought_on=date(2026, 5, 1), expires_on=None)
    house.lot(1234, 100, bought_on=date(2026, 5, 1), expires_on=E)
    text = told(browser.get(CANCEL))
    assert "400 credits" in text
    assert "Of these, 300 have a later last day of their own" in text


@both_databases
def test_cancelling_is_confirmed_by_mail_and_can_be_undone_on_the_same_page(house: House) -> None:
    browser = sign_in(house)
    browser.get(CANCEL)
    page = browser.submit()
    assert page.heading == "Your subscription is cancelled and lasts until Sunday 22 November 2026"
    assert page.state() == "cancelled"
    assert is_cancelled(house)
    assert mails(house) == ["Platform 1234: cancelled, active until Sunday 22 November 2026"]
    assert "Until Sunday 22 November 2026, 23:59 you can undo the cancellation." in told(page)
    page = browser.submit()
    assert page.state() == "active"
    assert "its expiry stays Sunday 22 November 2026" in told(page)
    assert not is_cancelled(house)
    assert mails(house) == ["Platform 1234: the cancellation is undone"]
    with house.parts.database.read() as db:
        done = db.execute(select(events.c.tag, events.c.details).where(events.c.tag.like("subscription.cancel%"))).all()
    assert [tuple(row) for row in done] == [
        ("subscription.cancelled", {"by": "m1234"}),
        ("subscription.cancellation_undone", {"by": "m1234"}),
    ]


@pytest.mark.parametrize(
    ("click", "done"),
    [
        ("2026-11-22 23:59:59", True),
        ("2026-11-22 23:59:59.999", True),
        ("2026-11-23 00:00:00", False),
        ("2026-11-23 00:00:01", False),
    ],
)
@pytest.mark.parametrize("undo", [False, True], ids=["cancel", "undo"])
def test_the_last_day_counts_to_its_last_instant_also_for_a_page_opened_before(
    house: House, click: str, done: bool, undo: bool
) -> None:
    browser = sign_in(house, "2026-11-22 23:55:00", cancelled=undo)
    browser.get(CANCEL)
    house.clock.set(rome(click))
    page = browser.submit()
    assert status(browser) == (200 if done else 409)
    assert is_cancelled(house) is (undo is not done)
    assert len(mails(house)) == int(done)
    if not done:
        assert "Nothing was changed." in told(page)
        assert "The subscription ended on Sunday 22 November 2026, 23:59" in told(page)


REFUSALS = [
    # name, day, who, facts, path, status, words
    ("cancelled twice", "2026-11-20", "m1234", {"cancelled": True}, CANCEL, 409, "is cancelled already."),
    ("undone twice", "2026-11-20", "m1234", {}, UNDO, 409, "The subscription is not cancelled."),
    ("another one cancels", "2026-11-20", "m1234-marco", {}, CANCEL, 403, "Only the first administrator"),
    ("another one undoes", "2026-11-20", "m1234-marco", {"cancelled": True}, UNDO, 403, "Only the first administrator"),
    ("a trial", "2026-11-20", "m1234", {"trial": True}, CANCEL, 409, "A trial ends by itself"),
    ("a trial undone", "2026-11-20", "m1234", {"trial": True}, UNDO, 409, "A trial ends by itself"),
    ("a trial in its grace", "2026-11-25", "m1234", {"trial": True}, CANCEL, 409, "A trial ends by itself"),
    ("SMS only", "2026-11-20", "m1234", {"ends_in": None}, CANCEL, 409, "there is nothing to cancel"),
    ("in the grace", "2026-11-25", "m1234", {}, CANCEL, 409, "The subscription ended on"),
    ("undone in the grace", "2026-11-25", "m1234", {"cancelled": True}, UNDO, 409, "The subscription ended on"),
]


@pytest.mark.parametrize(("day", "who", "facts", "path", "code", "words"), [r[1:] for r in REFUSALS],
                         ids=[r[0] for r in REFUSALS])  # fmt: skip
def test_what_is_not_possible_is_refused_by_name_and_changes_nothing(
    house: House, day: str, who: str, facts: dict[str, object], path: str, code: int, words: str
) -> None:
    browser = sign_in(house, f"{day} 12:00:00", who, **dict(facts))
    before = is_cancelled(house)
    page = post(browser, path)
    assert status(browser) == code
    assert "Nothing was changed." in told(page)
    assert words in told(page)
    assert is_cancelled(house) is before
    assert mails(house) == []


@pytest.mark.parametrize(("day", "who", "facts", "words"), [(r[1], r[2], r[3], r[6]) for r in REFUSALS if r[4] == CANCEL
                         and r[0] != "cancelled twice"])  # fmt: skip
def test_the_page_says_why_there_is_no_button(
    house: House, day: str, who: str, facts: dict[str, object], words: str
) -> None:
    browser = sign_in(house, f"{day} 12:00:00", who, **dict(facts))
    page = browser.get(CANCEL)
    assert status(browser) == 200
    assert words in told(page)
    assert [f for f in page.all("main")[0].iter("form") if f.get("method") == "post"] == []


def test_somebody_else_reads_the_dates_of_a_cancellation_but_cannot_undo_it(house: House) -> None:
    browser = sign_in(house, username="m1234-marco", cancelled=True)
    text = told(browser.get(CANCEL))
    assert "Only the first administrator can do this." in text
    assert "Thursday 3 December 2026 From this day the platform and all its data are deleted" in text
    assert "Have you changed your mind?" not in text


@both_databases
def test_of_two_clicks_at_once_one_cancels_and_one_mail_leaves(house: House) -> None:
    browser = sign_in(house)
    page = browser.get(CANCEL)
    action, fields = page.form()

    def click(_: int) -> int:
        twin = house.browser()
        twin.client.set_cookie("portal", browser.client.get_cookie("portal").value)
        answer = twin.open(action, method="POST", data=fields, headers={"Sec-Fetch-Site": "same-origin"})
        return answer.status_code

    assert sorted(together(click, 2)) == [303, 409]
    assert len(mails(house)) == 1


def test_a_page_that_told_other_dates_cancels_nothing_and_shows_the_new_ones(house: House) -> None:
    """The renewal was paid between the page and the click."""
    browser = sign_in(house)
    browser.get(CANCEL)
    renew(house)
    page = browser.submit()
    assert status(browser) == 409
    assert "Nothing was cancelled" in told(page)
    assert "Monday 22 November 2027, 23:59" in told(page)
    assert not is_cancelled(house)
    browser.submit()
    assert is_cancelled(house)


def renew(house: House) -> None:
    following = renewal.next_term(renewal.new_term(date(2025, 11, 23), 12), 12)
    with house.parts.database.write() as db:
        sales.begin_term(db, 1234, following, "pro", sms=True, order_id=1)


def test_a_next_term_that_is_paid_is_told_and_its_end_is_the_expiry(house: House) -> None:
    browser = sign_in(house)
    renew(house)
    text = told(browser.get(CANCEL))
    assert "The next term, 23 November 2026 – 22 November 2027, is paid: it is not given back" in text
    assert "Friday 3 December 2027 From this day the platform and all its data are deleted" in text
    browser.submit()
    house.clock.set(rome("2027-11-22 23:59:59.999"))
    browser.sign_in()
    assert browser.get("/subscription").state() == "cancelled"
    house.clock.set(rome("2027-11-23 00:00:00"))
    assert browser.get("/subscription").state() == "grace"


def test_a_button_alone_and_fields_that_nobody_asked_for_do_the_same(house: House) -> None:
    browser = sign_in(house)
    house.platform(5678)
    post(browser, CANCEL, platform_id="5678", cancelled_at="2020-01-01", deleted_on="2030-01-01", expires_on="")
    assert status(browser) == 303
    assert is_cancelled(house)
    with house.parts.database.read() as db:
        other = queries.find_platform(db, 5678)
    assert other is not None
    assert other.cancelled_at is None


@pytest.mark.parametrize("code", list(Block))
def test_a_block_stops_cancelling_only_where_an_intruder_may_be_asking(house: House, code: Block) -> None:
    browser = sign_in(house)
    with house.parts.database.write() as db:
        actions.block(db, 1234, code, by="test", note="", at=house.clock.now())
    post(browser, CANCEL)
    assert is_cancelled(house) is (code is not Block.COMPROMISED)


def test_a_cancellation_stays_possible_to_read_after_a_time_out(house: House) -> None:
    browser = sign_in(house)
    browser.get(CANCEL)
    house.clock.move(minutes=30)
    browser.submit()
    assert not is_cancelled(house)
    page = browser.submit({"username": "m1234", "password": "a short sentence is easiest"})
    assert page.heading == "Cancel the subscription"
    assert not is_cancelled(house)
