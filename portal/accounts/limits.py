"""The throttles of sign-in and recovery: which key is counted by which rule.

Who is refused has a line in the log, with the kind of the limit and not with the key, which holds names and addresses.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from portal.accounts.tables import administrators, known_devices
from portal.kit import throttle
from portal.rules import throttle as rules
from portal.rules.throttle import Record, Window

log = logging.getLogger("portal")
NOTHING = Record()
_DEVICES = (
    select(known_devices.c.id)
    .select_from(known_devices.join(administrators))
    .where(administrators.c.username == bindparam("username"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that was counted and may be evaluated.

    moment: under which it is counted in its window. failures: how many came before it since the last right password
    that was counted by the same keys. of_device: for a known device, and no stranger. alarming, last: what it is, if it
    fails, by `rules.alarming` and `Record.must_reset`.
    """

    window_key: str
    steps_key: str
    moment: datetime
    failures: int
    of_device: bool
    alarming: bool
    last: bool


def claim_sign_in(db: Connection, name: str, network: str, device_id: int | None, *, at: datetime) -> Claim | None:
    """Count an attempt before it is evaluated; None if it may not be evaluated.

    Known and unknown names are counted alike, so the same rows are written for both. So are known devices
    (`devices.HELD`) and strangers, only that a device is its own network and its own name.
    """
    stranger = (_network_key(network), _name_key(name))
    window_key, steps_key = stranger if device_id is None else _device_keys(name, device_id)

    def step(window: Record, steps: Record) -> tuple[Claim | str, tuple[Record, Record]]:
        """Both count the attempt, or neither: what is refused without being evaluated is no failure of the other."""
        allowed, in_window = rules.window_attempt(window, at, *rules.NETWORK_SIGN_INS)
        if not allowed:
            return window_key, (window, steps)
        allowed, counted = rules.sign_in_attempt(steps, at)
        if not allowed:
            return steps_key, (window, steps)
        found = {"of_device": device_id is not None, "alarming": rules.alarming(counted), "last": counted.must_reset}
        return Claim(window_key, steps_key, in_window.moments[-1], counted.in_a_row - 1, **found), (in_window, counted)

    found = _step_both(db, window_key, steps_key, step, at)
    if isinstance(found, Claim):
        return found
    _log_refusal(found)
    return None


def forgive_sign_in(db: Connection, claim: Claim, *, at: datetime) -> None:
    """The attempt was right: no failure of what it was counted for, whose others are forgotten with it.

    From a known device that is the device alone: what strangers have failed at goes on counting.
    """

    def step(window: Record, _steps: Record) -> tuple[None, tuple[Record, Record]]:
        return None, (rules.give_back(window, claim.moment), NOTHING)

    _step_both(db, claim.window_key, claim.steps_key, step, at)


def clear_sign_in(db: Connection, name: str) -> None:
    """A reset lifts every wait, those of the known devices too."""
    throttle.clear(db, _name_key(name))
    throttle.clear(db, _factor_key(name))
    for device_id in db.execute(_DEVICES, {"username": name}).scalars().all():
        clear_device(db, name, device_id)


def clear_device(db: Connection, name: str, device_id: int) -> None:
    """What was counted for this device is forgotten with it: the next one to get its number starts from nothing."""
    for key in _device_keys(name, device_id):
        throttle.clear(db, key)


def claim_factor(db: Connection, name: str, *, at: datetime) -> bool:
    """Count a code before it is looked at: whether it may be. The same steps and waits as for the password."""
    allowed = _step(db, _factor_key(name), lambda record: rules.sign_in_attempt(record, at), at)
    if not allowed:
        _log_refusal(_factor_key(name))
    return allowed


def forgive_factor(db: Connection, name: str) -> None:
    """The code was right."""
    throttle.clear(db, _factor_key(name))


def factor_waits(db: Connection, name: str, *, at: datetime) -> bool:
    """Whether so many wrong codes were typed that the next one has to wait."""
    return _step(db, _factor_key(name), lambda record: (rules.is_waiting(record, at) or record.must_reset, record), at)


def claim_alarm(db: Connection, kind: str, name: str, *, at: datetime) -> bool:
    """Whether this person may be told of guesses of this kind: at most once a day."""
    return _claim_window(db, f"alarm:{kind}:{name}", rules.ALARMS, at) is not None


def claim_passkey(db: Connection, network: str, *, at: datetime) -> bool:
    """Whether this network may still begin to come in by a passkey alone."""
    return _claim_window(db, f"passkey-network:{network}", rules.PASSKEY_REQUESTS, at) is not None


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

    moment = _step(db, key, step, at)
    if moment is None:
        _log_refusal(key)
    return moment


def _log_refusal(key: str) -> None:
    log.warning("limit reached", extra={"limit": key.partition(":")[0]})


def _step(
    db: Connection, key: str, step: Callable[[Record], tuple[throttle.Verdict, Record]], at: datetime
) -> throttle.Verdict:
    def on_text(state: str | None) -> tuple[throttle.Verdict, str | None]:
        verdict, after = step(_record(state))
        return verdict, _text(after)

    return throttle.claim(db, key, on_text, at=at)


def _step_both(
    db: Connection,
    window_key: str,
    steps_key: str,
    step: Callable[[Record, Record], tuple[throttle.Verdict, tuple[Record, Record]]],
    at: datetime,
) -> throttle.Verdict:
    """The network first, everywhere: in the other order two attempts could wait for each other."""

    def on_texts(states: Sequence[str | None]) -> tuple[throttle.Verdict, Sequence[str | None]]:
        verdict, after = step(*map(_record, states))
        return verdict, [_text(record) for record in after]

    return throttle.claim_all(db, (window_key, steps_key), on_texts, at=at)


def _record(state: str | None) -> Record:
    return rules.from_json(state) if state else NOTHING


def _text(record: Record) -> str | None:
    """A record that says nothing is not kept."""
    return None if record == NOTHING else rules.to_json(record)


def _name_key(name: str) -> str:
    return f"sign-in:{name}"


def _factor_key(name: str) -> str:
    return f"second-factor:{name}"


def _network_key(network: str) -> str:
    return f"sign-in-network:{network}"


def _device_keys(name: str, device_id: int) -> tuple[str, str]:
    """In place of the network's and the name's. With the name, because numbers of rows come back."""
    return f"sign-in-device-network:{device_id}:{name}", f"sign-in-device:{device_id}:{name}"
