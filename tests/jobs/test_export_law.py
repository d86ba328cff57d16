"""The law of the export: each table with a customer in it, and each of its columns, is told or left out with reason."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from portal.jobs.export_parts import PARTS
from tests.helpers.customer_tables import every_table, tables_of_customers

TABLES = every_table()
CUSTOMERS = tables_of_customers(TABLES)
NOBODYS = {
    "event_chain": "the end of the chain of all events",
    "invoice_numbers": "the last number of each year",
    "limits": "counters of attempts under hashed keys, which nobody can read back",
    "nights": "which work was done in which night",
    "staff_members": "our own people",
    "staff_sessions": "our own people's",
}
NOT_TOLD = {
    "approvals": "what our staff asked of each other; what was done then stands in the activity",
    "drafts": "half-filled forms: on the page again for whoever typed them, and gone a day later",
    "links": "what opens something, and digests of it; that a link was sent stands in the activity and among the mails",
    "purges": "whoever is deleted is exported no more; of a deletion that was stopped the activity tells",
    "searched_names": "the names of the platform and of its invoices, in pieces by which our staff find them",
    "resumptions": "requests that wait for a password, for some minutes; they may hold what is not to be repeated",
}
SECRET = "secret, or proof of one"
OURS = "how the portal works inside"
DERIVED = "follows from what is told"
STAFF = "who of our staff, and what they wrote for each other"
LEFT_OUT = {
    "administrators.email_folded": DERIVED,
    "administrators.password_hash": SECRET,
    "administrators.short_password": SECRET,
    "administrators.must_reset": OURS,
    "authenticator_apps.secret": SECRET,
    "authenticator_apps.last_step": SECRET,
    "blocks.set_by": STAFF,
    "blocks.note": STAFF,
    "contacts.email_folded": DERIVED,
    "email_changes.new_email_folded": DERIVED,
    "events.sequence": OURS,
    "events.seal": OURS,
    "events.salt": OURS,
    "events.digest": OURS,
    "exports.progress": OURS,
    "exports.file": OURS,
    "exports.attempts": OURS,
    "exports.claimed_until": OURS,
    "factor_removals.asked_by": STAFF,
    "factor_removals.reason": STAFF,
    "grace_extensions.given_by": STAFF,
    "invoices.number_folded": DERIVED,
    "known_devices.token_hash": SECRET,
    "orders.client_key": OURS,
    "outbox.topic": OURS,
    "outbox.payload": "what a mail is made of, links too; forgotten once it has left",
    "outbox.deduplication_key": OURS,
    "outbox.due_at": OURS,
    "outbox.useless_after": OURS,
    "outbox.attempts": OURS,
    "outbox.claimed_until": OURS,
    "outbox.error": OURS,
    "passkeys.credential_id": SECRET,
    "passkeys.user_handle": SECRET,
    "passkeys.public_key": SECRET,
    "passkeys.sign_count": OURS,
    "payments.address": "a page of the provider where somebody could still pay",
    "recovery_codes.code_hash": SECRET,
    "sessions.token_hash": SECRET,
    "staff_tasks.closed_by": STAFF,
    "staff_tasks.note": STAFF,
    "trial_requests.email_folded": DERIVED,
}
THE_PLATFORM = "platform_id"  # of which the whole export is
REMEDY = "tell it in portal/jobs/export_parts.py, or say in this file why it is left out"


def test_every_table_with_a_customer_in_it_is_told_or_left_out_for_a_reason() -> None:
    told = {part.table.name for part in PARTS}
    assert set(CUSTOMERS) - told == set(NOT_TOLD), REMEDY
    assert told <= set(CUSTOMERS)


def test_every_other_table_is_nobodys() -> None:
    assert set(TABLES.tables) - set(CUSTOMERS) == set(NOBODYS), "is there really no customer in it? Say so here"


def test_every_column_is_told_or_left_out_for_a_reason() -> None:
    columns = {f"{part.table.name}.{column.name}" for part in PARTS for column in part.table.c}
    told = {f"{part.table.name}.{name}" for part in PARTS for field in part.fields for name in field.columns}
    assert told <= columns, "a field names a column that its table has not"
    assert not told & set(LEFT_OUT), "it cannot be told and left out"
    rest = {column for column in columns - told if not column.endswith(f".{THE_PLATFORM}")}
    assert rest == set(LEFT_OUT), REMEDY


def test_no_two_parts_or_fields_have_one_name() -> None:
    names = [part.name for part in PARTS]
    assert len(names) == len(set(names))
    for part in PARTS:
        fields = [field.name for field in part.fields]
        assert len(fields) == len(set(fields)), part.name


def test_the_walk_finds_what_leads_to_a_platform_and_nothing_else() -> None:
    found = MetaData()
    Table("platforms", found, Column("id", Integer, primary_key=True))
    Table("orders", found, Column("id", Integer, primary_key=True), Column("of", ForeignKey("platforms.id")))
    Table("payments", found, Column("id", Integer, primary_key=True), Column("order_id", ForeignKey("orders.id")))
    Table("notes", found, Column("id", Integer, primary_key=True), Column("subject_id", Integer))
    Table("clocks", found, Column("id", Integer, primary_key=True))
    assert tables_of_customers(found) == {
        "platforms": "id", "orders": "of", "payments": "order_id", "notes": "subject_id"
    }  # fmt: skip
