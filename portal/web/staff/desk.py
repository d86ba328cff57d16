"""The desk: /staff. A customer is looked for, and looked at: how the platform stands now, or would on another day."""

from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, render_template, request

from portal import standing
from portal.accounts import queries as accounts
from portal.billing import former, invoices, order_words
from portal.billing import queries as billing
from portal.billing import words as billing_words
from portal.desk import search
from portal.kit import audit, outbox
from portal.kit.texts import gettext as _
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.standing import Standing
from portal.support import queries as support
from portal.web import access, activity, desk_words, letter_words
from portal.web.edge import now, parts, reading
from portal.web.forms import printable
from portal.web.staff import entry
from portal.web.staff.places import find_platform

pages = Blueprint("staff_desk", __name__, url_prefix="/staff")
NOON = time(12)  # of the day in a "what if": no change of a state falls there
MOST = 20  # orders, mails, events and so on, the newest first
LONGEST = 320  # characters looked for: the longest address


@pages.get("")
@access.staff(StaffAct.LOOK)
def home() -> str:
    """The search, and what waits for money people."""
    typed = _typed("q")
    looked = search.find(reading(), typed)
    numbers = list({hit.platform_id for hit in looked.hits})
    places = standing.find_many(reading(), numbers, at=now(), zone=parts().settings.timezone)
    found = [(hit, places[hit.platform_id]) for hit in looked.hits]
    tasks = billing.count_open_tasks(reading())
    transfers = billing.count_awaited_transfers(reading(), at=now())
    facts: dict[str, Any] = {"typed": typed, "found": found, "more": looked.more}
    facts |= {"tasks": tasks, "transfers": transfers, "waiting": approvals.waiting(reading(), at=now())}
    return render_template("staff/home.html", says=desk_words, **facts)


@pages.get("/platforms/<int(max=2147483647):platform_id>")
@access.staff(StaffAct.LOOK)
def platform(platform_id: int) -> str:
    """Everything of a platform that staff may see: nothing in it opens anything."""
    place, db = find_platform(platform_id), reading()
    told = activity.teller(place, networks=True)
    return render_template(
        "staff/platform.html",
        place=place,
        on=_typed("on"),
        then=_what_if(platform_id),
        seats=standing.seats(db, place),
        credits=standing.credits_of(db, place),
        people=accounts.members_of(db, platform_id),
        contacts=support.contacts_of(db, platform_id),
        orders=billing.orders_of(db, platform_id, limit=MOST),
        invoices=invoices.invoices_of(db, platform_id).invoices,
        former=former.invoices_of(db, platform_id),
        letters=outbox.mails_of(db, platform_id, limit=MOST),
        events=[told(event) for event in audit.of_platform(db, platform_id, limit=MOST)],
        says=desk_words,
        letter_words=letter_words,
        order_words=order_words,
        amount=billing_words.amount_words,
        may_give=entry.may(StaffAct.GRANT_CREDITS),
    )


def _what_if(platform_id: int) -> Standing | str | None:
    """How it would stand at noon of the day asked for, if nobody did anything; None: none was asked for."""
    typed = _typed("on")
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        at = datetime.combine(day, NOON, parts().settings.timezone).astimezone(UTC)
    except (ValueError, OverflowError):
        return _("Write the day such as 2026-11-22.")
    return standing.find(reading(), platform_id, at=at, zone=parts().settings.timezone)


def _typed(name: str) -> str:
    return printable(request.args.get(name, ""))[:LONGEST].strip()
