"""Who may enter: every view says it, and a view that does not is closed.

`everybody` is for pages before the sign-in, `signed_in` for the customer's own, `machine` for health checks. Whether
a page counts as activity is said in the same place: a status question asked by a script does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, jsonify, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import drafts
from portal.web import who
from portal.web.edge import SAFE_METHODS, now, parts

View = TypeVar("View", bound=Callable[..., Any])


class Who(StrEnum):
    EVERYBODY = "everybody"
    SIGNED_IN = "signed in"
    MACHINE = "machine"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Rule:
    who: Who
    activity: bool = True


def _declared(view: View, rule: Rule) -> View:
    view.access = rule  # type: ignore[attr-defined]  # a function may carry anything; `rule_of` reads it back
    return view


def everybody(view: View) -> View:
    return _declared(view, Rule(Who.EVERYBODY))


def machine(view: View) -> View:
    return _declared(view, Rule(Who.MACHINE, activity=False))


def demo(view: View) -> View:
    """A page of the demonstration: not found anywhere else."""
    return _declared(view, Rule(Who.DEMO, activity=False))


def signed_in(view: View) -> View:
    return _declared(view, Rule(Who.SIGNED_IN))


def signed_in_background(view: View) -> View:
    """Asked by a script while nobody touches anything: no activity, and no redirect to the sign-in page."""
    return _declared(view, Rule(Who.SIGNED_IN, activity=False))


def rule_of(endpoint: str) -> Rule | None:
    if endpoint == "static":
        return Rule(Who.MACHINE, activity=False)
    return getattr(current_app.view_functions[endpoint], "access", None)


def check() -> BaseResponse | None:
    """Before each request: let it in, send it to the sign-in page, or refuse."""
    if request.endpoint is None:
        return None  # not found: the error page answers
    rule = rule_of(request.endpoint)
    if rule is None:
        raise RuntimeError(f"{request.endpoint} does not say who may enter: see portal/web/access.py")
    if rule.who is Who.DEMO and not parts().settings.demo:
        abort(404)
    if rule.who is Who.SIGNED_IN and (who.person() is None or who.close_if_over()):
        return refuse(rule)
    if rule.activity and rule.who is not Who.MACHINE:
        who.note_activity()
    return None


def refuse(rule: Rule) -> BaseResponse:
    """Lead to the sign-in page, and back afterwards. What was typed is kept for whoever typed it."""
    over = who.ended()
    if not rule.activity:
        return make_response(jsonify(status="over"), 401)
    if request.method in SAFE_METHODS:
        session["next"] = request.full_path.rstrip("?")
    elif over is not None:
        session["next"] = request.path
        with parts().database.write() as db:
            drafts.save(db, over.administrator.id, request.path, request.form.to_dict(), at=now())
    return redirect(url_for("sign_in.login"), 303)


def init_app(app: Flask) -> None:
    app.before_request(check)
