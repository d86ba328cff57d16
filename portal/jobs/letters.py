"""A row of the outbox becomes subject, text and HTML, in the language of the person."""

from datetime import datetime
from typing import Any

from flask import render_template
from flask_babel import force_locale
from sqlalchemy import Connection

from portal.kit import texts
from portal.kit.outbox import Message
from portal.parts import Parts

LINK_PATHS = {"reset_link": "reset-password", "invitation": "invitation"}
INSTANTS = ("at", "expires_at")  # of a payload: written as ISO 8601


def render(db: Connection, parts: Parts, message: Message) -> tuple[str, str, str]:
    """(subject, plain text, HTML). The address of a link is made here, from the configured origin, and kept nowhere."""
    facts = _facts(db, parts, message)
    with force_locale(message.language or texts.DEFAULT_LANGUAGE):
        folder = f"mail/{message.name}"
        subject = " ".join(render_template(f"{folder}/subject.txt", **facts).split())
        text = render_template(f"{folder}/body.txt", **facts).strip() + "\n"
        return subject, text, render_template(f"{folder}/body.html", **facts)


def _facts(db: Connection, parts: Parts, message: Message) -> dict[str, Any]:
    origin = parts.settings.public_url
    facts: dict[str, Any] = dict(message.payload) | {"origin": origin}
    for name in INSTANTS:
        if name in facts:
            facts[name] = datetime.fromisoformat(facts[name])
    if "link_id" in facts:
        token = parts.links.token(db, facts.pop("link_id"))
        facts["link"] = f"{origin}/{LINK_PATHS[message.name]}/{token}"
        facts["not_asked_link"] = f"{origin}/reset-password/not-asked/{token}"
    return facts
