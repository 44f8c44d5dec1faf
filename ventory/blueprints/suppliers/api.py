"""Suppliers and their terms for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g, request, url_for

from ventory.blueprints.items import queries as items
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.suppliers import queries, service
from ventory.blueprints.suppliers.schemas import (
    SoldIn,
    SoldQuery,
    SupplierChange,
    SupplierIn,
    SupplierOut,
    SupplierRow,
    SuppliersQuery,
    TermsIn,
    TermsOut,
)
from ventory.core.errors import AlreadySupplied, BadInput, NotFound, PreconditionRequired
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, tagged, version_sent
from ventory.web.schemas import PageQuery

suppliers_api = APIBlueprint("suppliers", __name__, tag="Suppliers")
# One operation answers 200 and 201 with the same shape; the declaration of an answer takes one status.
_TERMS = {"application/json": {"schema": {"$ref": "#/components/schemas/TermsOut"}}}


def _supplier(supplier_id: int) -> queries.SupplierView:
    view = queries.get_supplier(reading.session(), g.actor, supplier_id)
    if view is None:
        raise NotFound("There is no such supplier.")
    return view


@suppliers_api.get("/suppliers")
@guard("suppliers.read")
@suppliers_api.input(SuppliersQuery, location="query")
@suppliers_api.output(list[SupplierRow])
def list_suppliers(query_data):
    """Whom the chain buys from."""
    page = queries.list_suppliers(
        reading.session(),
        g.actor,
        search=query_data.q,
        is_archived={"no": False, "yes": True, "all": None}[query_data.archived],
        sort=query_data.sort,
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@suppliers_api.get("/suppliers/<int:supplier_id>")
@guard("suppliers.read")
@suppliers_api.output(SupplierOut)
def get_supplier(supplier_id):
    """Show one supplier, archived or not."""
    return tagged(_supplier(supplier_id))


@suppliers_api.post("/suppliers")
@guard("suppliers.write")
@suppliers_api.input(SupplierIn)
@suppliers_api.output(SupplierOut, status_code=201)
def add_supplier(json_data):
    """Add a supplier. 409 code_taken when another one, archived or not, has its code."""
    view = service.add(service.AddSupplier(fields=json_data.fields(), **asked()))
    return tagged(view, 201, url_for(".get_supplier", supplier_id=view.id))


@suppliers_api.patch("/suppliers/<int:supplier_id>")
@guard("suppliers.write")
@suppliers_api.input(SupplierChange)
@suppliers_api.output(SupplierOut)
def change_supplier(supplier_id, json_data):
    """Change a supplier; absent fields stay. Needs If-Match.

    409 in_use when its currency would change under prices; supplier_archived.
    """
    version = version_sent(is_required=True)
    command = service.ChangeSupplier(supplier_id=supplier_id, fields=json_data.fields(), version=version, **asked())
    return tagged(service.change(command))


@suppliers_api.delete("/suppliers/<int:supplier_id>")
@guard("suppliers.write")
@suppliers_api.output({}, status_code=204)
def archive_supplier(supplier_id):
    """Archive a supplier; its terms stay and come back with it."""
    version = version_sent(is_required=False)
    service.archive(service.ArchiveSupplier(supplier_id=supplier_id, version=version, **asked()))
    return ""


@suppliers_api.post("/suppliers/<int:supplier_id>/restore")
@guard("suppliers.write")
@suppliers_api.output(SupplierOut)
def restore_supplier(supplier_id):
    """Bring an archived supplier back."""
    return tagged(service.restore(service.RestoreSupplier(supplier_id=supplier_id, **asked())))


@suppliers_api.get("/suppliers/<int:supplier_id>/items")
@guard("suppliers.read")
@suppliers_api.input(SoldQuery, location="query")
@suppliers_api.output(list[TermsOut])
def list_items_of_supplier(supplier_id, query_data):
    """What a supplier sells, by name; archived items are left out."""
    _supplier(supplier_id)
    page = queries.items_of(
        reading.session(),
        g.actor,
        supplier_id,
        search=query_data.q,
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@suppliers_api.post("/suppliers/<int:supplier_id>/items")
@guard("suppliers.write")
@suppliers_api.input(SoldIn)
@suppliers_api.output(TermsOut, status_code=201)
def add_item_of_supplier(supplier_id, json_data):
    """Say that a supplier sells an item, named by id, SKU or barcode. 409 already_supplied when that is known."""
    view = service.add_terms(
        service.AddTerms(supplier_id=supplier_id, item=json_data.item(), terms=json_data.terms(), **asked())
    )
    return _added(view)


@suppliers_api.get("/suppliers/<int:supplier_id>/items/<int:item_id>")
@guard("suppliers.read")
@suppliers_api.output(TermsOut)
def get_terms(supplier_id, item_id):
    """What a supplier asks for an item."""
    view = queries.get_terms(reading.session(), g.actor, supplier_id, item_id)
    if view is None:
        raise NotFound("This supplier does not sell this item.")
    return tagged(view)


@suppliers_api.put("/suppliers/<int:supplier_id>/items/<int:item_id>")
@guard("suppliers.write")
@suppliers_api.input(TermsIn)
@suppliers_api.output(TermsOut)
@suppliers_api.doc(responses={201: {"description": "The terms are new.", "content": _TERMS}})
def put_terms(supplier_id, item_id, json_data):
    """Set what a supplier asks for an item: without If-Match new terms (201), with it the terms that are there, whole.

    428 when there are terms already and If-Match is missing; 404 when it names terms that are not there.
    """
    terms = json_data.terms()
    if "If-Match" in request.headers:
        version = version_sent(is_required=True)
        return tagged(
            service.change_terms(
                service.ChangeTerms(supplier_id=supplier_id, item_id=item_id, terms=terms, version=version, **asked())
            )
        )
    item = ItemRef(item_id=item_id)
    try:
        return _added(service.add_terms(service.AddTerms(supplier_id=supplier_id, item=item, terms=terms, **asked())))
    except AlreadySupplied as error:
        raise PreconditionRequired("There are terms already. Send If-Match with their ETag to replace them.") from error
    except BadInput as error:
        if error.field == "item_id":
            raise NotFound("There is no such item.") from error
        raise


@suppliers_api.delete("/suppliers/<int:supplier_id>/items/<int:item_id>")
@guard("suppliers.write")
@suppliers_api.output({}, status_code=204)
def remove_terms(supplier_id, item_id):
    """Say that a supplier no longer sells an item."""
    version = version_sent(is_required=False)
    service.remove_terms(service.RemoveTerms(supplier_id=supplier_id, item_id=item_id, version=version, **asked()))
    return ""


@suppliers_api.get("/items/<int:item_id>/suppliers")
@guard("suppliers.read")
@suppliers_api.input(PageQuery, location="query")
@suppliers_api.output(list[TermsOut])
def list_suppliers_of_item(item_id, query_data):
    """Who sells an item, by name; archived suppliers are left out."""
    session = reading.session()
    if items.get_item(session, g.actor, item_id, also_archived=True) is None:
        raise NotFound("There is no such item.")
    page = queries.suppliers_of(session, g.actor, item_id, limit=query_data.limit, cursor=query_data.cursor)
    return answer(page)


def _added(view: queries.TermsView):
    address = url_for(".get_terms", supplier_id=view.supplier_id, item_id=view.item_id)
    return tagged(view, 201, address)
