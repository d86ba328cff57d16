"""Whom the invoices are for, and how the customer prefers to pay: everybody reads, the first administrator edits."""

import unicodedata
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from portal.accounts import drafts
from portal.billing import checks, numbers, profiles
from portal.billing.frozen import BillingData
from portal.billing.numbers import Wrong
from portal.billing.profiles import PaymentMethod
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.access import Act, Allowed, Decision, Role
from portal.rules.countries import COUNTRIES
from portal.rules.orders import Way
from portal.rules.pricing import SELLER_COUNTRY
from portal.rules.staff import SeenPage
from portal.web import access, billing_words, who
from portal.web.edge import now, reading, writing
from portal.web.forms import TypedField, at_most, one_line, one_of, with_draft
from portal.web.places import safe_place

pages = Blueprint("billing", __name__)
Page = Response | str | tuple[Any, ...]
PREFERRED = (Way.CARD, Way.TRANSFER)


class BillingForm(FlaskForm):
    """The fields of `BillingData` under their own names, judged by `checks.judge` and by nothing else."""

    next = HiddenField()
    name = TypedField(_l("Company, or first and last name"), description=_l("As it has to stand on the invoice."))
    country = SelectField(_l("Country"), validate_choice=False)
    street = TypedField(_l("Street and number"), description=_l("For example Via Roma 1."))
    postcode = TypedField(
        _l("Postcode"),
        description=_l("In Italy five digits, for example 20121. If your country has none, write 00000."),
    )
    city = TypedField(_l("Town"), description=_l("For example Milano."))
    province = TypedField(
        _l("Province"), description=_l("In Italy two letters, for example MI. Elsewhere it may be left out.")
    )
    vat_number = TypedField(
        _l("VAT number"),
        description=_l(
            "For example IT12345670785, with or without the letters of the country. Without one leave it empty."
        ),
    )
    tax_code = TypedField(
        _l("Tax code"),
        description=_l(
            "Codice fiscale, for customers in Italy: 16 characters, for example RSSMRA85T10A562S, or 11 digits."
        ),
    )
    recipient_code = TypedField(
        _l("Recipient code"),
        description=_l(
            "Codice destinatario, for customers in Italy: seven letters and digits, for example ABC1234. The "
            "electronic invoice goes there."
        ),
    )
    certified_mail = TypedField(
        _l("Certified mail"),
        description=_l("PEC, for example name@pec.example.com. The electronic invoice goes there if you have no code."),
    )
    email = TypedField(_l("E-mail for invoices (optional)"), description=_l("For example administration@example.com."))
    phone = TypedField(
        _l("Telephone (optional)"),
        description=_l("For example +39 02 1234 5678. Without + it is a number of the country you chose."),
    )

    def typed(self) -> BillingData:
        return BillingData(**{field.name: self[field.name].data or "" for field in fields(BillingData)})

    def tell(self, refused: checks.Refused) -> None:
        """Say beside each field why it cannot stay as it is."""
        for name, why in refused.reasons.items():
            self[name].errors = [billing_words.refusal(name, why)]


class PaymentMethodForm(FlaskForm):
    way = SelectField(
        _l("Preferred way to pay"),
        [one_of(tuple(map(str, PREFERRED)), _l("Choose one of the ways to pay."))],
        choices=[SelectChoice(str(Way.CARD), _l("Card")), SelectChoice(str(Way.TRANSFER), _l("Bank transfer"))],
        validate_choice=False,
    )
    holder = TypedField(
        _l("Holder of the account (optional)"), [one_line, at_most(200)], description=_l("For example Bianchi S.r.l.")
    )
    iban = TypedField(
        _l("IBAN (optional)"),
        description=_l("For example IT60 X054 2811 1010 0000 0123 456. We recognise your transfers by it."),
    )

    def method(self) -> PaymentMethod | None:
        """What was typed in, cleaned; None where the form now says why not."""
        found = numbers.iban(self.iban.data) if self.iban.data and self.iban.data.strip() else ""
        if isinstance(found, Wrong):
            self.iban.errors = [billing_words.iban_refusal(self.iban.data, found)]
            return None
        return PaymentMethod(Way(self.way.data), found, " ".join((self.holder.data or "").split()))


def _decision() -> Decision:
    return who.place().decide(Act.EDIT_BILLING, Role(who.me().administrator.role))


def _show(page: str, **facts: Any) -> str:
    return render_template(page, decision=_decision(), place=who.place(), says=billing_words, **facts)


def _answer(page: str, form: FlaskForm | None, **facts: Any) -> Page:
    """The page with its form, or without one where nothing may be edited; it says why."""
    shown = _show(page, form=form, **facts) if form else _show(page, **facts)
    if form is None:
        return shown, 403 if request.method == "POST" else 200
    return shown, 422 if form.errors else 200


@pages.route("/subscription/billing", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.BILLING)
@access.signed_in
def data() -> Page:
    """Whom the invoices are for. With ?next=, an order waits for these data and goes on once they are saved."""
    stored = profiles.find(reading(), who.me().administrator.platform_id)
    facts: dict[str, Any] = {"stored": stored, "treatment": checks.tax_treatment(stored) if stored else None}
    if not isinstance(_decision(), Allowed):
        name = texts.country(stored.country) if stored else ""
        return _answer("billing/data.html", None, country=name, **facts)
    form, restored = with_draft(BillingForm, **_values(stored))
    form.country.choices = _countries()
    form.next.data = safe_place(form.next.data or request.args.get("next")) or ""
    if form.validate_on_submit():
        found = checks.judge(form.typed())
        if isinstance(found, BillingData):
            return _save(form, stored, found)
        form.tell(found)
    return _answer("billing/data.html", form, restored=restored, **facts)


def _values(stored: BillingData | None) -> dict[str, str]:
    """What stands in the form before anybody types."""
    if stored:
        return asdict(stored)
    country = SELLER_COUNTRY if texts.language() == "it" else ""
    return {"name": who.place().platform.company, "country": country, "email": who.me().administrator.email}


def _countries() -> list[SelectChoice]:
    """Every country in the order of its name in the page's language."""
    named = [SelectChoice(code, texts.country(code)) for code in COUNTRIES]
    return [SelectChoice("", _("Choose the country")), *sorted(named, key=lambda choice: _sorted_as(choice.label))]


def _sorted_as(name: str) -> str:
    """Accents aside: people look for Åland under A."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).casefold()


def _save(form: BillingForm, stored: BillingData | None, found: BillingData) -> Response:
    mine, db = who.me().administrator, writing()
    profiles.store(db, mine.platform_id, found, at=now(), by=mine.id)
    drafts.discard(db, mine.id, request.path)
    flash(_("Your billing data are saved."), "good")
    treatment = checks.tax_treatment(found)
    if stored is None or checks.tax_treatment(stored) is not treatment:
        flash(billing_words.tax(treatment), "good")
    return redirect(safe_place(form.next.data) or url_for("billing.data"), 303)


@pages.route("/subscription/payment-method", methods=["GET", "POST"])
@access.signed_in_proven(_l("Save the payment method"))
def payment_method() -> Page:
    """The way to pay that is proposed first, and the customer's account."""
    stored = profiles.find_payment_method(reading(), who.me().administrator.platform_id)
    if not isinstance(_decision(), Allowed):
        masked = numbers.masked(stored.iban) if stored and stored.iban else ""
        return _answer("billing/payment_method.html", None, stored=stored, masked=masked)
    form, restored = with_draft(PaymentMethodForm, **asdict(stored or PaymentMethod(Way.CARD)))
    method = form.method() if form.validate_on_submit() else None
    if method is None:
        return _answer("billing/payment_method.html", form, stored=stored, restored=restored)
    return _save_method(method)


def _save_method(method: PaymentMethod) -> Response:
    mine, db = who.me().administrator, writing()
    profiles.store_payment_method(db, mine.platform_id, method, at=now(), by=mine.id)
    drafts.discard(db, mine.id, request.path)
    flash(_("Your payment method is saved."), "good")
    return redirect(url_for("billing.payment_method"), 303)
