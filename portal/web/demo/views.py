"""The pages of the demonstration; anywhere else they are not found."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import queries
from portal.kit.clock import MovableClock
from portal.kit.texts import gettext as _
from portal.outside.post import FolderPost
from portal.web import access, desk_words
from portal.web.demo.cast import CAST, PASSWORD, STAFF
from portal.web.edge import now, parts, reading

pages = Blueprint("demo", __name__, url_prefix="/demo")
FIRST_YEAR, LAST_YEAR = 2000, 2100  # a demonstration of dates needs no others
STEPS = {
    "minutes-28": timedelta(minutes=28),
    "minutes-30": timedelta(minutes=30),
    "hours-1": timedelta(hours=1),
    "days-1": timedelta(days=1),
    "days-10": timedelta(days=10),
    "days-30": timedelta(days=30),
}


def _clock() -> MovableClock:
    clock = parts().clock
    if not isinstance(clock, MovableClock):
        abort(404)
    return clock


@pages.get("")
@access.demo
def index() -> str:
    """The cast with what each of them shows, the clock, and the way to the mails."""
    people = []
    for actor in CAST:
        person = queries.find_administrator(reading(), actor.username)
        if person:
            place = standing.find(reading(), person.platform_id, at=now(), zone=parts().settings.timezone)
            people.append((person, actor, place))
    facts: dict[str, Any] = {"people": people, "staff": STAFF, "says": desk_words, "steps": list(STEPS)}
    return render_template("demo/index.html", password=PASSWORD, form=FlaskForm(), **facts)


@pages.post("/clock")
@access.demo
def move_clock() -> Response:
    """Move by a named step, to an instant typed in business time, or back to the real time."""
    clock, step = _clock(), request.form.get("step", "")
    if step in STEPS:
        clock.move(STEPS[step])
    elif step == "now":
        clock.reset()
    else:
        _move_to(clock, request.form.get("instant", ""))
    return redirect(url_for("demo.index"), 303)


def _move_to(clock: MovableClock, text: str) -> None:
    try:
        instant = datetime.fromisoformat(text).replace(tzinfo=parts().settings.timezone)
    except ValueError:
        instant = None
    if instant is None or not FIRST_YEAR <= instant.year <= LAST_YEAR:
        flash(_("Write date and time such as 2026-11-22T23:59."), "bad")
    else:
        clock.move_to(instant)


@pages.get("/mail")
@access.demo
def mailbox() -> str:
    """The mails that were sent, newest first."""
    return render_template("demo/mailbox.html", letters=_letters())


@pages.get("/mail/<int:number>")
@access.demo
def letter(number: int) -> str:
    """One mail; number 0 is the newest."""
    letters = _letters()
    if number >= len(letters):
        abort(404)
    return render_template("demo/letter.html", letter=letters[number], number=number)


def _letters() -> list[dict[str, Any]]:
    post = parts().post
    if not isinstance(post, FolderPost):
        abort(404)
    return post.letters()
