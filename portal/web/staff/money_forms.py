"""What the forms about money have in common: a reason, an amount as it is typed in the present language, a day.

Each form names the platform that it is about, and what it is sent for has to belong to that: otherwise there is no such
page. What was typed comes back with whatever was not done.
"""

from typing import Any

from flask import abort, request
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField
from wtforms.validators import StopValidation

from portal.billing.frozen import seller_of
from portal.billing.settle import Till
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.web.edge import now, parts
from portal.web.forms import TypedField, printable
from portal.web.staff.reasons import ReasonForm

EXAMPLE = 123_456  # cents of the amount that shows how one is written
LONGEST_SEEN = 18  # digits of a number that a BigInteger column holds
UNPROCESSABLE = 422


class AmountField(TypedField):
    """An amount with its cents. `cents`: what it says; 0 where it says none, which the check refuses."""

    def __init__(self, label: Any, **given: Any) -> None:
        super().__init__(label, [self._check], **given)

    def name_currency(self, code: str) -> None:
        """Say in what, and how it is written."""
        self.description = _("In %(currency)s, such as %(example)s.", currency=code, example=texts.amount(EXAMPLE))

    @property
    def cents(self) -> int:
        return texts.read_amount(str(self.data or "")) or 0

    def _check(self, _form: FlaskForm, _field: Field) -> None:
        if texts.read_amount(str(self.data or "")) is None:
            example = texts.amount(EXAMPLE)
            raise StopValidation(_("Write an amount with its cents, such as %(example)s.", example=example))


class SeenField(HiddenField):
    """A number that stood in the database when the page was made. `number`: it, or −1 for what is none."""

    def see(self, number: int, *, anew: bool) -> None:
        """Say what stands there now: on a page that is new, or that tells of a change (`anew`). Otherwise what was sent
        goes on being what was seen, so that a slip elsewhere in the form hides no change.
        """
        if anew or self.raw_data is None:
            self.data = str(number)

    @property
    def number(self) -> int:
        text = str(self.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_SEEN else -1

    def _value(self) -> str:
        return printable(super()._value())


class MoneyForm(ReasonForm):
    """What every act about money is sent with."""

    platform_id = HiddenField()

    def refuse(self, field: str, why: str) -> None:
        """Say beside a field why nothing was done."""
        self[field].errors = [why]


def till() -> Till:
    """What settling needs to know of this portal, at this instant."""
    return Till(now(), parts().settings.timezone, parts().prices, seller_of(parts().settings))


def require_platform(platform_id: int | None) -> None:
    """What the form is sent for belongs to the platform that it names; otherwise it is not found."""
    if request.form.get("platform_id", "") != ("" if platform_id is None else str(platform_id)):
        abort(404)
