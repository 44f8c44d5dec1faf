"""Kinds of shop, and adding what one of them starts with, for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.inventories import kinds, service
from ventory.blueprints.inventories.schemas import AddedCatalogueOut, CatalogueIn, KindOut
from ventory.core.errors import NotFound
from ventory.web.auth import asked, guard
from ventory.web.schemas import In

inventories_api = APIBlueprint("inventories", __name__, url_prefix="/inventories", tag="Inventories")


@inventories_api.get("/kinds")
@guard("catalogue.read")
@inventories_api.input(In, location="query")
@inventories_api.output(list[KindOut])
def list_kinds(query_data):
    """The kinds of shop and their default catalogues."""
    return [
        {"kind": each.code, "name": each.name, "description": each.description} | each.contents
        for each in kinds.every_kind()
    ]


@inventories_api.post("/<int:inventory_id>/catalogue")
@guard("chain.write")
@inventories_api.input(CatalogueIn)
@inventories_api.output(AddedCatalogueOut)
def add_catalogue(inventory_id, json_data):
    """Add what the inventory lacks of a kind's default catalogue; what is there stays as it is."""
    if inventory_id != g.actor.inventory_id:
        raise NotFound("There is no such inventory.")
    return service.add_catalogue(service.AddCatalogue(kind=json_data.kind, **asked()))
