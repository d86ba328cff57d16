"""A new password, wherever one is chosen: two fields, judged by the rules, the reason beside the field."""

from dataclasses import dataclass

from flask_wtf import FlaskForm
from sqlalchemy import Connection
from wtforms import PasswordField

from portal.accounts import factors, passwords, queries
from portal.accounts.queries import Administrator
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.factors import needs_factor
from portal.rules.passwords import Accepted, Reason, Refused
from portal.web.edge import parts, reading
from portal.web.forms import required
from portal.web.words import password_refusal


class NewPasswordForm(FlaskForm):
    password = PasswordField(_l("New password"), [required(_l("Enter a new password."))])
    password_again = PasswordField(_l("New password, once more"), [required(_l("Enter the new password once more."))])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hash of a new password. short: it needs a second factor beside it."""

    hash: str
    short: bool


def accepted(form: NewPasswordForm, person: Administrator, company: str) -> Accepted | None:
    """What may be hashed; None where the form now says why not."""
    if form.password.data != form.password_again.data:
        form.password_again.errors = [_("The two passwords are not the same.")]
        return None
    facts = {"brand": parts().settings.brand, "company": company}
    second_factor = has_factor(person)
    found = passwords.judge(form.password.data, person, second_factor=second_factor, **facts)
    if isinstance(found, Accepted):
        return found
    form.password.errors = [password_refusal(found, second_factor=second_factor)]
    return None


def has_factor(person: Administrator) -> bool:
    """Whether this person's password may be shorter, because it does not stand alone."""
    return factors.of(reading(), person.id).any


def may_be_stored(db: Connection, form: NewPasswordForm, person: Administrator, *, short: bool) -> bool:
    """Whether the password still is what the rules allow; where it is not, the form now says so.

    A short one needs a second factor beside it, which may have been taken off while it was hashed. Holds the person's
    row, so that none is taken off before the commit either.
    """
    queries.lock_administrator(db, person.id)
    if not short or factors.of(db, person.id).any:
        return True
    form.password.errors = [password_refusal(Refused(Reason.TOO_SHORT))]
    return False


def hashed(form: NewPasswordForm, person: Administrator, company: str) -> Chosen | None:
    """What was chosen; None where the form now says why not. Raises Busy: nothing was used up."""
    found = accepted(form, person, company) if form.validate() else None
    if found is None:
        return None
    with parts().hasher.turn() as turn:
        return Chosen(turn.hash(found.normalised), needs_factor(found.normalised))
