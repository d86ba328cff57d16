"""The page of the SMS credits: the balance in a sentence, lots and movements, and how to buy or why not now."""

import re
from datetime import date
from xml.etree.ElementTree import Element

import pytest

from portal.credits import actions
from portal.credits.tables import Kind
from portal.rules.access import Block
from portal.subscription import actions as subscription
from tests.helpers.browser import Browser
from tests.helpers.credits import book
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.rules.instants import ROME, rome

E = date(2026, 11, 22)
BOUGHT = date(2026, 6, 4)
PATH = "/subscription/sms"


def enter(house: House, day: str = "2026-11-20", language: str = "en", **facts: object) -> Browser:
    """Sign in on a day at noon to a platform that expires on E, unless it only sends SMS."""
    house.clock.set(rome(f"{day} 12:00:00"))
    given = {"ends_in": (E - date.fromisoformat(day)).days} | facts
    house.platform(1234, **given)  # type: ignore[arg-type]
    house.person("m1234", language=language)
    browser = house.browser(language=language)
    browser.sign_in()
    return browser


def told(page: Page) -> str:
    text = " ".join(" ".join(page.all("main")[0].itertext()).split())
    return re.sub(r" ([.,;:])", r"\1", text)


def rows(page: Page, section: str) -> list[str]:
    """The rows of the table in the section that this heading names."""
    (found,) = [part for part in page.all("section") if part.get("aria-labelledby") == section]
    return [words(row) for body in found.iter("tbody") for row in body.iter("tr")]


def words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def figures(page: Page) -> list[str]:
    return [words(found) for found in page.all("main")[0].iter() if found.get("class") == "figure"]


def links(page: Page) -> dict[str, str]:
    return {words(link): link.get("href") or "" for link in page.all("main")[0].iter("a")}


def spend(house: House, quantity: int, key: str, expires_on: date | None = E) -> None:
    with house.parts.database.write() as db:
        actions.spend(db, 1234, quantity, key=key, at=house.clock.now(), zone=ROME, expires_on=expires_on)


# fmt: off
IN_EACH_LANGUAGE = [
    ("en", "SMS credits", "4,880", "Valid until Sunday 22 November 2026, with your subscription", "Buy credits",
     "4,880 4 June 2026 22 November 2026 Usable",
     ["−120 20 November 2026, 12:00 Messages sent campaign 7 4 June 2026",
      "+5,000 20 November 2026, 12:00 Credits bought 4 June 2026"]),
    ("it", "Crediti SMS", "4.880", "domenica 22 novembre 2026", "Acquista crediti",
     "4.880 4 giugno 2026 22 novembre 2026 Utilizzabili",
     ["−120 20 novembre 2026, 12:00 Messaggi inviati campaign 7 4 giugno 2026",
      "+5.000 20 novembre 2026, 12:00 Crediti acquistati 4 giugno 2026"]),
]
# fmt: on


@pytest.mark.parametrize(
    ("language", "heading", "figure", "meaning", "buy", "lot", "ledger"), IN_EACH_LANGUAGE, ids=["en", "it"]
)
def test_the_page_tells_balance_meaning_lots_and_movements(
    house: House, language: str, heading: str, figure: str, meaning: str, buy: str, lot: str, ledger: list[str]
) -> None:
    browser = enter(house, language=language)
    house.lot(1234, 5_000, bought_on=BOUGHT, expires_on=E)
    spend(house, 120, "campaign 7")
    page = browser.get(PATH)
    assert page.heading == heading
    assert figures(page)[0] == figure
    assert meaning in told(page)
    assert rows(page, "lots") == [lot]
    assert rows(page, "movements") == ledger
    assert links(page)[buy] == "/subscription/sms/buy"


@pytest.mark.parametrize(
    ("language", "first", "germany", "last"),
    [
        ("en", "Austria 50 2", "Germany 50 2", "Vatican City 101 1"),
        ("it", "Austria 50 2", "Germania 50 2", "Svizzera 50 2"),
    ],
)
def test_the_balance_is_told_in_whole_messages_for_each_country(
    house: House, language: str, first: str, germany: str, last: str
) -> None:
    browser = enter(house, language=language)
    house.lot(1234, 101, bought_on=BOUGHT, expires_on=E)
    found = rows(browser.get(PATH), "destinations")
    assert found[0] == first
    assert germany in found
    assert last in found
    assert found == sorted(found)


def test_the_messages_follow_the_price_list_of_the_day(house: House) -> None:
    """The example's second list makes a message to the United States dearer on 1 January 2027."""
    browser = enter(house, ends_in=365)
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    assert "United States 100 1" in rows(browser.get(PATH), "destinations")
    house.clock.set(rome("2027-01-01 00:00:00"))
    browser.sign_in()
    assert "United States 50 2" in rows(browser.get(PATH), "destinations")


@pytest.mark.parametrize(("day", "shown"), [("2026-11-22", True), ("2026-11-23", False)])
def test_frozen_credits_buy_no_messages(house: House, day: str, shown: bool) -> None:
    browser = enter(house, day)
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    sections = [part.get("aria-labelledby") for part in browser.get(PATH).all("section")]
    assert ("destinations" in sections) is shown


def test_the_lots_are_a_picture_that_says_in_words_what_it_shows(house: House) -> None:
    browser = enter(house)
    house.lot(1234, 5_000, bought_on=BOUGHT, expires_on=E)
    labels = [svg.get("aria-label") for svg in browser.get(PATH).with_attribute("role") if svg.get("role") == "img"]
    assert labels == ["5,000 credits, valid until 22 November 2026"]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["12,480 frozen", "come back with the renewal", "renew it first."]),
        ("it", ["12.480 congelati", "Ora non si possono acquistare crediti."]),
    ],
)
def test_in_the_grace_credits_are_frozen_and_none_can_be_bought(
    house: House, language: str, sentences: list[str]
) -> None:
    browser = enter(house, "2026-11-26", language)
    house.lot(1234, 12_480, bought_on=BOUGHT, expires_on=E)
    page = browser.get(PATH)
    for sentence in sentences:
        assert sentence in told(page)
    assert page.state() == "grace"
    assert not {"Buy credits", "Acquista crediti"} & set(links(page))


def test_an_sms_only_platform_sees_each_purchase_live_for_twenty_four_months(house: House) -> None:
    browser = enter(house, ends_in=None)
    house.lot(1234, 5_000, bought_on=date(2026, 11, 20), expires_on=None)
    house.lot(1234, 120, bought_on=date(2026, 1, 7), expires_on=None)
    page = browser.get(PATH)
    assert "Each purchase is valid for 24 months" in told(page)
    assert rows(page, "lots") == [
        "120 7 January 2026 7 January 2028 Usable",
        "5,000 20 November 2026 20 November 2028 Usable",
    ]
    assert "Buy credits" in links(page)


def test_a_lot_from_before_the_e_mail_channel_keeps_its_later_day(house: House) -> None:
    browser = enter(house)
    house.lot(1234, 100, bought_on=date(2026, 1, 7), expires_on=None)
    house.lot(1234, 50, bought_on=BOUGHT, expires_on=E)
    page = browser.get(PATH)
    assert "Each purchase is valid until its own day" in told(page)
    assert rows(page, "lots") == [
        "50 4 June 2026 22 November 2026 Usable",
        "100 7 January 2026 7 January 2028 Usable",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "There are no credits on this platform."), ("it", "Ancora nulla")]
)
def test_without_credits_the_page_says_so_and_how_to_buy(house: House, language: str, sentence: str) -> None:
    page = enter(house, language=language).get(PATH)
    assert sentence in told(page)
    assert page.all("table") == []
    assert {"Buy credits", "Acquista crediti"} & set(links(page))


def test_a_lot_that_is_used_up_stays_in_the_movements_only(house: House) -> None:
    browser = enter(house)
    house.lot(1234, 5, bought_on=BOUGHT, expires_on=E)
    spend(house, 5, "last")
    page = browser.get(PATH)
    assert len(rows(page, "movements")) == 2
    assert "lots" not in [part.get("aria-labelledby") for part in page.all("section")]


def test_credits_bought_on_a_cancelled_platform_come_with_a_warning(house: House) -> None:
    page = enter(house, cancelled=True).get(PATH)
    assert "what you buy now is lost after Sunday 22 November 2026" in told(page)
    assert "Buy credits" in links(page)


def test_a_trial_is_told_to_purchase_first(house: House) -> None:
    page = enter(house, trial=True).get(PATH)
    assert "Possible once the platform has been purchased." in told(page)
    assert "Buy credits" not in links(page)


def test_an_additional_administrator_sees_everything_and_is_told_who_buys(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-anna")
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    browser = house.browser()
    browser.sign_in("m1234-anna")
    page = browser.get(PATH)
    assert len(rows(page, "movements")) == 1
    assert "Only the first administrator can do this." in told(page)
    assert "Buy credits" not in links(page)


def test_a_platform_blocked_for_abuse_buys_nothing(house: House) -> None:
    browser = enter(house)
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.ABUSE, by="staff", note="", at=house.clock.now())
    page = browser.get(PATH)
    assert "Not while the platform is blocked." in told(page)
    assert "Buy credits" not in links(page)


@pytest.mark.parametrize(("total", "second"), [(24, 0), (25, 0), (26, 1)])
def test_the_movements_are_paged(house: House, total: int, second: int) -> None:
    browser = enter(house)
    lot = house.lot(1234, 1_000, bought_on=BOUGHT, expires_on=E)
    book(house, lot, *[-1] * (total - 1))
    page = browser.get(PATH)
    assert len(rows(page, "movements")) == min(total, 25)
    assert ("Older movements" in links(page)) is bool(second)
    assert "Newest movements" not in links(page)
    if second:
        page = browser.get(links(page)["Older movements"].partition("#")[0])
        assert len(rows(page, "movements")) == second
        assert "Older movements" not in links(page)
        assert links(page)["Newest movements"] == f"{PATH}#movements"


def test_another_platforms_movements_are_like_none(house: House) -> None:
    browser = enter(house)
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    house.platform(2000)
    house.lot(2000, 77_777, bought_on=BOUGHT, expires_on=E)
    assert "77,777" not in browser.get(PATH).text
    foreign, missing = (browser.open(f"{PATH}?before={number}") for number in (2, 3))
    assert foreign.status_code == missing.status_code == 404
    assert "77,777" not in foreign.get_data(as_text=True)


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "1.5", "²", "٣", "2147483648", "9" * 19, "9" * 400, "1%20"])
def test_a_broken_address_is_not_found(house: House, before: str) -> None:
    browser = enter(house)
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    assert browser.open(f"{PATH}?before={before}").status_code == 404


def test_the_key_of_the_sending_service_is_text_and_nothing_else(house: House) -> None:
    browser = enter(house)
    house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    spend(house, 1, "<script>alert(1)</script>")
    page = browser.get(PATH)
    assert "<script>alert(1)</script>" in rows(page, "movements")[0]
    assert len(page.all("script")) == len(browser.get("/subscription").all("script"))


def test_what_expired_is_told_as_such(house: House) -> None:
    browser = enter(house)
    lot = house.lot(1234, 100, bought_on=BOUGHT, expires_on=E)
    book(house, lot, -100, kind=Kind.WRITTEN_OFF)
    assert rows(browser.get(PATH), "movements")[0].startswith("−100 20 November 2026, 12:00 Expired")


def test_the_overview_leads_to_the_page(house: House) -> None:
    browser = enter(house)
    assert links(browser.get("/subscription"))["Credits and movements"] == PATH
