"""Where the person is signed in, and where they were: /profile/sessions.

There is one live session per administrator (RULES.md, Sign-in), and the one that looks at this page is it: there are
no others to end here. Signing in elsewhere ends this one; a session that is not known leads to a new password, which
ends everything and keeps whoever it was out.
"""

from flask import Blueprint, render_template

from portal.accounts import past_sessions
from portal.web import access, who
from portal.web.edge import reading

pages = Blueprint("my_sessions", __name__)
MOST = 10  # sessions that have ended, on one page


@pages.get("/profile/sessions")
@access.signed_in
def sessions() -> str:
    live = who.me().live
    present = past_sessions.get(reading(), live.session_id)
    earlier = past_sessions.ended(reading(), live.administrator.id, most=MOST)
    return render_template("profile/sessions.html", live=live, present=present, earlier=earlier)
