"""What the worker can do: a function for each task and each errand that may wait in the outbox, by the name of its row.

A row whose name stands here no more was left by another version: it fails, is put off, and stays visible.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts.alarms import TROUBLE_TASK
from portal.accounts.recovery import RESET_TASK, USER_NAMES_TASK
from portal.billing.invoices import PDF_ERRAND
from portal.billing.orders import CLOSE_ERRAND, FOLLOW_ERRAND
from portal.jobs import alarms, demo_events, export, invoice_pdf, payments, recovery, sign_ins, switches, trials
from portal.outside.demo_payments import EVENT_ERRAND
from portal.parts import Parts
from portal.subscription.actions import SIGN_IN_TASK
from portal.subscription.exports import EXPORT_ERRAND
from portal.subscription.switches import SWITCH_ERRAND
from portal.subscription.trials import TRIAL_TASK

Task = Callable[[Connection, Parts, dict[str, Any], datetime], None]
TASKS: dict[str, Task] = {
    USER_NAMES_TASK: recovery.answer_user_names,
    RESET_TASK: recovery.answer_reset,
    TROUBLE_TASK: alarms.tell_sign_in_trouble,
    TRIAL_TASK: trials.answer,
    SIGN_IN_TASK: sign_ins.note,
    payments.REPORT_TASK: payments.apply_report,
}
Errand = Callable[[Parts, dict[str, Any], datetime], None]
ERRANDS: dict[str, Errand] = {
    EVENT_ERRAND: demo_events.deliver,
    FOLLOW_ERRAND: payments.follow,
    CLOSE_ERRAND: payments.close,
    PDF_ERRAND: invoice_pdf.make,
    SWITCH_ERRAND: switches.tell,
    EXPORT_ERRAND: export.make,
}  # each opens its own transactions, and none while it talks to another system
