"""A row of the outbox becomes subject, text and HTML, in the language of the person."""

from datetime import date, datetime
from typing import Any

from flask import render_template
from sqlalchemy import Connection, select

from portal.jobs import order_facts
from portal.kit import texts
from portal.kit.links import links
from portal.kit.outbox import Message
from portal.parts import Parts

LINK_PATHS = {
    "reset_link": "reset-password",
    "invitation": "invitation",
    "trial_confirm": "request-trial",
    "email_confirm": "profile/email",
    "email_changed": "profile/email/undo",
    "email_restored": "reset-password",
    "new_device": "not-me",
    "taken_back": "reset-password",
    "factor_removal_asked": "lost-factor",
    "factor_removal_done": "reset-password",
    "staff_invitation": "staff/invitation",
}
INSTANTS = ("at", "expires_at", "due_at", "began_at")  # of a payload: written as ISO 8601
DAY = "_on"  # ends the name of what is a business day in a payload: written as ISO 8601 too


def is_useless(db: Connection, message: Message, *, at: datetime) -> bool:
    """Whether the mail would carry a link that opens nothing any more: expired, used, or replaced by a newer one."""
    if message.useless_after is not None and at >= message.useless_after:
        return True
    link_id = message.payload.get("link_id")
    if link_id is None:
        return False
    return db.execute(select(links.c.ended_at).where(links.c.id == link_id)).scalar_one() is not None


def render(db: Connection, parts: Parts, message: Message) -> tuple[str, str, str]:
    """(subject, plain text, HTML). The address of a link is made here, from the configured origin, and kept nowhere."""
    language = message.language if message.language in texts.LANGUAGES else texts.DEFAULT_LANGUAGE
    with texts.speaking(language):
        facts = _facts(db, parts, message)
        folder = f"mail/{message.name}"
        subject = " ".join(render_template(f"{folder}/subject.txt", **facts).split())
        text = render_template(f"{folder}/body.txt", **facts).strip() + "\n"
        return subject, text, render_template(f"{folder}/body.html", subject=subject, **facts)


def _facts(db: Connection, parts: Parts, message: Message) -> dict[str, Any]:
    """What the three texts may use: the payload, with instants in words and every text on one line."""
    settings, zone = parts.settings, parts.settings.timezone
    facts: dict[str, Any] = {name: _one_line(value) for name, value in message.payload.items()}
    facts |= {"origin": settings.public_url, "brand": settings.brand, "support_email": settings.support_email}
    facts |= {"zone": zone.key, "asked_at": texts.moment(message.created_at, zone)}
    for name in INSTANTS:
        if name in facts:
            facts[name] = texts.moment(datetime.fromisoformat(facts[name]), zone)
    for name in [name for name in facts if name.endswith(DAY)]:
        facts[name] = _weekday(date.fromisoformat(facts[name]))
    if "order_id" in facts:
        facts |= order_facts.of(parts, message)
    if "link_id" in facts:
        token = parts.links.token(db, facts.pop("link_id"))
        facts["link"] = f"{settings.public_url}/{LINK_PATHS[message.name]}/{token}"
        facts["not_asked_link"] = f"{settings.public_url}/reset-password/not-asked/{token}"
    return facts


def _weekday(value: date) -> str:
    """Sunday 22 November 2026: as on the pages."""
    return f"{texts.weekday(value)} {value.year}"


def _one_line(value: Any) -> Any:
    """A reason or a name with line breaks could otherwise add a paragraph of its own to the plain text."""
    return " ".join(value.split()) if isinstance(value, str) else value
