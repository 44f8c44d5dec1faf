"""Who may do what: actors, roles and permissions as one readable table."""

from __future__ import annotations

from dataclasses import dataclass, field

READING = frozenset({"catalogue.read", "stock.read", "stores.read", "analytics.read"})
POSTING = frozenset({"stock.sell", "stock.adjust", "stock.transfer", "stock.restock", "stock.reverse"})
CATALOGUE = frozenset({"catalogue.write", "prices.write"})

ROLES: dict[str, frozenset[str]] = {
    "owner": READING | POSTING | CATALOGUE | {"stores.write", "costs.read"},
    "manager": READING | POSTING | CATALOGUE | {"stores.write", "costs.read"},
    "buyer": READING | CATALOGUE | {"stock.restock", "stock.transfer", "costs.read"},
    "clerk": READING | POSTING,
    "auditor": READING | {"costs.read"},
}
PERMISSIONS = frozenset().union(*ROLES.values())
# Roles that can be limited to some stores; owners and auditors always see the whole chain.
LIMITABLE = frozenset({"manager", "buyer", "clerk"})


@dataclass(frozen=True)
class Actor:
    """Somebody, or something, that acts in one inventory.

    store_ids: the stores this actor is limited to, or None for all
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

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def sees(self, store_id: int) -> bool:
        """Whether a store lies within this actor's limit."""
        return self.store_ids is None or store_id in self.store_ids


def permissions_of(role: str) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing."""
    return ROLES.get(role, frozenset())
