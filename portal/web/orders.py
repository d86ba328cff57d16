"""An order and its payment: where it stands, how to pay it, and taking it back.

Where RULES.md is silent: everybody of the platform sees its orders, and who may pay an order may also take it back.
"""

import logging
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import standing
from portal.billing import attempts, order_words, orders, profiles, queries, words
from portal.billing.attempts import NotNow
from portal.billing.numbers import vat_letters
from portal.billing.queries import Order, Payment
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.outside.payments import Asking, NotAccepted, ProviderDown
from portal.rules import orders as rules
from portal.rules.access import Act, Allowed, Refused, Role
from portal.rules.orders import OrderState, Way
from portal.rules.staff import SeenPage
from portal.subscription.queries import lock_platform
from portal.web import access, billing_words, offers, order_status, who
from portal.web.edge import now, parts, reading, writing

log = logging.getLogger("portal")
pages = Blueprint("orders", __name__, url_prefix="/orders/<int(max=2147483647):order_id>")
Page = BaseResponse | str | tuple[Any, ...]
CONFLICT, UNPROCESSABLE = 409, 422
RETURNED = "paid"  # of ?back=, in the address to which a provider sends the browser
TOLD_BY_THE_ORDER = (NotNow.NOT_WAITING, NotNow.NOTHING_TO_PAY, NotNow.ON_ITS_WAY)
TRY_AGAIN_SECONDS = 60


@pages.get("")
@access.shown_to_staff(SeenPage.ORDER)
@access.signed_in
def show(order_id: int) -> str:
    """What was ordered and where it stands, as it is stored; ?back= only tells where the browser comes from."""
    return render_template("orders/show.html", **_facts(_order(order_id)))


@pages.get("/state")
@access.signed_in_background
def state(order_id: int) -> Response:
    """The same for the script that follows an order: what has changed since the version it has seen."""
    facts = _facts(_order(order_id))
    status = facts["status"]
    told = {"state": status.state, "version": status.version, "follow": status.follow}
    if request.args.get("seen") != status.version:
        told |= {"words": str(facts["headline"].striptags()), "html": render_template("orders/_order.html", **facts)}
    return jsonify(told)


@pages.post("/cancel")
@access.signed_in
def cancel(order_id: int) -> Page:
    """Take the order back, as long as it waits for its payment."""
    order, refused = _order(order_id), _refused()
    waits = rules.state(order.state, order.open_until, now()) is OrderState.AWAITING_PAYMENT
    if refused or not waits or not orders.cancel(writing(), order, by=who.me().administrator, at=now()):
        told = offers.refusal(refused, who.place()) if refused else order_words.not_now(NotNow.NOT_WAITING)
        return render_template("orders/show.html", **_facts(_order(order_id)), told=told), CONFLICT
    flash(_("The order is cancelled. Nothing is owed for it."), "good")
    return redirect(url_for("orders.show", order_id=order_id), 303)


@pages.get("/pay")
@access.signed_in
def pay(order_id: int) -> Page:
    """The ways to pay; for what cannot be paid now, why."""
    order = _order(order_id)
    found = attempts.why_not(reading(), order, who.place(), parts().prices)
    if found in TOLD_BY_THE_ORDER:
        return redirect(url_for("orders.show", order_id=order_id), 303)
    return _pay_page(order, found)


@pages.post("/pay")
@access.signed_in
def go_and_pay(order_id: int) -> Page:
    """Send the person to the page of the provider that was chosen, or let the order wait for a transfer."""
    order, way = _order(order_id), request.form.get("way", "")
    if way not in _ways():
        return _pay_page(order, told=_("Choose one of the ways to pay.")), UNPROCESSABLE
    if _refused():
        return _pay_page(order), CONFLICT
    return _wait_for_transfer(order) if way == Way.TRANSFER else _start(order, Way(way))


def _wait_for_transfer(order: Order) -> Page:
    db, zone = writing(), parts().settings.timezone
    place = standing.lock(db, order.platform_id, at=now(), zone=zone)
    fresh = queries.get_order(db, order.id)
    if found := attempts.why_not(db, fresh, place, parts().prices):
        return _pay_page(fresh, found), CONFLICT
    orders.choose_transfer(db, fresh, to=who.me().administrator, at=now(), zone=zone)
    return redirect(url_for("orders.show", order_id=order.id), 303)


def _start(order: Order, way: Way) -> Page:
    """Three steps: the payment is written and committed, the provider is asked with no transaction open, and what it
    answered is written in another one. A process that dies in between leaves a payment that `follow_payment` finds."""
    payment = _begin(order, way)
    if isinstance(payment, NotNow):
        return _pay_page(order, payment), CONFLICT
    if payment.address:
        return redirect(payment.address, 303)
    try:
        started = parts().providers[way].start(_asking(order, payment))
    except ProviderDown as error:
        log.warning("provider down", extra={"payment": payment.id, "why": str(error)})
        told = _("The payment page cannot be reached at this moment. Your order is kept: try again in a minute.")
        return _pay_page(order, told=told), 503, {"Retry-After": str(TRY_AGAIN_SECONDS)}
    except NotAccepted as error:
        log.error("payment not accepted", extra={"payment": payment.id, "why": str(error)})
        told = _("This payment could not be begun. The fault is ours and has been recorded; your order is kept.")
        return _pay_page(order, told=told), 500
    waits = _note_started(payment, started.reference, started.address)
    return redirect(started.address if waits else url_for("orders.show", order_id=order.id), 303)


def _begin(order: Order, way: Way) -> Payment | NotNow:
    """In a transaction of its own: of two clicks at once the second finds the payment of the first."""
    with parts().database.write() as db:
        place = standing.lock(db, order.platform_id, at=now(), zone=parts().settings.timezone)
        return attempts.begin(db, queries.get_order(db, order.id), place, parts().prices, way)


def _note_started(payment: Payment, reference: str, address: str) -> bool:
    """Whether the order still waits. If it was cancelled while the provider was asked, the payment is closed there."""
    assert payment.order_id is not None  # noqa: S101 - begun for an order
    with parts().database.write() as db:
        orders.note_started(db, payment.id, reference=reference, address=address)
        order = queries.get_order(db, payment.order_id)
        lock_platform(db, order.platform_id)
        waits = queries.get_order(db, order.id).state is OrderState.AWAITING_PAYMENT
        if not waits:
            orders.close_payments(db, order.id, at=now())
        return waits


def _asking(order: Order, payment: Payment) -> Asking:
    origin, language = parts().settings.public_url, texts.language()
    names = order_words.edition_names(parts().prices, who.place().today)
    lines = ", ".join(words.item_words(line, names, offer=order.offer) for line in order.offer.lines)
    here = f"{origin}{url_for('orders.show', order_id=order.id)}"
    return Asking(
        payment.id,
        order.id,
        order.platform_id,
        order.total,
        _("Order %(number)d: %(lines)s", number=order.id, lines=lines),
        language,
        who.me().administrator.email,
        f"{here}?back={RETURNED}",
        f"{here}/pay",
        order.open_until,
    )


def _order(order_id: int) -> Order:
    """The platform's own order. Another customer's is not found, as one that does not exist."""
    return queries.find_order(reading(), who.me().administrator.platform_id, order_id) or abort(404)


def _refused() -> Refused | None:
    found = who.place().decide(Act.PAY, Role(who.me().administrator.role))
    return found if isinstance(found, Refused) else None


def _ways() -> list[Way]:
    """The ways to pay that there are, the customer's own first."""
    mine = profiles.find_payment_method(reading(), who.me().administrator.platform_id)
    found = [*parts().providers, *([Way.TRANSFER] if parts().bank else [])]
    return sorted(found, key=lambda way: mine is None or way is not mine.way)


def _facts(order: Order) -> dict[str, Any]:
    """What the page of an order, and its part that the script renews, are made of."""
    status = order_status.find(reading(), order, who.place(), parts())
    returned = request.args.get("back") == RETURNED
    return {
        "status": status,
        "order": order,
        "headline": order_status.headline(status, returned=returned),
        "explanation": order_status.explanation(status, returned=returned),
        "returned": returned,
        "may_pay": isinstance(who.place().decide(Act.PAY, Role(who.me().administrator.role)), Allowed),
        "bill": words,
        "says": order_words,
        "way_name": billing_words.way,
        "country": texts.country,
        "letters": vat_letters,
    }


def _pay_page(order: Order, found: NotNow | None = None, *, told: str = "") -> str:
    amount, refused = words.amount_words(order.total), _refused()
    why_not = order_words.not_now(found) if found else offers.refusal(refused, who.place()) if refused else ""
    return render_template(
        "orders/pay.html",
        order=order,
        bill=words,
        names=order_words.edition_names(parts().prices, who.place().today),
        ways=[] if why_not else [(way, order_words.pay_button(way, amount)) for way in _ways()],
        why_not=why_not,
        told=told,
    )
