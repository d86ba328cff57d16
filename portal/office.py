"""What the commands do: the same actions as the pages, called by the operator's own people."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from portal import seats, standing
from portal.accounts import passwords, queries
from portal.accounts.administrators import HasFirst, Newcomer, Taken
from portal.accounts.queries import Administrator
from portal.desk import graces, platforms
from portal.desk.platforms import Hand, Result
from portal.kit import mail_addresses
from portal.parts import Parts
from portal.rules import lifecycle, names
from portal.rules.access import Block
from portal.rules.dates import business_date
from portal.rules.lifecycle import ExtensionRefusal
from portal.rules.names import BadName, UserName
from portal.rules.passwords import Accepted
from portal.seats import NoFreeSeat
from portal.subscription import actions as subscription
from portal.subscription import queries as subscription_queries
from portal.subscription import switches
from portal.subscription.actions import NewPlatform

BY = "command line"
_NOT_DONE = {
    Result.BLOCKED_ALREADY: "is blocked for {code} already",
    Result.NOT_BLOCKED: "is not blocked for {code}",
    Result.NO_REQUEST: "is unlocked only with --request, where the customer asks for it in writing",
    Result.HELD_ALREADY: "is held already",
    Result.NOT_HELD: "is not held",
    Result.DELETED: "is deleted",
}
_NOT_LONGER = {
    ExtensionRefusal.NOT_EXPIRED: "has no subscription that has expired: an exception is never made in advance",
    ExtensionRefusal.DELETED: "is deleted",
    ExtensionRefusal.NOT_LONGER: "can be renewed for so long already",
    ExtensionRefusal.TOO_LONG: "can be kept renewable until {longest} at most",
    ExtensionRefusal.PAST: "cannot be renewed on a day that is over",
}
LONGEST = {"edition": 32, "company": 200, "name": 120}  # characters that the tables hold


class Refused(Exception):
    """The command did nothing; the message says why."""


def create_platform(parts: Parts, platform_id: int, given: dict[str, Any], password: str | None) -> None:
    """A platform with its first term and administrator, in one transaction. Raises Refused."""
    channels = _channels(given)
    _require_edition(parts, given)
    new = NewPlatform(
        platform_id,
        given["edition"],
        email_channel="email" in channels,
        sms_channel="sms" in channels,
        term=given["term"],
        trial=given["trial"],
        company=given["company"],
        additional_seats=given["seats"],
    )
    newcomer = _first_newcomer(platform_id, given)
    password_hash = _hash(parts, newcomer, new.company, password)
    at = parts.clock.now()
    with parts.database.write() as db:
        if subscription.create(db, new, at=at):
            raise Refused(f"Platform {platform_id} exists already, or did.")
        if given["cancelled"]:
            subscription.cancel(db, platform_id, by=BY, at=at)
        _create_administrator(db, parts, newcomer, password_hash)
        switches.announce(db, platform_id, at=at)


def _channels(given: dict[str, Any]) -> set[str]:
    """What the platform sends; the rest of what was asked for has to go with it."""
    channels = {"sms"} if given["sms_only"] else {part.strip() for part in given["channels"].split(",")}
    if not channels <= {"email", "sms"} or not channels:
        raise Refused("--channels takes email, sms or both, separated by a comma.")
    if ("email" in channels) != (given["term"] is not None):
        raise Refused("--term goes with the e-mail channel, and only with it.")
    if given["term"] is None and (given["trial"] or given["cancelled"] or given["seats"]):
        raise Refused("--trial, --cancelled and --seats go with a --term: an SMS-only platform has none of them.")
    if given["trial"] and given["cancelled"]:
        raise Refused("A trial cannot be cancelled.")
    return channels


def _require_edition(parts: Parts, given: dict[str, Any]) -> None:
    """An edition that no price list knows could neither be renewed nor named to the customer."""
    today = business_date(parts.clock.now(), parts.settings.timezone)
    if given["term"] and parts.prices.find_edition(given["edition"], today) is None:
        known = ", ".join(edition.code for edition in parts.prices.on(today).editions)
        raise Refused(f"--edition {given['edition']!r} stands on no price list; today's has {known}.")


def _first_newcomer(platform_id: int, given: dict[str, Any]) -> Newcomer:
    name = names.new_user_name(given["username"] or names.first_user_name(platform_id).folded, platform_id)
    if isinstance(name, BadName) or name.suffix:
        raise Refused(f"--username {given['username']!r} is not m{platform_id}, the name of the first administrator.")
    return _newcomer(name, given)


def _newcomer(name: UserName, given: dict[str, Any]) -> Newcomer:
    for what, longest in LONGEST.items():
        if len(given.get(what, "")) > longest or not given.get(what, "").isprintable():
            raise Refused(f"--{what} is one line of at most {longest} characters.")
    return Newcomer(name, email_address(given["email"]), given["name"], given["language"])


def create_administrator(parts: Parts, given: dict[str, Any], password: str | None) -> None:
    """An administrator on the platform that the user name tells. Raises Refused.

    Administrators never exceed seats: the operator grants the one that is missing, unless told to stay within them.
    """
    name = user_name(given["username"])
    newcomer = _newcomer(name, given)
    with parts.database.read() as db:
        company = standing_of(db, parts, name.platform_id).platform.company
    password_hash = _hash(parts, newcomer, company, password)
    with parts.database.write() as db:
        subscription_queries.lock_platform(db, name.platform_id)
        place = standing_of(db, parts, name.platform_id)
        if seats.free(db, place) == 0:
            paid = standing.seats(db, place).paid
            _grant_seat(db, parts, place, f"{paid} seats and all are taken", allowed=not given["within_seats"])
        _create_administrator(db, parts, newcomer, password_hash)


def _grant_seat(db: Connection, parts: Parts, place: standing.Standing, fact: str, *, allowed: bool) -> None:
    number, expires_on = place.platform.id, place.expires_on
    if not allowed:
        raise Refused(f"Platform {number} has {fact}.")
    if expires_on is None:
        raise Refused(f"Platform {number} has {fact}, and no term through which another could be granted.")
    at = parts.clock.now()
    subscription.grant_seat(db, number, expires_on=expires_on, today=place.today, by=BY, at=at)


def _create_administrator(db: Connection, parts: Parts, newcomer: Newcomer, password_hash: str | None) -> None:
    at, zone = parts.clock.now(), parts.settings.timezone
    found = seats.create(db, parts.links, newcomer, zone, by=BY, at=at, password_hash=password_hash)
    match found:
        case NoFreeSeat():
            raise Refused(f"Platform {newcomer.name.platform_id} has no free seat.")
        case Taken():
            raise Refused(f"The user name {newcomer.name.folded} exists already, or did.")
        case HasFirst():
            number = newcomer.name.platform_id
            raise Refused(f"Platform {number} has its first administrator: write m{number}-anna for another one.")


def _hash(parts: Parts, newcomer: Newcomer, company: str, password: str | None) -> str | None:
    """Computed while no transaction holds the database; None where an invitation asks for the password."""
    if password is None:
        return None
    brand = parts.settings.brand
    person = Administrator(
        0, newcomer.name.platform_id, newcomer.name.folded, "", newcomer.email, "", "", False, False, None
    )
    found = passwords.judge(password, person, brand=brand, company=company)
    if not isinstance(found, Accepted):
        raise Refused(f"This password cannot be used: {found.reason}.")
    with parts.hasher.turn() as turn:
        return turn.hash(found.normalised)


def user_name(text: str) -> UserName:
    name = names.parse(text)
    if isinstance(name, BadName):
        raise Refused(f"{text!r} is not a user name: write m1234, or m1234-anna for an additional administrator.")
    return name


def email_address(text: str) -> str:
    """The address as it is stored. Raises Refused."""
    try:
        return mail_addresses.read(text)
    except ValueError as error:
        raise Refused(f"{text!r} is not an e-mail address: {error}") from None


def standing_of(db: Connection, parts: Parts, platform_id: int) -> standing.Standing:
    try:
        return standing.find(db, platform_id, at=parts.clock.now(), zone=parts.settings.timezone)
    except LookupError:
        raise Refused(f"There is no platform {platform_id}.") from None


def describe_platform(parts: Parts, platform_id: int) -> dict[str, Any]:
    """State, dates, seats, credits, blocks and people of a platform. Raises Refused."""
    with parts.database.read() as db:
        place = standing_of(db, parts, platform_id)
        held, found = standing.seats(db, place), standing.credits_of(db, place)
        change = place.next_change
        return {
            "platform": platform_id,
            "state": str(place.state),
            "edition": place.edition,
            "expires_on": place.expires_on,
            "renewable_until": place.renewable_until,
            "days_left": place.days_left,
            "next_change": f"{change.state} at {change.at.isoformat()}" if change else None,
            "seats": f"{held.taken} of {held.paid}",
            "credits": found.balance.spendable,
            "frozen_credits": found.balance.frozen,
            "blocks": [str(block.code) for block in place.blocks],
            "legal_hold": place.platform.legal_hold_since is not None,
            "administrators": [person.username for person in queries.administrators_of_platform(db, platform_id)],
        }


def block(parts: Parts, platform_id: int, code: str, note: str, reason: str = "") -> None:
    """Block a platform. Raises Refused."""
    found, hand = _block_code(code), _hand(parts, reason)
    with parts.database.write() as db:
        standing_of(db, parts, platform_id)
        _report(platform_id, platforms.block(db, platform_id, found, hand, note=note), code)


def unblock(parts: Parts, platform_id: int, code: str, reason: str = "", request: str = "") -> None:
    """Lift a block. Raises Refused."""
    found, hand = _block_code(code), _hand(parts, reason)
    with parts.database.write() as db:
        _report(platform_id, platforms.lift(db, platform_id, found, hand, request=_words(request)), code)


def hold(parts: Parts, platform_id: int, reason: str = "") -> None:
    """Put a legal hold. Raises Refused."""
    with parts.database.write() as db:
        standing_of(db, parts, platform_id)
        _report(platform_id, platforms.hold(db, platform_id, _hand(parts, reason)))


def release(parts: Parts, platform_id: int, reason: str = "") -> None:
    """Take the legal hold off. Raises Refused."""
    with parts.database.write() as db:
        standing_of(db, parts, platform_id)
        _report(platform_id, platforms.release(db, platform_id, _hand(parts, reason)))


def extend(parts: Parts, platform_id: int, until: date, reason: str) -> None:
    """Make the grace of a platform last through that day. Raises Refused."""
    hand, zone = Hand(BY, parts.clock.now(), why(reason)), parts.settings.timezone
    with parts.database.write() as db:
        expires_on = standing_of(db, parts, platform_id).expires_on
        refusal = graces.extend(db, platform_id, until, hand, zone=zone)
        if refusal:
            longest = lifecycle.longest_grace(expires_on) if expires_on else None
            raise Refused(f"Platform {platform_id} {_NOT_LONGER[refusal].format(longest=longest)}.")


def _hand(parts: Parts, reason: str) -> Hand:
    return Hand(BY, parts.clock.now(), _words(reason))


def why(text: str) -> str:
    """The reason, on one line. Raises Refused where there is none."""
    reason = " ".join(text.split())
    if not reason:
        raise Refused("--reason is empty: write why, or the ticket's number.")
    return reason


def _words(text: str) -> str:
    return " ".join(text.split())


def _report(platform_id: int, result: Result, code: str = "") -> None:
    if result is not Result.DONE:
        raise Refused(f"Platform {platform_id} {_NOT_DONE[result].format(code=code)}.")


def tell_service(parts: Parts, platform_id: int) -> None:
    """Have the sending service told how the platform stands, once what kept it from hearing is mended. Raises Refused.

    Telling it makes up for what failed before: a whole platform is told each time.
    """
    if parts.service is None:
        raise Refused("No sending service is configured: set PORTAL_SERVICE_URL, or let it ask the portal.")
    with parts.database.write() as db:
        standing_of(db, parts, platform_id)
        switches.announce(db, platform_id, at=parts.clock.now())


def _block_code(code: str) -> Block:
    try:
        return Block(code)
    except ValueError:
        raise Refused(f"{code!r} is no reason: use one of {', '.join(Block)}.") from None
