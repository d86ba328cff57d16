"""The work list of the people of the money, and its tasks: closed once, with what was done, and kept."""

from datetime import timedelta

import pytest

from portal.billing import orders, queries, tasks
from portal.billing.queries import Order, StaffTask
from portal.billing.tasks import Closing, Done, Task
from portal.desk import work
from portal.rules.money import Money
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.payments import Report
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.statements import counting
from tests.helpers.till import (
    REASON,
    awaited,
    billing,
    customer_reads,
    payments,
    race,
    send,
    short,
    status,
    take,
    token,
    told,
)
from tests.helpers.till import tasks as tasks_of


@pytest.fixture
def order(house: House) -> Order:
    """Credits for 366.00, to be paid by transfer."""
    return awaited(house)


@pytest.fixture
def bea(house: House, order: Order) -> Browser:
    return billing(house)


def overpaid(house: House, browser: Browser, order: Order) -> StaffTask:
    """One cent too much has come."""
    take(browser, order, amount="366.01")
    (task,) = tasks_of(house, order)
    return task


def close(browser: Browser, task: StaffTask, done: str = "given-back", **typed: str) -> Page:
    return send(browser, f"/staff/tasks/{task.id}", "reference", **{"done": done, "reference": "RET 7"} | typed)


def fresh(house: House, task: StaffTask) -> StaffTask:
    with house.parts.database.read() as db:
        found = queries.find_task(db, task.id)
    assert found
    return found


# --- the list --------------------------------------------------------------------------------------------------------


def test_who_is_awaited_how_much_is_missing_and_until_when(bea: Browser, order: Order) -> None:
    page = bea.get("/staff/work")
    assert "1 1234 Bianchi S.r.l. SMS credits €366.00 €366.00 20 November 2026, 10:00 20 December 2026" in page.text
    assert "1 transfer is awaited. There are 0 sums to look at." in page.text


def test_what_has_come_already_is_not_missing(house: House, bea: Browser, order: Order) -> None:
    short(house, bea, order)
    page = bea.get("/staff/work")
    assert "€366.00 €0.01" in page.text
    assert "A part of the amount: the order waits for the rest. €365.99 1234 1 1" in page.text


def test_the_home_page_counts_and_leads_there(bea: Browser, order: Order) -> None:
    page = bea.get("/staff")
    assert "Awaited transfers 1 Money for staff to look at 0" in page.text
    assert [link for link in page.all("a") if (link.get("href") or "").startswith("/staff/work")]


def test_what_no_longer_waits_is_not_awaited(house: House, order: Order) -> None:
    house.clock.set(order.open_until - timedelta(seconds=61))
    browser = billing(house)
    assert "No order waits for a transfer." not in browser.get("/staff/work").text
    house.clock.set(order.open_until)
    assert "No order waits for a transfer." in browser.get("/staff/work").text


def test_what_was_paid_or_chosen_otherwise_is_not_awaited(house: House, bea: Browser, order: Order) -> None:
    house.order(key="another")
    take(bea, order)
    assert "0 transfers are awaited." in bea.get("/staff/work").text


def test_the_lists_are_read_page_by_page_oldest_first(house: House) -> None:
    for number in range(5):
        awaited(house, key=f"k{number}")
    zone, at = house.parts.settings.timezone, house.clock.now()
    with house.parts.database.read() as db:
        first = work.transfers(db, at=at, zone=zone, size=2)
        second = work.transfers(db, at=at, zone=zone, size=2, after=first.next or 0)
        third = work.transfers(db, at=at, zone=zone, size=2, after=second.next or 0)
    assert [[row.order.id for row in page.rows] for page in (first, second, third)] == [[1, 2], [3, 4], [5]]
    assert [page.count for page in (first, second, third)] == [5, 5, 5]
    assert third.next is None


def test_exactly_a_page_has_no_next_one(house: House) -> None:
    for number in range(2):
        awaited(house, key=f"k{number}")
    with house.parts.database.read() as db:
        found = work.transfers(db, at=house.clock.now(), zone=house.parts.settings.timezone, size=2)
    assert found.next is None


@pytest.mark.parametrize("query", ["after_order=x", "after_task=-1", "after_order=99999999999", "after_task=٣"])
def test_a_query_that_is_none_of_ours_shows_the_beginning(bea: Browser, query: str) -> None:
    assert "1 1234 Bianchi S.r.l." in bea.get(f"/staff/work?{query}").text


def test_twenty_rows_take_as_many_statements_as_one(house: House, bea: Browser, order: Order) -> None:
    short(house, bea, order)
    counts = []
    for more in (0, 19):
        for number in range(more):
            short_too = awaited(house, key=f"k{number}")
            take(bea, short_too, amount="1.00", reference=f"TRN {number + 2}")
        with counting(house.parts.database.reader) as sent:
            bea.get("/staff/work")
        counts.append(len(sent))
    assert counts[0] == counts[1]


# --- a task ----------------------------------------------------------------------------------------------------------


@both_databases
def test_a_task_is_closed_with_what_was_done_by_whom_and_why(house: House) -> None:
    order, browser = awaited(house), billing(house)
    task = overpaid(house, browser, order)
    page = close(browser, task, reference="  RET   7 ")
    assert "Closed. The customer finds it in the activity." in page.text
    found = fresh(house, task)
    assert (found.closed_by, found.closed_at) == ("bea", house.clock.now())
    assert Closing.from_note(found.note) == Closing(Done.GIVEN_BACK, "RET 7", REASON)
    assert f"What was done Given back Reference of the return RET 7 Reason {REASON}" in page.text
    assert "There are 0 sums to look at." in browser.get("/staff/work").text


@pytest.mark.parametrize(
    ("done", "tag", "said"),
    [
        ("given-back", "desk.money_given_back", "Of the money that had arrived, €0.01 were given back."),
        ("kept", "desk.money_kept", "Of the money that had arrived, €0.01 stay with us."),
        ("other", "desk.money_settled", "Our staff have looked at €0.01 that had arrived."),
    ],
)
def test_the_customer_reads_what_became_of_the_money(
    house: House, bea: Browser, order: Order, done: str, tag: str, said: str
) -> None:
    close(bea, overpaid(house, bea, order), done)
    assert f"{said} Reason: {REASON}" in customer_reads(house)
    assert [facts["member"] for facts in told(house, tag)] == ["bea"]


def test_a_closed_task_stays_closed_and_tells_by_whom(house: House, bea: Browser, order: Order) -> None:
    task = overpaid(house, bea, order)
    page = bea.get(f"/staff/tasks/{task.id}")
    action, fields = page.form(page.form_with("reference"))
    close(bea, task)
    ben = billing(house, "ben")
    ben.get("/staff")
    sent = fields | {"csrf_token": token(ben), "done": "kept", "reason": "T-9, something else"}
    ben.open(action, method="POST", data=sent, headers=SAME_ORIGIN, follow_redirects=True)
    assert ben.page
    assert "Nothing was done: somebody had closed this before" in ben.page.text
    assert "By bea" in ben.page.text
    assert not [form for form in ben.page.forms() if form.find(".//input[@name='reason']") is not None]
    assert Closing.from_note(fresh(house, task).note) == Closing(Done.GIVEN_BACK, "RET 7", REASON)


@both_databases
def test_of_two_who_close_it_at_once_one_does(house: House) -> None:
    order, browser = awaited(house), billing(house)
    task = overpaid(house, browser, order)
    others = [billing(house, name) for name in ("ben", "bob")]
    pages = race(others, f"/staff/tasks/{task.id}", "reference", {"done": "kept"}, {"done": "other"})
    assert sorted("Closed. The customer finds it" in page.text for page in pages) == [False, True]
    assert len([*told(house, "desk.money_kept"), *told(house, "desk.money_settled")]) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"done": ""}, "Choose what was done with the money."),
        ({"done": "burnt"}, "Choose what was done with the money."),
        ({"reference": " "}, "Write the reference by which the money went back."),
        ({"reference": "x" * 121}, "This is too long: at most 120 characters."),
        ({"reason": ""}, "Write why: the customer reads it."),
        ({"reason": "abc"}, "Write a few words more, or the ticket’s number."),
    ],
)
def test_what_is_missing_is_told_and_what_was_typed_stays(
    house: House, bea: Browser, order: Order, typed: dict[str, str], said: str
) -> None:
    task = overpaid(house, bea, order)
    page = close(bea, task, **typed)
    assert status(bea) == 422
    assert said in page.errors()
    for name, value in ({"reason": REASON, "reference": "RET 7"} | typed).items():
        assert name == "done" or page.value(name) == value
    assert fresh(house, task).closed_at is None


def test_no_reference_is_kept_of_what_was_not_given_back(house: House, bea: Browser, order: Order) -> None:
    task = overpaid(house, bea, order)
    close(bea, task, "kept")
    assert Closing.from_note(fresh(house, task).note) == Closing(Done.KEPT, "", REASON)


def test_the_page_of_a_task_tells_its_payment_and_leads_to_its_order(house: House, bea: Browser, order: Order) -> None:
    task = overpaid(house, bea, order)
    page = bea.get(f"/staff/tasks/{task.id}")
    for fact in ("what was paid beyond the order", "€0.01", "Bank transfer, €366.01", "TRN 1", "20 November 2026"):
        assert fact in page.text
    assert [link for link in page.all("a") if link.get("href") == f"/staff/orders/{order.id}"]


def test_a_part_that_counts_for_an_order_can_only_go_back(house: House, bea: Browser, order: Order) -> None:
    task = short(house, bea, order)
    page = close(bea, task, "kept")
    assert status(bea) == 422
    assert "it can only be given back" in " ".join(page.errors())
    assert fresh(house, task).closed_at is None
    close(bea, task)
    assert "Still missing €366.00" in bea.get(f"/staff/orders/{order.id}").text


def test_once_the_order_waits_no_more_a_part_can_be_kept(house: House, bea: Browser, order: Order) -> None:
    task = short(house, bea, order)
    anna = house.administrator("m1234")
    assert anna
    with house.parts.database.write() as db:
        orders.cancel(db, order, by=anna, at=house.clock.now())
    close(bea, task, "kept")
    assert fresh(house, task).closed_by == "bea"


def test_what_the_rest_of_the_money_closed_was_closed_by_the_portal(house: House, bea: Browser, order: Order) -> None:
    task = short(house, bea, order)
    take(bea, order, amount="0.01", reference="TRN 2")
    page = bea.get(f"/staff/tasks/{task.id}")
    assert "By The portal, by itself" in page.text
    assert "The rest of the amount has arrived." in page.text
    with house.parts.database.read() as db:
        assert queries.get_order(db, order.id).state is OrderState.DELIVERED


def test_the_purge_waits_until_the_task_is_closed(house: House, bea: Browser, order: Order) -> None:
    task = overpaid(house, bea, order)
    with house.parts.database.read() as db:
        assert tasks.any_open(db, 1234)
    close(bea, task)
    with house.parts.database.read() as db:
        assert not tasks.any_open(db, 1234)


def test_money_of_which_no_order_is_known_is_closed_too(house: House) -> None:
    """It belongs to no platform, so that nobody but staff reads of it."""
    from portal.billing import settle
    from portal.jobs.payments import till

    at = house.clock.now()
    report = Report(Way.DEMO, "event-1", "unknown", PaymentState.RECEIVED, Money(500, "EUR"), at)
    with house.parts.database.write() as db:
        settle.receive(db, report, till(house.parts, at))
        (task,) = queries.open_tasks(db)
    assert (task.kind, task.platform_id) == (Task.UNKNOWN_ORDER, None)
    browser = billing(house)
    assert "no order of ours is known for it. €5.00 – – 1" in browser.get("/staff/work").text
    close(browser, task)
    assert fresh(house, task).closed_by == "bea"
    assert len(told(house, "desk.money_given_back")) == 1


# --- who may, and whose it is ----------------------------------------------------------------------------------------


def test_support_reads_the_list_and_closes_nothing(house: House, bea: Browser, order: Order) -> None:
    task = overpaid(house, bea, order)
    sara = at_the_desk(house)
    assert "€0.01" in sara.get("/staff/work").text
    page = sara.get(f"/staff/tasks/{task.id}")
    assert "Close the task" not in page.text
    data = {"csrf_token": token(sara), "platform_id": "1234", "done": "kept", "reason": REASON}
    path = f"/staff/tasks/{task.id}/close"
    assert sara.open(path, method="POST", data=data, headers=SAME_ORIGIN).status_code == 403
    assert fresh(house, task).closed_at is None


@pytest.mark.parametrize("platform_id", ["1235", "", "None", "1234 "])
def test_a_task_of_another_platform_is_not_found(house: House, bea: Browser, order: Order, platform_id: str) -> None:
    task = overpaid(house, bea, order)
    data = {"csrf_token": token(bea), "platform_id": platform_id, "done": "kept", "reason": REASON}
    path = f"/staff/tasks/{task.id}/close"
    assert bea.open(path, method="POST", data=data, headers=SAME_ORIGIN).status_code == 404
    assert fresh(house, task).closed_at is None


def test_there_is_no_task_that_does_not_exist(bea: Browser) -> None:
    assert bea.open("/staff/tasks/9999").status_code == 404


def test_each_kind_of_task_has_its_words(house: House, bea: Browser, order: Order) -> None:
    take(bea, order)
    (paid,) = payments(house, order)
    with house.parts.database.write() as db:
        for kind in Task:
            amount, at = Money(100, "EUR"), house.clock.now()
            tasks.open_task(db, kind, amount, at=at, payment_id=paid.id, order_id=order.id, platform_id=1234)
    text = bea.get("/staff/work").text
    assert not [kind for kind in Task if f" {kind} " in text]
    assert f"There are {len(Task)} sums to look at." in text
