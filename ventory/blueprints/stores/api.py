"""Stores for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.stores import queries
from ventory.blueprints.stores.schemas import StoreOut, StoresQuery
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import guard
from ventory.web.lists import answer, tagged

stores_api = APIBlueprint("stores", __name__, url_prefix="/stores", tag="Stores")


@stores_api.get("")
@guard("stores.read")
@stores_api.input(StoresQuery, location="query")
@stores_api.output(list[StoreOut])
def list_stores(query_data):
    """The stores that the caller may see."""
    page = queries.list_stores(
        reading.session(),
        g.actor,
        also_closed=query_data.closed == "all",
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@stores_api.get("/<int:store_id>")
@guard("stores.read")
@stores_api.output(StoreOut)
def get_store(store_id):
    """Show one store."""
    view = queries.get_store(reading.session(), g.actor, store_id)
    if view is None:
        raise NotFound("There is no such store.")
    return tagged(view)
