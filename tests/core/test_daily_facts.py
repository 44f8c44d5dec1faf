"""How long an item was out of stock, from its days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from ventory.core.facts import Entry, continued, time_out

HOUR, DAY = 3_600, 86_400
MONDAY = date(2026, 6, 1)
LATER = (MONDAY + timedelta(days=60), 0)


def day(number: int) -> date:
    """The so-many-th day from Monday on."""
    return MONDAY + timedelta(days=number)


def days_of(*lines: tuple[int, int, str, int]):
    """Facts of lines. lines: day, hour, flow and quantity"""
    entries = [Entry(day(on), hour * HOUR, flow, Decimal(quantity)) for on, hour, flow, quantity in lines]
    return continued(None, entries, lambda _: DAY)


def out(facts, first: int, last: int, now=LATER):
    return time_out(facts, day(first), day(last), lambda _: DAY, now=now)


def test_from_the_last_sale_until_the_delivery():
    facts = days_of((0, 9, "received", 5), (2, 18, "sold", 5), (5, 10, "received", 5))

    assert out(facts, 0, 6) == 6 * HOUR + 2 * DAY + 10 * HOUR
    assert out(facts, 3, 4) == 2 * DAY
    assert out(facts, 5, 6) == 10 * HOUR
    assert out(facts, 6, 9) == 0


def test_what_was_never_there_did_not_run_out():
    facts = days_of((3, 9, "received", 5), (3, 12, "sold", 5))

    assert out(facts, 0, 2) is None
    assert out(facts, 0, 3) == 12 * HOUR
    assert out([], 0, 9) is None


def test_today_counts_until_now():
    facts = days_of((0, 9, "received", 5), (2, 18, "sold", 5))

    assert out(facts, 0, 9, now=(day(2), 20 * HOUR)) == 2 * HOUR
    assert out(facts, 0, 9, now=(day(4), 3 * HOUR)) == 6 * HOUR + DAY + 3 * HOUR
