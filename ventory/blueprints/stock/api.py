"""Movements for programs: tills, web shops, imports."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.items import references
from ventory.blueprints.stock import queries, service
from ventory.blueprints.stock.schemas import (
    BatchIn,
    BatchOut,
    CardLineOut,
    CardQuery,
    MovementIn,
    MovementLineOut,
    MovementOut,
    MovementQuery,
    ReversalIn,
)
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, store_id

movements_api = APIBlueprint("movements", __name__, url_prefix="/movements", tag="Movements")
stock_api = APIBlueprint("stock", __name__, url_prefix="/stock", tag="Stock")


def _stores():
    return references.stores(reading.session().connection(), g.actor)


@movements_api.post("")
@guard("stock.read")
@movements_api.input(MovementIn)
@movements_api.output(MovementOut, status_code=201)
def record(json_data):
    """Record a movement.

    409 shortage when a store has less than is asked for; nothing is booked then.
    """
    return service.record(service.RecordMovement(movement=json_data.asked(), **asked())), 201


@movements_api.post("/batch")
@guard("stock.read")
@movements_api.input(BatchIn)
@movements_api.output(BatchOut, status_code=201)
def record_batch(json_data):
    """Record many movements, up to 5,000 lines; every problem is reported at once."""
    command = service.RecordMovements(
        movements=tuple(movement.asked() for movement in json_data.movements),
        mode=json_data.mode,
        dry_run=json_data.dry_run,
        **asked(),
    )
    return service.record_many(command), 201


@movements_api.post("/<int:movement_id>/reversal")
@guard("stock.reverse")
@movements_api.input(ReversalIn)
@movements_api.output(MovementOut, status_code=201)
def reverse(movement_id, json_data):
    """Take a movement back by another one, at its original value.

    409 already_reversed, not_reversible, shortage.
    """
    command = service.ReverseMovement(movement_id=movement_id, reason=json_data.reason, note=json_data.note, **asked())
    return service.reverse(command), 201


@movements_api.get("")
@guard("stock.read")
@movements_api.input(MovementQuery, location="query")
@movements_api.output(list[MovementLineOut])
def list_movements(query_data):
    """Lines of movements, newest first."""
    which = query_data.filter(store_id(query_data, _stores()))
    return answer(
        queries.movement_lines(reading.session(), g.actor, which, limit=query_data.limit, cursor=query_data.cursor)
    )


@stock_api.get("/<int:store>/items/<int:item_id>/card")
@guard("stock.read")
@stock_api.input(CardQuery, location="query")
@stock_api.output(list[CardLineOut])
def stock_card(store, item_id, query_data):
    """The card of an item in a store: its movements, newest first, each with what was on hand after it."""
    if store not in _stores().all:
        raise NotFound("There is no such store.")
    card = queries.card(reading.session(), g.actor, item_id, store, limit=query_data.limit, cursor=query_data.cursor)
    return answer(card.page)
