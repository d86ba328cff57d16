"""Who may enter: every view says it, and a view that does not is closed.

`everybody` is for pages before the sign-in, `signed_in` for the customer's own, `machine` for health checks. Whether
a page counts as activity is said in the same place: a status question asked by a script does not. So is whether a form
needs the password again (`signed_in_proven`): where it was typed too long ago, the form waits until portal/web/proof.py
has asked for it. Reading never asks.

Our staff may look at a customer's page only where it says so (`shown_to_staff`): a page that nobody has decided about
stays closed to them. portal/web/staff/view.py lets them look.

On a platform that demands a second factor, whoever has none yet is led to the page where one is added, and opens
nothing else but what says so (`without_factor`): what is needed to add one, to stay signed in and to leave.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, jsonify, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import drafts, resumptions
from portal.rules.sessions import freshly_proven
from portal.rules.staff import SeenPage, StaffAct
from portal.web import who
from portal.web.edge import SAFE_METHODS, now, parts, writing
from portal.web.staff import entry

View = TypeVar("View", bound=Callable[..., Any])


class Who(StrEnum):
    EVERYBODY = "everybody"
    SIGNED_IN = "signed in"
    MACHINE = "machine"
    DEMO = "demo"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Rule:
    """`proof`: what is about to be done, in the words of its button, where that needs the password again. `hashing`:
    doing it computes hashes. `without_factor`: open also to who lacks the second factor that the platform demands.
    `seen_as`: what it is called in the activity when our staff look at it; None: they do not.
    """

    who: Who
    activity: bool = True
    proof: Any = None
    hashing: bool = False
    without_factor: bool = False
    staff: StaffAct | None = None
    seen_as: SeenPage | None = None


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


def staff(act: StaffAct) -> Callable[[View], View]:
    """One of the operator's people whose role may do this: portal/rules/staff.py."""
    return lambda view: _declared(view, Rule(Who.STAFF, staff=act))


def signed_in(view: View) -> View:
    return _declared(view, Rule(Who.SIGNED_IN))


def signed_in_proven(what: Any, *, hashing: bool = False) -> Callable[[View], View]:
    """Signed in, with the password typed no longer ago than a proof counts before anything is sent.

    For what RULES.md asks it: another e-mail, second factor or payment method, and deleting anything. A change of the
    password asks for the current one in its own form. `what`: the words of the button, lazily translated. `hashing`:
    nothing may hold the database when it begins, so that it waits in no transaction of its own either.
    """
    return lambda view: _declared(view, Rule(Who.SIGNED_IN, proof=what, hashing=hashing))


def signed_in_background(view: View) -> View:
    """Asked by a script while nobody touches anything: no activity, and no redirect to the sign-in page."""
    return _declared(view, Rule(Who.SIGNED_IN, activity=False))


def without_factor(view: View) -> View:
    """Open to somebody who still has to add the second factor that the platform demands: above the other decorator."""
    rule: Rule = view.access  # type: ignore[attr-defined]  # given by the decorator below this one
    return _declared(view, replace(rule, without_factor=True))


def shown_to_staff(page: SeenPage) -> Callable[[View], View]:
    """Read by our staff too, while the customer allows it: above the other decorators.

    For what shows how things stand. Never for a secret, a file of many data, or what belongs to the person's sign-in;
    and never for what is asked by a script.
    """

    def declare(view: View) -> View:
        rule: Rule = view.access  # type: ignore[attr-defined]  # given by the decorators below this one
        return _declared(view, replace(rule, seen_as=page))

    return declare


def rule_of(endpoint: str) -> Rule | None:
    return getattr(current_app.view_functions[endpoint], "access", None)


def check() -> BaseResponse | None:
    """Before each request: let it in, send it to the sign-in page, or refuse."""
    if request.endpoint is None:
        return None  # not found: the error page answers
    if _names_nothing():
        abort(404)
    rule = rule_of(request.endpoint)
    if rule is None:
        raise RuntimeError(f"{request.endpoint} does not say who may enter: see portal/web/access.py")
    if rule.who is Who.DEMO and not parts().settings.demo:
        abort(404)
    if rule.staff is not None:
        return entry.check(rule.staff)
    if rule.who is Who.SIGNED_IN and (who.person() is None or who.close_if_over()):
        return refuse(rule)
    if rule.activity and rule.who is not Who.MACHINE:
        who.note_activity()
    if rule.who is Who.SIGNED_IN and not rule.without_factor and who.lacks_factor():
        return lead_to_factor(rule)
    return ask_again() if rule.proof and request.method not in SAFE_METHODS else None


def _names_nothing() -> bool:
    """Whether the address has a name that cannot be printed: PostgreSQL refuses NUL. A link says so on its own page."""
    names = (str(value) for name, value in (request.view_args or {}).items() if name != "token")
    return not all(name.isprintable() for name in names)


def ask_again() -> BaseResponse | None:
    """Keep what was sent and ask for the password, unless it was typed a few minutes ago.

    What was typed is a draft of its page as well: it is there for whoever goes back, or is signed out meanwhile.
    """
    live = who.me().live
    if freshly_proven(live.proven_at, now()):
        return None
    if len(request.path) > resumptions.LONGEST_PATH:
        abort(404)  # no name in an address of ours is that long
    fields = request.form.items(multi=True)
    number = resumptions.keep(writing(), live.session_id, request.path, fields, at=now())
    drafts.save(writing(), live.administrator.id, request.path, request.form.to_dict(), at=now())
    return redirect(url_for("proof.ask", waiting=number), 303)


def lead_to_factor(rule: Rule) -> BaseResponse:
    """Lead to the page where the demanded second factor is added. What was typed waits in its form meanwhile."""
    if not rule.activity:
        return make_response(jsonify(status="second factor"), 403)
    if request.method not in SAFE_METHODS:
        drafts.save(writing(), who.me().administrator.id, request.path, request.form.to_dict(), at=now())
    return redirect(url_for("security.overview"), 303)


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
