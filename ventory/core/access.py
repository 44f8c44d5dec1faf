"""Who may do what: actors, roles and permissions as one readable table."""

from __future__ import annotations

from dataclasses import dataclass, field

from ventory.core.errors import BadInput, Forbidden

READING = frozenset({"catalogue.read", "stock.read", "stores.read", "analytics.read"})
POSTING = frozenset({"stock.sell", "stock.adjust", "stock.transfer", "stock.restock", "stock.reverse"})
SUPPLIERS = frozenset({"suppliers.read", "suppliers.write"})
NOTING = frozenset({"notes.write"})
CATALOGUE = frozenset({"catalogue.write", "prices.write"})
# What holds in every store: categories, units, types, tags, fields, the reorder rules above those of stores.
CHAIN = frozenset({"chain.write"})
STORES = frozenset({"stores.write", "stores.open"})
PROOF = frozenset({"proof.read", "proof.run"})
PEOPLE = frozenset({"people.read", "people.write"})
KEYS = frozenset({"keys.read", "keys.write"})
# Who changed what, in the whole chain.
AUDIT = frozenset({"audit.read"})
RUNNING = PEOPLE | KEYS | AUDIT | {"settings.write"}

ROLES: dict[str, frozenset[str]] = {
    "owner": READING
    | POSTING
    | CATALOGUE
    | CHAIN
    | NOTING
    | SUPPLIERS
    | STORES
    | RUNNING
    | PROOF
    | {"costs.read", "inventory.own"},
    "manager": READING | POSTING | CATALOGUE | CHAIN | NOTING | SUPPLIERS | STORES | RUNNING | {"costs.read"},
    "buyer": READING | CATALOGUE | CHAIN | NOTING | SUPPLIERS | {"stock.restock", "stock.transfer", "costs.read"},
    "clerk": READING | POSTING | NOTING,
    "auditor": READING | PROOF | AUDIT | {"costs.read", "suppliers.read", "people.read", "keys.read"},
}
PERMISSIONS = frozenset().union(*ROLES.values())
# What nobody may do who is limited to some stores: change what the other stores work with, or whom they work with.
NOT_WHEN_LIMITED = CHAIN | RUNNING | {"suppliers.write", "stores.open"}
# What is left of each role in an archived inventory: looking, and, for owners, bringing it back.
WHEN_ARCHIVED = (
    READING | AUDIT | {"costs.read", "suppliers.read", "people.read", "keys.read", "proof.read", "inventory.own"}
)
# Roles that can be limited to some stores; owners and auditors always see the whole chain.
LIMITABLE = frozenset({"manager", "buyer", "clerk"})


@dataclass(frozen=True)
class Actor:
    """Somebody, or something, that acts in one inventory.

    store_ids: the stores this actor is limited to, or None for all
    stores_seen: what the chain's stores looked like when the actor was identified; another value whenever one of
        them changed; None when nobody looked
    lacks_factor: the inventory wants a second factor of this person, who has none: nothing goes before that
    key_id, scopes: of a program's key, see core/keys; None and nothing for people
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
    lacks_factor: bool = False
    key_id: int | None = None
    scopes: tuple[str, ...] = ()

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def sees(self, store_id: int) -> bool:
        """Whether a store lies within this actor's limit."""
        return self.store_ids is None or store_id in self.store_ids

    def refuse_beyond_stores(self, what: str) -> None:
        """raises: Forbidden when the actor is limited to some stores. what: holds in all of them; begins a sentence"""
        if self.store_ids is not None:
            raise Forbidden(f"{what} holds in every store. Somebody who works in all of them may change it.")


def permissions_of(role: str, *, is_limited: bool = False, is_archived: bool = False) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing. is_limited: to some stores; is_archived: the inventory is"""
    permissions = ROLES.get(role, frozenset())
    if is_archived:
        permissions &= WHEN_ARCHIVED
    return permissions - NOT_WHEN_LIMITED if is_limited else permissions


def changes_things(role: str) -> bool:
    """Whether a role does more than look: those have a second factor offered, or asked of them."""
    return bool(permissions_of(role) - WHEN_ARCHIVED - PROOF)  # to have figures checked changes none of them


def check_role(role: str, *, is_limited: bool) -> None:
    """See that somebody can have a role. is_limited: to some stores; raises: BadInput"""
    if role not in ROLES:
        raise BadInput(f"There is no role {role}. There are {', '.join(ROLES)}.", field="role")
    if is_limited and role not in LIMITABLE:
        raise BadInput(f"The role {role} sees the whole chain. Leave the stores out.", field="stores")


def refuse_beyond_role(actor: Actor, *roles: str) -> None:
    """Only owners make, change and remove owners. roles: what somebody is, or is to be; raises: Forbidden"""
    if "owner" in roles and not actor.may("inventory.own"):
        raise Forbidden("Only an owner makes, changes or removes owners.")
