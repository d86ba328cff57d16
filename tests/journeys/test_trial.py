"""A trial, from the first page to the purchase on the last day on which everything can be kept."""

from datetime import date
from typing import Any

import pytest

from portal.rules.lifecycle import State
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD
from tests.helpers.journey import YEAR, Story, invoiced, link, look, order, path, read, subjects
from tests.helpers.pages import Page

CARLA = {"full_name": "Carla Ferri", "company": "Ferri S.r.l.", "email": "carla@example.com"}
FERRI = {
    "name": "Ferri S.r.l.",
    "country": "IT",
    "street": "Via Po 1",
    "postcode": "10123",
    "city": "Torino",
    "province": "TO",
    "vat_number": "12345670785",
    "recipient_code": "ABC1234",
}
# fmt: off
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "mails": ["Your trial of Portal: confirm your address", "Your trial of Portal is ready: m1235"],
        "trial": ["Your trial lasts until Saturday 19 December 2026", "30 days left, today included.",
                  "Purchase the platform · €480.00 + tax"],
        "cart": "Purchase the platform",
        "grace": ["Purchase by Tuesday 29 December 2026 to keep your platform", "Your trial ended on Saturday 19"],
        "unknown": "Before you order, tell us whom the invoice is for: the tax depends on it.",
        "price": ["Total €585.60", "Paid from 29 December 2026", "Paid until 28 December 2027"],
        "paid": ["New sign-in as m1235", "Order 1 received · €585.60", "Order 1 is paid, invoice 2026-000001"],
        "after": ["Your subscription is paid until Tuesday 28 December 2027", "Sending is on. 365 days left",
                  "Platform 1235 Company Ferri S.r.l."],
        "total": "€585.60",
    },
    "it": {
        "mails": ["La tua prova di Portal: conferma il tuo indirizzo", "La tua prova di Portal è pronta: m1235"],
        "trial": ["La tua prova dura fino a sabato 19 dicembre 2026", "Restano 30 giorni, oggi compreso.",
                  "Acquista la piattaforma · 480,00 € + IVA"],
        "cart": "Acquista la piattaforma",
        "grace": ["Acquista entro martedì 29 dicembre 2026 per conservare", "La prova è finita sabato 19 dicembre"],
        "unknown": "Prima di ordinare, dicci a chi va la fattura: da questo dipende l’imposta.",
        "price": ["Totale 585,60 €", "Pagato dal 29 dicembre 2026", "Pagato fino al 28 dicembre 2027"],
        "paid": ["Nuovo accesso con il nome utente m1235", "Ordine 1 ricevuto · 585,60 €",
                 "L’ordine 1 è pagato, fattura 2026-000001"],
        "after": ["Il tuo abbonamento è pagato fino a martedì 28 dicembre 2027", "Gli invii sono attivi. Restano 365",
                  "Piattaforma 1235 Azienda Ferri S.r.l."],
        "total": "585,60 €",
    },
}
# fmt: on


def carla(story: Story, language: str = "en") -> tuple[Browser, list[str]]:
    """She asks for a trial on 20 November, follows the mail, chooses a password and signs in; the mails' subjects."""
    browser = story.house.browser(language=language)
    browser.get("/request-trial")
    browser.submit(CARLA)
    mails = story.house.work()
    browser.get(link(mails[0], "/request-trial/"))
    browser.submit({"password": PASSWORD, "password_again": PASSWORD})
    mails += story.house.work()
    browser.get(link(mails[1], "/login?username=m1235"))
    browser.submit({"password": PASSWORD})
    assert path(browser) == "/subscription"
    return browser, subjects(mails)


def cart(page: Page) -> tuple[str, str]:
    """Where the cart at the top leads, and what it is called."""
    (found,) = [a for a in page.all("header")[0].iter("a") if a.get("href") == "/subscription/purchase"]
    return found.get("href") or "", " ".join("".join(found.itertext()).split())


@pytest.mark.parametrize("language", WORDS)
def test_tried_forgotten_and_bought_on_the_tenth_day_after(story: Story, language: str) -> None:
    words = WORDS[language]
    story.platform("2027-02-28")  # somebody was here before: the trial is platform 1235
    browser, mails = carla(story, language)
    assert mails == words["mails"]
    assert browser.page is not None
    assert browser.page.state() == "trial"
    for sentence in words["trial"]:
        assert sentence in read(browser.page), sentence
    where, name = cart(browser.page)
    assert name == words["cart"]
    assert browser.get(where).heading == words["cart"]

    story.now_is("2026-12-29 23:50:00")
    browser = story.sign_in("m1235", language=language)
    assert browser.page is not None
    assert browser.page.state() == "grace"
    for sentence in words["grace"]:
        assert sentence in read(browser.page), sentence
    page = look(browser, where, YEAR)
    assert words["unknown"] in read(page)
    (there,) = [a.get("href") or "" for a in page.all("a") if "billing?" in (a.get("href") or "")]
    browser.get(there)
    browser.submit(FERRI)
    assert path(browser) == where
    page = look(browser, where, YEAR)
    for sentence in words["price"]:
        assert sentence in read(page), sentence
    order(browser, where, YEAR)
    assert subjects(story.becomes(story.pay_at_provider(browser))) == words["paid"]

    page = browser.get("/subscription")
    assert page.state() == "active"
    for sentence in words["after"]:
        assert sentence in read(page), sentence
    assert invoiced(browser) == [("2026-000001", words["total"])]
    assert story.house.place(1235).terms[-1].starts_on == date(2026, 12, 29)
    assert story.tasks() == []


def test_bought_while_it_lasts_the_first_term_follows_the_trial(story: Story) -> None:
    """Nothing of the trial is lost, and what was bought is on at once."""
    story.platform("2027-02-28")
    browser, _mails = carla(story)
    browser.get("/subscription/billing")
    browser.submit(FERRI)
    business = {"edition": "business", "months": "1", "additional": "1"}
    page = read(look(browser, "/subscription/purchase", business))
    assert "Edition Business, 1 month €100.00 €100.00" in page
    assert "Additional administrator, 1 month €10.00 €10.00" in page
    assert "Paid from 20 December 2026 Paid until 19 January 2027" in page
    story.buy(browser, "/subscription/purchase", business)
    page = read(browser.get("/subscription"))
    assert "Edition Business" in page
    assert "1 of 2" in page
    assert story.expires_on(1235) == "2027-01-19"
    assert story.house.place(1235).state is State.ACTIVE


def test_the_eleventh_day_is_too_late(story: Story) -> None:
    story.platform("2027-02-28")
    carla(story)
    story.now_is("2026-12-30 00:00:00")
    browser = story.house.browser()
    page = browser.sign_in("m1235")
    assert "The time to renew ended on Tuesday 29 December 2026, 23:59" in read(page)
    assert "With a new purchase you get a new platform with a new user name." in read(page)
