"""Until when the money of a bank transfer has to arrive for an order: told before somebody goes to the bank.

Source: RULES.md, Life of a platform ("Money arriving late"). The judgement itself, when the money is there, is that of
`verdicts`: these are the days through which it says yes, as things stand.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from portal.billing.queries import Order
from portal.kit.calendars import is_bank_day
from portal.rules import settlement
from portal.rules.dates import business_date
from portal.rules.lifecycle import grace_last_day
from portal.rules.orders import INSTANT, Kind

READ_WITHIN = timedelta(days=7)  # what arrives is confirmed by then, holidays included


@dataclass(frozen=True, slots=True)
class Deadline:
    """value_on: the last value date that counts. confirmed_on: the last business day on which staff may confirm it;
    None where that day is so far off that nobody has to think of it.
    """

    value_on: date
    confirmed_on: date | None


def deadline(order: Order, zone: ZoneInfo) -> Deadline:
    """For an order that waits for a transfer.

    A term has the days of the grace. What is sold only while the subscription runs has to be confirmed before its end;
    credits count by the value date.
    """
    waits = business_date(order.open_until - INSTANT, zone)
    ends_on = order.offer.ends_on if order.kind is Kind.SEATS else order.paid_for
    if ends_on is None:
        return Deadline(waits, None)
    if order.kind in (Kind.RENEWAL, Kind.PURCHASE):
        last = grace_last_day(ends_on, order.grace_until)
        confirmed_on = settlement.transfer_deadline(ends_on, is_bank_day, order.grace_until)
        return Deadline(min(waits, last), confirmed_on if last <= waits else None)
    near = order.kind is not Kind.CREDITS and ends_on - waits < READ_WITHIN
    return Deadline(min(waits, ends_on), ends_on if near else None)
