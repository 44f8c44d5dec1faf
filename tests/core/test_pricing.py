"""Which price holds on a day, and what setting another does to its neighbours."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis.strategies import builds, integers, just, lists, none, tuples

from ventory.core.errors import BadInput, PriceOverlaps, Rejected
from ventory.core.pricing import InForce, ListPrices, Period, Plan, plan, price_on, withdraw

TODAY = date(2026, 3, 10)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def period(amount, first, last=None, number=None) -> Period:
    return Period(None if amount is None else Decimal(amount), day(first), None if last is None else day(last), number)


def of(kind, *periods) -> ListPrices:
    return ListPrices(kind, 1 if kind == "store_list" else 2, kind[:5].upper(), kind, periods)


def test_the_stores_list_goes_before_the_default_list_and_that_before_the_item():
    store, default = of("store_list", period("1.50", 0, 4)), of("default_list", period("2.00", -9))

    assert price_on(day(0), [default, store], Decimal(3)).amount == Decimal("1.50")
    assert price_on(day(5), [default, store], Decimal(3)).source == "default_list"
    assert price_on(day(-10), [default, store], Decimal(3)) == InForce(Decimal(3), "item")
    assert price_on(day(-10), [default, store], None) == InForce()


def test_the_last_day_belongs_to_the_price():
    store = of("store_list", period("1.50", 0, 4))
    assert price_on(day(4), [store], None).amount == Decimal("1.50")
    assert price_on(day(5), [store], None).amount is None


def test_a_price_is_refused_where_another_holds():
    with pytest.raises(PriceOverlaps, match="Another price holds from 10 March 2026 on"):
        plan([period(2, 0, None, 7)], period(3, 5), TODAY, replaces=False)
    assert plan([period(2, 0, 4, 7)], period(3, 5), TODAY, replaces=False).added == (period(3, 5),)


def test_a_new_price_ends_the_one_before_it():
    made = plan([period(2, -30, None, 7)], period(3, 5), TODAY, replaces=True)
    assert (made.changed, made.added, made.removed) == ((period(2, -30, 4, 7),), (period(3, 5),), ())


def test_after_an_offer_the_old_price_holds_again():
    made = plan([period(2, -30, None, 7)], period("1.50", 5, 9), TODAY, replaces=True)
    assert made.changed == (period(2, -30, 4, 7),)
    assert made.added == (period("1.50", 5, 9), period(2, 10))


def test_a_price_to_come_gives_way_to_one_that_begins_before_it():
    assert plan([period(2, 5, 9, 7)], period(3, 1), TODAY, replaces=True).removed == (period(2, 5, 9, 7),)
    shortened = plan([period(2, 5, None, 7)], period(3, 1, 6), TODAY, replaces=True)
    assert shortened.changed == (period(2, 7, None, 7),)


def test_the_same_price_for_the_same_days_stands_as_it_is():
    assert plan([period(2, -30, None, 7)], period(2, -30), TODAY, replaces=True) == Plan()


def test_no_price_ends_the_one_that_holds():
    made = plan([period(2, -30, None, 7)], period(None, 0), TODAY, replaces=True)
    assert (made.changed, made.added) == ((period(2, -30, -1, 7),), ())


def test_what_held_before_today_is_not_changed():
    with pytest.raises(BadInput, match="stays as it was"):
        plan([period(2, -30, None, 7)], period(3, -1), TODAY, replaces=True)
    assert plan([period(2, 0)], period(3, -30, -1), TODAY, replaces=True).added == (period(3, -30, -1),)


def test_days_the_wrong_way_round_are_refused():
    with pytest.raises(BadInput) as refused:
        plan([], period(3, 2, 1), TODAY, replaces=True)
    assert refused.value.field == "valid_until"


def test_a_price_that_is_taken_back_ends_yesterday_or_never_was():
    assert withdraw(period(2, -3, None, 7), TODAY) == period(2, -3, -1, 7)
    assert withdraw(period(2, 0, None, 7), TODAY) is None
    assert withdraw(period(2, 3, 9, 7), TODAY) is None
    with pytest.raises(Rejected):
        withdraw(period(2, -9, -3, 7), TODAY)


spans = tuples(integers(0, 30), none() | integers(0, 12)).map(
    lambda span: (span[0], None if span[1] is None else span[0] + span[1])
)
changes = builds(lambda amount, span: period(amount, *span), just(None) | integers(1, 9), spans)


@given(lists(changes, max_size=8))
def test_whatever_is_set_each_day_has_the_price_that_was_set_last(asked):
    held: list[Period] = []
    for new in asked:
        made = plan(held, new, TODAY, replaces=True)
        gone = {*made.removed}
        changed = {each.id: each for each in made.changed}
        held = [changed.get(each.id, each) for each in held if each not in gone]
        held += [Period(each.amount, each.valid_from, each.valid_until, _number()) for each in made.added]

    for number in range(50):
        standing = [each for each in held if each.covers(day(number))]
        said = [each.amount for each in asked if each.covers(day(number))]
        assert len(standing) <= 1
        assert (standing[0].amount if standing else None) == (said[-1] if said else None)


_numbers = iter(range(10**9))


def _number() -> int:
    return next(_numbers)
