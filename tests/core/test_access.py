"""Who may do what, and what somebody who works in some stores only may not."""

from __future__ import annotations

import pytest

from ventory.core.access import LIMITABLE, NOT_WHEN_LIMITED, ROLES, Actor, permissions_of
from ventory.core.errors import Forbidden


@pytest.mark.parametrize("role", sorted(LIMITABLE))
def test_somebody_of_some_stores_changes_nothing_that_holds_in_all(role):
    assert permissions_of(role, is_limited=True) == ROLES[role] - NOT_WHEN_LIMITED
    assert {"chain.write", "suppliers.write", "stores.open"} == NOT_WHEN_LIMITED


def test_a_manager_of_one_store_keeps_what_concerns_it():
    kept = permissions_of("manager", is_limited=True)
    assert {"stores.write", "catalogue.write", "prices.write", "suppliers.read", "costs.read"} <= kept
    assert "chain.write" in permissions_of("manager")


def test_who_works_in_some_stores_is_told_who_may_change_what_holds_in_all():
    of_all, of_one = (Actor(1, 1, "manager", "Mo", store_ids=stores) for stores in (None, frozenset({3})))
    of_all.refuse_beyond_stores("This list")
    with pytest.raises(Forbidden, match=r"This list holds in every store. Somebody who works in all of them"):
        of_one.refuse_beyond_stores("This list")
