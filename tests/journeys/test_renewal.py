"""A subscription that is cancelled, kept, forgotten and renewed in its last minute."""

from datetime import date
from typing import Any

import pytest

from portal.rules.lifecycle import State
from tests.helpers.browser import Browser
from tests.helpers.journey import RECEIVED, YEAR, Story, invoiced, look, order, path, read, status, subjects

E = "2026-11-22"
# fmt: off
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "cancelled": "Your subscription is cancelled and lasts until Sunday 22 November 2026",
        "kept": "The subscription goes on as before; its expiry stays Sunday 22 November 2026",
        "grace": ["Renew by Wednesday 2 December 2026 to keep your platform",
                  "Your subscription ended on Sunday 22 November 2026. Sending is off. 10 days left, today included.",
                  "From Thursday 3 December 2026 the platform and all its data are deleted for good.",
                  "12,480 frozen", "Nobody can spend them."],
        "price": ["The next term begins on Monday 23 November 2026: no day is lost, and none is paid twice.",
                  "Edition Pro, 12 months €480.00 €480.00", "VAT 22 % €105.60", "Total €585.60",
                  "Paid from 23 November 2026 Paid until 22 November 2027", "Continue to payment · €585.60"],
        "over": "The time to renew the platform is over.",
        "order": ["Your order is paid and delivered", "Edition Pro, paid from 23 November 2026 to 22 November 2027."],
        "active": ["Your subscription is paid until Monday 22 November 2027", "Sending is on. 355 days left",
                   "12,480 Valid until Monday 22 November 2027, with your subscription", "Usable"],
        "total": "€585.60",
        "mails": ["Platform 1234: cancelled, active until Sunday 22 November 2026",
                  "New sign-in as m1234", "Platform 1234: the cancellation is undone",
                  "New sign-in as m1234", "Order 1 received · €585.60", "Order 1 is paid, invoice 2026-000001"],
    },
    "it": {
        "cancelled": "Abbonamento disdetto: resta attivo fino a domenica 22 novembre 2026",
        "kept": "la scadenza resta domenica 22 novembre 2026",
        "grace": ["Rinnova entro mercoledì 2 dicembre 2026 per conservare la piattaforma",
                  "Il tuo abbonamento è scaduto domenica 22 novembre 2026. Gli invii sono fermi. Restano 10 giorni",
                  "Da giovedì 3 dicembre 2026 la piattaforma e tutti i suoi dati vengono eliminati per sempre.",
                  "12.480 congelati", "Nel frattempo nessuno può usarli."],
        "price": ["Il prossimo periodo comincia lunedì 23 novembre 2026: nessun giorno si perde",
                  "Edizione Pro, 12 mesi 480,00 € 480,00 €", "IVA 22 % 105,60 €", "Totale 585,60 €",
                  "Pagato dal 23 novembre 2026 Pagato fino al 22 novembre 2027", "Vai al pagamento · 585,60 €"],
        "over": "Il tempo per rinnovare la piattaforma è finito.",
        "order": ["Il tuo ordine è pagato e consegnato",
                  "Edizione Pro, pagata dal 23 novembre 2026 al 22 novembre 2027"],
        "active": ["Il tuo abbonamento è pagato fino a lunedì 22 novembre 2027",
                   "Gli invii sono attivi. Restano 355 giorni",
                   "12.480 Validi fino a lunedì 22 novembre 2027, come l’abbonamento", "Utilizzabili"],
        "total": "585,60 €",
        "mails": ["Piattaforma 1234: disdetta, attiva fino a domenica 22 novembre 2026",
                  "Nuovo accesso con il nome utente m1234", "Piattaforma 1234: la disdetta è annullata",
                  "Nuovo accesso con il nome utente m1234", "Ordine 1 ricevuto · 585,60 €",
                  "L’ordine 1 è pagato, fattura 2026-000001"],
    },
}
# fmt: on


def says(browser: Browser, words: list[str]) -> None:
    for sentence in words:
        assert sentence in read(browser.page), sentence


@pytest.mark.usefixtures("printer")
@pytest.mark.parametrize("language", WORDS)
def test_cancelled_kept_forgotten_and_renewed_in_the_last_minute(story: Story, language: str) -> None:
    words = WORDS[language]
    story.now_is("2026-11-21 10:00:00")
    story.platform(E, language=language)
    story.house.lot(1234, 12_480, bought_on=date(2026, 5, 1), expires_on=date(2026, 11, 22))

    anna = story.sign_in(language=language)
    anna.get("/subscription/cancel")
    page = anna.submit()
    assert (page.heading, page.state()) == (words["cancelled"], "cancelled")
    mails = story.house.work()

    story.now_is("2026-11-22 23:59:59.999999")
    anna = story.sign_in(language=language)
    anna.get("/subscription/cancel")
    page = anna.submit()
    assert page.state() == "active"
    says(anna, [words["kept"]])
    mails += story.house.work()

    story.now_is("2026-11-23 00:00:00")
    assert anna.get("/subscription").state() == "grace"
    says(anna, words["grace"])

    story.now_is("2026-12-02 23:59:59.999999")
    anna = story.sign_in(language=language)
    order(anna, "/subscription/renew", YEAR)
    look(anna, "/subscription/renew", YEAR)
    says(anna, words["price"])
    anna.get("/orders/1/pay")
    reference = story.pay_at_provider(anna)
    mails += story.house.work()

    story.now_is("2026-12-03 00:04:00")
    anna.get("/orders/1?back=paid")
    assert path(anna) == "/login"
    says(anna, [words["over"]])
    assert story.house.place().state is State.DUE_FOR_DELETION
    mails += story.becomes(reference)
    assert subjects(mails) == words["mails"]

    anna = story.sign_in(language=language)
    assert anna.page is not None
    assert anna.page.state() == "active"
    says(anna, words["active"])
    anna.get("/orders/1")
    says(anna, words["order"])
    assert [(term.starts_on, term.ends_on) for term in story.house.place().terms[-1:]] == [
        (date(2026, 11, 23), date(2027, 11, 22))
    ]
    assert invoiced(anna) == [("2026-000001", words["total"])]
    assert anna.open("/subscription/invoices/2026-000001.pdf").mimetype == "application/pdf"
    assert story.tasks() == []


def test_a_card_of_the_last_minute_can_be_paid_as_long_as_its_order_waits(story: Story) -> None:
    """And what was paid in time counts, however late we hear of it."""
    story.now_is("2026-12-02 23:59:00")
    story.platform(E)
    anna = story.sign_in()
    order(anna, "/subscription/renew", YEAR)
    reference = story.pay_at_provider(anna)
    story.now_is("2026-12-03 23:58:59")
    assert story.provider.move(reference, RECEIVED)
    story.now_is("2026-12-05 10:00:00")
    assert story.tell(reference) == 200
    assert "Order 1 is paid, invoice 2026-000001" in subjects(story.house.work())
    assert (story.expires_on(), story.tasks()) == ("2027-11-22", [])


def test_a_second_later_the_provider_takes_no_money(story: Story) -> None:
    story.now_is("2026-12-02 23:59:00")
    story.platform(E)
    anna = story.sign_in()
    order(anna, "/subscription/renew", YEAR)
    reference = story.pay_at_provider(anna)
    story.now_is("2026-12-03 23:59:00")
    assert not story.provider.move(reference, RECEIVED)
    story.house.work()
    assert (story.expires_on(), story.house.place().state) == (E, State.DUE_FOR_DELETION)


def test_the_last_minute_is_over_at_midnight(story: Story) -> None:
    """Who looked at the price on day 10 and orders on day 11 is too late, and is told when it ended."""
    story.now_is("2026-12-02 23:59:59")
    story.platform(E)
    anna = story.sign_in()
    look(anna, "/subscription/renew", YEAR)
    story.now_is("2026-12-03 00:00:00")
    anna.submit({**YEAR, "order": "1"})
    assert story.orders() == []
    page = anna.sign_in()
    assert status(anna) == 403
    assert "The time to renew ended on Wednesday 2 December 2026, 23:59" in read(page)
