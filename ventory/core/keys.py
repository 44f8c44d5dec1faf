"""API keys: what they look like, what their scopes stand for, and that none is stronger than who answers for it."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass

from ventory.core.access import NOT_WHEN_LIMITED, POSTING, Actor
from ventory.core.errors import BadInput, Forbidden

PREFIX = "vty_"
ROLE = "key"
_PUBLIC, _PUBLIC_LENGTH = string.ascii_lowercase + string.digits, 12
# 43 of 62 signs are 256 bits. None of them ends a word, so that a double click takes the whole key.
_SECRET, _SECRET_LENGTH = string.ascii_letters + string.digits, 43
_KEY = re.compile(r"vty_([a-z0-9]{12})_([A-Za-z0-9]{43})")
_ANYWHERE = re.compile(r"vty_([a-z0-9]{12})_[A-Za-z0-9]+")


@dataclass(frozen=True)
class Scope:
    """What a key with this scope may do. gives: permissions of its own; also: the reading that its answers show"""

    meaning: str
    gives: frozenset[str]
    also: frozenset[str] = frozenset()

    @property
    def permissions(self) -> frozenset[str]:
        return self.gives | self.also


SCOPES: dict[str, Scope] = {
    "products:read": Scope(
        "See items, products, prices, categories and stores", frozenset({"catalogue.read", "stores.read"})
    ),
    "products:write": Scope(
        "Add and change items, products and notes",
        frozenset({"catalogue.write", "notes.write"}),
        frozenset({"catalogue.read", "stores.read"}),
    ),
    "prices:write": Scope("Change price lists", frozenset({"prices.write"}), frozenset({"catalogue.read"})),
    "stock:read": Scope("See stock levels and movements", frozenset({"stock.read"})),
    "sales:write": Scope(
        "Record sales, returns and what stores use", frozenset({"stock.sell"}), frozenset({"stock.read"})
    ),
    "movements:write": Scope(
        "Record every kind of movement, and take it back", frozenset(POSTING), frozenset({"stock.read"})
    ),
    "analytics:read": Scope("See overview and trends", frozenset({"analytics.read"})),
    "costs:read": Scope("See cost prices and stock value", frozenset({"costs.read"}), frozenset({"catalogue.read"})),
    "suppliers:read": Scope("See suppliers and their terms", frozenset({"suppliers.read"})),
    "suppliers:write": Scope(
        "Change suppliers and their terms", frozenset({"suppliers.write"}), frozenset({"suppliers.read"})
    ),
    "stores:write": Scope(
        "Open and change stores", frozenset({"stores.write", "stores.open"}), frozenset({"stores.read"})
    ),
    "setup:write": Scope(
        "Change categories, units, types, tags, fields and rules of the chain",
        frozenset({"chain.write"}),
        frozenset({"catalogue.read"}),
    ),
}


@dataclass(frozen=True)
class Parts:
    """A key taken apart. public_id: by which it is found, no secret; digest: of its secret"""

    public_id: str
    digest: str


def new_key() -> str:
    """A key that nobody has. It is shown once."""
    public_id = "".join(secrets.choice(_PUBLIC) for _ in range(_PUBLIC_LENGTH))
    secret = "".join(secrets.choice(_SECRET) for _ in range(_SECRET_LENGTH))
    return f"{PREFIX}{public_id}_{secret}"


def parts_of(key: str) -> Parts | None:
    """A key as it is looked up and compared, or None when it is not made like one.

    A plain SHA-256 is enough: nobody guesses 256 random bits, so there is nothing that a slow hash would slow down.
    """
    found = _KEY.fullmatch(key)
    return Parts(found[1], hashlib.sha256(found[2].encode()).hexdigest()) if found else None


def without_keys(text: str) -> str:
    """A text in which keys are named by what is no secret of them."""
    return _ANYWHERE.sub(rf"{PREFIX}\1_…", text)


def permissions_in(scopes: Iterable[str]) -> frozenset[str]:
    """What scopes allow together; one that is no longer known allows nothing."""
    return frozenset().union(*(SCOPES[each].permissions for each in scopes if each in SCOPES))


def scope_for(permission: str) -> str | None:
    """The scope that gives a permission and least beside it, or None when no key may have it."""
    for name, scope in SCOPES.items():
        if permission in scope.gives:
            return name
    return None


def check_scopes(actor: Actor, scopes: Iterable[str], *, is_limited: bool) -> tuple[str, ...]:
    """The scopes that a key is to have, in the order of the list above, each once.

    actor: who is to answer for them; is_limited: the key is, to some stores
    raises: BadInput, Forbidden when the actor may not do it all themselves
    """
    wanted = set(scopes)
    unknown = sorted(wanted - SCOPES.keys())
    if unknown:
        raise BadInput(f"There is no scope {unknown[0]}. There are {', '.join(SCOPES)}.", field="scopes")
    if not wanted:
        raise BadInput("A key needs at least one scope.", field="scopes")
    for name in wanted:
        if not SCOPES[name].permissions <= actor.permissions:
            raise Forbidden(f"You may not do yourself what the scope {name} allows.", field="scopes")
        if is_limited and SCOPES[name].gives <= NOT_WHEN_LIMITED:
            raise BadInput(
                f"The scope {name} holds in every store. Leave the stores out, or the scope.", field="scopes"
            )
    return tuple(name for name in SCOPES if name in wanted)


def common_stores(own: frozenset[int] | None, theirs: frozenset[int] | None) -> frozenset[int] | None:
    """The stores that lie within both limits; None for all."""
    if own is None or theirs is None:
        return theirs if own is None else own
    return own & theirs


def refusal(actor: Actor, permission: str) -> Forbidden:
    """What to say to somebody without a permission; to a key, which scope it lacks."""
    if actor.key_id is None:
        return Forbidden(f"The role {actor.role} may not do this.")
    scope = scope_for(permission)
    if scope is None:
        return Forbidden("No key may do this. Somebody has to sign in for it.")
    if permission in permissions_in(actor.scopes):
        why = (
            f"The key has the scope {scope}, but who answers for it, or its limit to some stores, does not allow this."
        )
        return Forbidden(why, details={"scope": scope})
    return Forbidden(f"This key lacks the scope {scope}.", details={"scope": scope})
