"""From a choice to an order, for everything that is sold: may it be bought, what would it cost, is that still so.

The page shows the price of what is chosen, sealed; the button that orders it brings the seal back. Whatever has changed
meanwhile (the choice, the price, the day) is shown again before anything is ordered.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.accounts import drafts
from portal.billing import orders, profiles, quotes, settle
from portal.billing.choices import Choice
from portal.billing.frozen import BillingData, seller_of
from portal.billing.orders import NewOrder
from portal.billing.settle import Till
from portal.rules.access import Act, Decision, Refused, Role
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind
from portal.rules.pricing import Offer
from portal.standing import Standing
from portal.web import sealed, who
from portal.web.edge import now, parts, reading, writing
from portal.web.sealed import LookAgain

Page = Response | str | tuple[Any, ...]
CONFLICT, UNPROCESSABLE = 409, 422
OUR_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)  # what a page's own key looks like
LONGEST_CHOICE = 40  # characters of a choice that an address may carry


class CheckoutForm(FlaskForm):
    """What every page that sells sends beside its choice."""

    sealed = HiddenField()
    client_key = HiddenField()


@dataclass(frozen=True, slots=True)
class Sale:
    """What a page sells. choose: the choice that the form holds; facts: what its template needs beside."""

    kind: Kind
    act: Act
    template: str
    choose: Callable[[], Choice]
    facts: dict[str, Any]


def may(act: Act) -> Decision:
    """Whether the person who is signed in may do this now."""
    return who.place().decide(act, Role(who.me().administrator.role))


def sell(sale: Sale, form: CheckoutForm) -> Page:
    """Show what the choice would cost; order it where the button for that was pressed."""
    place, decision = who.place(), may(sale.act)
    if isinstance(decision, Refused):
        shown = render_template(sale.template, place=place, decision=decision, **sale.facts)
        return shown if request.method == "GET" else (shown, CONFLICT)
    if request.method == "POST" and not form.validate_on_submit():
        return _show(sale, form, place, None), UNPROCESSABLE
    billing = profiles.find(reading(), place.platform.id)
    choice = sale.choose()
    offer = quotes.compose(sale.kind, choice, place, parts().prices, quotes.treatment_of(billing))
    if isinstance(offer, NoOffer):
        return _show(sale, form, place, billing, nothing=offer), 200 if request.method == "GET" else UNPROCESSABLE
    if "order" in request.form and billing is not None:
        again = sealed.refusal(form.sealed.data or "", sale.kind, choice, offer)
        if again is None:
            return _order(sale, form, place, billing, choice, offer)
        return _show(sale, form, place, billing, choice, offer, again=again), CONFLICT
    return _show(sale, form, place, billing, choice, offer)


def _order(
    sale: Sale, form: CheckoutForm, place: Standing, billing: BillingData, choice: Choice, offer: Offer
) -> Response:
    """Place the order, and lead to where it is paid; of nothing to pay, deliver it at once."""
    db, zone = writing(), parts().settings.timezone
    typed = form.client_key.data or ""
    key = typed if OUR_KEY.fullmatch(typed) else secrets.token_urlsafe(16)
    new = NewOrder(who.me().administrator, sale.kind, choice, offer, billing, place.expires_on, key)
    order = orders.place(db, new, at=now(), zone=zone)
    drafts.discard(db, who.me().administrator.id, request.path)
    if order.total.cents:
        return redirect(url_for("orders.pay", order_id=order.id), 303)
    settle.settle_free(db, order, Till(now(), zone, parts().prices, seller_of(parts().settings)))
    return redirect(url_for("orders.show", order_id=order.id), 303)


def _show(
    sale: Sale,
    form: CheckoutForm,
    place: Standing,
    billing: BillingData | None,
    choice: Choice | None = None,
    offer: Offer | None = None,
    *,
    again: LookAgain | None = None,
    nothing: NoOffer | None = None,
) -> str:
    """The page with its price, and a key of its own: a second click on this page finds the order of the first one."""
    form.client_key.data = secrets.token_urlsafe(16)
    form.sealed.data = sealed.seal(sale.kind, choice, offer) if choice is not None and offer is not None else ""
    return render_template(
        sale.template,
        place=place,
        decision=may(sale.act),
        form=form,
        choice=choice,
        offer=offer,
        again=again,
        nothing=nothing,
        billing=billing,
        names=edition_names(place),
        here=_here(form),
        **sale.facts,
    )


def _here(form: CheckoutForm) -> str:
    """The address of this page with the choice in it: who leaves to enter the billing data comes back to the same."""
    fields = [field for field in form if not isinstance(field, HiddenField) and isinstance(field.data, str)]
    chosen = {field.name: field.data[:LONGEST_CHOICE] for field in fields}
    return url_for(str(request.endpoint), **(request.view_args or {}) | chosen)


def edition_names(place: Standing) -> dict[str, str]:
    """The names of the editions on today's list, by code."""
    return {edition.code: edition.name for edition in parts().prices.on(place.today).editions}
