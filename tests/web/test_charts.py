"""Drawings: where shapes lie, what stands beside the axis, what a reading says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from hypothesis import given
from hypothesis.strategies import decimals, lists

from ventory.core.periods import Period, slices
from ventory.web.charts import BASE, BEFORE, FLOW, LEVEL, TOP, Series, draw


def days(count, last=date(2026, 11, 18)):
    return [Period(day, day) for day in (last - timedelta(days=back) for back in reversed(range(count)))]


def exact(*numbers):
    return tuple(Decimal(each) for each in numbers)


@pytest.fixture(autouse=True)
def this_year():
    with time_machine.travel("2026-11-18T12:00:00Z"):
        yield


def test_a_level_is_a_stepped_line_from_zero_with_its_name_at_the_end():
    drawing = draw(days(4), [Series("On hand", LEVEL, "on-hand", exact(8, 8, 2, 4), "on hand")])
    (line,) = drawing.series
    assert drawing.grid == ((178.0, "0"), (135.5, "2"), (93.0, "4"), (50.5, "6"), (8.0, "8"))
    assert line.path == "M0 8.0H250.0V8.0H500.0V135.5H750.0V93.0H1000"
    assert line.area == line.path + "V178.0H0Z"
    assert (line.end_y, drawing.today) == (97.0, (75.0, 25.0))


def test_flow_is_bars_and_returns_hang_below_zero():
    drawing = draw(days(2), [Series("Sold", FLOW, "sold", exact(3, -1), "sold")])
    (bars,) = drawing.series
    assert [label for _, label in drawing.grid] == ["−1", "0", "1", "2", "3"]
    assert bars.bars == ((7.5, 8.0, 35.0, 127.5), (57.5, 135.5, 35.0, 42.5))


def test_a_day_without_flow_has_no_bar():
    drawing = draw(days(3), [Series("Sold", FLOW, "sold", exact(0, 5, 0), "sold")])
    assert len(drawing.series[0].bars) == 1


def test_days_that_ended_with_nothing_are_marked_and_deliveries_are_dots():
    stock = Series("On hand", LEVEL, "on-hand", exact(0, 4, 0, 9), "on hand")
    received = Series("Received", FLOW, "received", exact(0, 0, 0, 9), "received")
    drawing = draw(days(4), [stock], unit="pcs", marks_out=True, dotted=received)
    assert drawing.out == ((0.0, 25.0), (50.0, 25.0))
    assert drawing.dots == (87.5,)
    assert drawing.columns == ("On hand", "Received")
    assert drawing.rows[0].reads == "Wednesday 18 Nov: 9 pcs on hand, 9 received"
    assert drawing.rows[0].values == exact(9, 9)


def test_what_is_compared_is_a_line_through_the_middles_and_names_keep_apart():
    sold = Series("Sold", FLOW, "sold", exact(4, 4), "sold")
    before = Series("Before", BEFORE, "other", exact(2, 4), "before")
    drawing = draw(days(2), [sold, before])
    assert drawing.series[1].path == "M250.0 93.0L750.0 8.0"
    assert drawing.series[1].end_y - drawing.series[0].end_y == 14
    assert drawing.rows[1].reads == "Tuesday 17 Nov: 4 sold, 2 before"


def test_weeks_and_months_are_named_as_people_say_them():
    month = Period(date(2026, 10, 26), date(2026, 11, 18))
    sold = Series("Sold", FLOW, "sold", exact(1, 2, 3, 4), "sold")
    drawing = draw(slices(month, "week"), [sold], step="week")
    assert [row.label for row in drawing.rows][:2] == ["16 Nov to 18 Nov", "9 Nov to 15 Nov"]
    drawing = draw(slices(month, "month"), [Series("Sold", FLOW, "sold", exact(1, 2), "sold")], step="month")
    assert [row.label for row in drawing.rows] == ["November 2026", "26 Oct to 31 Oct"]


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        ("0", ["0", "1"]),
        ("1", ["0", "1"]),
        ("0.3", ["0", "0.1", "0.2", "0.3"]),
        ("7", ["0", "2", "4", "6", "8"]),
        ("99", ["0", "25", "50", "75", "100"]),
        ("35000", ["0", "10k", "20k", "30k", "40k"]),
        ("2500000", ["0", "1m", "2m", "3m"]),
    ],
)
def test_the_axis_goes_in_round_steps_that_have_room(most, labels):
    drawing = draw(days(1), [Series("Sold", FLOW, "sold", exact(most), "sold")])
    assert [label for _, label in drawing.grid] == labels


@given(lists(decimals(-(10**8), 10**8, places=3), min_size=1, max_size=40))
def test_nothing_is_drawn_outside_and_five_lines_are_enough(values):
    for kind in (LEVEL, FLOW, BEFORE):
        drawing = draw(days(len(values)), [Series("Any", kind, "sold", tuple(values), "any")])
        heights = [y for y, _ in drawing.grid]
        assert 2 <= len(heights) <= 5
        assert (max(heights), min(heights)) == (BASE, TOP)
        assert all(y >= TOP - 0.1 and y + height <= BASE + 0.1 for _, y, _, height in drawing.series[0].bars)
