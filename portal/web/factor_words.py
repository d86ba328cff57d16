"""The words for second factors: where somebody stands, why one stays on, and what is asked when."""

from portal.accounts.own_factors import CodeSet
from portal.kit.texts import gettext as _
from portal.kit.texts import ngettext
from portal.rules import terms
from portal.rules.factors import Factors, Kept


def standing(has: Factors, username: str) -> str:
    """The first sentence of the page: what keeps others out of this user name."""
    if has.any:
        return _("To sign in as %(name)s, the password alone is not enough.", name=username)
    return _("Whoever knows the password of %(name)s can sign in with it.", name=username)


def kept(reason: Kept) -> str:
    """Why the last second factor cannot be taken off, and what to do instead."""
    if reason is Kept.DEMANDED:
        return _("It cannot be taken off: your platform lets nobody in without a second factor, and you have no other.")
    return _(
        "It cannot be taken off: your password has fewer than %(number)d characters, which is only enough beside a "
        "second factor, and you have no other. Set a longer password first.",
        number=terms.PASSWORD_MIN,
    )


def codes_left(codes: CodeSet) -> str:
    """How many recovery codes are left."""
    if codes.left == 0:
        return _("All of them have been used.")
    text = ngettext("%(num)d of %(size)d is left.", "%(num)d of %(size)d are left.", codes.left, size=codes.size)
    return str(text)


def setup_life() -> str:
    minutes = int(terms.APP_SETUP_LIFE.total_seconds()) // 60
    return _("This secret waits %(minutes)d minutes for its first code.", minutes=minutes)


def code_life() -> str:
    seconds = int(terms.CODE_PERIOD.total_seconds())
    return _("The app shows a new code every %(seconds)d seconds; each counts once.", seconds=seconds)


def asked_again() -> str:
    minutes = int(terms.REAUTHENTICATION_LIFE.total_seconds()) // 60
    return _(
        "Before something sensitive, such as a change on this page, we ask for the password again, or for a passkey, "
        "if that was more than %(minutes)d minutes ago.",
        minutes=minutes,
    )


def password_lengths() -> str:
    return _(
        "Beside a second factor the password may be shorter: %(short)d characters or more, instead of %(long)d.",
        short=terms.PASSWORD_MIN_SECOND_FACTOR,
        long=terms.PASSWORD_MIN,
    )


def lost_everything() -> str:
    """For whoever stands before the question: the same in short. The address to write to follows."""
    hours = int(terms.FACTOR_REMOVAL_WAIT.total_seconds()) // 3600
    return _(
        "Have you lost all of it? Write to us: %(hours)d hours later it is taken off, and you set a new password by "
        "mail. We tell you by mail at once, so that you can stop it if it was not you who wrote.",
        hours=hours,
    )


def removal_wait() -> str:
    """What happens to factors that were lost."""
    hours = int(terms.FACTOR_REMOVAL_WAIT.total_seconds()) // 3600
    return _(
        "No recovery code either? Write to us. We take your second factors off %(hours)d hours later, and tell you by "
        "mail at once, so that you can stop it if it was not you who asked. Signing in with one stops it too. After "
        "that you set a new password by mail.",
        hours=hours,
    )
