"""Stores for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g, url_for

from ventory.blueprints.stores import queries, service
from ventory.blueprints.stores.schemas import StoreChange, StoreIn, StoreOut, StoresQuery
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, tagged, version_sent

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


@stores_api.post("")
@guard("stores.open")
@stores_api.input(StoreIn)
@stores_api.output(StoreOut, status_code=201)
def open_store(json_data):
    """Open a store, on request with the range and the rules of another. 409 code_taken when another has the code."""
    view = service.open_store(service.OpenStore(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_store", store_id=view.id))


@stores_api.patch("/<int:store_id>")
@guard("stores.write")
@stores_api.input(StoreChange)
@stores_api.output(StoreOut)
def change_store(store_id, json_data):
    """Change, close or reopen a store; absent fields stay. Needs If-Match."""
    version = version_sent(is_required=True)
    command = service.ChangeStore(store_id=store_id, version=version, **json_data.model_dump(), **asked())
    return tagged(service.change(command))
