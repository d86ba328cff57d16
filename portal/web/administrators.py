"""The administrators of the platform: everybody reads who they are, the first one invites, disables and lets in again.

Where RULES.md is silent: the addresses are shown to the first administrator only. An invitation is sent to one address
as often as a recovery mail, and no more. Inviting again, and letting in again, follow the rule of inviting: not in the
grace. Who has a second factor is shown to the first administrator, and which one to nobody.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from werkzeug.wrappers import Response
from wtforms import Field, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from portal import seats, standing
from portal.accounts import administrators, drafts, limits, own_factors, queries
from portal.accounts.administrators import HasFirst, Newcomer, Taken
from portal.accounts.queries import Administrator, Member
from portal.kit import mail_addresses
from portal.kit.texts import OWN_NAMES
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import names, terms
from portal.rules.access import Act, Allowed, Reason, Refused, Role
from portal.rules.names import BadName, UserName
from portal.rules.staff import SeenPage
from portal.seats import NoFreeSeat, NotDisabled
from portal.web import access, edge, offers, who
from portal.web.edge import now, parts, reading, writing
from portal.web.forms import LONGEST_NAME, EmailField, TypedField, at_most, one_line, one_of, required, with_draft
from portal.web.times import moment, sentence

pages = Blueprint("administrators", __name__)
Page = Response | str | tuple[Any, ...]
LIST = "/subscription/administrators"
ONE = f"{LIST}/<username>"
FORBIDDEN, CONFLICT, INVALID = 403, 409, 422


def prefix() -> str:
    """What every user name of this platform begins with: m1234-."""
    return f"{names.first_user_name(who.me().administrator.platform_id).folded}-"


class InviteForm(FlaskForm):
    suffix = TypedField(_l("User name"), [required(_l("Enter how the user name ends, for example anna.")), one_line])
    full_name = TypedField(_l("Full name"), [required(_l("Enter the person's name.")), one_line, at_most(LONGEST_NAME)])
    email = EmailField()
    language = SelectField(
        _l("Language of pages and mails"),
        [one_of(OWN_NAMES, _l("Choose one of the languages."))],
        choices=[SelectChoice(*pair) for pair in OWN_NAMES.items()],
        validate_choice=False,
    )

    def user_name(self) -> UserName | BadName:
        """The whole name, also where somebody typed all of it."""
        typed = (self.suffix.data or "").strip()
        whole = typed if typed.lower().startswith(prefix()) else prefix() + typed
        return names.new_user_name(whole, who.me().administrator.platform_id)

    def validate_suffix(self, _field: Field) -> None:
        if isinstance(self.user_name(), BadName):
            raise ValidationError(
                _(
                    "Use letters without accents, digits, dots, dashes: at most %(number)d, a letter or digit first.",
                    number=terms.SUFFIX_LENGTH,
                )
            )


@pages.route(LIST, methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.ADMINISTRATORS)
@access.signed_in
def people() -> Page:
    form, restored = with_draft(InviteForm, language=who.me().administrator.language)
    if request.method != "POST":
        return _page(form, restored=restored)
    refused = _refused(Act.INVITE)
    if refused:
        return _failed(_why_not(refused), _status(refused), form)
    return _invite(form) if form.validate() else (_page(form), INVALID)


def _invite(form: InviteForm) -> Page:
    """A free seat for a new person, or why not: beside the field where it is about what was typed."""
    name, mine = form.user_name(), who.me().administrator
    assert isinstance(name, UserName)  # noqa: S101 - the form has been validated
    email = mail_addresses.read(form.email.data.strip())
    newcomer = Newcomer(name, email, form.full_name.data.strip(), form.language.data)
    zone = parts().settings.timezone
    match seats.create(writing(), parts().links, newcomer, zone, by=mine.username, at=now()):
        case NoFreeSeat():
            return _failed(_no_seat(), CONFLICT, form)
        case Taken() | HasFirst():
            form.suffix.errors = [_taken(name)]
            return _page(form), INVALID
    if not _may_mail(email):
        form.email.errors = [_too_often()]
        return _page(form), INVALID
    drafts.discard(writing(), mine.id, LIST)
    text = _("%(name)s is invited: the link to set a password is on its way to %(email)s.")
    return _done(sentence(text, name=name.folded, email=email))


@pages.post(f"{ONE}/invite")
@access.signed_in
def invite_again(username: str) -> Page:
    """Send the invitation again; the earlier link is dead."""
    person, refused = _person(username), _refused(Act.INVITE)
    if refused:
        return _failed(_why_not(refused), _status(refused))
    by = who.me().administrator.username
    if not administrators.invite_again(writing(), parts().links, person, at=now(), by=by):
        text = _("%(name)s has accepted the invitation already, or is disabled: there is nothing to send.")
        return _failed(sentence(text, name=person.username), CONFLICT)
    if not _may_mail(person.email):
        return _failed(escape(_too_often()), CONFLICT)
    return _done(sentence(_("A new invitation is on its way to %(name)s."), name=person.username))


@pages.route(f"{ONE}/disable", methods=["GET", "POST"])
@access.signed_in_proven(_l("Disable the administrator"))
def disable(username: str) -> Page:
    """What disabling does, and the button."""
    person, refused = _person(username), _refused(Act.DISABLE_ADMINISTRATOR)
    if refused:
        return _failed(_why_not(refused), _status(refused))
    if person.role == Role.FIRST:
        return _failed(escape(_("The first administrator cannot be disabled: the platform is theirs.")), CONFLICT)
    by = who.me().administrator.username
    if request.method != "POST" and person.enabled:
        return render_template("administrators/disable.html", administrator=person)
    if request.method != "POST" or not administrators.disable(writing(), person, at=now(), by=by):
        return _failed(sentence(_("%(name)s is disabled already."), name=person.username), CONFLICT)
    return _done(sentence(_("%(name)s is disabled, and signed out everywhere."), name=person.username))


@pages.post(f"{ONE}/enable")
@access.signed_in
def enable(username: str) -> Page:
    """Let somebody in again who was disabled, by a new invitation."""
    person, refused = _person(username), _refused(Act.INVITE)
    if refused:
        return _failed(_why_not(refused), _status(refused))
    by, zone = who.me().administrator.username, parts().settings.timezone
    match seats.enable(writing(), parts().links, person, zone, by=by, at=now()):
        case NotDisabled():
            return _failed(sentence(_("%(name)s is enabled already."), name=person.username), CONFLICT)
        case NoFreeSeat():
            return _failed(_no_seat(), CONFLICT)
    if not _may_mail(person.email):
        return _failed(escape(_too_often()), CONFLICT)
    text = _("%(name)s may come back: the link to set a new password is on its way.")
    return _done(sentence(text, name=person.username))


def _person(username: str) -> Administrator:
    """The administrator of this platform with this name; somebody else's, or nobody's: not found."""
    parsed = names.parse(username)
    found = queries.find_administrator(reading(), parsed.folded) if isinstance(parsed, UserName) else None
    if found is None or found.platform_id != who.me().administrator.platform_id:
        abort(404)
    return found


def _refused(act: Act) -> Refused | None:
    found = who.place().decide(act, Role(who.me().administrator.role))
    return found if isinstance(found, Refused) else None


def _why_not(refused: Refused) -> Markup:
    return offers.refusal(refused, who.place())


def _status(refused: Refused) -> int:
    return FORBIDDEN if refused.reason is Reason.FIRST_ADMINISTRATOR_ONLY else CONFLICT


def _may_mail(email: str) -> bool:
    """Whether this address may get one more invitation; if not, what was done for it is undone."""
    if not parts().settings.throttle:
        return True
    mine = who.me().administrator
    if limits.claim_invitation(writing(), mine.platform_id, names.fold_email(email), at=now()):
        return True
    edge.undo()
    return False


def _too_often() -> str:
    return _(
        "This address has had %(number)d invitations in 24 hours. Ask the person to look for them, or try tomorrow.",
        number=terms.RECOVERY_MAILS_PER_ACCOUNT,
    )


def _taken(name: UserName) -> str:
    return _(
        "%(name)s exists already, or did: a user name is never given twice. Choose another ending.", name=name.folded
    )


def _no_seat() -> Markup:
    return sentence(_("Every seat is taken: buy one, or disable somebody first. What you typed is still here."))


def _done(text: Markup) -> Response:
    flash(text, "good")
    return redirect(url_for("administrators.people"), 303)


def _failed(text: Markup, status: int, form: InviteForm | None = None) -> Page:
    """The page again, with why nothing was done said first."""
    return _page(form or InviteForm(formdata=None), failed=text), status


def _page(form: InviteForm, *, failed: Markup | None = None, restored: bool = False) -> str:
    place, role = who.place(), Role(who.me().administrator.role)
    found = standing.seats(reading(), place)
    members = queries.members_of(reading(), place.platform.id)
    invite = place.decide(Act.INVITE, role)
    holders = own_factors.holders(reading(), place.platform.id) if role is Role.FIRST else None
    return render_template(
        "administrators/administrators.html",
        form=form,
        failed=failed,
        restored=restored,
        place=place,
        rows=[_row(member, role) for member in members],
        holders=holders,
        demanded=place.platform.second_factor_since,
        seats=found,
        free=seats.free(reading(), place),
        coming=seats.coming(reading(), place),
        may_invite=isinstance(invite, Allowed),
        why_not=offers.refusal(invite, place),
        may_disable=isinstance(place.decide(Act.DISABLE_ADMINISTRATOR, role), Allowed),
        sees_addresses=role is Role.FIRST,
        prefix=prefix(),
        buy=url_for("buying.administrators"),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A person of the list: state as (tone, words), what there is to add to it, and what can be done."""

    administrator: Administrator
    tone: str
    state: str
    detail: Markup
    invited: bool

    @property
    def additional(self) -> bool:
        return self.administrator.role != Role.FIRST


def _row(member: Member, viewer: Role) -> Row:
    person = member.administrator
    zone = parts().settings.timezone
    if person.disabled_at is not None:
        since = sentence(_("Since %(moment)s."), moment=moment(person.disabled_at, zone))
        return Row(person, "bad", _("Disabled"), since, invited=False)
    if member.accepted:
        return Row(person, "good", _("Can sign in"), Markup(), invited=False)
    if member.invited_until is not None and member.invited_until > now():
        until = sentence(_("The link works until %(moment)s."), moment=moment(member.invited_until, zone))
        return Row(person, "warn", _("Invited"), until, invited=True)
    expired = _("The link has expired: send it again.") if viewer is Role.FIRST else _("The link has expired.")
    return Row(person, "warn", _("Invited"), escape(expired), invited=True)
