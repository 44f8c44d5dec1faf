"""The catalogue's use cases: add, change, archive an item; restock it; set what stands in a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, select

from ventory.blueprints.categories import service as categories
from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields.queries import Fields
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items import barcodes, queries, references
from ventory.blueprints.items.barcodes import AskedBarcode
from ventory.blueprints.items.models import Item, ItemGroup, ItemStore
from ventory.blueprints.items.queries import ItemView, Restock
from ventory.blueprints.items.references import FoundItem, FoundStore, ItemRef, Stores
from ventory.blueprints.tags import service as tags
from ventory.blueprints.uom.models import UnitRow
from ventory.core import movements as rules
from ventory.core import reorder
from ventory.core.barcodes import normal
from ventory.core.errors import BadInput, InUse, NotFound, Stale, VentoryError
from ventory.core.events import ItemChanged
from ventory.core.fields import settle
from ventory.core.ledger import Count, Move
from ventory.core.quantity import Unit, check_quantity, decimals_of, multiply, per_unit, plain
from ventory.core.unset import UNSET, Unset
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import places, posting
from ventory.stock import rules as stock_rules

DEFAULT_UNIT = "pcs"
DEFAULT_TYPE = "merchandise"


@dataclass(frozen=True, kw_only=True)
class ItemFields:
    """What an item may be given; UNSET leaves it as it is (or takes the default when the item is new).

    category: a name; one that is not there yet is added at the top of the tree
    barcode: the primary one; barcodes: all of them; fields: values of custom fields by key, None empties one
    reorder_point, target_level: in every store that sets none itself; None inherits the category's
    """

    name: str | Unset = UNSET
    sku: str | Unset = UNSET
    description: str | Unset = UNSET
    barcode: str | Unset | None = UNSET
    barcodes: tuple[AskedBarcode, ...] | Unset = UNSET
    category: str | Unset | None = UNSET
    category_id: int | Unset | None = UNSET
    unit: str | Unset = UNSET
    type: str | Unset = UNSET
    group: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    options: dict[str, str] | Unset = UNSET
    price: Decimal | Unset | None = UNSET
    fields: dict[str, Any] | Unset = UNSET

    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET

    @property
    def touches_values(self) -> bool:
        """Whether custom fields are settled anew: a value was given, or the category, which says what is asked."""
        return any(each is not UNSET for each in (self.fields, self.category, self.category_id))


@dataclass(frozen=True, kw_only=True)
class StockFields:
    """What an item's stock and own rule in one store should be; UNSET leaves it, a rule of None is inherited.

    store: None for the only store that carries the item, else the inventory's default
    version: of what the store sets, as the caller saw it, or None to overwrite whatever is there
    """

    store: int | str | None = None
    stock_level: Decimal | Unset = UNSET
    unit_cost: Decimal | None = None
    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET
    shelf: str | Unset = UNSET
    version: int | None = None

    @property
    def asks_anything(self) -> bool:
        return any(each is not UNSET for each in (self.stock_level, self.reorder_point, self.target_level, self.shelf))


@dataclass(frozen=True, kw_only=True)
class AddItem(Command):
    fields: ItemFields
    stock: StockFields = field(default_factory=StockFields)


@dataclass(frozen=True, kw_only=True)
class ChangeItem(Command):
    """version: what the caller saw, or None to overwrite whatever is there."""

    item_id: int
    fields: ItemFields
    stock: StockFields = field(default_factory=StockFields)
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class ArchiveItem(Command):
    item_id: int
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreItem(Command):
    item_id: int


@dataclass(frozen=True, kw_only=True)
class RestockItem(Command):
    """quantity in `unit`, > 0; unit_cost per stock unit, None for the last known.

    barcode: one of the item's; quantity then counts its scans, so that two of a case of twelve are 24
    """

    item_id: int
    quantity: Decimal
    store: int | str | None = None
    barcode: str | None = None
    unit: str | None = None
    unit_cost: Decimal | None = None
    supplier: str | None = None
    note: str | None = None
    external_reference: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Restocked:
    """A restock with the level it left in the store."""

    restock: Restock
    on_hand: Decimal
    reserved: Decimal
    available: Decimal


@dataclass(frozen=True)
class Archived:
    item_id: int


@use_case
def add(command: AddItem) -> ItemView:
    """Add an item, with opening stock when there is some.

    The store that is named, else the default, carries it from the start; where there is neither, none does yet.
    raises: BadInput, among others when a level is asked for where there is neither
    """
    with unit_of_work(command) as work:
        fields = command.fields
        assert isinstance(fields.name, str)
        assert isinstance(fields.sku, str)
        item = Item(
            inventory_id=work.inventory_id,
            unit_id=_unit_id(work, fields.unit if isinstance(fields.unit, str) else DEFAULT_UNIT),
            type_id=_type(work, fields.type if isinstance(fields.type, str) else DEFAULT_TYPE).id,
            created_at=work.now,
            description="",
            options={},
            version=1,
        )
        _apply(work, item, fields)
        _give_values(work, item, fields)
        work.session.add(item)
        work.session.flush()
        found = _found(work, item.id)
        _give_names(work, item, found.unit, fields)
        if command.stock.asks_anything and not found.keeps_stock:
            raise BadInput(f"{found.name} keeps no stock.", field="stock_level")
        stores = references.stores(work.connection, work.actor)
        is_for_a_store = command.stock.asks_anything or command.stock.store is not None or stores.default_id is not None
        if is_for_a_store:
            store = _store_of(command.stock, found, stores, {})
            if found.keeps_stock:
                stock_rules.locked_balances(work, {(store.id, item.id)})
                _apply_stock(work, found, store, command.stock, stores, kind="opening")
        work.emit(ItemChanged(item.id, "added"), item.id)
        return work.result(_view(work, item.id))


@use_case
def change(command: ChangeItem) -> ItemView:
    """Change an item, its rule in a store, or, by a counted adjustment, what stands there.

    412 stale when the version is no longer the one the caller saw
    """
    with unit_of_work(command) as work:
        item = _locked(work, command.item_id, command.version)
        _change_fields(work, item, command.fields)
        work.session.flush()
        if command.stock.asks_anything:
            found = _found(work, item.id)
            if not found.keeps_stock:
                raise BadInput(f"{found.name} keeps no stock.", field="stock_level")
            stores = references.stores(work.connection, work.actor)
            carried = references.carrying(work.connection, work.actor, [item.id])
            if command.stock.store is None and len(carried[item.id]) > 1:
                raise BadInput(
                    f"{len(carried[item.id])} stores carry {item.name}. Name the store whose level you mean.",
                    field="store",
                )
            store = _store_of(command.stock, found, stores, carried)
            _apply_stock(work, found, store, command.stock, stores, kind="adjustment")
        work.emit(ItemChanged(item.id, "changed"), item.id)
        return work.result(_view(work, item.id))


def change_within(work: UnitOfWork, item_id: int, fields: ItemFields) -> None:
    """Change an item in a transaction that does more. raises: NotFound, and what `change` refuses"""
    item = _locked(work, item_id, None)
    _change_fields(work, item, fields)
    work.session.flush()
    work.emit(ItemChanged(item.id, "changed"), item.id)


def _change_fields(work: UnitOfWork, item: Item, fields: ItemFields) -> None:
    before = _inherited(item)
    if fields != ItemFields():
        _refuse_new_unit(work, item, fields)
        _apply(work, item, fields)
        if fields.touches_values:
            _give_values(work, item, fields)
        item.version += 1
        work.session.flush()
        _give_names(work, item, _found(work, item.id).unit, fields)
    if _inherited(item) != before:
        stock_rules.hold(work, alone=True)
        stock_rules.copy(work, item_id=item.id)


@use_case
def archive(command: ArchiveItem) -> Archived:
    """Take an item out of the catalogue; its history stays, what is left can still leave."""
    with unit_of_work(command) as work:
        item = _locked(work, command.item_id, command.version)
        item.archived_at = item.updated_at = work.now
        item.version += 1
        work.emit(ItemChanged(item.id, "archived"), item.id)
        return work.result(Archived(item.id))


@use_case
def restore(command: RestoreItem) -> ItemView:
    """Bring an archived item back; 409 when its SKU or barcode has a new owner."""
    with unit_of_work(command) as work:
        item = work.session.get(Item, command.item_id, with_for_update={"key_share": True})
        if item is None or item.inventory_id != work.inventory_id or item.archived_at is None:
            raise NotFound("There is no such archived item.")
        item.archived_at = None
        item.updated_at = work.now
        item.version += 1
        work.session.flush()
        work.emit(ItemChanged(item.id, "restored"), item.id)
        return work.result(_view(work, item.id))


@use_case
def restock(command: RestockItem) -> Restocked:
    """Book stock that came to a store from a supplier."""
    with unit_of_work(command) as work:
        by_id, by_scan = ItemRef(item_id=command.item_id), ItemRef(barcode=command.barcode)
        named = [by_id] if command.barcode is None else [by_id, by_scan]
        found = references.items(work.connection, work.actor, named)
        item = found.find(by_id)
        if item is None or item.archived_at is not None:
            raise NotFound("There is no such product.")
        if not item.keeps_stock:
            raise BadInput(f"{item.name} keeps no stock.", field="quantity")
        if command.barcode is not None and found.find(by_scan) != item:
            raise BadInput(f"{command.barcode} is no barcode of {item.name}.", field="barcode")
        stores = references.stores(work.connection, work.actor)
        if command.store is not None:
            store = stores.get(command.store, field="store")
        else:
            carried = references.carrying(work.connection, work.actor, [item.id])
            store = references.store_for(item, stores, carried, field="store")
        units = references.units(work.connection, work.actor, [command.unit] if command.unit else [])
        quantity = references.in_stock_unit(
            command.quantity, command.unit, item, units, field="", scan=found.scan_of(by_scan)
        )
        occurred_at = command.occurred_at or work.now
        supplier = places.virtual(work.connection, work.inventory_id)["supplier"]
        value = None if command.unit_cost is None else multiply(quantity, command.unit_cost)
        line = Move(item.id, supplier, store.place, quantity, value)
        rules.refuse_inward(
            line, item=item.name, is_archived=False, is_closed=store.closed_at is not None, field="store"
        )
        draft = posting.Draft(
            kind="restock",
            lines=(line,),
            occurred_at=occurred_at,
            business_date=rules.business_date_of(occurred_at, work.now, store.time_zone, stores.lock_date),
            counterparty=command.supplier,
            note=command.note,
            external_reference=command.external_reference,
        )
        with _blaming("quantity"):
            (posted,) = posting.post(work, [draft])
        assert isinstance(posted, posting.Posted)
        return work.result(_restocked(work, posted, item, store))


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """Let a refusal of the one line that is posted blame the field that the caller sent."""
    try:
        yield
    except VentoryError as error:
        if error.field is not None and error.field.startswith("lines."):
            error.field = field
        raise


def _restocked(work: UnitOfWork, posted: posting.Posted, item: FoundItem, store: FoundStore) -> Restocked:
    after = next(change.after for change in posted.changes if change.after.place_id == store.id)
    line = posted.lines[0]
    assert posted.id is not None
    draft = posted.draft
    log_line = Restock(
        id=posted.id,
        movement_id=posted.id,
        product_id=item.id,
        sku=item.sku,
        name=item.name,
        store_id=store.id,
        store=store.code,
        quantity=line.quantity,
        unit=item.unit.code,
        unit_cost=per_unit(line.value, line.quantity) if work.actor.may("costs.read") else None,
        supplier=draft.counterparty,
        note=draft.note,
        actor_id=work.actor.id,
        actor=work.actor.name,
        at=posted.recorded_at,
        business_date=draft.business_date,
        external_reference=draft.external_reference,
    )
    return Restocked(log_line, after.on_hand, after.reserved, after.available)


def _locked(work: UnitOfWork, item_id: int, version: int | None) -> Item:
    """The active item, locked. raises: NotFound, Stale"""
    item = work.session.execute(
        select(Item).where(Item.id == item_id, Item.archived_at.is_(None)).with_for_update(key_share=True)
    ).scalar_one_or_none()
    if item is None:
        raise NotFound("There is no such product.")
    if version is not None and item.version != version:
        raise Stale("Somebody changed this item in between. Load it again and repeat your change.")
    return item


def _inherited(item: Item) -> tuple:
    """What decides which rule stores inherit for the item."""
    return item.category_id, item.reorder_point, item.target_level


def _found(work: UnitOfWork, item_id: int) -> FoundItem:
    return references.items(work.connection, work.actor, [ItemRef(item_id=item_id)]).by_id(item_id)


def _view(work: UnitOfWork, item_id: int) -> ItemView:
    view = queries.get_item(work.session, work.actor, item_id, also_archived=True)
    assert view is not None
    return view


def _apply(work: UnitOfWork, item: Item, fields: ItemFields) -> None:
    given: dict[str, Any] = {name: value for name, value in vars(fields).items() if value is not UNSET}
    item.updated_at = work.now
    if "name" in given:
        item.name, item.name_key = given["name"], given["name"].casefold()
    if "sku" in given:
        item.sku, item.sku_key = given["sku"], given["sku"].casefold()
    for name in ("description", "price", "options"):
        if name in given:
            setattr(item, name, given[name])
    if "category_id" in given:
        item.category_id = _category_id(work, given["category_id"])
    if "category" in given:
        item.category_id = _category_named(work, given["category"])
    if "unit" in given:
        item.unit_id = _unit_id(work, given["unit"])
    if "type" in given:
        item.type_id = _type(work, given["type"]).id
    for name in ("reorder_point", "target_level"):
        if name in given and given[name] != getattr(item, name):
            work.actor.refuse_beyond_stores("An item's own reorder rule")
            setattr(item, name, given[name])
    _check_item_rule(work, item, given)
    if "group" in given:
        item.group_id = _group_named(work, given["group"], given.get("options") or item.options)


def _give_values(work: UnitOfWork, item: Item, fields: ItemFields) -> None:
    """Settle the values of the custom fields that are asked of the item in its category."""
    asked = [each.rule for each in Fields(work.session).of(item.category_id)]
    given = {} if isinstance(fields.fields, Unset) else fields.fields
    item.field_values = settle(asked, item.field_values or {}, given)


def _give_names(work: UnitOfWork, item: Item, unit: Unit, fields: ItemFields) -> None:
    """Give the item the barcodes and tags that were asked."""
    _give_barcodes(work, item, unit, fields)
    if not isinstance(fields.tags, Unset):
        tags.give(work, item.id, fields.tags)


def _give_barcodes(work: UnitOfWork, item: Item, unit: Unit, fields: ItemFields) -> None:
    """Give the item what was asked: all its barcodes, or the primary one, or both where they agree."""
    given = fields.barcode
    if not isinstance(fields.barcodes, Unset):
        barcodes.give_all(work, item, unit, fields.barcodes)
        if not isinstance(given, Unset) and (normal(given) if given else None) != barcodes.primary(work, item):
            raise BadInput("barcode and the primary one of barcodes are two.", field="barcode")
    elif not isinstance(given, Unset):
        barcodes.give_primary(work, item, given)
    if fields.unit is not UNSET:
        barcodes.refuse_parts(work, item, unit)
        _refuse_finer(work, item, unit)


def _refuse_finer(work: UnitOfWork, item: Item, unit: Unit) -> None:
    """raises: BadInput naming a rule or a supplier's terms that are finer than the item's unit can count"""
    for what, quantity in queries.kept_quantities(work.session, item):
        if decimals_of(quantity) > unit.decimals:
            raise BadInput(
                f"{what} is {plain(quantity)}, finer than {unit.code} can count. Change that first.", field="unit"
            )


def _check_item_rule(work: UnitOfWork, item: Item, given: dict[str, Any]) -> None:
    """The item's unit can hold its rule. raises: BadInput naming the field"""
    row = work.session.get_one(UnitRow, item.unit_id)
    for name in ("reorder_point", "target_level"):
        if given.get(name) is not None:
            check_quantity(given[name], Unit(row.code, row.decimals), field=name)
    reorder.check(reorder.Rule(item.reorder_point, item.target_level))


def _category_id(work: UnitOfWork, category_id: int | None) -> int | None:
    if category_id is None:
        return None
    if work.session.execute(select(Category.id).where(Category.id == category_id)).first() is None:
        raise BadInput(f"There is no category {category_id}.", field="category_id")
    return category_id


def _category_named(work: UnitOfWork, name: str | None) -> int | None:
    if not name:
        return None
    key = name.casefold()
    rows = select(Category.id).where(Category.name_key == key).order_by(Category.parent_id.is_not(None), Category.id)
    category_id = work.session.execute(rows.limit(1)).scalar_one_or_none()
    if category_id is not None:
        return category_id
    return categories.added(work, name)


def _unit_id(work: UnitOfWork, code: str) -> int:
    unit_id = work.session.execute(select(UnitRow.id).where(UnitRow.code_key == code.casefold())).scalar_one_or_none()
    if unit_id is None:
        raise BadInput(f"There is no unit {code}.", field="unit")
    return unit_id


def _type(work: UnitOfWork, code: str) -> InventoryType:
    found = work.session.execute(
        select(InventoryType).where(InventoryType.code_key == code.casefold())
    ).scalar_one_or_none()
    if found is None:
        raise BadInput(f"There is no type {code}.", field="type")
    return found


def _group_named(work: UnitOfWork, name: str | None, options: dict[str, str]) -> int | None:
    if not name:
        return None
    group = work.session.execute(select(ItemGroup).where(ItemGroup.name_key == name.casefold())).scalar_one_or_none()
    if group is None:
        group = ItemGroup(
            inventory_id=work.inventory_id,
            name=name,
            name_key=name.casefold(),
            option_names=list(options),
            version=1,
        )
        work.session.add(group)
        work.session.flush()
    else:
        new = [option for option in options if option not in group.option_names]
        if new:
            group.option_names = [*group.option_names, *new]
    return group.id


def _refuse_new_unit(work: UnitOfWork, item: Item, fields: ItemFields) -> None:
    """The unit and whether stock is kept are fixed once something moved: older quantities would change meaning."""
    changes_unit = fields.unit is not UNSET and _unit_id(work, str(fields.unit)) != item.unit_id
    changes_type = False
    if isinstance(fields.type, str):
        new = _type(work, fields.type)
        now = work.session.get_one(InventoryType, item.type_id)
        changes_type = new.keeps_stock != now.keeps_stock
    if not (changes_unit or changes_type):
        return
    if queries.has_moved(work.session, item.id):
        what = "unit" if changes_unit else "type"
        raise InUse(f"{item.name} has movements: its {what} stays. Add a new item instead.", field=what)


def _store_of(stock: StockFields, item: FoundItem, stores: Stores, carried: dict[int, list[int]]) -> FoundStore:
    if stock.store is not None:
        return stores.get(stock.store, field="store")
    return references.store_for(item, stores, carried, field="store")


def _apply_stock(
    work: UnitOfWork, item: FoundItem, store: FoundStore, stock: StockFields, stores: Stores, *, kind: str
) -> None:
    _apply_rule(work, item, store, stock)
    if stock.stock_level is UNSET:
        return
    level = check_quantity(stock.stock_level, item.unit, field="stock_level")
    virtual = places.virtual(work.connection, work.inventory_id)
    line: Move | Count
    if kind == "opening":
        if level == 0:
            return
        value = None if stock.unit_cost is None else multiply(level, stock.unit_cost)
        line = Move(item.id, virtual["opening"], store.place, level, value)
        rules.refuse_inward(
            line, item=item.name, is_archived=False, is_closed=store.closed_at is not None, field="store"
        )
    else:
        line = Count(item.id, store.place, level, virtual["count_difference"])
    draft = posting.Draft(
        kind=kind,
        lines=(line,),
        occurred_at=work.now,
        business_date=rules.business_date_of(work.now, work.now, store.time_zone, stores.lock_date),
        reason=None if kind == "opening" else "counted",
        unless_empty=True,
    )
    with _blaming("stock_level"):
        posting.post(work, [draft])


def _apply_rule(work: UnitOfWork, item: FoundItem, store: FoundStore, stock: StockFields) -> None:
    """Set the store's own reorder point, target level and shelf; balances keep a copy of what is in force."""
    given: dict[str, Any] = {
        name: getattr(stock, name)
        for name in ("reorder_point", "target_level", "shelf")
        if getattr(stock, name) is not UNSET
    }
    if not given:
        return
    for name in ("reorder_point", "target_level"):
        if given.get(name) is not None:
            check_quantity(given[name], item.unit, field=name)
    stock_rules.hold(work)
    stock_rules.locked_balances(work, {(store.id, item.id)})
    here = and_(ItemStore.store_id == store.id, ItemStore.item_id == item.id)
    row = work.session.execute(select(ItemStore).where(here).with_for_update()).scalar_one()
    if stock.version is not None and stock.version != row.version:
        raise Stale("Somebody changed this rule in between. Load it again and repeat your change.")
    for name, value in given.items():
        setattr(row, name, value)
    reorder.check(reorder.Rule(row.reorder_point, row.target_level))
    row.version += 1
    stock_rules.copy(work, item_id=item.id, store_id=store.id)
