"""My subscription: an export of everything, asked for with one click, followed while it is made, and downloaded.

Where RULES.md is silent: asking needs the password again, since it hands out everything at once; downloading needs the
session and nothing else, and no address opens anything by itself. That it was downloaded is written down before the
first byte leaves, in a transaction of its own: of all that is only read, this alone is told to the customer.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries as accounts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.kit.texts import number
from portal.rules import dates, lifecycle
from portal.rules.access import Act, Refused, Role
from portal.rules.exports import Stage
from portal.rules.terms import EXPORTS_PER_PLATFORM
from portal.standing import Standing
from portal.subscription import exports
from portal.subscription.exports import Export, TooMany
from portal.web import access, offers, who
from portal.web.edge import network, now, parts, reading, writing

pages = Blueprint("export", __name__)
Page = BaseResponse | str | tuple[Any, ...]
ONE = "/subscription/export/<int(max=2147483647):export_id>"  # no larger number fits the column
FORBIDDEN, GONE, TOO_MANY = 403, 410, 429
KILOBYTE, MEGABYTE = 1_000, 1_000_000
FILE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}


@dataclass(frozen=True)
class Shown:
    """What the page tells: the export that is being made, else the newest; `stage` None where there never was one.

    by: who asked for it. until: from when it cannot be downloaded any more, by its own time or by the platform's.
    """

    export: Export | None
    stage: Stage | None
    by: str
    until: datetime | None

    @property
    def follow(self) -> bool:
        return self.stage is Stage.MAKING

    @property
    def version(self) -> str:
        """Another one each time the page would say something else."""
        found = self.export
        facts = (found.id, self.stage, found.progress) if found else ()
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


@pages.route("/subscription/export", methods=["GET", "POST"])
@access.signed_in_proven(_l("Make an export of everything"))
def export() -> Page:
    """What an export holds and where the last one stands, and the button."""
    if request.method != "POST":
        return _page()
    if refused := _refused():
        return _page(told=str(offers.refusal(refused, who.place()))), FORBIDDEN
    found = exports.ask(writing(), who.me().administrator, network=network(), at=now())
    if isinstance(found, TooMany):
        wait = int((found.next_from - now()).total_seconds()) + 1
        return _page(next_from=found.next_from, most=EXPORTS_PER_PLATFORM), TOO_MANY, {"Retry-After": str(wait)}
    if found.administrator_id == who.me().administrator.id:
        flash(_("The export is being made. You can leave this page: a mail tells you when it is ready."), "good")
    else:
        flash(_("Another export is being made at this moment: ask for yours when it is ready."), "warn")
    return redirect(url_for("export.export"), 303)


@pages.get(f"{ONE}/state")
@access.signed_in_background
def state(export_id: int) -> Response:
    """The same for the script that follows it: what has changed since the version it has seen."""
    shown = _shown()
    if shown.export is None or shown.export.id != export_id:
        abort(404)
    told = {"version": shown.version, "follow": shown.follow}
    if request.args.get("seen") != shown.version:
        html = render_template("export/_export.html", **_facts(shown), followed=True)
        told |= {"words": headline(shown), "html": html}
    return jsonify(told)


@pages.get(f"{ONE}.zip")
@access.signed_in
def download(export_id: int) -> Page:
    """The file, streamed. Another platform's is not found, as one that does not exist."""
    found = exports.find(reading(), who.me().administrator, export_id) or abort(404)
    if refused := _refused():
        return _page(told=str(offers.refusal(refused, who.place()))), FORBIDDEN
    path = _path(found)
    if path is None:
        return _page(told=_("This export is not there any more. Have a new one made.")), GONE
    if request.method == "GET":
        with parts().database.write() as db:
            exports.note_download(db, who.me().administrator, network=network(), at=now())
    return _file(found, path)


def _path(found: Export) -> Path | None:
    """Where the file lies, as long as it can be downloaded. Its name comes from our own row."""
    if found.stage(now()) is not Stage.READY or found.file is None:
        return None
    path = exports.folder(parts().settings) / found.file
    return path if path.is_file() else None


def _file(found: Export, path: Path) -> Response:
    assert found.ready_at is not None  # noqa: S101 - it is ready
    day = dates.business_date(found.ready_at, parts().settings.timezone)
    name = f"export-{found.platform_id}-{day.isoformat()}.zip"
    answer = send_file(path, "application/zip", as_attachment=True, download_name=name, conditional=False)
    answer.headers.update(FILE_HEADERS)
    return answer


def _refused() -> Refused | None:
    found = who.place().decide(Act.EXPORT, Role(who.me().administrator.role))
    return found if isinstance(found, Refused) else None


def _shown() -> Shown:
    me = who.me().administrator
    found = exports.find_making(reading(), me.platform_id) or exports.find_newest(reading(), me)
    if found is None:
        return Shown(None, None, "", None)
    stage = found.stage(now())
    if stage is Stage.READY and _path(found) is None:
        stage = Stage.OVER
    by = accounts.get_administrator(reading(), found.administrator_id).username
    return Shown(found, stage, by, _until(found, who.place()))


def _until(found: Export, place: Standing) -> datetime | None:
    """After the grace nobody signs in any more: what was to be there for longer goes with the platform."""
    if found.expires_at is None or place.expires_on is None:
        return found.expires_at
    return min(found.expires_at, lifecycle.end_of_grace(place.expires_on, place.zone, place.life.grace_until))


def headline(shown: Shown) -> str:
    """The first line, which is also what is read aloud when it changes."""
    return {
        None: _("An export of everything on your platform"),
        Stage.MAKING: _("The export is being made"),
        Stage.READY: _("The export is ready"),
        Stage.FAILED: _("The export could not be made"),
        Stage.OVER: _("An export of everything on your platform"),
    }[shown.stage]


def _size(count: int) -> str:
    """Bytes in words."""
    if count < MEGABYTE:
        return _("%(size)s kB", size=number(-(-count // KILOBYTE)))
    return _("%(size)s MB", size=number(-(-count // MEGABYTE)))


def _facts(shown: Shown) -> dict[str, Any]:
    """What the page, and its part that the script renews, are made of."""
    refused = _refused()
    return {
        "form": FlaskForm(formdata=None),
        "shown": shown,
        "headline": headline(shown),
        "why_not": offers.refusal(refused, who.place()) if refused else "",
        "size": _size(shown.export.size or 0) if shown.export else "",
        "mine": shown.export is not None and shown.export.administrator_id == who.me().administrator.id,
        "whole": who.me().administrator.role == Role.FIRST,
    }


def _page(**said: Any) -> str:
    """told: why what was asked for did not happen; next_from: from when another may be asked for, of `most` a day."""
    return render_template("export/overview.html", **_facts(_shown()), **said)
