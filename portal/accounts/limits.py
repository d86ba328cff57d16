"""The throttles of sign-in and recovery: which key is counted by which rule."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from portal.kit import throttle
from portal.rules import throttle as rules
from portal.rules.throttle import Record, Window


def claim_sign_in(db: Connection, name: str, network: str, *, at: datetime) -> datetime | None:
    """Count an attempt before it is evaluated: the moment it is counted under, or None if it may not be evaluated.

    Known and unknown names are counted alike, so the same rows are written for both.
    """
    moment = _claim_window(db, _network_key(network), rules.NETWORK_SIGN_INS, at)
    if moment is None:
        return None
    if _step(db, _name_key(name), lambda record: rules.sign_in_attempt(record, at), at):
        return moment
    _give_back(db, network, moment, at)  # it was refused without being evaluated: no failure of the network
    return None


def forgive_sign_in(db: Connection, name: str, network: str, moment: datetime, *, at: datetime) -> None:
    """The attempt counted under `moment` was right: no failure of the name, nor of the network.

    The network first, as when it was counted: in the other order two attempts could wait for each other.
    """
    _give_back(db, network, moment, at)
    throttle.clear(db, _name_key(name))


def clear_sign_in(db: Connection, name: str) -> None:
    """A reset lifts every wait."""
    throttle.clear(db, _name_key(name))
    throttle.clear(db, _factor_key(name))


def claim_factor(db: Connection, name: str, *, at: datetime) -> bool:
    """Count a code before it is looked at: whether it may be. The same steps and waits as for the password."""
    return _step(db, _factor_key(name), lambda record: rules.sign_in_attempt(record, at), at)


def forgive_factor(db: Connection, name: str) -> None:
    """The code was right."""
    throttle.clear(db, _factor_key(name))


def claim_recovery(db: Connection, network: str, *, at: datetime) -> bool:
    """Whether this network may still ask for a recovery mail."""
    return _claim_window(db, f"recovery-network:{network}", rules.RECOVERY_REQUESTS, at) is not None


def claim_recovery_mail(db: Connection, account: str, *, at: datetime) -> bool:
    """Whether this account (a user name, or an address) may still get a recovery mail."""
    return _claim_window(db, f"recovery-mail:{account}", rules.RECOVERY_MAILS, at) is not None


def claim_invitation(db: Connection, platform_id: int, email_folded: str, *, at: datetime) -> bool:
    """Whether this address may still get an invitation to this platform: as often as a recovery mail, and no more.

    So nobody's mailbox is filled by inviting and disabling in turns.
    """
    return _claim_window(db, f"invitation:{platform_id}:{email_folded}", rules.RECOVERY_MAILS, at) is not None


def claim_email_change(db: Connection, name: str, *, at: datetime) -> bool:
    """Whether this account may have another new address written to: as often as it gets recovery mails."""
    return _claim_window(db, f"email-change:{name}", rules.RECOVERY_MAILS, at) is not None


def claim_trial(db: Connection, network: str, *, at: datetime) -> bool:
    """Whether this network may still ask for a trial."""
    return _claim_window(db, f"trial-network:{network}", rules.TRIAL_REQUESTS, at) is not None


def claim_trial_mail(db: Connection, email_folded: str, *, at: datetime) -> bool:
    """Whether this address may still get a mail about a trial. Of two at once one waits for the other's commit."""
    return _claim_window(db, f"trial-mail:{email_folded}", rules.TRIAL_MAILS, at) is not None


def _claim_window(db: Connection, key: str, window: Window, at: datetime) -> datetime | None:
    def step(record: Record) -> tuple[datetime | None, Record]:
        allowed, after = rules.window_attempt(record, at, *window)
        return (after.moments[-1] if allowed else None), after

    return _step(db, key, step, at)


def _give_back(db: Connection, network: str, moment: datetime, at: datetime) -> None:
    _step(db, _network_key(network), lambda record: (None, rules.give_back(record, moment)), at)


def _step(
    db: Connection, key: str, step: Callable[[Record], tuple[throttle.Verdict, Record]], at: datetime
) -> throttle.Verdict:
    def on_text(state: str | None) -> tuple[throttle.Verdict, str]:
        verdict, after = step(rules.from_json(state) if state else Record())
        return verdict, rules.to_json(after)

    return throttle.claim(db, key, on_text, at=at)


def _name_key(name: str) -> str:
    return f"sign-in:{name}"


def _factor_key(name: str) -> str:
    return f"second-factor:{name}"


def _network_key(network: str) -> str:
    return f"sign-in-network:{network}"
