"""Reports of payments, as they travel through the outbox."""

import json
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report

MONEY = st.builds(Money, st.integers(0, 10**12), st.sampled_from(["EUR", "CHF", "JPY"]))
REPORTS = st.builds(
    Report,
    st.sampled_from(Way),
    st.text(min_size=1),
    st.text(min_size=1),
    st.sampled_from(PaymentState),
    st.none() | MONEY,
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.dates(),
    st.none() | st.integers(1),
)


@given(REPORTS)
def test_a_report_comes_out_of_json_as_it_went_in(report: Report) -> None:
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_what_a_report_looks_like_in_a_row() -> None:
    """Rows outlive a version of the program: these names stay."""
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    report = Report(Way.CARD, "evt_1", "cs_1", PaymentState.RECEIVED, Money(36600, "EUR"), at, date(2026, 11, 22), 7)
    assert report.to_json() == {
        "way": "card",
        "event_id": "evt_1",
        "reference": "cs_1",
        "state": "received",
        "amount": [36600, "EUR"],
        "at": "2026-11-22T12:00:00+00:00",
        "value_date": "2026-11-22",
        "payment_id": 7,
    }
