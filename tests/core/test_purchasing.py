"""When an order has to be sent, and which currencies there are."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from ventory.core.access import ROLES
from ventory.core.currencies import CURRENCIES, check_currency
from ventory.core.errors import BadInput
from ventory.core.purchasing import WEEKDAYS, cutoff, weekday_bits, weekdays_of

LONDON = ZoneInfo("Europe/London")
TWO_DAYS = cutoff(["thu", "mon", "mon"], time(14, 0))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "sent_by"),
    [
        (at(2, 9), at(2, 14)),
        (at(2, 14), at(2, 14)),
        (at(2, 14, 1), at(5, 14)),
        (at(4, 23, 59), at(5, 14)),
        (at(5, 15), at(9, 14)),
        (at(7, 0), at(9, 14)),
    ],
)
def test_an_order_goes_by_the_next_cut_off(now, sent_by):
    assert TWO_DAYS.next(now) == sent_by


def test_a_cut_off_on_one_weekday_is_a_week_away_once_missed():
    assert cutoff(["mon"], time(9, 0)).next(at(2, 9, 1)) == at(9, 9)


def test_a_cut_off_keeps_its_clock_when_the_clocks_change():
    friday = datetime(2026, 10, 23, 15, 0, tzinfo=LONDON)
    monday = TWO_DAYS.next(friday)
    assert (monday.hour, monday.utcoffset().total_seconds()) == (14, 0)
    assert friday.utcoffset().total_seconds() == 3600


def test_weekdays_stand_in_the_order_of_the_week_each_once():
    assert TWO_DAYS.weekdays == ("mon", "thu")


@pytest.mark.parametrize("weekdays", [[], ["monday"], ["mon", ""]])
def test_a_cut_off_needs_known_weekdays(weekdays):
    with pytest.raises(BadInput) as refused:
        cutoff(weekdays, time(14, 0))
    assert refused.value.field == "cutoff.weekdays"


def test_stored_weekdays_come_back_as_they_were():
    assert (weekday_bits(["mon"]), weekday_bits(["sun"]), weekday_bits(WEEKDAYS)) == (1, 64, 127)
    for bits in range(1, 128):
        assert weekday_bits(weekdays_of(bits)) == bits


def test_currencies_are_known_in_any_case_and_no_others():
    assert (check_currency(" eur "), check_currency("GBP")) == ("EUR", "GBP")
    assert len(set(CURRENCIES)) == len(CURRENCIES) > 140
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    with pytest.raises(BadInput) as refused:
        check_currency("XXX")
    assert str(refused.value) == "There is no currency XXX; GBP and EUR are two."


def test_whoever_keeps_suppliers_sees_what_they_cost():
    for role, permissions in ROLES.items():
        assert "suppliers.write" not in permissions or {"costs.read", "suppliers.read"} <= permissions, role
