"""Keys: what they look like, what a scope stands for, and that nobody makes one that is stronger than they are."""

from __future__ import annotations

import hashlib
import re

import pytest

from ventory.core.access import PERMISSIONS, ROLES, Actor, permissions_of
from ventory.core.errors import BadInput, Forbidden
from ventory.core.keys import (
    SCOPES,
    check_scopes,
    common_stores,
    new_key,
    parts_of,
    permissions_in,
    refusal,
    scope_for,
    without_keys,
)

NO_KEYS = {
    "people.read", "people.write", "keys.read", "keys.write", "settings.write", "inventory.own",
    "proof.read", "proof.run", "audit.read",
}  # fmt: skip


def test_a_key_tells_where_to_look_and_what_to_compare():
    key = new_key()
    public_id, secret = re.fullmatch(r"vty_([a-z0-9]{12})_([A-Za-z0-9]{43})", key).groups()
    parts = parts_of(key)
    assert (parts.public_id, parts.digest) == (public_id, hashlib.sha256(secret.encode()).hexdigest())
    assert len({new_key() for _ in range(100)}) == 100


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "A", str.upper, lambda key: key + "\n"])
def test_what_is_not_made_like_a_key_is_none(change):
    assert parts_of(change(new_key())) is None


def test_a_key_in_a_text_is_cut_short():
    key = new_key()
    assert without_keys(f"/api/v1/items/{key}/x") == f"/api/v1/items/{key[:16]}_…/x"


def test_scopes_give_everything_but_what_people_do_themselves():
    assert permissions_in(SCOPES) == PERMISSIONS - NO_KEYS
    assert permissions_in(SCOPES) | NO_KEYS == ROLES["owner"]
    assert {scope_for(each) for each in NO_KEYS} == {None}
    assert permissions_in(["once:known"]) == frozenset()


@pytest.mark.parametrize("scope", SCOPES)
def test_only_the_scope_of_costs_shows_costs(scope):
    assert ("costs.read" in SCOPES[scope].permissions) == (scope == "costs:read")


def actor(role: str, **more) -> Actor:
    return Actor(1, 1, role, "Mo", permissions=permissions_of(role), **more)


def test_nobody_makes_a_key_that_is_stronger_than_they_are():
    assert check_scopes(actor("clerk"), ["sales:write", "stock:read", "sales:write"], is_limited=False) == (
        "stock:read",
        "sales:write",
    )
    for scope in ("products:write", "costs:read", "suppliers:read"):
        with pytest.raises(Forbidden, match=f"what the scope {scope} allows"):
            check_scopes(actor("clerk"), [scope], is_limited=False)


@pytest.mark.parametrize(
    ("scopes", "message"), [([], "at least one"), (["all"], "There is no scope all"), (["setup:write"], "every store")]
)
def test_a_key_has_scopes_that_make_sense(scopes, message):
    with pytest.raises(BadInput, match=message) as refused:
        check_scopes(actor("owner"), scopes, is_limited=True)
    assert refused.value.field == "scopes"


def test_a_key_works_in_the_stores_of_both():
    some, others = frozenset({1, 2}), frozenset({2, 3})
    assert common_stores(None, None) is None
    assert common_stores(some, None) == common_stores(None, some) == some
    assert common_stores(some, others) == {2}


def test_a_refusal_says_what_a_key_lacks():
    key = Actor(1, 1, "key", "Till (API key)", key_id=1, scopes=("stock:read", "prices:write"))
    assert refusal(actor("clerk"), "stores.open").message == "The role clerk may not do this."
    assert refusal(key, "stock.sell").message == "This key lacks the scope sales:write."
    assert refusal(key, "people.read").message == "No key may do this. Somebody has to sign in for it."
    assert "who answers for it" in refusal(key, "prices.write").message
