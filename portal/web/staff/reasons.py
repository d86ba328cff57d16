"""The reason of an act, as every form of the desk asks for it, and who does the act with it, and when."""

from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.validators import StopValidation

from portal.desk.people import Act
from portal.kit.texts import lazy_gettext as _l
from portal.rules import staff as rules
from portal.web.edge import now
from portal.web.forms import TypedField, at_most, one_line, required
from portal.web.staff import entry

LONGEST_REASON = 200  # characters; it stands in mails and on credit notes


def _suffices(_form: FlaskForm, field: Field) -> None:
    if not rules.reason_suffices(field.data or ""):
        raise StopValidation(_l("Write a few words more, or the ticket’s number."))


def reason_field() -> TypedField:
    """To be declared where it stands on the page: errors are told in that order."""
    checks = [required(_l("Write why: the customer reads it.")), one_line, at_most(LONGEST_REASON), _suffices]
    label, hint = _l("Reason, or the ticket’s number"), _l("The customer reads it.")
    return TypedField(label, checks, description=hint)


class ReasonForm(FlaskForm):
    reason = reason_field()

    def act(self) -> Act:
        """Who does it, why, and when."""
        return Act(entry.me(), " ".join((self.reason.data or "").split()), now())
