"""Where a platform stands, told in sentences: the first line, what is on and off, what happens next and when.

Nothing is decided here: state, days and acts are what the rules say of the standing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from portal.kit.texts import gettext as _
from portal.kit.texts import number
from portal.rules import credits as credit_rules
from portal.rules import lifecycle, renewal, terms
from portal.rules.access import Act, Allowed, Role
from portal.rules.lifecycle import State
from portal.standing import Credits, Standing
from portal.subscription.queries import PaidTerm
from portal.web import words
from portal.web.edge import parts
from portal.web.times import last_minute, sentence, weekday


@dataclass(frozen=True, slots=True)
class Step:
    """What happens on a day if nobody does anything."""

    on: date
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """`labels`: (tone, words). `act`: what most people came to do, None where nothing stands out; `urgent`: it is the
    first button. `may`: the acts that are open to this person now.
    """

    labels: tuple[tuple[str, str], ...]
    headline: Markup
    lines: tuple[Markup, ...]
    steps: tuple[Step, ...]
    act: Act | None
    urgent: bool
    may: frozenset[Act]


def tell(place: Standing, role: Role, owned: Credits) -> Story:
    """The story of a platform that somebody is signed in to."""
    urgent = isinstance(place.decide(Act.RENEW, role), Allowed) or _may_purchase(place, role)
    return Story(
        labels=tuple(_labels(place, urgent)),
        headline=headline(place, urgent, owned),
        lines=tuple(escape(line) for line in _lines(place, role, owned) if line),
        steps=tuple(step for step in _steps(place, owned) if step.on >= place.today),
        act=_act(place, role, urgent),
        urgent=urgent,
        may=frozenset(act for act in Act if isinstance(place.decide(act, role), Allowed)),
    )


def _may_purchase(place: Standing, role: Role) -> bool:
    """A trial that can become a platform; SMS-only platforms may add e-mail too, but nothing presses them."""
    return place.platform.trial and isinstance(place.decide(Act.PURCHASE, role), Allowed)


def _labels(place: Standing, urgent: bool) -> Iterator[tuple[str, str]]:
    soon = urgent and place.state is State.ACTIVE
    tone = {State.CANCELLED: "warn", State.GRACE: "warn"}.get(place.state, "warn" if soon else "good")
    yield tone, words.state_name(place.state)
    if place.blocks:
        yield "bad", _("Blocked")
    if place.platform.sms_only:
        yield "good", _("SMS only")


def headline(place: Standing, urgent: bool, owned: Credits) -> Markup:
    """The first line: a sentence with a date."""
    if place.expires_on is None:
        return _sms_headline(place, owned)
    if place.state is State.GRACE:
        last = weekday(_last_day(place, place.expires_on))
        if place.platform.trial:
            return sentence(_("Purchase by %(day)s to keep your platform"), day=last)
        return sentence(_("Renew by %(day)s to keep your platform"), day=last)
    return sentence(_paid_headline(place.state, urgent), day=weekday(place.expires_on))


def _paid_headline(state: State, urgent: bool) -> str:
    if state is State.TRIAL:
        return _("Your trial lasts until %(day)s")
    if state is State.CANCELLED:
        return _("Your subscription is cancelled and lasts until %(day)s")
    if urgent:
        return _("Your subscription expires on %(day)s")
    return _("Your subscription is paid until %(day)s")


def _sms_headline(place: Standing, owned: Credits) -> Markup:
    coming = [lot.last_day for lot in owned.lots if lot.last_day >= place.today]
    if coming:
        return sentence(_("Your SMS platform is active: the next credits expire on %(day)s"), day=weekday(coming[0]))
    if place.last_day:
        return sentence(_("Your SMS platform has no credits: it is kept until %(day)s"), day=weekday(place.last_day))
    return sentence(_("Today, %(day)s, your SMS platform is active"), day=weekday(place.today))


def _lines(place: Standing, role: Role, owned: Credits) -> Iterator[Markup | str]:
    on = words.sending(place.decide(Act.USE_FEATURES, role))
    if place.expires_on is None:
        yield from (on, _sms_future(place, owned))
    elif place.state is State.GRACE:
        ended = _("Your trial ended on %(day)s.") if place.platform.trial else _("Your subscription ended on %(day)s.")
        yield sentence(ended, day=weekday(place.expires_on)) + " " + on
        yield _grace_future(place)
    else:
        yield f"{on} {words.days_left(place.days_left or 0)}"
        yield _paid_future(place, place.expires_on)


def _sms_future(place: Standing, owned: Credits) -> str:
    if owned.balance.spendable:
        return _("Without the e-mail channel there is no expiry: each purchase of credits has its own last day.")
    return _(
        "After %(months)d months without credits and without a sign-in, the platform and its data are deleted.",
        months=terms.SMS_ONLY_DORMANT_MONTHS,
    )


def _grace_future(place: Standing) -> Markup:
    assert place.expires_on is not None  # noqa: S101 - only platforms with an expiry have a grace
    text = (
        _("You can purchase until %(last)s. From %(deleted)s the platform and all its data are deleted for good.")
        if place.platform.trial
        else _("You can renew until %(last)s. From %(deleted)s the platform and all its data are deleted for good.")
    )
    left = words.days_left(place.days_left or 0)
    last = last_minute(_last_day(place, place.expires_on))
    return sentence("%(left)s ", left=left) + sentence(text, last=last, deleted=_deleted(place))


def _paid_future(place: Standing, expires_on: date) -> Markup:
    text = {
        State.TRIAL: _("After that, sending stops and %(days)d days remain to purchase and keep everything."),
        State.CANCELLED: _(
            "After that, sending stops. Until %(last)s you can still change your mind and renew; from %(deleted)s the "
            "data is deleted. Nothing is refunded."
        ),
    }.get(
        place.state,
        _(
            "If it is not renewed, sending stops and %(days)d days remain to renew, until %(last)s; then the data is "
            "deleted."
        ),
    )
    last_day = _last_day(place, expires_on)
    days = (last_day - expires_on).days
    return sentence(text, days=days, last=last_minute(last_day), deleted=_deleted(place))


def _last_day(place: Standing, expires_on: date) -> date:
    """The last day to renew or to purchase."""
    return lifecycle.grace_last_day(expires_on, place.life.grace_until)


def _deleted(place: Standing) -> Markup:
    return weekday(place.deleted_from) if place.deleted_from else Markup()


def _steps(place: Standing, owned: Credits) -> Iterator[Step]:
    expires_on = place.expires_on
    if expires_on is None:
        yield from _sms_steps(place, owned)
        return
    trial = place.platform.trial
    if not trial:
        coming = [paid for paid in place.paid if paid.term.starts_on > place.today]
        yield from (Step(paid.term.starts_on, _next_term(paid, place)) for paid in coming)
        if place.state is State.ACTIVE and place.renewal_window is renewal.Window.TOO_EARLY:
            yield Step(renewal.renew_from(expires_on), _("The renewal opens."))
    ends = _("Last day of the trial, until 23:59.") if trial else _("Last paid day, until 23:59.")
    yield Step(expires_on, " ".join((ends, _("Then sending stops."))))
    last = _("Last day to purchase, until 23:59.") if trial else _("Last day to renew, until 23:59.")
    yield Step(_last_day(place, expires_on), last)
    if place.deleted_from:
        yield Step(place.deleted_from, _("The platform and all its data are deleted for good."))


def _next_term(paid: PaidTerm, place: Standing) -> str:
    if paid.edition == place.edition:
        return _("The next term begins: it is paid.")
    found = parts().prices.find_edition(paid.edition, place.today)
    name = found.name if found else paid.edition.capitalize()
    return _("The next term begins: it is paid, with the edition %(name)s.", name=name)


def _sms_steps(place: Standing, owned: Credits) -> Iterator[Step]:
    for lot in owned.lots:
        amount = number(lot.remaining)
        yield Step(lot.last_day, _("Last day of %(amount)s credits.", amount=amount))
    if place.last_day and not owned.balance.spendable:
        yield Step(place.last_day, _("Last day on which the platform is kept without credits and without a sign-in."))


def _act(place: Standing, role: Role, urgent: bool) -> Act | None:
    """What most people came to do, if it is open to this one."""
    likely = Act.RENEW if urgent else None
    if place.platform.trial:
        likely = Act.PURCHASE
    elif place.expires_on is None:
        likely = Act.BUY_CREDITS
    return likely if likely and isinstance(place.decide(likely, role), Allowed) else None


def closed(place: Standing) -> Markup:
    """Why nobody can sign in any more, told after the right password."""
    if place.state is State.DELETED or place.expires_on is None:
        return escape(_("Its data has been deleted, or is being deleted now."))
    last = last_minute(_last_day(place, place.expires_on))
    text = _("It expired on %(day)s. The time to renew ended on %(last)s, and its data is being deleted.")
    return sentence(text, day=weekday(place.expires_on), last=last)


def awaited(place: Standing) -> Markup:
    """The same while a payment that was begun in time is not confirmed yet."""
    if place.expires_on is None:
        return closed(place)
    text = _(
        "It expired on %(day)s, and the time to renew ended on %(last)s. A payment that was begun in time is still "
        "awaited: until its end is known nothing is deleted, and we write to you as soon as it is."
    )
    last = last_minute(_last_day(place, place.expires_on))
    return sentence(text, day=weekday(place.expires_on), last=last)


def credits_line(owned: Credits, place: Standing) -> Markup:
    """What the balance is worth now."""
    if owned.balance.frozen:
        return sentence(
            _("Frozen: they follow the subscription, and come back with the renewal. Nobody can spend them.")
        )
    if not owned.lots:
        return sentence(_("There are no credits on this platform."))
    if place.expires_on is None:
        text = _("Each purchase is valid for %(months)d months from the day of its payment.")
        return sentence(text, months=terms.SMS_ONLY_LOT_MONTHS)
    if any(lot.last_day > place.expires_on for lot in owned.lots):
        return sentence(_("Each purchase is valid until its own day; what follows your subscription moves with it."))
    return sentence(
        _("Valid until %(day)s, with your subscription; each renewal moves the date."), day=weekday(place.expires_on)
    )


def lot_state(state: credit_rules.LotState) -> str:
    """What a lot is good for, in a word."""
    return {
        credit_rules.LotState.SPENDABLE: _("Usable"),
        credit_rules.LotState.FROZEN: _("Frozen"),
        credit_rules.LotState.EXPIRED: _("Expired"),
    }[state]
