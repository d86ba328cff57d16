"""The overview tells where a platform stands, with its dates in words, and what to do: in both languages."""

import re
from datetime import date

import pytest

from portal.rules.access import Block
from portal.subscription import actions as subscription
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.rules.instants import rome

E = date(2026, 11, 22)  # the expiry of every platform here, as in RULES.md


def open_overview(house: House, day: str, language: str = "en", **facts: object) -> Page:
    """Sign in on a day at noon to a platform that expires on E."""
    house.clock.set(rome(day if " " in day else f"{day} 12:00:00"))
    if "ends_in" not in facts:
        facts["ends_in"] = (E - date.fromisoformat(day[:10])).days
    house.platform(1234, **facts)  # type: ignore[arg-type]
    house.person("m1234", language=language)
    return house.browser().sign_in()


def told(page: Page) -> str:
    """The text of <main>, without blanks before marks."""
    text = " ".join(" ".join(page.all("main")[0].itertext()).split())
    return re.sub(r" ([.,;:])", r"\1", text)


# fmt: off
STORIES = [
    # day, facts, state, headline and other sentences, first in English, then in Italian
    ("2026-03-20", {}, "active",
     ["Your subscription is paid until Sunday 22 November 2026", "Sending is on. 248 days left, today included.",
      "until Wednesday 2 December 2026, 23:59; then the data is deleted", "Monday 24 August 2026 The renewal opens."],
     ["Il tuo abbonamento è pagato fino a domenica 22 novembre 2026", "Gli invii sono attivi. Restano 248 giorni",
      "fino a mercoledì 2 dicembre 2026, ore 23:59", "lunedì 24 agosto 2026 Si apre il rinnovo."]),
    ("2026-11-22", {}, "active",
     ["Your subscription expires on Sunday 22 November 2026", "1 day left, today included.",
      "Renew the subscription · €480.00 + tax"],
     ["Il tuo abbonamento scade domenica 22 novembre 2026", "Resta 1 giorno, oggi compreso.",
      "Rinnova l’abbonamento · 480,00 € + IVA"]),
    ("2026-11-20", {"cancelled": True}, "cancelled",
     ["Your subscription is cancelled and lasts until Sunday 22 November 2026", "Nothing is refunded."],
     ["Abbonamento disdetto: resta attivo fino a domenica 22 novembre 2026", "Nulla viene rimborsato."]),
    ("2026-11-26", {}, "grace",
     ["Renew by Wednesday 2 December 2026 to keep your platform",
      "Your subscription ended on Sunday 22 November 2026. Sending is off.", "7 days left, today included.",
      "You can renew until Wednesday 2 December 2026, 23:59. From Thursday 3 December 2026 the platform and all its "
      "data are deleted for good."],
     ["Rinnova entro mercoledì 2 dicembre 2026 per conservare la piattaforma",
      "Il tuo abbonamento è scaduto domenica 22 novembre 2026. Gli invii sono fermi.",
      "Puoi rinnovare fino a mercoledì 2 dicembre 2026, ore 23:59. Da giovedì 3 dicembre 2026 la piattaforma e tutti "
      "i suoi dati vengono eliminati per sempre."]),
    ("2026-12-02", {}, "grace", ["1 day left, today included."], ["Resta 1 giorno, oggi compreso."]),
    ("2026-11-20", {"trial": True}, "trial",
     ["Your trial lasts until Sunday 22 November 2026", "Sending works within the limits of the trial.",
      "10 days remain to purchase", "Purchase the platform · €480.00 + tax"],
     ["La tua prova dura fino a domenica 22 novembre 2026", "Gli invii funzionano nei limiti della prova.",
      "restano 10 giorni per acquistare", "Acquista la piattaforma · 480,00 € + IVA"]),
    ("2026-11-26", {"trial": True}, "grace",
     ["Purchase by Wednesday 2 December 2026 to keep your platform", "Your trial ended on Sunday 22 November 2026."],
     ["Acquista entro mercoledì 2 dicembre 2026 per conservare la piattaforma", "La prova è finita domenica"]),
    ("2026-11-20", {"ends_in": None}, "active",
     ["Your SMS platform has no credits: it is kept until Saturday 20 November 2027", "Channels SMS"],
     ["La tua piattaforma SMS è senza crediti: la conserviamo fino a sabato 20 novembre 2027", "Canali SMS"]),
]
# fmt: on


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize(("day", "facts", "state", "english", "italian"), STORIES)
def test_the_first_lines_tell_state_dates_and_what_to_do(
    house: House, language: str, day: str, facts: dict[str, object], state: str, english: list[str], italian: list[str]
) -> None:
    page = open_overview(house, day, language, **facts)
    assert page.state() == state
    for sentence in {"en": english, "it": italian}[language]:
        assert sentence in told(page)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-11-22 23:59:59.999999", "active"),
        ("2026-11-23 00:00:00", "grace"),
        ("2026-12-02 23:59:59.999999", "grace"),
    ],
)
def test_the_state_changes_at_midnight_of_the_business(house: House, at: str, state: str) -> None:
    assert open_overview(house, at).state() == state


def test_dates_are_for_machines_too(house: House) -> None:
    page = open_overview(house, "2026-11-26")
    times = {time.get("datetime"): "".join(time.itertext()) for time in page.all("time")}
    assert times["2026-11-22"] in ("Sunday 22 November 2026", "22 November 2026")
    assert times["2026-12-02T23:59"] == "Wednesday 2 December 2026, 23:59"
    assert "2026-12-03" in times


def test_the_timeline_says_in_words_what_it_shows(house: House) -> None:
    page = open_overview(house, "2026-11-26")
    (picture,) = [svg for svg in page.with_attribute("role") if svg.get("role") == "img"]
    assert picture.get("aria-label") == (
        "Timeline: paid from 23 November 2025 to 22 November 2026; renewable until 2 December 2026; "
        "data deleted from 3 December 2026; today is 26 November 2026"
    )


def test_seats_are_told_as_taken_of_paid(house: House) -> None:
    house.platform(1234, additional_seats=2)
    house.person("m1234")
    house.person("m1234-anna")
    assert "2 of 3" in told(house.browser().sign_in())


def test_credits_of_an_expired_platform_are_shown_as_frozen(house: House) -> None:
    house.clock.set(rome("2026-11-26 12:00:00"))
    house.platform(1234, ends_in=-4)
    house.person("m1234")
    house.lot(1234, 12_480, bought_on=date(2026, 6, 4), expires_on=E)
    page = house.browser().sign_in()
    assert "12,480 frozen" in told(page)
    assert "come back with the renewal" in told(page)
    labels = [svg.get("aria-label") for svg in page.with_attribute("role")]
    assert "12,480 credits, valid until 22 November 2026" in labels
    (row,) = page.all("tbody")
    assert " ".join(" ".join(row.itertext()).split()) == "12,480 4 June 2026 22 November 2026 Frozen"


def test_credits_of_an_sms_platform_expire_lot_by_lot(house: House) -> None:
    house.clock.set(rome("2026-11-22 12:00:00"))
    house.platform(1234, ends_in=None)
    house.person("m1234", language="it")
    house.lot(1234, 5_000, bought_on=date(2026, 11, 22), expires_on=None)
    house.lot(1234, 120, bought_on=date(2026, 1, 7), expires_on=None)
    text = told(house.browser().sign_in())
    assert "i prossimi crediti scadono venerdì 7 gennaio 2028" in text
    assert "120 7 gennaio 2026 7 gennaio 2028 Utilizzabili 5.000 22 novembre 2026 22 novembre 2028" in text


def test_a_blocked_platform_says_first_why_how_to_lift_it_and_whom_to_ask(house: House, browser: Browser) -> None:
    house.person("m1234")
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.PAYMENT_OVERDUE, by="staff", note="", at=house.clock.now())
    page = browser.sign_in()
    text = told(page)
    assert text.startswith("The platform is blocked. A payment is overdue. How to lift it quickly: Pay the open amount")
    assert "Administration, help@example.com" in text
    assert "Sending is off while the platform is blocked." in text
    assert page.state() == "active"
    mails = [link.get("href") or "" for link in page.all("a") if "blocked" in (link.get("href") or "")]
    assert mails[0] == "mailto:help@example.com?subject=Platform%201234%3A%20blocked%2C%20for%20Administration"


@pytest.mark.parametrize(("trial", "carts"), [(True, 1), (False, 0)])
def test_a_trial_has_a_cart_and_every_page_has_menu_and_sign_out(house: House, trial: bool, carts: int) -> None:
    page = open_overview(house, "2026-11-20", trial=trial)
    found = [link for link in page.all("a") if link.get("class") == "cart"]
    assert [link.get("href") for link in found] == ["/subscription/purchase"] * carts
    (menu,) = page.all("details")
    assert "My subscription" in "".join(menu.itertext())
    assert "m1234" in "".join(menu.itertext())
    outside = [form for form in page.all("form") if form not in list(menu.iter()) and form.get("action") == "/logout"]
    assert outside, "sign-out is in sight without opening anything"


def test_the_purchase_page_offers_what_the_state_allows_and_says_why_the_rest_waits(house: House) -> None:
    browser = house.browser()
    house.clock.set(rome("2026-11-26 12:00:00"))
    house.platform(1234, ends_in=-4)
    house.person("m1234")
    browser.sign_in()
    page = browser.get("/subscription/buy")
    buttons = [link.get("href") for link in page.all("a") if "button" in (link.get("class") or "")]
    assert buttons == ["/subscription/renew"]
    text = told(page)
    assert "The next term begins on Monday 23 November 2026" in text
    assert "SMS credits Not now. The subscription has expired: renew it first." in text
    assert "Cancel the subscription" not in text


def test_an_sms_platform_buys_credits_or_adds_e_mail(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    sections = [section.get("id") for section in browser.get("/subscription/buy").all("section")]
    assert sections == ["purchase", "buy-credits"]


def test_on_a_trial_there_is_one_thing_to_buy(house: House) -> None:
    house.platform(1234, ends_in=20, trial=True)
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    assert browser.open("/subscription/buy").headers["Location"] == "/subscription/purchase"


@pytest.mark.parametrize(
    ("ends_in", "facts", "button"),
    [
        (98, {}, "Buy"),
        (20, {}, "Renew the subscription · €480.00 + tax"),
        (-3, {}, "Renew the subscription · €480.00 + tax"),
        (20, {"cancelled": True}, "Renew the subscription · €480.00 + tax"),
        (20, {"trial": True}, "Purchase the platform · €480.00 + tax"),
        (None, {}, "SMS credits"),
    ],
)
def test_the_first_button_is_what_most_people_came_to_do_with_its_price(
    house: House, ends_in: int | None, facts: dict[str, bool], button: str
) -> None:
    house.platform(1234, ends_in=ends_in, **facts)
    house.person("m1234")
    page = house.browser().sign_in()
    (first, *_) = [link for link in page.all("a") if "button" in (link.get("class") or "")]
    assert " ".join("".join(first.itertext()).split()) == button
