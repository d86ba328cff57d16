"""What people get to read. The snapshots beside this file are reviewed like code: read them when they change."""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from jinja2 import StrictUndefined
from sqlalchemy import select, update

from portal import seats, standing
from portal.accounts import administrators, email_changes, recovery
from portal.accounts.administrators import Newcomer
from portal.accounts.links import Purpose
from portal.accounts.recovery import USER_NAMES_TASK, Asked
from portal.kit import links, outbox, texts
from portal.outside.post import Letter
from portal.rules.names import UserName
from portal.subscription import cancellation, exports, trials
from tests.helpers.house import House, build
from tests.jobs import (
    credit_letters,
    device_letters,
    factor_letters,
    grace_letters,
    order_letters,
    purge_letters,
    reminder_letters,
    removal_letters,
    staff_letters,
    view_letters,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
RENEW = "RENEW_SNAPSHOTS"
REMEDY = f"read the difference; if it is meant, run the test once with {RENEW}=1 and commit the file"
TOKEN = re.compile(r"\.?[\w-]{60,}\.[\w-]{20,}")  # different each time


def user_names(house: House, language: str) -> None:
    email = "anna@example.com"
    house.person("m1234", email=email, language=language)
    house.platform(5678, ends_in=-3)
    house.person("m5678", email="owner@example.com", language=language)
    house.person("m5678-anna", email=email, language=language)
    with house.parts.database.write() as db:
        recovery.ask(db, USER_NAMES_TASK, Asked("", email, "198.51.100.0/24", house.clock.now()))


def reset_link(house: House, language: str, reason: str | None = None) -> None:
    person = house.person("m1234", language=language)
    purpose = Purpose.SUPPORT_RESET if reason else Purpose.RESET
    with house.parts.database.write() as db:
        at = house.clock.now()
        recovery.send_reset_link(db, house.parts.links, person, purpose, at=at, reason=reason)


def reset_link_from_staff(house: House, language: str) -> None:
    reset_link(house, language, "ticket 4711, you called us")


def invitation(house: House, language: str) -> None:
    house.person("m1234-anna", password=None, language=language)


def password_set(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    with house.parts.database.write() as db:
        at = house.clock.now()
        link_id = house.parts.links.issue(db, Purpose.RESET, person.id, at=at, expires_at=at.replace(hour=10))
        token = house.parts.links.token(db, link_id)
        link = house.parts.links.find(db, token, Purpose.RESET, at=at)
        assert not isinstance(link, str)
        assert recovery.set_password(db, link, "a hash", at=at)


def administrator_disabled(house: House, language: str) -> None:
    person = house.person("m1234-anna", language=language)
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=house.clock.now())


def email_confirm(house: House, language: str) -> None:
    change_address(house, language, 0)


def email_changed(house: House, language: str) -> None:
    """The notice to the old address leaves before the one to the new."""
    change_address(house, language, 1, but="email_confirmed")


def email_confirmed(house: House, language: str) -> None:
    change_address(house, language, 1)


def email_restored(house: House, language: str) -> None:
    change_address(house, language, 2, but="email_taken_off")


def email_taken_off(house: House, language: str) -> None:
    change_address(house, language, 2)


def change_address(house: House, language: str, steps: int, *, but: str = "") -> None:
    """Ask for a new address; 1: and confirm it; 2: and take it back. `but`: a mail of the last step to leave out."""
    person = house.person("m1234", language=language)
    at, maker = house.clock.now(), house.parts.links
    with house.parts.database.write() as db:
        assert email_changes.ask(db, maker, person, "anna.new@example.com", at=at)
        for purpose, act in ((Purpose.EMAIL_CHANGE, email_changes.confirm), (Purpose.EMAIL_UNDO, email_changes.undo))[
            :steps
        ]:
            link_id = db.execute(select(links.links.c.id).where(links.links.c.purpose == purpose)).scalar_one()
            link = maker.find(db, maker.token(db, link_id), purpose, at=at)
            assert isinstance(link, links.Link)
            assert act(db, maker, link, at=at)
        db.execute(outbox.outbox.delete().where(outbox.outbox.c.name == but))


def trial_confirm(house: House, language: str, address: str = "anna@example.com") -> None:
    asked = trials.Asked("Anna Bianchi", "Bianchi srl", address, language, "198.51.100.0/24", house.clock.now())
    with house.parts.database.write() as db:
        trials.ask(db, asked)


def trial_known(house: House, language: str, ends_in: int = 29) -> None:
    house.platform(1234, trial=True, ends_in=ends_in)
    house.person("m1234", language=language)
    trial_confirm(house, language, "m1234@example.com")


def trial_known_and_over(house: House, language: str) -> None:
    trial_known(house, language, -4)


def trial_ready(house: House, language: str) -> None:
    house.platform(1233)
    trial_confirm(house, language)
    house.work()
    at = house.clock.now()
    with house.parts.database.write() as db:
        link_id = db.execute(select(links.links.c.id)).scalar_one()
        link = house.parts.links.find(db, house.parts.links.token(db, link_id), Purpose.TRIAL, at=at)
        assert isinstance(link, links.Link)
        assert trials.start(db, house.parts.links, link, "a hash", edition="pro", today=at.date(), at=at)


def administrator_added(house: House, language: str) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234", language=language)
    newcomer = Newcomer(UserName("m1234-marco", 1234, "marco"), "marco@example.com", "Marco Conti", language)
    with house.parts.database.write() as db:
        zone, at = house.parts.settings.timezone, house.clock.now()
        seats.create(db, house.parts.links, newcomer, zone, by="m1234", at=at)


def cancellation_confirmed(house: House, language: str) -> None:
    cancel(house, language)


def cancellation_undone(house: House, language: str) -> None:
    cancel(house, language, undone=True)


def cancel(house: House, language: str, *, undone: bool = False) -> None:
    house.platform(1234, ends_in=2)
    house.lot(1234, 12_480, bought_on=date(2026, 3, 1), expires_on=date(2026, 11, 22))
    person = house.person("m1234", language=language)
    at = house.clock.now()
    with house.parts.database.write() as db:
        place = standing.find(db, 1234, at=at, zone=house.parts.settings.timezone)
        ending = standing.ending(place, standing.credits_of(db, place))
        assert ending
        assert cancellation.cancel(db, ending, by=person, at=at)
        assert not undone or cancellation.undo(db, ending, by=person, at=at)


def export_asked(house: House, language: str) -> None:
    """The export itself is left out: the notice is the last letter."""
    house.person("m1234", language=language)
    marco = house.person("m1234-marco", language=language)
    with house.parts.database.write() as db:
        exports.ask(db, marco, network="198.51.100.0/24", at=house.clock.now())
        db.execute(outbox.outbox.delete().where(outbox.outbox.c.name == exports.EXPORT_ERRAND))


def export_ready(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    with house.parts.database.write() as db:
        exports.ask(db, person, network="198.51.100.0/24", at=house.clock.now())


CASES: dict[str, Callable[[House, str], None]] = (
    {
        case.__name__: case
        for case in (
            user_names,
            reset_link,
            reset_link_from_staff,
            invitation,
            password_set,
            administrator_disabled,
            email_confirm,
            email_changed,
            email_confirmed,
            email_restored,
            email_taken_off,
            trial_confirm,
            trial_known,
            trial_known_and_over,
            trial_ready,
            administrator_added,
            cancellation_confirmed,
            cancellation_undone,
            export_asked,
            export_ready,
        )
    }
    | order_letters.CASES
    | removal_letters.CASES
    | reminder_letters.CASES
    | factor_letters.CASES
    | device_letters.CASES
)
CASES |= purge_letters.CASES | staff_letters.CASES | credit_letters.CASES | view_letters.CASES | grace_letters.CASES
every_mail = pytest.mark.parametrize("case", CASES)
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)


def letter(house: House, case: str, language: str = "en") -> Letter:
    """The last letter that the case makes leave; a name that a template does not get is an error, not a blank."""
    house.app.jinja_env.undefined = StrictUndefined
    CASES[case](house, language)
    return house.work()[-1]


@every_mail
@every_language
def test_a_mail_reads_as_it_was_reviewed(house: House, case: str, language: str) -> None:
    found = letter(house, case, language)
    for kind, content in (("txt", f"Subject: {found.subject}\n\n{found.text}"), ("html", found.html.strip() + "\n")):
        content = TOKEN.sub("TOKEN", content)
        path = SNAPSHOTS / f"{case}.{language}.{kind}"
        if os.environ.get(RENEW):
            path.write_text(content, "utf-8")
        assert path.is_file(), f"{path.name} is missing: {REMEDY}"
        assert content == path.read_text("utf-8"), f"{path.name}: {REMEDY}"


def reviewed(case: str, language: str) -> tuple[str, str]:
    """(plain text, HTML) as the snapshots have them: the test above holds them to the truth."""
    text, html = ((SNAPSHOTS / f"{case}.{language}.{kind}").read_text("utf-8") for kind in ("txt", "html"))
    return text.partition("\n\n")[2], html


def parsed(html: str) -> Element:
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parse(html)
    assert not parser.errors, parser.errors
    return root


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


@every_mail
@every_language
def test_a_mail_is_plain_to_everybody(case: str, language: str) -> None:
    root = parsed(reviewed(case, language)[1])
    assert root.get("lang") == language
    assert len(list(root.iter("h1"))) == 1
    assert words(next(root.iter("title")))
    assert not [e.tag for e in root.iter() if e.tag in ("img", "script", "link", "iframe", "object", "form")]
    assert not [e.tag for e in root.iter() if e.get("src") or e.get("style")]
    assert all(words(link) for link in root.iter("a"))
    assert len([link for link in root.iter("a") if link.get("class") == "button"]) <= 1


@every_mail
@every_language
def test_plain_text_says_what_html_says(case: str, language: str) -> None:
    text, html = reviewed(case, language)
    root = parsed(html)
    shown, links = words(root), {link.get("href") for link in root.iter("a")}
    addresses = {line for line in text.split() if line.startswith("http")}
    assert addresses == links
    for line in text.splitlines():
        if line and line != "--" and line not in addresses:
            assert " ".join(line.removeprefix("- ").rstrip(":").split()) in shown


@every_mail
@every_language
def test_a_mail_names_the_support_address_and_this_portal_only(case: str, language: str) -> None:
    for part in reviewed(case, language):
        assert "help@example.com" in part
        assert {urlsplit(address).netloc for address in re.findall(r"https?://[^\s\"<]+", part)} == {"127.0.0.1:8000"}


@every_mail
def test_what_people_wrote_cannot_become_markup_or_a_header(tmp_path: Path, database_url: str, case: str) -> None:
    evil = "<script>alert(1)</script>\r\nBcc: eve@example.com\n\nPay here: <b>"
    house = build(tmp_path, database_url, brand=evil)
    house.app.jinja_env.undefined = StrictUndefined
    CASES[case](house, "en")
    with house.parts.database.write() as db:
        rows = db.execute(outbox.outbox.select().where(outbox.outbox.c.topic == outbox.MAIL)).all()
        for row in rows:
            spoilt = {n: evil if n in ("reason", "full_name") else value for n, value in row.payload.items()}
            db.execute(update(outbox.outbox).where(outbox.outbox.c.id == row.id).values(payload=spoilt))
    for found in house.work():
        assert "\n" not in found.subject
        assert "\r" not in found.subject
        assert "<script" not in found.html
        assert "<b>" not in found.html
        assert "\nBcc" not in found.text.replace(evil, "")
        parsed(found.html)
    house.parts.database.close()


def test_a_language_that_we_do_not_speak_gets_the_default_one(house: House) -> None:
    found = letter(house, "reset_link", "xx")
    assert parsed(found.html).get("lang") == texts.DEFAULT_LANGUAGE
