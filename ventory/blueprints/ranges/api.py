"""The chain's reorder rule for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.ranges import queries, service
from ventory.blueprints.ranges.schemas import InventoryRuleChange, InventoryRuleOut
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import tagged, version_sent

ranges_api = APIBlueprint("ranges", __name__, tag="Ranges and rules")


@ranges_api.get("/inventories/<int:inventory_id>/rule")
@guard("catalogue.read")
@ranges_api.output(InventoryRuleOut)
def get_inventory_rule(inventory_id):
    """The reorder rule that holds where no category, item or store sets another."""
    _refuse_others(inventory_id)
    return tagged(queries.inventory_rule(reading.session()))


@ranges_api.patch("/inventories/<int:inventory_id>/rule")
@guard("catalogue.write")
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
