"""Inventory types for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from ventory.blueprints.inventory_types import queries, service
from ventory.blueprints.inventory_types.schemas import TypeChange, TypeIn, TypeOut
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import tagged, version_sent
from ventory.web.schemas import In

types_api = APIBlueprint("inventory_types", __name__, url_prefix="/inventory_types", tag="Inventory types")


@types_api.get("")
@guard("catalogue.read")
@types_api.input(In, location="query")
@types_api.output(list[TypeOut])
def list_types(query_data):
    """Every type, by name."""
    return queries.list_types(reading.session())


@types_api.get("/<int:type_id>")
@guard("catalogue.read")
@types_api.output(TypeOut)
def get_type(type_id):
    """Show one type."""
    view = queries.get(reading.session(), type_id)
    if view is None:
        raise NotFound("There is no such type.")
    return tagged(view)


@types_api.post("")
@guard("chain.write")
@types_api.input(TypeIn)
@types_api.output(TypeOut, status_code=201)
def add_type(json_data):
    """Add a type. 409 code_taken."""
    view = service.add(service.AddType(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_type", type_id=view.id))


@types_api.patch("/<int:type_id>")
@guard("chain.write")
@types_api.input(TypeChange)
@types_api.output(TypeOut)
def change_type(type_id, json_data):
    """Change a type. Needs If-Match; 409 in_use when items would start or stop keeping stock."""
    version = version_sent(is_required=True)
    command = service.ChangeType(type_id=type_id, version=version, **json_data.model_dump(), **asked())
    return tagged(service.change(command))


@types_api.delete("/<int:type_id>")
@guard("chain.write")
@types_api.output({}, status_code=204)
def remove_type(type_id):
    """Remove a type that no item is of. 409 in_use else."""
    version = version_sent(is_required=False)
    service.remove(service.RemoveType(type_id=type_id, version=version, **asked()))
    return ""
