"""Units for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from ventory.blueprints.uom import queries, service
from ventory.blueprints.uom.schemas import UnitChange, UnitIn, UnitOut
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import tagged, version_sent
from ventory.web.schemas import In

uom_api = APIBlueprint("uom", __name__, url_prefix="/uom", tag="Units")


@uom_api.get("")
@guard("catalogue.read")
@uom_api.input(In, location="query")
@uom_api.output(list[UnitOut])
def list_units(query_data):
    """Every unit, packs behind their base."""
    return queries.list_units(reading.session())


@uom_api.get("/<int:unit_id>")
@guard("catalogue.read")
@uom_api.output(UnitOut)
def get_unit(unit_id):
    """Show one unit."""
    view = queries.get(reading.session(), unit_id)
    if view is None:
        raise NotFound("There is no such unit.")
    return tagged(view)


@uom_api.post("")
@guard("chain.write")
@uom_api.input(UnitIn)
@uom_api.output(UnitOut, status_code=201)
def add_unit(json_data):
    """Add a unit or a pack. 409 code_taken."""
    view = service.add(service.AddUnit(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_unit", unit_id=view.id))


@uom_api.patch("/<int:unit_id>")
@guard("chain.write")
@uom_api.input(UnitChange)
@uom_api.output(UnitOut)
def change_unit(unit_id, json_data):
    """Change a unit. Needs If-Match; 409 in_use when figures would change their meaning."""
    version = version_sent(is_required=True)
    command = service.ChangeUnit(unit_id=unit_id, version=version, **json_data.model_dump(), **asked())
    return tagged(service.change(command))


@uom_api.delete("/<int:unit_id>")
@guard("chain.write")
@uom_api.output({}, status_code=204)
def remove_unit(unit_id):
    """Remove a unit that nothing is counted in. 409 in_use else."""
    version = version_sent(is_required=False)
    service.remove(service.RemoveUnit(unit_id=unit_id, version=version, **asked()))
    return ""
