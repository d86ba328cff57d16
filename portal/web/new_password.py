"""A new password, wherever one is chosen: two fields, judged by the rules, the reason beside the field."""

from flask_wtf import FlaskForm
from wtforms import PasswordField

from portal.accounts import passwords
from portal.accounts.queries import Administrator
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.passwords import Accepted
from portal.web.edge import parts
from portal.web.forms import required
from portal.web.words import password_refusal


class NewPasswordForm(FlaskForm):
    password = PasswordField(_l("New password"), [required(_l("Enter a new password."))])
    password_again = PasswordField(_l("New password, once more"), [required(_l("Enter the new password once more."))])


def accepted(form: NewPasswordForm, person: Administrator, company: str) -> Accepted | None:
    """What may be hashed; None where the form now says why not."""
    if form.password.data != form.password_again.data:
        form.password_again.errors = [_("The two passwords are not the same.")]
        return None
    found = passwords.judge(form.password.data, person, brand=parts().settings.brand, company=company)
    if isinstance(found, Accepted):
        return found
    form.password.errors = [password_refusal(found)]
    return None


def hashed(form: NewPasswordForm, person: Administrator, company: str) -> str | None:
    """The hash of what was chosen; None where the form now says why not. Raises Busy: nothing was used up."""
    found = accepted(form, person, company) if form.validate() else None
    if found is None:
        return None
    with parts().hasher.turn() as turn:
        return turn.hash(found.normalised)
