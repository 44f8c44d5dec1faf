"""Which store a person is looking at: `?store=CODE`, kept while they move between pages."""

from __future__ import annotations

from flask import g, request, session

from ventory.blueprints.stores import queries
from ventory.blueprints.stores.queries import StoreView
from ventory.web import reading

ALL = "*"


def mine() -> list[StoreView]:
    """The open stores that this person may see, by name, as a person looks for one among many."""
    if "stores" not in g:
        g.stores = queries.open_stores(reading.session(), g.actor)
    return g.stores


def may(permission: str) -> bool:
    """Whether this person can do something here: a transfer needs another store of theirs to go to."""
    return g.actor.may(permission) and (permission != "stock.transfer" or len(mine()) > 1)


def store() -> StoreView | None:
    """The store that pages show, or None for all that this person may see."""
    stores = mine()
    wanted = request.args.get("store") if request.method == "GET" else None
    if wanted is not None:
        session["store"] = wanted[:20]
    if len(stores) == 1:
        return stores[0]
    chosen = session.get("store", ALL).casefold()
    return next((each for each in stores if each.code.casefold() == chosen), None)
