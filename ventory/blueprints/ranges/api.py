"""The chain's reorder rule and the ranges of stores, for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.items.queries import ItemFilter, count_items, ids_of_items
from ventory.blueprints.ranges import queries, service
from ventory.blueprints.ranges.schemas import (
    InventoryRuleChange,
    InventoryRuleOut,
    RangeCopiedOut,
    RangeCopyIn,
    RangeEditedOut,
    RangeEditIn,
    RangeQuery,
    RangeRowOut,
)
from ventory.blueprints.stores.queries import get_store
from ventory.core.errors import BadInput, NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, tagged, version_sent

ranges_api = APIBlueprint("ranges", __name__, tag="Ranges and rules")


@ranges_api.get("/inventories/<int:inventory_id>/rule")
@guard("catalogue.read")
@ranges_api.output(InventoryRuleOut)
def get_inventory_rule(inventory_id):
    """The reorder rule that holds where no category, item or store sets another."""
    _refuse_others(inventory_id)
    return tagged(queries.inventory_rule(reading.session()))


@ranges_api.patch("/inventories/<int:inventory_id>/rule")
@guard("chain.write")
@ranges_api.input(InventoryRuleChange)
@ranges_api.output(InventoryRuleOut)
def set_inventory_rule(inventory_id, json_data):
    """Set the rule of the whole chain. Needs If-Match; a rule that nobody set has the version 0."""
    _refuse_others(inventory_id)
    version = version_sent(is_required=True)
    command = service.SetInventoryRule(version=version, **json_data.model_dump(exclude_unset=True), **asked())
    return tagged(service.set_inventory_rule(command))


def _refuse_others(inventory_id: int) -> None:
    if inventory_id != g.actor.inventory_id:
        raise NotFound("There is no such inventory.")


@ranges_api.get("/stores/<int:store_id>/range")
@guard("catalogue.read")
@ranges_api.input(RangeQuery, location="query")
@ranges_api.output(list[RangeRowOut])
def list_range(store_id, query_data):
    """What a store carries, or does not, with the rule in force."""
    if get_store(reading.session(), g.actor, store_id) is None:
        raise NotFound("There is no such store.")
    page = queries.range_of(
        reading.session(),
        store_id,
        query_data.filter(store_id),
        sort=query_data.sort,
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@ranges_api.post("/stores/<int:store_id>/range")
@guard("catalogue.write")
@ranges_api.input(RangeEditIn)
@ranges_api.output(RangeEditedOut)
def edit_range(store_id, json_data):
    """Carry many items in a store, stop carrying them, or set their rule there, up to 10,000 at once.

    409 still_stocked when something is left of an item that should go; not_carried, item_archived, store_closed.
    """
    command = service.EditRange(
        store_id=store_id,
        action=json_data.action,
        item_ids=tuple(json_data.item_ids or _matching(json_data.matching)),
        good_only=json_data.good_only,
        **json_data.rule,
        **asked(),
    )
    return service.edit_range(command)


def _matching(matching) -> list[int]:
    which = ItemFilter(**matching.model_dump())
    count = count_items(reading.session(), which)
    if count > service.MOST_ITEMS:
        raise BadInput(f"{count} items match; {service.MOST_ITEMS} can be changed at once.", field="matching")
    if not count:
        raise BadInput("No item matches.", field="matching")
    return ids_of_items(reading.session(), which, service.MOST_ITEMS)


@ranges_api.post("/stores/<int:store_id>/range/copies")
@guard("catalogue.write")
@ranges_api.input(RangeCopyIn)
@ranges_api.output(RangeCopiedOut, status_code=201)
def copy_range(store_id, json_data):
    """Let a store carry what another one carries, by the same rules; what it carries already stays as it is."""
    return service.copy_range(service.CopyRange(store_id=store_id, source=json_data.source, **asked())), 201
