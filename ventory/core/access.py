"""Who may do what: actors, roles and permissions as one readable table."""

from __future__ import annotations

from dataclasses import dataclass, field

READING = frozenset({"catalogue.read", "stock.read", "stores.read", "analytics.read"})
POSTING = frozenset({"stock.sell", "stock.adjust", "stock.transfer", "stock.restock", "stock.reverse"})
SUPPLIERS = frozenset({"suppliers.read", "suppliers.write"})
NOTING = frozenset({"notes.write"})
CATALOGUE = frozenset({"catalogue.write", "prices.write"})

ROLES: dict[str, frozenset[str]] = {
    "owner": READING | POSTING | CATALOGUE | NOTING | SUPPLIERS | {"stores.write", "costs.read"},
    "manager": READING | POSTING | CATALOGUE | NOTING | SUPPLIERS | {"stores.write", "costs.read"},
    "buyer": READING | CATALOGUE | NOTING | SUPPLIERS | {"stock.restock", "stock.transfer", "costs.read"},
    "clerk": READING | POSTING | NOTING,
    "auditor": READING | {"costs.read", "suppliers.read"},
}
PERMISSIONS = frozenset().union(*ROLES.values())
# What a role loses when it is limited to some stores: terms with suppliers hold for the whole chain.
NOT_WHEN_LIMITED: dict[str, frozenset[str]] = {"manager": frozenset({"suppliers.write"})}
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


def permissions_of(role: str, *, is_limited: bool = False) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing. is_limited: to some stores"""
    permissions = ROLES.get(role, frozenset())
    return permissions - NOT_WHEN_LIMITED.get(role, frozenset()) if is_limited else permissions
