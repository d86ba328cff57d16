"""The cast: a few people whose platforms cover every state, and what they have bought so far.

Days are counted from the day of the first start. `seeding` writes all of it, through the actions of the pages.
"""

from dataclasses import dataclass

from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice
from portal.billing.frozen import BillingData
from portal.billing.numbers import ABROAD, NO_RECIPIENT
from portal.billing.profiles import PaymentMethod
from portal.rules.access import Block
from portal.rules.orders import Way
from portal.rules.staff import StaffRole

PASSWORD = "a short sentence is easiest"
PRINTED = (  # the recovery codes of whoever of the cast has an authenticator app
    "5q64w-h64p5", "tftmv-4sb3d", "fqkjr-z65mr", "czmj9-nggxb", "uhwef-pkfhh",
    "vzkcx-h9rer", "k4srd-a3ttx", "6wjc5-85cxn", "yxzha-kyx49", "v4wrb-vda6c",
)  # fmt: skip


def N_(text: str) -> str:
    """Mark a text for the catalogue; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of the cast, and what the platform shows. came_ago: days; None: came with the platform. app_ago: days
    since an authenticator app was added, with its recovery codes; None: never.
    """

    username: str
    full_name: str
    email: str
    shows: str
    language: str = "it"
    came_ago: int | None = None
    app_ago: int | None = None


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of the operator's own people, with the password of everybody and an authenticator app."""

    username: str
    full_name: str
    email: str
    role: StaffRole
    language: str = "it"


@dataclass(frozen=True, slots=True)
class Stage:
    """A platform of the cast. `ends_in`: days from today to E; None: SMS-only. `lots`: (days ago, credits), as given by
    the operator. `next_edition`: a smaller one that waits for the next term.
    """

    id: int
    company: str
    ends_in: int | None
    edition: str = "pro"
    email_channel: bool = True
    sms_channel: bool = True
    trial: bool = False
    cancelled: bool = False
    block: Block | None = None
    next_edition: str | None = None
    lots: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Bought:
    """An order of the history. Both days are counted back from today; paid_ago: None for one that still waits for its
    transfer. A term is the present one, bought before it began. too_much: cents that came beyond the total.
    """

    platform_id: int
    choice: Choice
    placed_ago: int
    paid_ago: int | None
    way: Way = Way.TRANSFER
    too_much: int = 0


CAST = (
    Actor("m1234", "Anna Bianchi", "anna@example.com", N_("active, two administrators and one invited, credits")),
    Actor("m1234-marco", "Marco Conti", "marco@example.com", N_("the second administrator of 1234"), "en", 260),
    Actor("m1235", "Anna Bianchi", "anna@example.com", N_("active, e-mail only; same e-mail as m1234")),
    Actor("m1236", "Livia Moretti", "livia@example.com", N_("active, signs in with a code of an app"), app_ago=40),
    Actor("m2001", "Bruno Esposito", "bruno@example.com", N_("expires in 6 days, a smaller edition is planned")),
    Actor("m2002", "Carla Ferri", "carla@example.com", N_("cancelled, still active"), "en"),
    Actor("m2003", "Dario Galli", "dario@example.com", N_("expired, first day of the grace")),
    Actor("m2004", "Elena Longo", "elena@example.com", N_("expired, tenth and last day of the grace")),
    Actor("m2005", "Fabio Marino", "fabio@example.com", N_("trial")),
    Actor("m2006", "Giulia Neri", "giulia@example.com", N_("SMS-only")),
    Actor("m2007", "Hugo Orlandi", "hugo@example.com", N_("blocked: a transfer is overdue"), "en"),
    Actor("m2008", "Irene Palma", "irene@example.com", N_("the grace is over: no sign-in")),
)
INVITED = Actor("m1234-lucia", "Lucia Serra", "lucia@example.com", "")  # has the mail, and has not opened its link
STAFF = (
    Colleague("sara", "Sara Villa", "sara@desk.example.com", StaffRole.SUPPORT),
    Colleague("paolo", "Paolo Riva", "paolo@desk.example.com", StaffRole.BILLING),
    Colleague("nadia", "Nadia Costa", "nadia@desk.example.com", StaffRole.ADMINISTRATION, "en"),
)
STAGES = (
    Stage(1234, "Bianchi Formaggi S.r.l.", 98, lots=((40, 12_480), (200, 900))),
    Stage(1235, "Bianchi Vini S.r.l.", 250, edition="starter", sms_channel=False),
    Stage(1236, "Moretti Ceramiche", 190, lots=((35, 700),)),
    Stage(2001, "Esposito Viaggi", 6, edition="business", next_edition="pro", lots=((100, 4_000),)),
    Stage(2002, "Ferri & Figli S.n.c.", 30, cancelled=True, lots=((20, 500),)),
    Stage(2003, "Galli Elettronica", -1, lots=((90, 2_350),)),
    Stage(2004, "Longo Moda S.p.A.", -10),
    Stage(2005, "Marino Studio", 21, trial=True),
    Stage(2006, "Neri Trasporti", None, email_channel=False, lots=((400, 120),)),
    Stage(2007, "Orlandi Sport", 120, block=Block.PAYMENT_OVERDUE),
    Stage(2008, "Palma Libri", -11),
)
# No number is anybody's: each has only been given the check digits that make it one.
BILLING = {
    1234: BillingData(
        "Bianchi Formaggi S.r.l.", "Via dei Casari 12", "20121", "Milano", "MI", "IT", vat_number="04123450159",
        recipient_code="ABC1234", email="fatture@bianchi.example.com",
    ),
    1235: BillingData(
        "Bianchi Vini S.r.l.", "Strada del Barolo 3", "12060", "Barolo", "CN", "IT", vat_number="04612050015",
        recipient_code=NO_RECIPIENT, certified_mail="vini@pec.example.com",
    ),
    1236: BillingData(
        "Moretti Ceramiche", "Via della Fornace 9", "48018", "Faenza", "RA", "IT", vat_number="02745190369",
        recipient_code="W7YVJK9",
    ),
    2001: BillingData(
        "Esposito Viaggi", "Via Toledo 201", "80134", "Napoli", "NA", "IT", vat_number="02991180635",
        recipient_code="M5UXCR1",
    ),
    2002: BillingData(
        "Ferri & Figli S.n.c.", "Piazza Maggiore 6", "40124", "Bologna", "BO", "IT", vat_number="03874210374",
        recipient_code="KRRH6B9",
    ),
    2003: BillingData(
        "Galli Elettronica", "Via Torino 40", "20123", "Milano", "MI", "IT", vat_number="02987610157",
        recipient_code=NO_RECIPIENT, certified_mail="galli@pec.example.com",
    ),
    2004: BillingData(
        "Longo Moda S.p.A.", "Via Condotti 88", "00187", "Roma", "RM", "IT", vat_number="05342170585",
        recipient_code="SUBM70N",
    ),
    2005: BillingData(
        "Fabio Marino", "Via Appia Nuova 350", "00183", "Roma", "RM", "IT", tax_code="MRNFBA84C12H501K",
        recipient_code=NO_RECIPIENT,
    ),
    2006: BillingData(
        "Neri Trasporti", "Calle dei Fabbri 5", "30124", "Venezia", "VE", "IT", vat_number="03445560273",
        recipient_code="T04ZHR3",
    ),
    2007: BillingData(
        "Orlandi Sport GmbH", "Leopoldstraße 7", "80802", "München", "", "DE", vat_number="287654105",
        recipient_code=ABROAD,
    ),
    2008: BillingData(
        "Palma Libri", "Via Po 18", "00198", "Roma", "RM", "IT", vat_number="06100340584", recipient_code="X2PH38J",
    ),
}  # fmt: skip
METHODS = {2001: PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", "Esposito Viaggi")}
BOUGHT = (
    Bought(1234, TermChoice("pro", 12, additional=1), 290, 287),
    Bought(1234, CreditsChoice("1000", 1000), 61, 61, Way.DEMO),
    Bought(1234, SeatsChoice(1), 20, 20, Way.DEMO),
    Bought(1235, TermChoice("starter", 12), 130, 127),
    Bought(2001, TermChoice("business", 12), 380, 377),
    Bought(2001, CreditsChoice("5000", 5000), 4, 2, too_much=12_00),
    Bought(2002, TermChoice("pro", 12), 340, 340, Way.DEMO),
    Bought(2003, TermChoice("pro", 12), 385, 382),
    Bought(2004, TermChoice("pro", 12), 380, 380, Way.DEMO),
    Bought(2006, CreditsChoice("5000", 5000), 30, 30, Way.DEMO),
    Bought(2007, TermChoice("pro", 12), 260, 257),
    Bought(2007, CreditsChoice("5000", 5000), 12, None),
)
