"""Forms: fields with their words, errors beside them, drafts put back. The main form of a page is called `form`."""

from collections.abc import Callable, Container
from datetime import date
from typing import Any, TypeVar

from flask import g, request
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import Field, StringField
from wtforms.validators import StopValidation, ValidationError

from portal.accounts import drafts
from portal.kit import mail_addresses
from portal.kit.texts import lazy_gettext as _l
from portal.rules import names
from portal.rules.names import BadName
from portal.web import who
from portal.web.edge import SAFE_METHODS, now, reading

AnyForm = TypeVar("AnyForm", bound=FlaskForm)
LONGEST_LINE = 320  # characters of a one-line field: the longest e-mail address
LONGEST_NUMBER = 9  # digits
LONGEST_NAME = 120  # characters of a person's name that the tables hold


class ForgeryProtection(CSRFProtect):
    """Looks at what may change something. The library alone looks up the view of each page that is only read too."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if request.method not in SAFE_METHODS:
            super().protect(apply_exemptions)
            self._go_on_with_the_same()

    def _go_on_with_the_same(self) -> None:
        """A token that was found to be right is the one of the page that answers: nobody has to sign another."""
        if g.get("csrf_valid") and "csrf_token" in request.form:
            g.csrf_token = request.form["csrf_token"]


def required(message: Any) -> Callable[[FlaskForm, Field], None]:
    """Stop with `message` where nothing but blanks was typed."""

    def check(_form: FlaskForm, field: Field) -> None:
        if not (field.data or "").strip():
            raise StopValidation(message)

    return check


def one_line(_form: FlaskForm, field: Field) -> None:
    """Refuse what no line can hold: control characters, or more than LONGEST_LINE."""
    text = field.data or ""
    if len(text) > LONGEST_LINE:
        raise StopValidation(_l("This is too long: at most %(number)d characters.", number=LONGEST_LINE))
    if not text.strip().isprintable():
        raise StopValidation(_l("There is a character here that cannot be used. Type it again."))


def at_most(characters: int) -> Callable[[FlaskForm, Field], None]:
    """Refuse more than a column holds."""

    def check(_form: FlaskForm, field: Field) -> None:
        if len((field.data or "").strip()) > characters:
            raise StopValidation(_l("This is too long: at most %(number)d characters.", number=characters))

    return check


def one_of(allowed: Container[str], message: Any) -> Callable[[FlaskForm, Field], None]:
    """Stop with `message` where something was sent that the page does not offer."""

    def check(_form: FlaskForm, field: Field) -> None:
        if field.data not in allowed:
            raise StopValidation(message)

    return check


def email_address(_form: FlaskForm, field: Field) -> None:
    try:
        mail_addresses.read(field.data.strip())
    except ValueError:
        raise ValidationError(_l("Enter an e-mail address such as name@example.com.")) from None


def user_name(_form: FlaskForm, field: Field) -> None:
    """The grammar of user names; whether one exists is nobody's business here."""
    found = names.parse(field.data or "")
    if found is BadName.EMAIL:
        raise ValidationError(_l("This is an e-mail address. The user name begins with “m” and a number."))
    if isinstance(found, BadName):
        raise ValidationError(_l("A user name begins with “m” and a number, for example m1234."))


def printable(text: str) -> str:
    """What was typed, with a question mark for whatever no page can hold."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


class TypedField(StringField):
    """Shows what was typed; what no page can hold is shown as a question mark, and never taken away silently."""

    def _value(self) -> str:
        return printable(super()._value())


class NumberField(TypedField):
    """A whole number, typed. `number`: what it says; 0 where it says none, which the check refuses."""

    def __init__(self, label: Any, low: int, high: int, **given: Any) -> None:
        super().__init__(label, [self._check], **given)
        self.low, self.high = low, high

    @property
    def number(self) -> int:
        return self._read() or 0

    def _read(self) -> int | None:
        text = str(self.data or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None

    def _check(self, _form: FlaskForm, _field: Field) -> None:
        found = self._read()
        if found is None or not self.low <= found <= self.high:
            raise StopValidation(_l("Enter a whole number from %(low)d to %(high)d.", low=self.low, high=self.high))


class DayField(TypedField):
    """A calendar day. `day`: what it says, once the form is valid."""

    def __init__(self, label: Any, **given: Any) -> None:
        super().__init__(label, [self._check], **given)

    @property
    def day(self) -> date:
        return date.fromisoformat(str(self.data or "").strip())

    def _check(self, _form: FlaskForm, _field: Field) -> None:
        try:
            _found = self.day
        except ValueError:
            raise StopValidation(_l("Write the day such as 2026-11-22.")) from None


class UserNameField(TypedField):
    def __init__(self, validators: list[Any], **given: Any) -> None:
        hint = _l("It is not the e-mail: “m” and a number.")
        super().__init__(_l("User name"), validators, description=hint, **given)


class EmailField(TypedField):
    def __init__(self, **given: Any) -> None:
        checks = [required(_l("Enter your e-mail address.")), one_line, email_address]
        super().__init__(_l("E-mail"), checks, **given)


def with_draft(form_class: type[AnyForm], **values: Any) -> tuple[AnyForm, bool]:
    """The page's form, filled with `values`, or with what the person had typed when the session ended.

    Returns the form and whether a draft was put back. What somebody typed and did not send is not for our staff.
    """
    if request.method == "GET" and not who.is_seen():
        kept = drafts.find(reading(), who.me().administrator.id, request.path, at=now())
        if kept:
            return form_class(data=values | kept), True
    return form_class(data=values), False
