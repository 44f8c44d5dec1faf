"""Who may do what, and what somebody who works in some stores only may not."""

from __future__ import annotations

import pytest

from ventory.core.access import (
    KEYS,
    LIMITABLE,
    NOT_WHEN_LIMITED,
    ROLES,
    Actor,
    check_role,
    permissions_of,
    refuse_beyond_role,
)
from ventory.core.errors import BadInput, Forbidden


@pytest.mark.parametrize("role", sorted(LIMITABLE))
def test_somebody_of_some_stores_changes_nothing_that_holds_in_all(role):
    assert permissions_of(role, is_limited=True) == ROLES[role] - NOT_WHEN_LIMITED
    in_all = {
        "chain.write",
        "suppliers.write",
        "stores.open",
        "people.read",
        "people.write",
        "settings.write",
        "audit.read",
    } | KEYS
    assert in_all == NOT_WHEN_LIMITED


def test_a_manager_of_one_store_keeps_what_concerns_it():
    kept = permissions_of("manager", is_limited=True)
    assert {"stores.write", "catalogue.write", "prices.write", "suppliers.read", "costs.read"} <= kept
    assert "chain.write" in permissions_of("manager")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_an_archived_inventory_is_only_looked_at(role):
    left = permissions_of(role, is_archived=True)
    assert "stock.read" in left
    assert {name for name in left if not name.endswith(".read")} == ({"inventory.own"} if role == "owner" else set())


def test_only_an_owner_makes_changes_or_removes_owners():
    owner, manager = (Actor(1, 1, role, "Mo", permissions=permissions_of(role)) for role in ("owner", "manager"))
    refuse_beyond_role(owner, "clerk", "owner")
    refuse_beyond_role(manager, "clerk", "manager")
    for roles in (("owner", "clerk"), ("clerk", "owner")):
        with pytest.raises(Forbidden, match="Only an owner"):
            refuse_beyond_role(manager, *roles)


def test_who_sees_the_whole_chain_by_role_is_limited_to_no_store():
    check_role("clerk", is_limited=True)
    check_role("auditor", is_limited=False)
    for role, is_limited in (("auditor", True), ("owner", True), ("king", False)):
        with pytest.raises(BadInput):
            check_role(role, is_limited=is_limited)


def test_who_works_in_some_stores_is_told_who_may_change_what_holds_in_all():
    of_all, of_one = (Actor(1, 1, "manager", "Mo", store_ids=stores) for stores in (None, frozenset({3})))
    of_all.refuse_beyond_stores("This list")
    with pytest.raises(Forbidden, match=r"This list holds in every store. Somebody who works in all of them"):
        of_one.refuse_beyond_stores("This list")
