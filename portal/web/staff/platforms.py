"""A platform at the desk: its blocks, and the forms to block it, lift a block, hold its data, and lengthen its grace.

Each act is a page of its own: it says what follows before the button, and asks for the reason that the customer reads.
"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field

from portal.desk import graces, platforms
from portal.desk.platforms import Hand, Result
from portal.kit.texts import lazy_gettext as _l
from portal.rules import lifecycle
from portal.rules import staff as rules
from portal.rules.access import Block
from portal.rules.staff import StaffAct
from portal.standing import Standing
from portal.subscription import graces as extensions
from portal.subscription import queries as subscription
from portal.web import access, platform_desk_words
from portal.web.edge import now, reading, writing
from portal.web.forms import DayField, TypedField, at_most, one_line, one_of, required
from portal.web.staff import entry
from portal.web.staff.places import find_platform
from portal.web.staff.reasons import ReasonForm, reason_field

ROOT = "/staff/platforms/<int(max=2147483647):platform_id>"
pages = Blueprint("staff_platforms", __name__, url_prefix=ROOT)
Page = Response | str | tuple[Any, ...]
LONGEST_NOTE = 300  # characters
LONGEST_REQUEST = 100  # characters
LIFTABLE = ", ".join(code for code in Block if rules.act_of_lifting(code) is StaffAct.LIFT_BLOCK)
ACTS = {  # what is done to a platform, by the page that asks for it
    "staff_platforms.block": StaffAct.BLOCK,
    "staff_platforms.hold": StaffAct.LEGAL_HOLD,
    "staff_platforms.grace": StaffAct.EXTEND_GRACE,
}


class BlockForm(FlaskForm):
    why = TypedField(
        _l("Why the platform is blocked"), [one_of(tuple(Block), _l("Choose why the platform is blocked."))]
    )
    reason = reason_field()
    note = TypedField(
        _l("Note (optional)"),
        [one_line, at_most(LONGEST_NOTE)],
        description=_l("For our staff alone: the customer does not read it."),
    )


class UnlockForm(FlaskForm):
    request = TypedField(
        _l("Written request"),
        [required(_l("Say where the customer asks for it in writing.")), one_line, at_most(LONGEST_REQUEST)],
        description=_l("The ticket’s number, or the day of the letter or certified mail."),
    )
    reason = reason_field()


class GraceForm(FlaskForm):
    until = DayField(_l("New last day"))
    reason = reason_field()


@pages.get("/blocks")
@access.staff(StaffAct.LOOK)
def blocks(platform_id: int) -> str:
    """Every block, open or lifted, and the legal hold; with what whoever looks may do about them."""
    place = find_platform(platform_id)
    return render_template(
        "staff/blocks.html",
        place=place,
        blocks=subscription.known_blocks(reading(), platform_id),
        extensions=extensions.known(reading(), platform_id),
        acts=_offered(place),
        may_lift=lambda code: entry.may(rules.act_of_lifting(code)),
    )


def _offered(place: Standing) -> list[str]:
    """The pages of what the role may do; that of an exception while one can still be made."""
    longest = lifecycle.longest_grace(place.expires_on) if place.expires_on else None
    extendable = longest and not lifecycle.find_extension_refusal(place.life, longest, place.at, place.zone)
    return [page for page, act in ACTS.items() if entry.may(act) and (act is not StaffAct.EXTEND_GRACE or extendable)]


@pages.route("/block", methods=["GET", "POST"])
@access.staff(StaffAct.BLOCK)
def block(platform_id: int) -> Page:
    place, form = find_platform(platform_id), BlockForm()
    if not _is_sent(form):
        return _page("block", form, place, codes=tuple(Block))
    note = _words(form.note)
    return _told(place, platforms.block(writing(), place.platform.id, Block(form.why.data), _hand(form), note=note))


@pages.route(f"/blocks/<any({LIFTABLE}):code>/lift", methods=["GET", "POST"])
@access.staff(StaffAct.LIFT_BLOCK)
def lift(platform_id: int, code: str) -> Page:
    place, form = find_platform(platform_id), ReasonForm()
    if not _is_sent(form):
        return _page("lift", form, place, code=Block(code))
    return _told(place, platforms.lift(writing(), place.platform.id, Block(code), _hand(form)))


@pages.route("/unlock", methods=["GET", "POST"])
@access.staff(StaffAct.LIFT_COMPROMISED)
def unlock(platform_id: int) -> Page:
    """Lift the block of a platform that may have been in somebody else's hands."""
    place, form, code = find_platform(platform_id), UnlockForm(), Block.COMPROMISED
    if not _is_sent(form):
        return _page("lift", form, place, code=code)
    return _told(place, platforms.lift(writing(), place.platform.id, code, _hand(form), request=_words(form.request)))


@pages.route("/hold", methods=["GET", "POST"])
@access.staff(StaffAct.LEGAL_HOLD)
def hold(platform_id: int) -> Page:
    """Put the legal hold, or take it off: the button says which of the two was meant."""
    place, form = find_platform(platform_id), ReasonForm()
    if not _is_sent(form):
        return _page("hold", form, place)
    do = platforms.release if request.form.get("choice") == "release" else platforms.hold
    return _told(place, do(writing(), place.platform.id, _hand(form)))


@pages.route("/grace", methods=["GET", "POST"])
@access.staff(StaffAct.EXTEND_GRACE)
def grace(platform_id: int) -> Page:
    """Make an exception: a platform that has expired can be renewed for longer."""
    place, form = find_platform(platform_id), GraceForm()
    longest = lifecycle.longest_grace(place.expires_on) if place.expires_on else None
    if not _is_sent(form):
        return _page("grace", form, place, longest=longest)
    refusal = graces.extend(writing(), place.platform.id, form.until.day, _hand(form), zone=place.zone)
    if refusal:
        form.until.errors = [platform_desk_words.not_longer(refusal, longest)]
        return _page("grace", form, place, longest=longest)
    flash(platform_desk_words.extended(form.until.day), "good")
    return redirect(url_for("staff_platforms.blocks", platform_id=place.platform.id), 303)


def _is_sent(form: FlaskForm) -> bool:
    return request.method == "POST" and form.validate()


def _hand(form: FlaskForm) -> Hand:
    return platforms.of_staff(entry.me(), _words(form["reason"]), now())


def _words(field: Field) -> str:
    return " ".join((field.data or "").split())


def _page(name: str, form: FlaskForm, place: Standing, **facts: Any) -> Page:
    """The form, with what was typed; where it was sent like this, that is an error."""
    page = render_template(f"staff/{name}.html", form=form, place=place, says=platform_desk_words, **facts)
    return (page, 422) if request.method == "POST" else page


def _told(place: Standing, result: Result) -> Response:
    flash(platform_desk_words.result(result), "good" if result is Result.DONE else "warn")
    return redirect(url_for("staff_platforms.blocks", platform_id=place.platform.id), 303)
