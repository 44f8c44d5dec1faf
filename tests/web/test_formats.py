"""Figures, money, times and drawings as people meet them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine

from ventory.web.formats import (
    change,
    duration,
    helper,
    money,
    most_decimals,
    percent,
    price,
    quantity,
    short_date,
    signed,
    when,
)
from ventory.web.pictures import drawing


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        (Decimal("1234567"), None, "1,234,567"),
        (Decimal("-12"), None, "−12"),
        (Decimal("0.300000"), None, "0.3"),
        (Decimal("0.3"), 3, "0.300"),
        (Decimal("0"), None, "0"),
        (None, None, "–"),
    ],
)
def test_a_quantity_has_grouped_digits_and_a_true_minus(number, decimals, text):
    assert quantity(number, decimals) == text


def test_zero_is_a_dash_only_where_a_column_merely_helps():
    assert (helper(Decimal(0)), helper(Decimal(3)), quantity(Decimal(0))) == ("–", "3", "0")


def test_a_change_carries_its_sign():
    assert (signed(Decimal(72)), signed(Decimal(-12))) == ("+72", "−12")


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (12, 10, "+20%"),
        (5, 10, "−50%"),
        (10, 10, "no change"),
        (7, 0, "+7, from 0"),
        (99, 10, "+890%"),
        (1000, 3, "+997, from 3"),
        (3, -2, "+5, from −2"),
        (1004, 1000, "+0.4%"),
        (99999, 100000, "−0.1%"),
        (-5, 10, "−150%"),
    ],
)
def test_a_figure_says_how_far_it_went_from_the_one_before(now, before, text):
    assert change(Decimal(now), Decimal(before)) == text


def test_a_column_has_one_number_of_decimals():
    assert most_decimals([Decimal("2"), Decimal("0.125000"), Decimal("7.5")]) == 3
    assert most_decimals([Decimal("2.000000")]) is None
    assert most_decimals([]) is None


def test_a_small_share_is_not_nothing():
    shares = (Decimal(0), Decimal("0.001"), Decimal("0.125"), Decimal(1))
    assert [percent(share) for share in shares] == ["0%", "under 1%", "12%", "100%"]


def test_money_stands_behind_its_sign_and_symbol():
    assert money(Decimal("-3.1")) == "−£3.10"
    assert money(Decimal("12300.5"), "EUR") == "€12,300.50"
    assert money(Decimal("7"), "SEK") == "SEK 7.00"


def test_a_unit_price_shows_every_decimal_it_has_and_at_least_two():
    assert price(Decimal("0.375000")) == "£0.375"
    assert price(Decimal("1234.5"), "EUR") == "€1,234.50"
    assert price(Decimal("0.88"), "SEK", 4) == "SEK 0.8800"
    assert price(None) == "–"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 7, 1, 9, 42, tzinfo=UTC), "10:42"),
        (datetime(2026, 6, 30, 9, 42, tzinfo=UTC), "yesterday 10:42"),
        (datetime(2026, 6, 24, 9, 42, tzinfo=UTC), "24 Jun"),
        (datetime(2025, 12, 24, 9, 42, tzinfo=UTC), "24 Dec 2025"),
    ],
)
def test_a_time_is_told_by_its_distance_in_the_stores_own_clock(moment, text):
    with time_machine.travel(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)):
        told = when(moment, "Europe/London")
    assert f">{text}</time>" in told


def test_the_full_time_and_its_zone_stand_on_hover():
    with time_machine.travel(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)):
        told = when(datetime(2026, 7, 1, 9, 42, 7, tzinfo=UTC), "Europe/London")
    assert 'title="Wednesday 1 July 2026, 10:42:07 BST"' in told
    assert 'datetime="2026-07-01T09:42:07+00:00"' in told


def test_a_day_of_another_year_names_its_year():
    assert short_date(datetime(2025, 12, 24).date(), datetime(2026, 7, 1).date()) == "24 Dec 2025"


@pytest.mark.parametrize(
    ("category", "name"),
    [("Lunch bags", "bag"), ("Kitchen", "pot"), ("Toys and games", "ball"), ("Fasteners", "box"), (None, "box")],
)
def test_a_categorys_words_choose_its_drawing(category, name):
    assert drawing(category) == name


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (40, "less than a minute"),
        (600, "10 min"),
        (7_200, "2 h"),
        (5_400, "1 h 30 min"),
        (86_400, "1 day"),
        (2 * 86_400 + 5 * 3_600 + 59 * 60, "2 days 5 h"),
    ],
)
def test_a_duration_says_its_two_largest_parts(seconds, said):
    assert duration(seconds) == said
