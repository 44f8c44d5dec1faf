"""Who may do what: actors, roles and permissions as one readable table."""

from __future__ import annotations

from dataclasses import dataclass, field

from ventory.core.errors import Forbidden

READING = frozenset({"catalogue.read", "stock.read", "stores.read", "analytics.read"})
POSTING = frozenset({"stock.sell", "stock.adjust", "stock.transfer", "stock.restock", "stock.reverse"})
SUPPLIERS = frozenset({"suppliers.read", "suppliers.write"})
NOTING = frozenset({"notes.write"})
CATALOGUE = frozenset({"catalogue.write", "prices.write"})
# What holds in every store: categories, units, types, tags, fields, the reorder rules above those of stores.
CHAIN = frozenset({"chain.write"})
STORES = frozenset({"stores.write", "stores.open"})

ROLES: dict[str, frozenset[str]] = {
    "owner": READING | POSTING | CATALOGUE | CHAIN | NOTING | SUPPLIERS | STORES | {"costs.read"},
    "manager": READING | POSTING | CATALOGUE | CHAIN | NOTING | SUPPLIERS | STORES | {"costs.read"},
    "buyer": READING | CATALOGUE | CHAIN | NOTING | SUPPLIERS | {"stock.restock", "stock.transfer", "costs.read"},
    "clerk": READING | POSTING | NOTING,
    "auditor": READING | {"costs.read", "suppliers.read"},
}
PERMISSIONS = frozenset().union(*ROLES.values())
# What nobody may do who is limited to some stores: change what the other stores work with, too.
NOT_WHEN_LIMITED = CHAIN | {"suppliers.write", "stores.open"}
# Roles that can be limited to some stores; owners and auditors always see the whole chain.
LIMITABLE = frozenset({"manager", "buyer", "clerk"})


@dataclass(frozen=True)
class Actor:
    """Somebody, or something, that acts in one inventory.

    store_ids: the stores this actor is limited to, or None for all
    stores_seen: what the chain's stores looked like when the actor was identified; another value whenever one of
        them changed; None when nobody looked
    """

    id: int
    inventory_id: int
    role: str
    name: str
    user_id: int | None = None
    session_id: int | None = None
    store_ids: frozenset[int] | None = None
    currency: str = "GBP"
    time_zone: str = "Europe/London"
    permissions: frozenset[str] = field(default=frozenset())
    stores_seen: tuple | None = None

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def sees(self, store_id: int) -> bool:
        """Whether a store lies within this actor's limit."""
        return self.store_ids is None or store_id in self.store_ids

    def refuse_beyond_stores(self, what: str) -> None:
        """raises: Forbidden when the actor is limited to some stores. what: holds in all of them; begins a sentence"""
        if self.store_ids is not None:
            raise Forbidden(f"{what} holds in every store. Somebody who works in all of them may change it.")


def permissions_of(role: str, *, is_limited: bool = False) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing. is_limited: to some stores"""
    permissions = ROLES.get(role, frozenset())
    return permissions - NOT_WHEN_LIMITED if is_limited else permissions
