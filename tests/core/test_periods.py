"""Ranges of days: what they hold, what they are compared with, how they are cut."""

from __future__ import annotations

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis.strategies import dates, integers, sampled_from

from ventory.core.errors import BadInput
from ventory.core.periods import LONGEST, Period, period, slices

TODAY = date(2026, 11, 18)  # a Wednesday


def test_thirty_days_end_today_when_nothing_is_asked():
    assert period(TODAY) == Period(date(2026, 10, 20), TODAY)
    assert period(TODAY, days=7) == Period(date(2026, 11, 12), TODAY)


def test_a_range_of_dates_ends_today_at_the_latest():
    assert period(TODAY, since=date(2026, 11, 1)) == Period(date(2026, 11, 1), TODAY)
    assert period(TODAY, since=date(2026, 11, 1), until=date(2027, 1, 1)).last == TODAY
    assert period(TODAY, since=date(2026, 11, 1), until=date(2026, 11, 1)).days == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"days": LONGEST + 1}, "days"),
        ({"days": -1}, "days"),
        ({"days": 7, "since": date(2026, 11, 1)}, "days"),
        ({"until": date(2026, 11, 1)}, "since"),
        ({"since": date(2026, 11, 19)}, "since"),
        ({"since": date(2026, 11, 5), "until": date(2026, 11, 1)}, "since"),
        ({"since": date(2020, 1, 1)}, "since"),
    ],
)
def test_a_range_that_cannot_be_names_what_is_wrong(asked, field):
    with pytest.raises(BadInput) as refused:
        period(TODAY, **asked)
    assert refused.value.field == field


def test_the_period_before_is_as_long_and_the_year_before_has_the_same_weekdays():
    week = period(TODAY, days=7)
    assert week.before == Period(date(2026, 11, 5), date(2026, 11, 11))
    assert week.year_before == Period(date(2025, 11, 13), date(2025, 11, 19))
    assert week.year_before.first.weekday() == week.first.weekday()


def test_weeks_begin_on_monday_and_the_ends_may_be_shorter():
    assert slices(Period(date(2026, 11, 6), TODAY), "week") == [
        Period(date(2026, 11, 6), date(2026, 11, 8)),
        Period(date(2026, 11, 9), date(2026, 11, 15)),
        Period(date(2026, 11, 16), TODAY),
    ]


def test_months_follow_the_calendar():
    cut = slices(Period(date(2026, 1, 31), date(2026, 3, 2)), "month")
    assert [(each.first.day, each.last.day) for each in cut] == [(31, 31), (1, 28), (1, 2)]


@given(dates(date(2000, 1, 1), date(2100, 1, 1)), integers(1, 800), sampled_from(["day", "week", "month"]))
def test_the_slices_of_a_period_are_its_days_each_once(today, days, step):
    whole = period(today, days=days)
    cut = slices(whole, step)
    assert (cut[0].first, cut[-1].last, sum(each.days for each in cut)) == (whole.first, whole.last, days)
    assert all((later.first - earlier.last).days == 1 for earlier, later in itertools.pairwise(cut))
