"""The activity list: everything of the platform in sentences, nothing of anybody else's, and a file that computes
nothing."""

import csv
import importlib
import io
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portal
from portal.accounts import recovery
from portal.accounts.events import Event as Accounts
from portal.accounts.links import Purpose
from portal.kit import audit, spreadsheets, texts
from portal.kit.audit import Recorded
from portal.rules.access import Block
from portal.subscription import actions as subscription
from portal.web import activity, activity_sentences, activity_words
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.rules.instants import rome

LIST, FILE = "/subscription/activity", "/subscription/activity.csv"
PARTS = {"username", "order", "invoice", "credit_note", "edition", "reason", "day", "page", "amount", "credits"}
EVENTS = [
    event
    for path in sorted(Path(portal.__file__).parent.glob("*/events.py"))
    for event in importlib.import_module(f"portal.{path.parent.name}.events").Event
]
REMEDY = "write its sentence into SENTENCES of portal/web/activity_sentences.py"


@pytest.fixture
def anna(house: House, browser: Browser) -> Browser:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=1)
    return browser


def note(house: House, tag: str, platform_id: int | None = 1234, **facts: Any) -> None:
    with house.parts.database.write() as db:
        audit.record(db, tag, at=house.clock.now(), platform_id=platform_id, **facts)


def rows(browser: Browser, path: str = LIST) -> list[str]:
    """What each row says but its instant."""
    page = browser.get(path)
    found = [[" ".join(" ".join(c.itertext()).split()) for c in row.iter("td")] for row in page.all("tr")[1:]]
    return [" | ".join(cells[1:]) for cells in found]


def table(browser: Browser, path: str = FILE) -> list[list[str]]:
    text = browser.open(path).get_data().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


# --- every event has its sentence ------------------------------------------------------------------------------------


def test_there_are_events() -> None:
    assert len(EVENTS) > 35


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_sentence(event: StrEnum) -> None:
    assert str(event) in activity_sentences.SENTENCES, REMEDY


def test_there_is_no_sentence_for_what_never_happens() -> None:
    assert set(activity_sentences.SENTENCES) == {str(event) for event in EVENTS}


@pytest.mark.parametrize("language", list(texts.LANGUAGES))
@pytest.mark.parametrize("tag", activity_sentences.SENTENCES)
def test_a_sentence_names_what_is_known_and_has_a_plain_form(tag: str, language: str) -> None:
    told = activity_sentences.SENTENCES[tag]
    with texts.speaking(language):
        named = set(re.findall(r"%\((\w+)\)s", str(told.text)))
        assert named <= PARTS
        assert (told.plain is not None) == bool(named)
        assert "%" not in str(told.plain)


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda some: st.lists(some, max_size=2))
NAMES = st.sampled_from(
    ["by", "order", "invoice", "edition", "code", "due_on", "changed", "cents", "currency", "credits"]
) | st.text(max_size=3)


@given(
    tag=st.sampled_from([*activity_sentences.SENTENCES, "future.event", "100 %"]),
    details=st.dictionaries(NAMES, ANYTHING, max_size=4),
    administrator_id=st.sampled_from([None, 0, 5, 99]),
)
def test_no_detail_breaks_the_list(tag: str, details: dict[str, Any], administrator_id: int | None) -> None:
    event = Recorded(1, rome("2026-11-22 10:00:00"), tag, 1234, administrator_id, None, details)
    with texts.speaking("en"):
        said = activity_words.sentence(event, {5: "m1234"}, {})
        assert said
        assert "%(" not in said
        assert activity_words.actor(event, {5: "m1234"}).name


# --- the page --------------------------------------------------------------------------------------------------------


@both_databases
def test_the_list_is_read_in_english(house: House, browser: Browser) -> None:
    person = house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=1)
    at = house.clock.now()
    with house.parts.database.write() as db:
        subscription.cancel(db, 1234, by="m1234", at=at)
        subscription.block(db, 1234, Block.LEGAL, by="command line", note="secret", at=at)
        recovery.send_reset_link(db, house.parts.links, person, Purpose.SUPPORT_RESET, at=at, reason="T-1")
    note(house, "billing.payment_received", order=12, cents=100)
    note(house, "subscription.unblocked", code="payment_overdue", by="payment")
    assert rows(browser) == [
        "A block was lifted: A payment is overdue. | The payment",
        "Money for order 12 arrived. | The payment",
        "A link to set a new password was mailed to m1234. Reason: T-1 | Our staff",
        "The platform was blocked: There is a legal reason. | Our staff",
        "The subscription was cancelled. | m1234",
        "Signed in. From the network 198.51.100.0/24 | m1234",
        "m1234 became an administrator. | m1234",
        "The platform was created. | The portal, by itself",
    ]
    assert browser.page is not None
    assert "secret" not in browser.page.html
    assert [e.text for e in browser.page.with_attribute("class") if e.get("class") == "state warn"] == ["Our staff"] * 2


def test_the_list_is_read_in_italian(house: House) -> None:
    house.person("m1234", language="it")
    browser = house.browser(language="it")
    browser.sign_in()
    note(house, "subscription.seats_reduced", due_on="2026-11-23")
    assert rows(browser)[0] == "I posti sono diminuiti, come da ordine: 23 novembre 2026. | Il portale, da solo"
    assert browser.get(LIST).heading == "Attività"
    assert table(browser)[0] == ["Quando", "Cosa", "Genere", "Chi", "I nostri addetti", "Dalla rete"]


def test_the_menu_and_the_overview_lead_there(anna: Browser) -> None:
    page = anna.get("/subscription")
    assert [link.text for link in page.all("a") if link.get("href") == LIST] == ["Activity", "Activity"]


def test_somebody_elses_events_are_never_shown_nor_those_of_nobody(house: House, anna: Browser) -> None:
    before = rows(anna)
    house.person("m99")
    note(house, "support.contact_added", 99)
    note(house, "subscription.trial_link_sent", None)
    assert rows(anna) == before
    assert len(table(anna)) == 1 + len(before)


def test_an_event_of_another_platforms_person_names_nobody(house: House, anna: Browser) -> None:
    other = house.person("m99")
    note(house, "accounts.administrator_disabled", administrator_id=other.id)
    assert rows(anna)[0] == "An administrator can no longer sign in. | The portal, by itself"


def test_the_network_of_a_sign_in_is_for_the_first_administrator(house: House, anna: Browser) -> None:
    house.platform(77, additional_seats=1)
    for name in ("m77", "m77-marco"):
        house.person(name)
    first, additional = house.browser(), house.browser()
    first.sign_in("m77")
    additional.sign_in("m77-marco")
    note(house, "support.contact_added", 77, network="203.0.113.0/24")
    for browser, seen in ((first, True), (additional, False)):
        html, cells = browser.get(LIST).html, str(table(browser))
        assert ("198.51.100.0/24" in html, "198.51.100.0/24" in cells) == (seen, seen)
        assert "203.0.113" not in html + cells


@both_databases
def test_the_pages_hold_twenty_five_and_miss_or_repeat_none(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for number in range(57):
        house.clock.move(microseconds=number % 3)  # some at the same instant
        note(house, "billing.order_placed", order=number)
    seen, path, sizes = [], LIST + "?kind=orders", []
    while path:
        found = rows(browser, path)
        sizes.append(len(found))
        seen += [int(re.findall(r"\d+", row)[0]) for row in found]
        assert browser.page is not None
        path = next((a.get("href", "") for a in browser.page.all("a") if a.get("rel") == "next"), "")
    assert sizes == [25, 25, 7]
    assert seen == list(range(56, -1, -1))


def test_exactly_twenty_five_are_one_page(house: House, anna: Browser) -> None:
    for number in range(25):
        note(house, "billing.order_placed", order=number)
    assert len(rows(anna, LIST + "?kind=orders")) == 25
    assert anna.page is not None
    assert not [a for a in anna.page.all("a") if a.get("rel") == "next"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("security", "Signed in. From the network 198.51.100.0/24"),
        ("people", "m1234 became an administrator."),
        ("subscription", "The platform was created."),
        ("orders", "The billing data were changed."),
        ("contacts", "A contact was removed."),
    ],
)
def test_the_list_and_the_file_are_narrowed_to_a_kind(house: House, anna: Browser, kind: str, said: str) -> None:
    note(house, "billing.data_changed", changed=["city"])
    note(house, "support.contact_removed", kind="privacy")
    assert [row.partition(" | ")[0] for row in rows(anna, f"{LIST}?kind={kind}")] == [said]
    assert anna.page is not None
    assert [o.get("value") for o in anna.page.all("option") if o.get("selected") is not None] == [kind]
    assert len(table(anna, f"{FILE}?kind={kind}")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "kind=x",
        "kind=",
        "before=",
        "before=1",
        "before=-1--1",
        "before=٣-٣",
        "before=99999999999999999999-1",
        "before=1'--1",
        "before=9999999999999999-999999999",
    ],
)
def test_a_query_that_is_none_of_ours_shows_the_newest(anna: Browser, query: str) -> None:
    assert rows(anna, f"{LIST}?{query}") == rows(anna)


def test_a_tag_of_another_version_is_shown_as_it_is(house: House, anna: Browser) -> None:
    note(house, "future.<b>event", why=1)
    assert rows(anna)[0] == "Something was noted: future.<b>event | The portal, by itself"


def test_what_somebody_not_signed_in_did_says_so(house: House, anna: Browser) -> None:
    person = house.administrator("m1234")
    assert person is not None
    note(house, Accounts.RESET_LINK_SENT, administrator_id=person.id, by="person")
    assert rows(anna)[0].endswith("| Somebody who was not signed in")


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_file_tells_the_same_as_the_page(house: House, anna: Browser) -> None:
    note(house, "subscription.legal_hold", by="command line")
    found = table(anna)
    assert found[0] == ["When", "What", "Kind", "Who", "Our staff", "From the network"]
    assert found[1][1:] == [
        "For a legal reason the data are kept from being deleted.", "Subscription", "Our staff", "Yes", ""
    ]  # fmt: skip
    assert found[2][1:] == ["Signed in.", "Sign-in and security", "m1234", "No", "198.51.100.0/24"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", found[1][0])


def test_the_file_is_one_to_keep(anna: Browser) -> None:
    answer = anna.open(FILE)
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=activity-1234.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_data().startswith("﻿When".encode())


def test_the_file_is_bounded(house: House, anna: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "LARGEST_FILE", 2)
    assert [row[1] for row in table(anna)[1:]] == ["Signed in.", "m1234 became an administrator."]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert spreadsheets.harmless(f"{start}1+1") == f"'{start}1+1"
    assert spreadsheets.harmless(f"1{start}") == f"1{start}"


def test_what_stands_in_the_details_cannot_begin_a_formula(
    house: House, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a sentence began with what the details hold."""
    told = activity_sentences.SENTENCES["billing.order_placed"]
    monkeypatch.setitem(
        activity_sentences.SENTENCES,
        "billing.order_placed",
        activity_sentences.Told(told.kind, texts.lazy_gettext("%(order)s", order='=HYPERLINK("x";"y")'), told.plain),
    )
    note(house, "billing.order_placed", order=1)
    assert table(anna)[1][1] == '\'=HYPERLINK("x";"y")'
