"""The codes of the authenticator apps, for whoever tries the demonstration: this page stands in for the phone.

A secret that is only on somebody's page, because an app is being moved, is typed off here as one would into a phone.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_wtf import FlaskForm
from sqlalchemy import select

from portal.accounts import authenticator_apps, own_factors, queries
from portal.accounts.queries import Administrator
from portal.accounts.tables import authenticator_apps as apps
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.staff import members
from portal.staff import queries as staff
from portal.staff.queries import Member
from portal.web import access
from portal.web.demo import phone
from portal.web.demo.cast import CAST, PRINTED
from portal.web.edge import now, parts, reading
from portal.web.forms import TypedField, one_line, required

pages = Blueprint("demo_codes", __name__, url_prefix="/demo/codes")
UNPROCESSABLE = 422
PRINTED_FOR = next(actor.username for actor in CAST if actor.app_ago is not None)


class SecretForm(FlaskForm):
    typed = TypedField(_l("Secret"), [required(_l("Type the secret off the page.")), one_line])

    @property
    def bare(self) -> str:
        return "".join((self.typed.data or "").split()).upper()


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody's app shows; added: it is asked for at the sign-in."""

    username: str
    full_name: str
    code: str
    added: bool


@pages.get("")
@access.demo
def index() -> str:
    return _page(SecretForm(formdata=None))


@pages.post("")
@access.demo
def show() -> str | tuple[str, int]:
    """The code of a secret that was typed off a page."""
    form = SecretForm()
    if not form.validate():
        return _page(form), UNPROCESSABLE
    try:
        return _page(form, code=_spaced(phone.shown(form.bare, now())))
    except ValueError:
        form.typed.errors = [_("This is no secret: letters from A to Z and digits from 2 to 7.")]
        return _page(form), UNPROCESSABLE


def _page(form: SecretForm, *, code: str = "") -> str:
    found = reading().execute(select(apps.c.administrator_id).order_by(apps.c.administrator_id)).scalars()
    return render_template(
        "demo/codes.html",
        form=form,
        code=code,
        apps=[_shown(queries.get_administrator(reading(), administrator_id)) for administrator_id in found],
        staff=[_shown_of_staff(member) for member in staff.members(reading())],
        seconds=phone.seconds_left(now()),
        printed=PRINTED,
        printed_for=PRINTED_FOR,
    )


def _shown(person: Administrator) -> Shown:
    secret = authenticator_apps.reveal(reading(), parts().vault, person) or ""
    added = own_factors.find_app(reading(), person.id) is not None
    return Shown(person.username, person.full_name, _spaced(phone.shown(secret, now())), added)


def _shown_of_staff(member: Member) -> Shown:
    secret = members.reveal(reading(), parts().vault, member) or ""
    added = member.app_confirmed_at is not None
    return Shown(member.username, member.full_name, _spaced(phone.shown(secret, now())), added)


def _spaced(code: str) -> str:
    """Six digits as a phone shows them: 123 456, on one line."""
    half = len(code) // 2
    return f"{code[:half]}\N{NO-BREAK SPACE}{code[half:]}"
