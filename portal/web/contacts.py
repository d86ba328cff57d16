"""The contacts of the platform: /subscription/contacts. Everybody reads them, the first administrator edits them."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from portal.accounts import drafts
from portal.billing import profiles
from portal.kit import phones, texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import terms
from portal.rules.access import Act, Decision, Refused, Role
from portal.rules.staff import SeenPage
from portal.support import actions, queries
from portal.support.actions import Entry, Known, Missing, TooMany
from portal.support.queries import Contact, Kind
from portal.web import access, who
from portal.web.edge import now, reading, writing
from portal.web.forms import LONGEST_NAME, EmailField, TypedField, at_most, one_line, one_of, required, with_draft

pages = Blueprint("contacts", __name__)
Page = Response | str | tuple[Any, ...]
HOME_REGION = "IT"  # where a telephone number without its country belongs, as long as nobody has told us otherwise
ONE = "/subscription/contacts/<int(max=2147483647):contact_id>"  # no larger number fits the column
NAMES = {
    Kind.ADMINISTRATION: _l("Administration"),
    Kind.TECHNICAL: _l("Technical"),
    Kind.CAMPAIGN: _l("Campaigns"),
    Kind.PRIVACY: _l("Privacy"),
}
USES = {
    Kind.ADMINISTRATION: _l("For the contract, payments and invoices."),
    Kind.TECHNICAL: _l("For domains, integrations and faults."),
    Kind.CAMPAIGN: _l("For messages, lists and sending."),
    Kind.PRIVACY: _l("For the protection of personal data."),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A kind with its words and its contacts."""

    name: Any
    use: Any
    contacts: list[Contact]


def _region() -> str:
    """The country of the billing data; before there are any, our own."""
    billing = profiles.find(reading(), who.me().administrator.platform_id)
    return billing.country if billing else HOME_REGION


def telephone(_form: FlaskForm, field: Field) -> None:
    """Nothing, or a number that exists; it is kept in its international form."""
    typed = (field.data or "").strip()
    if typed and isinstance(phones.read(typed, _region()), phones.NoPhone):
        raise ValidationError(_l("Enter a telephone number such as +39 02 1234 5678, with + and the country."))


class ContactForm(FlaskForm):
    kind = SelectField(
        _l("What for"),
        [one_of(tuple(Kind), _l("Choose what the contact is for."))],
        choices=[SelectChoice(str(kind), name) for kind, name in NAMES.items()],
        validate_choice=False,
    )
    full_name = TypedField(
        _l("Name"), [required(_l("Enter the name of the person or office.")), one_line, at_most(LONGEST_NAME)]
    )
    email = EmailField()
    phone = TypedField(_l("Telephone (optional)"), [one_line, telephone])

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.phone.description = _(
            "A number without + and a country code is taken for one of this country: %(country)s.",
            country=texts.country(_region()),
        )

    def entry(self) -> Entry:
        typed = (self.phone.data or "").strip()
        phone = phones.read(typed, _region()) if typed else ""
        kind, email = Kind(self.kind.data), self.email.data.strip()
        return Entry(kind, self.full_name.data.strip(), email, phone)

    def tell(self, refused: Known | TooMany) -> None:
        """Say beside the field why nothing was written."""
        if isinstance(refused, TooMany):
            text = _("A platform has %(number)d contacts at most. Remove one first.", number=terms.CONTACTS_MAX)
            self.kind.errors = [text]
        else:
            self.email.errors = [_("This address is a contact of this kind already.")]


def _decision() -> Decision:
    return who.place().decide(Act.EDIT_CONTACTS, Role(who.me().administrator.role))


def _list(form: ContactForm, *, restored: bool = False) -> str:
    found = queries.contacts_of(reading(), who.me().administrator.platform_id)
    groups = [Group(NAMES[kind], USES[kind], contacts) for kind, contacts in found.items()]
    page, place = "contacts/contacts.html", who.place()
    return render_template(page, form=form, restored=restored, groups=groups, decision=_decision(), place=place)


def _not_allowed() -> Page:
    """The list, which says why it cannot be edited."""
    return _list(ContactForm(formdata=None)), 403


def _saved(text: str) -> Response:
    flash(text, "good")
    return redirect(url_for("contacts.contacts"), 303)


@pages.get("/subscription/contacts")
@access.shown_to_staff(SeenPage.CONTACTS)
@access.signed_in
def contacts() -> str:
    form, restored = with_draft(ContactForm)
    return _list(form, restored=restored)


@pages.post("/subscription/contacts")
@access.signed_in
def add() -> Page:
    if isinstance(_decision(), Refused):
        return _not_allowed()
    form, mine = ContactForm(), who.me().administrator
    refused = actions.add(writing(), mine, form.entry(), at=now()) if form.validate() else None
    if refused:
        form.tell(refused)
    if form.errors:
        return _list(form), 422
    drafts.discard(writing(), mine.id, url_for("contacts.contacts"))
    return _saved(_("The contact is on the list."))


@pages.route(ONE, methods=["GET", "POST"])
@access.signed_in
def change(contact_id: int) -> Page:
    contact = _contact(contact_id)
    if isinstance(_decision(), Refused):
        return _not_allowed()
    given = {name: getattr(contact, name) for name in ("kind", "full_name", "email", "phone")}
    form, restored = with_draft(ContactForm, **given)
    if form.validate_on_submit() and _change(form, contact):
        drafts.discard(writing(), who.me().administrator.id, url_for("contacts.change", contact_id=contact_id))
        return _saved(_("The contact is changed."))
    page = render_template("contacts/change.html", form=form, restored=restored, contact=contact)
    return page, 422 if form.errors else 200


def _change(form: ContactForm, contact: Contact) -> bool:
    """Whether the contact is changed now; if not, the form says why."""
    found = actions.change(writing(), who.me().administrator, contact.id, form.entry(), at=now())
    if isinstance(found, Missing):
        abort(404)
    if found:
        form.tell(found)
    return found is None


@pages.post(f"{ONE}/remove")
@access.signed_in_proven(_l("Remove this contact"))
def remove(contact_id: int) -> Page:
    contact = _contact(contact_id)
    if isinstance(_decision(), Refused):
        return _not_allowed()
    if isinstance(actions.remove(writing(), who.me().administrator, contact_id, at=now()), Missing):
        abort(404)
    return _saved(_("%(name)s is no longer a contact.", name=contact.full_name))


def _contact(contact_id: int) -> Contact:
    """The contact, if it is one of this platform; else there is no such page."""
    found = queries.find_contact(reading(), who.me().administrator.platform_id, contact_id)
    return found or abort(404)
