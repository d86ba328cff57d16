"""What the billing writes into the activity list."""

from enum import StrEnum


class Event(StrEnum):
    BILLING_DATA_CHANGED = "billing.data_changed"  # details: the names of the fields, never what stands in them
    PAYMENT_METHOD_CHANGED = "billing.payment_method_changed"
    ORDER_PLACED = "billing.order_placed"
    ORDER_CANCELLED = "billing.order_cancelled"
    ORDER_DELIVERED = "billing.order_delivered"
    PAYMENT_RECEIVED = "billing.payment_received"
    PAYMENT_FAILED = "billing.payment_failed"
    STAFF_ASKED = "billing.staff_asked"
    CREDIT_NOTE_ISSUED = "billing.credit_note_issued"
