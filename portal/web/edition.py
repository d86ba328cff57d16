"""Another edition: more from today, paid for the days that remain; less from the next term, taken back until then.

Where RULES.md is silent: a smaller edition is noted for the term after the last paid one, and is what the renewal
proposes; the renewal may choose otherwise. An upgrade forgets it. After E the edition is chosen with the renewal.
"""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField

from portal import standing
from portal.billing.choices import UpgradeChoice
from portal.kit import audit
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import dates, renewal
from portal.rules.access import Act, Allowed, Refused, Role
from portal.rules.orders import Kind
from portal.rules.prices import Edition
from portal.rules.renewal import EditionChange
from portal.rules.staff import SeenPage
from portal.standing import Standing
from portal.subscription import sales
from portal.subscription.events import Event
from portal.web import access, checkout, who
from portal.web.checkout import CONFLICT, UNPROCESSABLE, CheckoutForm, Page, Sale
from portal.web.edge import now, parts, writing
from portal.web.times import sentence, weekday

pages = Blueprint("edition", __name__, url_prefix="/subscription/edition")


class UpgradeForm(CheckoutForm):
    edition = StringField(_l("Edition"))


@dataclass(frozen=True, slots=True)
class Other:
    """An edition of today's list, and which way it goes from the present one; None: it is the present one."""

    edition: Edition
    change: EditionChange | None


@pages.get("")
@access.shown_to_staff(SeenPage.EDITION)
@access.signed_in
def editions() -> Page:
    """The editions, the one the platform has, and the one it will have."""
    return _page(who.place())


@pages.route("/<code>", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.EDITION)
@access.signed_in
def upgrade(code: str) -> Page:
    """The price of an edition that is more."""
    form = UpgradeForm()
    form.edition.data = code
    place = who.place()
    wanted = parts().prices.on(place.today).find_edition(code)
    if wanted is None:
        abort(404)
    facts = {"edition": wanted}

    def choose() -> UpgradeChoice:
        return UpgradeChoice(place.edition or "", code)

    return checkout.sell(Sale(Kind.UPGRADE, Act.CHANGE_EDITION, "buying/upgrade.html", choose, facts), form)


@pages.post("/next")
@access.signed_in
def plan() -> Page:
    """Note the smaller edition for the next term, or take that back (an empty edition)."""
    zone = parts().settings.timezone
    mine = who.me().administrator
    place = standing.lock(writing(), mine.platform_id, at=now(), zone=zone)
    decision = place.decide(Act.CHANGE_EDITION, Role(mine.role))
    if isinstance(decision, Refused):
        return _page(place), CONFLICT
    code = request.form.get("edition", "")[:32] or None
    if code is not None and _way(place, code) is not EditionChange.DOWNGRADE:
        return _page(place, unknown=True), UNPROCESSABLE
    if sales.plan_edition(writing(), place.platform.id, code):
        event = Event.EDITION_PLANNED if code else Event.EDITION_PLAN_UNDONE
        facts = {"edition": code} if code else {}
        audit.record(writing(), event, at=now(), platform_id=place.platform.id, administrator_id=mine.id, **facts)
    return _told(place, code)


def _told(place: Standing, code: str | None) -> Response:
    if code is None:
        flash(_("The edition stays as it is."), "good")
    elif place.expires_on is not None:
        name = parts().prices.on(place.today).find_edition(code)
        text = _("From %(day)s, with the next term, the edition is %(name)s. Until then nothing changes.")
        starts = renewal.edition_starts_on(EditionChange.DOWNGRADE, place.expires_on, place.today)
        flash(sentence(text, day=weekday(starts), name=name.name if name else code), "good")
    return redirect(url_for("edition.editions"), 303)


def _page(place: Standing, **facts: object) -> str:
    """Every edition with what can be done about it."""
    prices = parts().prices.on(place.today)
    decision = place.decide(Act.CHANGE_EDITION, Role(who.me().administrator.role))
    found = [Other(edition, _way(place, edition.code)) for edition in prices.editions]
    return render_template(
        "buying/editions.html",
        place=place,
        decision=decision,
        may=isinstance(decision, Allowed),
        editions=found,
        present=parts().prices.find_edition(place.edition or "", place.today),
        coming=prices.find_edition(place.platform.next_edition or ""),
        paid_next=_paid_next(place),
        starts_on=place.expires_on + dates.ONE_DAY if place.expires_on else None,
        plan_form=FlaskForm(),
        **facts,
    )


def _paid_next(place: Standing) -> tuple[Edition, date] | None:
    """Another edition that is paid already for a term to come, and the day it begins."""
    last = place.paid[-1] if place.paid else None
    edition = _known(place, last.edition) if last and last.term.starts_on > place.today else None
    if last is None or edition is None or edition.code == place.edition:
        return None
    return edition, last.term.starts_on


def _way(place: Standing, code: str) -> EditionChange | None:
    """Which way another edition goes: up from the present one, or down from the one of the last paid term, which may
    be another already. None where it goes neither way, is not sold, or there is none to go from.
    """
    new = parts().prices.on(place.today).find_edition(code)
    now_, last = _known(place, place.edition), _known(place, place.paid[-1].edition if place.paid else None)
    if new is None or now_ is None or last is None:
        return None
    if new.code not in (now_.code, last.code) and new.per_year < last.per_year:
        return EditionChange.DOWNGRADE
    higher = new.code != now_.code and now_.per_year <= new.per_year
    taken_back = new.code == now_.code and last.per_year < now_.per_year
    return EditionChange.UPGRADE if higher or taken_back else None


def _known(place: Standing, code: str | None) -> Edition | None:
    return parts().prices.find_edition(code, place.today) if code else None
