"""The retail API's products and restocks, and the items of the versioned API."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import g, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.items import grid, notes, queries, references, service, variants
from ventory.blueprints.items.schemas import (
    AddedVariantsOut,
    GridOut,
    GridQuery,
    GroupOut,
    ItemChange,
    ItemIn,
    ItemOut,
    ItemQuery,
    ItemRow,
    LowOut,
    LowQuery,
    NoteIn,
    NoteOut,
    ProductChange,
    ProductIn,
    ProductOut,
    ProductQuery,
    ProductRow,
    RestockedOut,
    RestockIn,
    RestockOut,
    RestockQuery,
    VariantsIn,
)
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, store_id, store_named, tagged, version_sent
from ventory.web.schemas import PageQuery

products_api = APIBlueprint("products", __name__, tag="Products")
items_api = APIBlueprint("items", __name__, url_prefix="/items", tag="Items")


def _stores():
    return references.stores(reading.session().connection(), g.actor)


def _store(query) -> references.FoundStore | None:
    return store_named(query, _stores()) if query.store is not None or query.store_id is not None else None


def _filter(query, store: references.FoundStore | None) -> queries.ItemFilter:
    which = queries.ItemFilter(
        search=query.search,
        category_id=query.category_id,
        type=query.type,
        sku=query.sku,
        barcode=query.barcode,
        tag=query.tag,
        store_id=store.id if store else None,
    )
    if query.category is not None and query.category_id is None:
        named = categories.id_by_name(reading.session(), query.category)
        which = replace(which, category_id=named if named is not None else 0)
    return which


@products_api.get("/products")
@guard("catalogue.read")
@products_api.input(ProductQuery, location="query")
@products_api.output(list[ProductRow])
def list_products(query_data):
    """List products with their stock levels."""
    store = _store(query_data)
    page = queries.list_items(
        reading.session(),
        g.actor,
        _filter(query_data, store),
        sort=query_data.sort,
        limit=query_data.limit,
        cursor=query_data.cursor,
        store=store,
    )
    return answer(page)


@products_api.get("/products/<int:product_id>")
@guard("catalogue.read")
@products_api.output(ProductOut)
def get_product(product_id):
    """Show one product with every store that carries it."""
    view = queries.get_item(reading.session(), g.actor, product_id)
    if view is None:
        raise NotFound("There is no such product.")
    return tagged(view)


@products_api.post("/products")
@guard("catalogue.write")
@products_api.input(ProductIn)
@products_api.output(ProductOut, status_code=201)
def add_product(json_data):
    """Add a product; with a stock level it starts with that much in the store.

    409 sku_taken, barcode_taken when another product has it.
    """
    view = service.add(service.AddItem(fields=json_data.item_fields(), stock=json_data.stock_fields(), **asked()))
    return tagged(view, 201, url_for(".get_product", product_id=view.id))


@products_api.put("/products/<int:product_id>")
@guard("catalogue.write")
@products_api.input(ProductChange)
@products_api.output(ProductOut)
def change_product(product_id, json_data):
    """Change a product; absent fields stay. A stock level is posted as a counted adjustment.

    409 in_use when the unit changes after something moved.
    """
    view = service.change(
        service.ChangeItem(
            item_id=product_id,
            fields=json_data.item_fields(),
            stock=json_data.stock_fields(),
            version=version_sent(is_required=False),
            **asked(),
        )
    )
    return tagged(view)


@products_api.delete("/products/<int:product_id>")
@guard("catalogue.write")
@products_api.output({}, status_code=204)
def archive_product(product_id):
    """Archive a product; its history stays."""
    service.archive(service.ArchiveItem(item_id=product_id, version=version_sent(is_required=False), **asked()))
    return ""


@products_api.post("/products/<int:product_id>/restock")
@guard("stock.restock")
@products_api.input(RestockIn)
@products_api.output(RestockedOut, status_code=201)
def restock_product(product_id, json_data):
    """Book stock that came from a supplier."""
    done = service.restock(
        service.RestockItem(
            item_id=product_id, **{name: getattr(json_data, name) for name in RestockIn.model_fields}, **asked()
        )
    )
    levels = {"on_hand": done.on_hand, "reserved": done.reserved, "available": done.available}
    return vars(done.restock) | levels, 201


@products_api.get("/restocks")
@guard("stock.read")
@products_api.input(RestockQuery, location="query")
@products_api.output(list[RestockOut])
def list_restocks(query_data):
    """The restocking log, newest first."""
    page = queries.restocks(
        reading.session(),
        g.actor,
        product_id=query_data.product_id,
        store_id=store_id(query_data, _stores()),
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@products_api.get("/products/low-stock")
@guard("stock.read")
@products_api.input(LowQuery, location="query")
@products_api.output(list[LowOut])
def list_low_stock(query_data):
    """Products below their reorder point, one row per product and store, out of stock first."""
    page = queries.low_stock(
        reading.session(),
        g.actor,
        store_id=store_id(query_data, _stores()),
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@items_api.get("")
@guard("catalogue.read")
@items_api.input(ItemQuery, location="query")
@items_api.output(list[ItemRow])
def list_items(query_data):
    """List items of the catalogue."""
    archived = {"no": False, "yes": True, "all": None}[query_data.archived]
    store = _store(query_data)
    which = replace(_filter(query_data, store), is_archived=archived, group_id=query_data.group_id)
    page = queries.list_items(
        reading.session(),
        g.actor,
        which,
        sort=query_data.sort,
        limit=query_data.limit,
        cursor=query_data.cursor,
        in_full=True,
        store=store,
    )
    return answer(page)


@items_api.get("/<int:item_id>")
@guard("catalogue.read")
@items_api.output(ItemOut)
def get_item(item_id):
    """Show one item, archived or not."""
    view = queries.get_item(reading.session(), g.actor, item_id, also_archived=True)
    if view is None:
        raise NotFound("There is no such item.")
    return tagged(view)


@items_api.post("")
@guard("catalogue.write")
@items_api.input(ItemIn)
@items_api.output(ItemOut, status_code=201)
def add_item(json_data):
    """Add an item to the catalogue."""
    view = service.add(service.AddItem(fields=json_data.item_fields(), **asked()))
    return tagged(view, 201, url_for(".get_item", item_id=view.id))


@items_api.patch("/<int:item_id>")
@guard("catalogue.write")
@items_api.input(ItemChange)
@items_api.output(ItemOut)
def change_item(item_id, json_data):
    """Change an item; absent fields stay. Needs If-Match."""
    view = service.change(
        service.ChangeItem(
            item_id=item_id, fields=json_data.item_fields(), version=version_sent(is_required=True), **asked()
        )
    )
    return tagged(view)


@items_api.delete("/<int:item_id>")
@guard("catalogue.write")
@items_api.output({}, status_code=204)
def archive_item(item_id):
    """Archive an item; its history stays."""
    service.archive(service.ArchiveItem(item_id=item_id, version=version_sent(is_required=False), **asked()))
    return ""


@items_api.post("/<int:item_id>/restore")
@guard("catalogue.write")
@items_api.output(ItemOut)
def restore_item(item_id):
    """Bring an archived item back."""
    return tagged(service.restore(service.RestoreItem(item_id=item_id, **asked())))


@items_api.get("/groups")
@guard("catalogue.read")
@items_api.input(PageQuery, location="query")
@items_api.output(list[GroupOut])
def list_groups(query_data):
    """Groups of variants, by name."""
    return answer(grid.list_groups(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@items_api.get("/groups/<int:group_id>")
@guard("catalogue.read")
@items_api.input(GridQuery, location="query")
@items_api.output(GridOut)
def get_grid(group_id, query_data):
    """A group's variants as a matrix of two options, with what is available of each, in one store or all."""
    view = grid.grid(
        reading.session(),
        g.actor,
        group_id,
        store_id=store_id(query_data, _stores()),
        rows=query_data.rows,
        columns=query_data.columns,
    )
    if view is None:
        raise NotFound("There is no such group.")
    return view


@items_api.post("/groups/<int:group_id>/variants")
@guard("catalogue.write")
@items_api.input(VariantsIn)
@items_api.output(AddedVariantsOut, status_code=201)
def add_missing_variants(group_id, json_data):
    """Add the combinations of options that a group lacks.

    409 sku_taken when a SKU of the pattern is another item's.
    """
    command = variants.AddVariants(
        group_id=group_id,
        pattern=json_data.pattern,
        values={name: tuple(values) for name, values in json_data.values.items()},
        combinations=None if json_data.combinations is None else tuple(json_data.combinations),
        dry_run=json_data.dry_run,
        **asked(),
    )
    return variants.add_missing(command), 201


@items_api.get("/<int:item_id>/notes")
@guard("catalogue.read")
@items_api.input(PageQuery, location="query")
@items_api.output(list[NoteOut])
def list_notes(item_id, query_data):
    """What was written about an item, newest first."""
    if queries.get_item(reading.session(), g.actor, item_id, also_archived=True) is None:
        raise NotFound("There is no such item.")
    return answer(queries.notes(reading.session(), item_id, limit=query_data.limit, cursor=query_data.cursor))


@items_api.post("/<int:item_id>/notes")
@guard("notes.write")
@items_api.input(NoteIn)
@items_api.output(NoteOut, status_code=201)
def write_note(item_id, json_data):
    """Write a note on an item."""
    return notes.write(notes.WriteNote(item_id=item_id, text=json_data.text, **asked())), 201


@items_api.delete("/<int:item_id>/notes/<int:note_id>")
@guard("notes.write")
@items_api.output({}, status_code=204)
def remove_note(item_id, note_id):
    """Take one's own note away."""
    notes.remove(notes.RemoveNote(item_id=item_id, note_id=note_id, **asked()))
    return ""
