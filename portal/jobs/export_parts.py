"""The one list of what an export holds. Secrets, and what proves them, are in no field.

`tests/jobs/test_export_law.py` holds it to this: each table with a customer in it, and each of its columns, is told
here or left out for a reason that stands there.

Where RULES.md is silent: the first administrator gets all of it; an additional one gets what the pages show to her. Of
what is personal (sessions, devices, second factors, addresses, mails, from where somebody signed in) that is her own.
"""

from typing import Any

from sqlalchemy import Table

from portal.accounts import tables as people
from portal.billing import tables as billing
from portal.credits import tables as credit_tables
from portal.jobs import export_rows as rows
from portal.jobs import export_words as words
from portal.jobs.export_fields import Field, Part, amounts, made, part, person, plain
from portal.kit.audit import events
from portal.kit.outbox import outbox
from portal.kit.texts import lazy_gettext as _l
from portal.staff.tables import view_permissions
from portal.subscription import tables as subscription
from portal.support.tables import contacts


def _of_platform(name: str, tells: Any, table: Table, *fields: Field) -> Part:
    return part(name, tells, table, rows.of_platform(table), *fields)


def _of_people(name: str, tells: Any, table: Table, *fields: Field) -> Part:
    return part(name, tells, table, rows.of_people(table), person(), *fields)


PARTS: tuple[Part, ...] = (
    part(
        "platform",
        _l("The platform itself."),
        subscription.platforms,
        rows.the_platform,
        *plain("id", "company", "email_channel", "sms_channel", "trial", "next_edition", "created_at"),
        *plain("cancelled_at", "deleted_at", "legal_hold_since", "last_sign_in_on", "second_factor_since"),
    ),
    _of_platform(
        "terms",
        _l("What was paid for, or granted: first and last day of each term, with its edition."),
        subscription.terms,
        *plain("id", "starts_on", "ends_on", "anchor_on", "edition", "trial", "order_id"),
    ),
    _of_platform(
        "longer_graces",
        _l("Exceptions by which a subscription that had expired could be renewed for longer."),
        subscription.grace_extensions,
        *plain("id", "expires_on", "last_day", "reason", "given_at"),
    ),
    _of_platform(
        "seats",
        _l("The seats for additional administrators, with their days."),
        subscription.seat_grants,
        *plain("id", "quantity", "starts_on", "ends_on", "order_id"),
    ),
    _of_platform(
        "seat_reductions",
        _l("Who was to go when a term began with fewer seats."),
        subscription.seat_reductions,
        *plain("id", "due_on", "picked", "done_at"),
    ),
    _of_platform(
        "blocks",
        _l("The blocks of the platform, with the words that the page had for them."),
        subscription.blocks,
        *plain("id", "code"),
        *(made(name, words.block(name), "code") for name in ("title", "steps", "department")),
        *plain("since", "lifted_at"),
    ),
    part(
        "trial_request",
        _l("The request with which the trial began."),
        subscription.trial_requests,
        rows.its_trial_requests,
        *plain("id", "full_name", "company", "email", "language", "requested_at", "confirmed_at"),
    ),
    _of_platform(
        "administrators",
        _l("The administrators, those who can no longer sign in too."),
        people.administrators,
        *plain("id", "username", "role", "full_name"),
        made("email", rows.address, "email"),
        *plain("language", "created_at", "disabled_at"),
    ),
    _of_people(
        "email_changes",
        _l("Changes of e-mail addresses: asked for, confirmed, taken back."),
        people.email_changes,
        *plain("id", "old_email", "new_email", "asked_at", "confirmed_at", "undone_at"),
    ),
    _of_people(
        "authenticator_apps",
        _l("Authenticator apps, without their secrets."),
        people.authenticator_apps,
        *plain("begun_at", "confirmed_at", "last_used_at"),
    ),
    _of_people(
        "passkeys",
        _l("Passkeys, without their keys."),
        people.passkeys,
        *plain("id", "name", "transports", "added_at", "last_used_at"),
    ),
    _of_people(
        "recovery_codes",
        _l("Recovery codes: when they were made and used, without the codes."),
        people.recovery_codes,
        *plain("id", "made_at", "used_at"),
    ),
    _of_people(
        "factor_removals",
        _l("Requests to take lost second factors off."),
        people.factor_removals,
        *plain("id", "asked_at", "due_at", "stopped_at", "done_at"),
    ),
    _of_people(
        "sessions",
        _l("Every session: device, network, when it began and how it ended."),
        people.sessions,
        *plain("id", "device", "network", "started_at", "factor", "proven_at", "last_active_at"),
        *plain("ended_at", "ended_because"),
    ),
    _of_people(
        "devices",
        _l("The browsers from which somebody has signed in."),
        people.known_devices,
        *plain("id", "device", "first_seen_at", "last_seen_at"),
    ),
    _of_platform(
        "orders",
        _l("The orders, with what was chosen, its price, and whom the invoice was for."),
        billing.orders,
        *plain("id"),
        person("placed_by"),
        *plain("kind"),
        made("state", words.order_state, "state", "open_until"),
        made("offer", words.offer, "offer"),
        *plain("choices", "billing"),
        *amounts("total"),
        *plain("paid_for", "way", "placed_at", "open_until", "paid_at", "delivered_at", "cancelled_at"),
    ),
    part(
        "payments",
        _l("Every attempt to pay an order, and what arrived."),
        billing.payments,
        rows.its_payments,
        *plain("id", "order_id", "way", "reference", "state"),
        *amounts("amount"),
        *plain("begun_at", "ended_at", "value_date"),
    ),
    part(
        "payments_looked_at",
        _l("Sums at which our staff had to look, to give them back or to find their order."),
        billing.staff_tasks,
        rows.its_staff_tasks,
        *plain("id", "kind", "order_id", "payment_id"),
        *amounts("amount"),
        *plain("opened_at", "closed_at"),
    ),
    part(
        "invoices",
        _l("The invoices and credit notes, as they were issued."),
        billing.invoices,
        rows.its_invoices,
        *plain("id", "number", "series", "year", "sequence"),
        made("corrects", lambda row, _about: row.corrected, "refers_to"),
        made("order_id", rows.order_of_invoice, "order_id"),
        *plain("issued_on", "issued_at", "language"),
        made("offer", words.offer, "offer"),
        *plain("billing", "seller"),
        *amounts("net", "tax", "total"),
        *plain("note", "pdf_made_at"),
    ),
    _of_platform(
        "billing_data",
        _l("Whom the next invoices are for."),
        billing.billing_profiles,
        *plain("name", "street", "postcode", "city", "province", "country", "vat_number", "tax_code"),
        *plain("recipient_code", "certified_mail", "email", "phone", "updated_at"),
    ),
    _of_platform(
        "payment_method",
        _l("The preferred way to pay."),
        billing.payment_methods,
        *plain("way", "iban", "holder", "updated_at"),
    ),
    _of_platform(
        "contacts",
        _l("The contacts of the platform."),
        contacts,
        *plain("id", "kind", "full_name", "email", "phone", "created_at"),
    ),
    part(
        "credit_lots",
        _l("The SMS credits that were bought, and how many are left of each purchase."),
        credit_tables.lots,
        rows.its_lots,
        *plain("id", "bought_on", "kept_until", "order_id"),
        made("remaining", lambda row, _about: int(row.remaining)),
    ),
    part(
        "credit_movements",
        _l("Every movement of SMS credits, by purchase."),
        credit_tables.movements,
        rows.its_movements,
        *plain("id", "lot_id", "number", "kind", "amount", "remaining", "at"),
        made("spending", rows.spending, "idempotency_key"),
    ),
    _of_platform(
        "view_permissions",
        _l("Who allowed our staff to look at the pages, and for how long."),
        view_permissions,
        *plain("id"),
        person("granted_by"),
        *plain("granted_at", "expires_at", "ended_at"),
    ),
    part(
        "activity",
        _l("Everything that was done on the platform, by our staff too, in sentences."),
        events,
        rows.its_events,
        *plain("id", "at"),
        made("what", words.event("what"), "tag", "details", "administrator_id"),
        made("kind", words.event("kind"), "tag"),
        made("who", words.event("who"), "details", "administrator_id"),
        made("staff", words.by_staff, "details"),
        *plain("tag"),
        made("network", rows.network, "network"),
    ),
    part(
        "mails",
        _l("The mails that we know to have sent about the platform: which one, to whom, when, and how that went."),
        outbox,
        rows.its_mails,
        *plain("id", "name", "recipient", "language", "created_at", "done_at", "outcome"),
    ),
    _of_platform(
        "notices",
        _l("The reminders that were sent, or passed over for a newer one."),
        subscription.notices,
        *plain("id", "key", "written_at"),
    ),
    _of_platform(
        "exports",
        _l("The exports that were asked for before, and this one."),
        subscription.exports,
        *plain("id"),
        person("asked_by"),
        *plain("asked_at", "ready_at", "failed_at", "expires_at", "size", "sha256"),
    ),
)
