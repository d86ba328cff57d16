"""The desk: /staff. Where a customer is looked for, and what waits for somebody of the staff."""

from flask import Blueprint, render_template

from portal.rules.staff import StaffAct
from portal.web import access
from portal.web.staff import entry

pages = Blueprint("staff_desk", __name__, url_prefix="/staff")


@pages.get("")
@access.staff(StaffAct.LOOK)
def home() -> str:
    return render_template("staff/home.html", member=entry.me())
