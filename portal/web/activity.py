"""My subscription: everything that was done on the platform, by our staff too, as a list and as a file.

Where RULES.md is silent: everybody of the platform reads the list; where from somebody signed in is shown to the first
administrator only. What staff did is marked. The file holds the newest 10,000 events.
"""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, render_template, request

from portal.accounts import queries
from portal.kit import audit
from portal.kit.audit import Recorded
from portal.kit.spreadsheets import ENCODING, harmless
from portal.kit.texts import gettext as _
from portal.rules.access import Act, Allowed, Role
from portal.rules.staff import SeenPage
from portal.standing import Standing
from portal.web import access, activity_words, who
from portal.web.activity_sentences import KIND_NAMES, Kind
from portal.web.activity_words import Actor
from portal.web.checkout import edition_names
from portal.web.edge import parts, reading

pages = Blueprint("activity", __name__)
AT_ONCE = 25  # events on a page
LARGEST_FILE = 10_000  # events in a file
FILE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KEY = re.compile(r"([0-9]{1,16})-([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in words; network: where from, or empty."""

    at: datetime
    what: str
    kind: str
    actor: Actor
    network: str


@pages.get("/subscription/activity")
@access.shown_to_staff(SeenPage.ACTIVITY)
@access.signed_in
def overview() -> str:
    """The list, newest first; `before` is the key of the last event of the page before."""
    place, kind, before = _place(), _kind(), _before()
    found = _found(place, kind, AT_ONCE + 1, before)
    shown, tell = found[:AT_ONCE], teller(place, networks=_role() is Role.FIRST)
    return render_template(
        "activity/overview.html",
        entries=[tell(event) for event in shown],
        older=_key(shown[-1]) if len(found) > AT_ONCE else None,
        first=before is None,
        kind=kind,
        kinds=KIND_NAMES,
        largest=LARGEST_FILE,
    )


@pages.get("/subscription/activity.csv")
@access.signed_in
def file() -> Response:
    """The same as a table for a spreadsheet."""
    place = _place()
    tell = teller(place, networks=_role() is Role.FIRST)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow([_("When"), _("What"), _("Kind"), _("Who"), _("Our staff"), _("From the network")])
    for event in _found(place, _kind(), LARGEST_FILE):
        table.writerow([harmless(cell) for cell in _row(tell(event))])
    response = Response(out.getvalue().encode(ENCODING), mimetype="text/csv", headers=FILE_HEADERS)
    response.headers.set("Content-Disposition", "attachment", filename=f"activity-{place.platform.id}.csv")
    return response


def _row(entry: Entry) -> list[str]:
    at = entry.at.astimezone(parts().settings.timezone).isoformat(timespec="seconds")
    staff = _("Yes") if entry.actor.staff else _("No")
    return [at, entry.what, entry.kind, entry.actor.name, staff, entry.network]


def _place() -> Standing:
    """The platform whose list the person may see."""
    place = who.place()
    if not isinstance(place.decide(Act.SEE_OVERVIEW, _role()), Allowed):
        abort(403)
    return place


def _role() -> Role:
    return Role(who.me().administrator.role)


def _kind() -> Kind | None:
    """What the list is narrowed to; all of it for a word that is none of ours."""
    asked = request.args.get("kind", "")
    return Kind(asked) if asked in tuple(Kind) else None


def _before() -> tuple[datetime, int] | None:
    """Where the page begins; at the newest for a key that is none of ours."""
    key = _KEY.fullmatch(request.args.get("before", ""))
    return (_EPOCH + int(key[1]) * _MICROSECOND, int(key[2])) if key else None


def _key(event: Recorded) -> str:
    return f"{(event.at - _EPOCH) // _MICROSECOND}-{event.id}"


def _found(
    place: Standing, kind: Kind | None, limit: int, before: tuple[datetime, int] | None = None
) -> list[Recorded]:
    tags = activity_words.tags(kind) if kind else None
    return audit.of_platform(reading(), place.platform.id, limit=limit, tags=tags, before=before)


def teller(place: Standing, *, networks: bool) -> Callable[[Recorded], Entry]:
    """What puts the platform's events into words. networks: whether the reader may see where from."""
    people = {person.id: person.username for person in queries.administrators_of_platform(reading(), place.platform.id)}
    given: tuple[dict[int, str], dict[str, str]] = people, edition_names(place)

    def tell(event: Recorded) -> Entry:
        network = event.network if networks and event.tag in activity_words.WITH_NETWORK else None
        what, kind = activity_words.sentence(event, *given), activity_words.kind_of(event)
        return Entry(event.at, what, kind, activity_words.actor(event, people), network or "")

    return tell
