"""The page of the contacts: the first administrator edits, everybody reads, nobody sees another customer's."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.billing.tables import billing_profiles
from portal.support import queries
from portal.support.queries import Contact
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House

PAGE = "/subscription/contacts"
MARCO = {"kind": "technical", "full_name": "Marco Conti", "email": "marco@example.com", "phone": "02 7104 0485"}


@pytest.fixture
def anna(house: House, browser: Browser) -> Browser:
    house.person("m1234")
    browser.sign_in()
    browser.get(PAGE)
    return browser


def contacts(house: House, platform_id: int = 1234) -> list[Contact]:
    with house.parts.database.read() as db:
        return [contact for found in queries.contacts_of(db, platform_id).values() for contact in found]


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


@both_databases
def test_a_contact_is_added_changed_and_removed(house: House, anna: Browser) -> None:
    page = anna.submit(MARCO)
    assert "The contact is on the list." in page.text
    assert "Marco Conti marco@example.com +39 02 7104 0485" in page.text
    (made,) = contacts(house)
    page = anna.get(f"{PAGE}/{made.id}")
    assert page.form()[1].items() >= (MARCO | {"phone": "+39 02 7104 0485"}).items()
    page = anna.submit({"full_name": "Marco Conti-Rossi", "kind": "privacy", "phone": ""})
    assert "The contact is changed." in page.text
    assert [(c.kind, c.full_name, c.phone) for c in contacts(house)] == [("privacy", "Marco Conti-Rossi", "")]
    anna.get(f"{PAGE}/{made.id}")
    page = anna.submit(form=1)
    assert "Marco Conti-Rossi is no longer a contact." in page.text
    assert contacts(house) == []


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Administration", "Technical", "Campaigns", "Privacy"]),
        ("it", ["Amministrazione", "Tecnico", "Campagne", "Privacy"]),
    ],
)
def test_the_kinds_are_named_in_both_languages(anna: Browser, language: str, names: list[str]) -> None:
    page = anna.get(f"{PAGE}?lang={language}")
    assert ["".join(h.itertext()) for h in page.all("h2")][:4] == names
    assert ["".join(option.itertext()) for option in page.all("option")] == names


@pytest.mark.parametrize(
    ("given_", "errors"),
    [
        ({"kind": "staff"}, 1),
        ({"full_name": "  "}, 1),
        ({"full_name": "x" * 121}, 1),
        ({"full_name": "a\nb"}, 1),
        ({"email": "marco"}, 1),
        ({"email": ""}, 1),
        ({"phone": "call me"}, 1),
        ({"phone": "\x00"}, 1),
        ({"kind": "", "full_name": "", "email": "", "phone": "12"}, 4),
    ],
)
def test_bad_input_is_told_beside_the_field_with_what_was_typed_kept(
    house: House, anna: Browser, given_: dict[str, str], errors: int
) -> None:
    page = anna.submit(MARCO | given_)
    assert (status(anna), len(page.errors())) == (422, errors)
    assert page.value("email") == (MARCO | given_)["email"]
    assert contacts(house) == []


@pytest.mark.parametrize(
    ("country", "name", "kept"), [(None, "Italy", "+39 030 123456"), ("DE", "Germany", "+49 30 123456")]
)
def test_a_number_without_its_country_belongs_to_that_of_the_billing_data(
    house: House, anna: Browser, country: str | None, name: str, kept: str
) -> None:
    if country:
        row = {column.name: "" for column in billing_profiles.columns} | {"platform_id": 1234, "country": country}
        with house.parts.database.write() as db:
            db.execute(billing_profiles.insert().values(row | {"updated_at": house.clock.now()}))
    assert f"taken for one of this country: {name}." in anna.get(PAGE).text
    anna.submit(MARCO | {"phone": "030 123456"})
    assert [contact.phone for contact in contacts(house)] == [kept]


def test_a_name_of_a_hundred_and_twenty_characters_fits(house: House, anna: Browser) -> None:
    anna.submit(MARCO | {"full_name": "x" * 120})
    assert [len(contact.full_name) for contact in contacts(house)] == [120]


@both_databases
def test_the_same_address_twice_for_one_kind_is_refused_when_added_and_when_changed(
    house: House, anna: Browser
) -> None:
    anna.submit(MARCO)
    anna.submit(MARCO | {"kind": "privacy"})
    page = anna.submit(MARCO | {"email": "MARCO@example.com"})
    assert status(anna) == 422
    assert page.errors() == ["This address is a contact of this kind already."]
    anna.get(f"{PAGE}/{contacts(house)[1].id}")
    page = anna.submit({"kind": "technical"})
    assert status(anna) == 422
    assert page.errors() == ["This address is a contact of this kind already."]
    assert [contact.kind for contact in contacts(house)] == ["technical", "privacy"]


def test_the_fifty_first_is_refused_with_the_reason(house: House, anna: Browser) -> None:
    for number in range(50):
        anna.submit(MARCO | {"email": f"p{number}@example.com"})
    page = anna.submit(MARCO)
    assert page.errors() == ["A platform has 50 contacts at most. Remove one first."]
    assert len(contacts(house)) == 50


def test_fields_that_the_page_does_not_have_change_nothing(house: House, anna: Browser) -> None:
    house.platform(5678)
    anna.submit(MARCO | {"platform_id": "5678", "id": "77", "email_folded": "x", "created_at": "1"})
    assert contacts(house, 5678) == []
    (made,) = contacts(house)
    assert (made.platform_id, made.email) == (1234, "marco@example.com")
    anna.get(f"{PAGE}/{made.id}")
    anna.submit({"platform_id": "5678", "contact_id": "99"})
    assert contacts(house) == [made]


@both_databases
def test_another_customers_contact_is_as_missing_as_none(house: House, anna: Browser) -> None:
    anna.submit(MARCO)
    (made,) = contacts(house)
    house.person("m5678")
    other = house.browser()
    other.sign_in("m5678")
    other.get(PAGE)
    assert "Marco" not in other.page.text  # type: ignore[union-attr]
    token = {"csrf_token": other.page.form()[1]["csrf_token"]}  # type: ignore[union-attr]
    seen = set()
    for number in (made.id, made.id + 1, 2**31 - 1, 2**31, 10**30):
        for method, path in (("GET", ""), ("POST", ""), ("POST", "/remove")):
            options: dict[str, Any] = {"data": MARCO | token} if method == "POST" else {}
            headers = {"Sec-Fetch-Site": "same-origin"}
            answer = other.open(f"{PAGE}/{number}{path}", method=method, headers=headers, **options)
            assert other.page is not None
            seen.add((answer.status_code, other.page.heading))
    assert seen == {(404, "There is no such page")}
    assert contacts(house) == [made]


def test_an_additional_administrator_reads_and_cannot_edit(house: House, anna: Browser) -> None:
    anna.submit(MARCO)
    (made,) = contacts(house)
    house.person("m1234-marco")
    marco = house.browser()
    marco.sign_in("m1234-marco")
    page = marco.get(PAGE)
    assert "Marco Conti marco@example.com" in page.text
    assert "Only the first administrator can do this." in page.text
    assert [name for form in page.all("main")[0].iter("form") for name in form.itertext()] == []
    marco.get("/profile")
    token = marco.page.form()[1]["csrf_token"]  # type: ignore[union-attr]
    for path in (PAGE, f"{PAGE}/{made.id}", f"{PAGE}/{made.id}/remove"):
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = marco.open(path, method="POST", data=MARCO | {"csrf_token": token, "email": "x@y.it"}, headers=headers)
        assert answer.status_code == 403
        assert "Only the first administrator can do this." in marco.page.text  # type: ignore[union-attr]
    assert marco.open(f"{PAGE}/{made.id}").status_code == 403
    assert contacts(house) == [made]


@pytest.mark.parametrize("state", [{"trial": True}, {"cancelled": True}, {"ends_in": -3}, {"ends_in": None}])
def test_contacts_are_edited_in_every_state_that_can_sign_in(house: House, state: dict[str, Any]) -> None:
    house.platform(1234, **state)
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    browser.get(PAGE)
    browser.submit(MARCO)
    assert len(contacts(house)) == 1


@pytest.mark.parametrize("where", ["list", "contact"])
def test_what_was_typed_survives_the_time_out(house: House, anna: Browser, where: str) -> None:
    anna.submit(MARCO)
    path = PAGE if where == "list" else f"{PAGE}/{contacts(house)[0].id}"
    anna.get(path)
    house.clock.move(minutes=31)
    anna.submit({"full_name": "Half a na", "email": "half@"})
    page = anna.submit({"username": "m1234", "password": "a short sentence is easiest"})
    assert page.path == path or anna.response.request.path == path  # type: ignore[union-attr]
    assert page.value("full_name") == "Half a na"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(["technical", "privacy"]) | st.text(),
            "full_name": st.text(max_size=400),
            "email": st.emails() | st.text(),
            "phone": st.text() | st.from_regex(r"\+?[0-9 ]{3,20}", fullmatch=True),
            "platform_id": st.text(),
        },
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@both_databases
def test_whatever_is_sent_nothing_breaks(house: House, anna: Browser, fields: dict[str, str]) -> None:
    anna.get(PAGE)
    anna.submit({name: text.encode("utf-8", "replace").decode() for name, text in fields.items()}, follow=False)
    assert status(anna) in (303, 422)
