"""Which reorder rule holds: the nearest one that is set, each value by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis.strategies import builds, integers, lists, none

from ventory.core.errors import BadInput
from ventory.core.reorder import InForce, Rule, check, in_force

NOTHING = Rule()
amounts = none() | integers(0, 50).map(Decimal)


def rule(point=None, target=None) -> Rule:
    return Rule(None if point is None else Decimal(point), None if target is None else Decimal(target))


def test_nobody_set_anything():
    assert in_force([NOTHING, NOTHING]) == InForce()


def test_the_nearest_rule_wins():
    chain = [rule(5, 20), rule(8, 30), NOTHING, rule(2, 10)]

    assert in_force(chain) == InForce(Decimal(2), Decimal(10), 3, 3)
    assert in_force(chain[:3]) == InForce(Decimal(8), Decimal(30), 1, 1)


def test_each_value_is_inherited_by_itself():
    assert in_force([rule(5, 20), rule(target=40), rule(point=0)]) == InForce(Decimal(0), Decimal(40), 2, 1)


def test_a_target_below_the_point_in_force_counts_as_the_point():
    """A store raises its reorder point past the target that it inherits."""
    assert in_force([rule(5, 20), rule(point=24)]) == InForce(Decimal(24), Decimal(24), 1, 0)


def test_one_level_cannot_contradict_itself():
    check(rule(5, 5))
    with pytest.raises(BadInput) as refused:
        check(rule(5, 4))
    assert refused.value.field == "target_level"


@given(lists(builds(Rule, amounts, amounts), max_size=8))
def test_what_holds_was_set_by_somebody_and_by_nobody_nearer(chain):
    holds = in_force(chain)
    for value, came_from, name in (
        (holds.reorder_point, holds.point_from, "reorder_point"),
        (holds.target_level, holds.target_from, "target_level"),
    ):
        nearer = chain if came_from is None else chain[came_from + 1 :]
        assert all(getattr(each, name) is None for each in nearer)
        if came_from is None:
            assert value is None
        elif name == "reorder_point":
            assert value == chain[came_from].reorder_point
        else:
            assert value == max(chain[came_from].target_level, holds.reorder_point or Decimal(0))
