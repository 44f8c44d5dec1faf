"""Catching up with history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis.strategies import integers, lists

from ventory.core.history import Shelves, lacking, moment

LONDON = "Europe/London"


def test_a_time_without_a_zone_is_the_stores_own():
    assert moment(datetime(2011, 7, 1, 8, 26), LONDON) == datetime(2011, 7, 1, 7, 26, tzinfo=UTC)
    assert moment(datetime(2011, 7, 1, 8, 26, tzinfo=UTC), LONDON) == datetime(2011, 7, 1, 8, 26, tzinfo=UTC)


def test_an_hour_that_comes_twice_means_the_first():
    assert moment(datetime(2011, 10, 30, 1, 30), LONDON) == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)


def test_an_hour_that_is_left_out_counts_on_from_before_it():
    last = moment(datetime(2011, 3, 27, 0, 59), LONDON)
    assert moment(datetime(2011, 3, 27, 1, 30), LONDON) - last == timedelta(minutes=31)


def test_what_was_on_the_shelf_before_covers_its_lowest_moment():
    shelves = Shelves()
    for change in ("-5", "3", "-6", "20", "-1"):
        shelves.change("tea", Decimal(change))
    assert lacking(Decimal(0), shelves.lowest("tea")) == 8
    assert lacking(Decimal(3), shelves.lowest("tea")) == 5
    assert lacking(Decimal(-2), shelves.lowest("tea")) == 10
    assert lacking(Decimal(100), shelves.lowest("tea")) == 0


@given(lists(integers(-9, 9), min_size=1), integers(0, 30), integers(0, 50))
def test_no_shelf_goes_below_zero_however_often_the_rest_is_derived_again(changes, there, stopped):
    level = Decimal(there)
    for start in (0, min(stopped, len(changes))):
        shelves = Shelves()
        for change in changes[start:]:
            shelves.change("tea", Decimal(change))
        missing = lacking(level, shelves.lowest("tea")) if list(shelves) else Decimal(0)
        assert start == 0 or missing == 0
        level += missing
        for change in changes[start : min(stopped, len(changes)) if start == 0 else None]:
            level += change
            assert level >= 0
