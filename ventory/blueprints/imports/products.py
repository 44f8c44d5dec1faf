"""Products from a file: items with their categories, barcodes, tags, suppliers' terms, and opening stock."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from ventory.blueprints.categories.models import Category
from ventory.blueprints.categories.service import DEEPEST, Paths
from ventory.blueprints.imports.journal import Journal
from ventory.blueprints.imports.kind import Given, Kind, Notice, Options, Outcome, longest
from ventory.blueprints.imports.mapping import Field, NotStarted, Shape
from ventory.blueprints.imports.reading import Problem, Row, Table
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items import bulk, references
from ventory.blueprints.items import service as items
from ventory.blueprints.items.barcodes import MOST as MOST_BARCODES
from ventory.blueprints.items.barcodes import AskedBarcode
from ventory.blueprints.items.bulk import NewItem
from ventory.blueprints.items.models import Item
from ventory.blueprints.items.queries import barcodes_of
from ventory.blueprints.items.references import FoundStore
from ventory.blueprints.items.service import DEFAULT_TYPE, DEFAULT_UNIT, ItemFields
from ventory.blueprints.suppliers.bulk import LONGEST_CODE, Offer, SupplierRef, Suppliers, set_terms
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier
from ventory.blueprints.suppliers.service import LONGEST_DAYS, Terms
from ventory.blueprints.tags import queries as tag_queries
from ventory.blueprints.tags.models import Tag
from ventory.blueprints.tags.service import MOST as MOST_TAGS
from ventory.blueprints.uom.models import UnitRow
from ventory.core import barcodes, cells, reorder
from ventory.core import movements as rules
from ventory.core.access import Actor
from ventory.core.barcodes import Barcode
from ventory.core.cells import CellError
from ventory.core.errors import BadInput, VentoryError
from ventory.core.ledger import Move
from ventory.core.quantity import ZERO, Unit, check_quantity, multiply
from ventory.db.prepared import Prepared
from ventory.db.unit_of_work import UnitOfWork
from ventory.stock import places, posting
from ventory.stock import rules as stock_rules

LONGEST_SKU = longest(Item.sku)
LONGEST_NAME = longest(Item.name)
LONGEST_SUPPLIER = longest(Supplier.name)
LONGEST_SUPPLIER_SKU = longest(ItemSupplier.supplier_sku)
LONGEST_CATEGORY = longest(Category.name)
LONGEST_TAG = longest(Tag.name)
LONGEST_DESCRIPTION = 4_000
ONE = Decimal(1)
_SEVERAL = re.compile(r"[;|,]")
_PATH = re.compile(r"\s*/\s+|\s+/\s*")
_DIGITS = re.compile(r"[0-9][0-9 -]*")


@dataclass(frozen=True, slots=True)
class Supply:
    """What the file says of a supplier's terms. told: the terms that it gives a value"""

    ref: SupplierRef
    terms: Terms
    told: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlainProduct:
    """told: the fields of the item that the file gives a value, for comparing and changing

    wrong_codes: barcodes that the mapping lets be left out; store: that carries it; stock: what stands there
    """

    line: int
    item: NewItem
    told: frozenset[str]
    supply: Supply | None
    wrong_codes: tuple[str, ...]
    store: FoundStore | None
    stock: Decimal | None
    cost: Decimal | None

    @property
    def key(self) -> str:
        return self.item.key


@dataclass(frozen=True, slots=True)
class Passed:
    """A line of a journal that brings no item of its own. is_goods: whether its code is an item's"""

    line: int
    is_goods: bool


@dataclass(frozen=True, slots=True)
class _Type:
    code: str
    keeps_stock: bool


class Products(Kind):
    """One row per item, known by its SKU whatever its case."""

    shape = Shape(
        "products",
        (
            Field("sku", "the item's own number, at most 64 characters", is_required=True),
            Field("name", "its name", is_required=True),
            Field("description", "what else is to be said", is_long=True),
            Field("category", "a category, or a path such as Drinks / Tea; new ones are added"),
            Field("unit", "a unit's code; pcs when it is empty"),
            Field("type", "an inventory type's code; merchandise when it is empty"),
            Field("price", "what a stock unit costs in the shop"),
            Field("barcode", "one or several, parted by ; | or ,"),
            Field("case_barcode", "the code on a case"),
            Field("case_pack", "how many stock units a case holds"),
            Field("tags", "parted by ; | or ,"),
            Field("supplier", "a supplier's name; a new one is added"),
            Field("supplier_code", "its code, which decides where both are given"),
            Field("supplier_sku", "the supplier's own number for the item"),
            Field("pack_size", "stock units per pack that the supplier sells"),
            Field("cost", "what the supplier asks per stock unit"),
            Field("lead_time_days", "days from order to delivery"),
            Field("reorder_point", "in every store that sets none"),
            Field("target_level", "in every store that sets none"),
            Field("store", "the code of a store that carries a new item"),
            Field("stock", "opening stock of a new item in that store"),
        ),
        rules=frozenset({"wrong_barcodes", "journal", "not_goods"}),
    )
    rows_per_chunk = fewest_rows = 100
    fills = ("item", "item_barcode", "item_supplier", "supplier", "category", "item_tag", "tag")

    def __init__(self, table: Table, actor: Actor, options: Options):
        super().__init__(table, actor, options)
        self._leaves_out = table.mapping.rules.get("wrong_barcodes", "reject") == "leave out"
        if table.mapping.rules.get("wrong_barcodes", "reject") not in ("reject", "leave out"):
            raise NotStarted(f'{table.mapping.name}: rules.wrong_barcodes is "reject" or "leave out".')
        is_journal = table.mapping.rules.get("journal", False) is True
        self._journal = Journal(table, LONGEST_SKU, LONGEST_NAME) if is_journal else None

    def begin(self, connection: Connection) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        unit, kind = UnitRow.__table__.c, InventoryType.__table__.c
        mine = self.actor.inventory_id
        units = connection.execute(select(unit.code_key, unit.code, unit.decimals).where(unit.inventory_id == mine))
        self._units = {row.code_key: Unit(row.code, row.decimals) for row in units}
        types = connection.execute(select(kind.code_key, kind.code, kind.keeps_stock).where(kind.inventory_id == mine))
        self._types = {row.code_key: _Type(row.code, row.keeps_stock) for row in types}
        self._stores = references.stores(connection, self.actor)
        try:
            self._asked = self._stores.get(self.options.store, field="store") if self.options.store else None
        except BadInput as error:
            raise NotStarted(error.message) from None

    def check(self, row: Row) -> PlainProduct | Passed | list[Problem]:
        if self._journal is not None:
            return self._check_line(row, self._journal)
        given = self.given(row)
        unit = given.read("unit", self._unit) or self._units.get(DEFAULT_UNIT) or Unit(DEFAULT_UNIT, 0)
        type_ = given.read("type", self._type) or self._types.get(DEFAULT_TYPE) or _Type(DEFAULT_TYPE, True)
        codes, wrong_codes = self._barcodes(given, unit)
        item = NewItem(
            sku=given.code("sku", LONGEST_SKU, required=True) or "",
            name=given.line("name", LONGEST_NAME, required=True) or "",
            description=given.block("description", LONGEST_DESCRIPTION) or "",
            category=given.read("category", _path) or (),
            unit=unit.code,
            type=type_.code,
            price=given.price("price"),
            barcodes=codes,
            tags=given.read("tags", _tags) or (),
            reorder_point=given.quantity("reorder_point", least=ZERO),
            target_level=given.quantity("target_level", least=ZERO),
        )
        self._check_rule(given, item, unit)
        store = given.read("store", self._store) or self._asked
        stock = given.quantity("stock", least=ZERO)
        cost = given.price("cost")
        supply = self._supply(given, unit, cost)
        if stock:
            store = store or self._default_store(given)
            self._check_stock(given, stock, unit, type_, store)
        told = frozenset(name for name in _COMPARED if not cells.is_blank(row.cells.get(name, "")))
        product = PlainProduct(row.line, item, told, supply, wrong_codes, store, stock, cost)
        if not given.problems:
            self._check_twice(given, product)
        return given.problems or product

    def _check_line(self, row: Row, journal: Journal) -> PlainProduct | Passed | list[Problem]:
        """A line of a journal: the first of a code brings its item, the others are there already."""
        given = self.given(row)
        code = given.code("sku", LONGEST_SKU, required=True)
        if code is not None and journal.no_goods(code):
            return Passed(row.line, is_goods=False)
        given.line("name", LONGEST_NAME)
        given.price("price")
        if code is None or given.problems:
            return given.problems
        item = journal.item(code)
        if item is None:
            given.wrong("sku", "never_sold", f"Nobody ever paid for {code}: it has no name and no price here.")
            return given.problems
        if self._seen.setdefault(item.key, (row.line, 0))[0] != row.line:
            return Passed(row.line, is_goods=True)
        return PlainProduct(row.line, item, frozenset({"name", "price"}), None, (), self._asked, None, None)

    def _check_twice(self, given: Given, product: PlainProduct) -> None:
        """The first row of a SKU counts; one with the same cells is there already, one that says more is wrong."""
        told = hash(tuple([text.strip() for name, text in given.row.cells.items() if name != "sku"]))
        line, first = self._seen.setdefault(product.key, (product.line, told))
        if first != told:
            given.wrong("sku", "duplicate", f"Line {line} has this SKU already, and says something else.")

    def _unit(self, written: str) -> Unit:
        unit = self._units.get(written.strip().casefold())
        if unit is None:
            raise CellError(
                "unknown_unit", f"There is no unit {cells.shown(written)}; {', '.join(self._units)} are known."
            )
        return unit

    def _type(self, written: str) -> _Type:
        found = self._types.get(written.strip().casefold())
        if found is None:
            known = ", ".join(self._types)
            raise CellError("unknown_type", f"There is no type {cells.shown(written)}; {known} are known.")
        return found

    def _store(self, written: str) -> FoundStore:
        try:
            return self._stores.get(cells.code(written, 20), field="store")
        except BadInput as error:
            raise CellError("unknown_store", error.message) from None

    def _default_store(self, given: Given) -> FoundStore | None:
        if self._stores.default_id is None:
            given.wrong("stock", "no_store", "Name the store of the opening stock: no default is set.")
            return None
        return self._stores.all[self._stores.default_id]

    def _check_rule(self, given: Given, item: NewItem, unit: Unit) -> None:
        for name, value in (("reorder_point", item.reorder_point), ("target_level", item.target_level)):
            _fits(given, name, value, unit)
        if not given.problems:
            _unless_refused(given, lambda: reorder.check(reorder.Rule(item.reorder_point, item.target_level)))

    def _check_stock(self, given: Given, stock: Decimal, unit: Unit, type_: _Type, store: FoundStore | None) -> None:
        _fits(given, "stock", stock, unit)
        if not type_.keeps_stock:
            given.wrong("stock", "keeps_no_stock", f"Items of type {type_.code} keep no stock.")
        if store is not None and store.closed_at is not None:
            given.wrong("store", "store_closed", f"{store.name} is closed: stock can leave, not come in.")

    def _supply(self, given: Given, unit: Unit, cost: Decimal | None) -> Supply | None:
        code = given.code("supplier_code", LONGEST_CODE)
        name = given.line("supplier", LONGEST_SUPPLIER)
        sku = given.code("supplier_sku", LONGEST_SUPPLIER_SKU)
        pack_size = given.quantity("pack_size")
        lead_time_days = given.whole("lead_time_days", least=0, most=LONGEST_DAYS)
        _fits(given, "pack_size", pack_size, unit)
        if pack_size is not None and pack_size <= 0:
            given.wrong("pack_size", "out_of_range", "A pack holds more than nothing.")
        if code is None and name is None:
            if sku is not None:
                given.wrong("supplier", "empty", "The row has terms of a supplier, and names none.")
            return None
        terms = Terms(
            supplier_sku=sku or "", pack_size=pack_size or ONE, unit_price=cost, lead_time_days=lead_time_days
        )
        told = {"supplier_sku": sku, "pack_size": pack_size, "unit_price": cost, "lead_time_days": lead_time_days}
        return Supply(
            SupplierRef(code, name), terms, frozenset(name for name, value in told.items() if value is not None)
        )

    def _barcodes(self, given: Given, unit: Unit) -> tuple[tuple[tuple[Barcode, Decimal], ...], tuple[str, ...]]:
        """The codes of a row, and those with a wrong check digit where the mapping lets them be left out."""
        found: dict[str, tuple[Barcode, Decimal]] = {}
        wrong: list[str] = []
        pack = given.quantity("case_pack")
        _fits(given, "case_pack", pack, unit)
        for name, quantity in (("barcode", ONE), ("case_barcode", pack)):
            for code in given.read(name, functools.partial(_codes, wrong=wrong if self._leaves_out else None)) or ():
                if quantity is None or quantity <= 0:
                    if not any(each.column == self.table.column_of("case_pack") for each in given.problems):
                        given.wrong("case_pack", "empty", "How many a case holds must be said, more than 0.")
                elif code.text in found:
                    given.wrong(name, "doubled_barcode", f"{code.text} stands here twice.")
                else:
                    found[code.text] = (code, quantity)
        if len(found) > MOST_BARCODES:
            given.wrong("barcode", "too_many", f"An item has at most {MOST_BARCODES} barcodes.")
        return tuple(found.values()), tuple(wrong)

    def apply(self, work: UnitOfWork, rows: Sequence[PlainProduct | Passed]) -> Outcome:
        passed = [row for row in rows if isinstance(row, Passed)]
        goods = sum(row.is_goods for row in passed)
        outcome = Outcome(already_there=goods, non_stock=len(passed) - goods)
        products = [row for row in rows if isinstance(row, PlainProduct)]
        if products:
            self._apply_products(work, products, outcome)
        return outcome

    def _apply_products(self, work: UnitOfWork, rows: Sequence[PlainProduct], outcome: Outcome) -> None:
        there = _there(work, [row.key for row in rows])
        new: dict[str, PlainProduct] = {}
        known: list[PlainProduct] = []
        for row in rows:
            if row.key in there:
                known.append(row)
            elif row.key in new:
                outcome.already_there += 1
            else:
                new[row.key] = row
        suppliers = Suppliers(work, [row.supply.ref for row in rows if row.supply])
        self._add(work, list(new.values()), suppliers, outcome)
        if known:
            self._meet(work, known, there, suppliers, outcome)
        if suppliers.added:
            outcome.told["suppliers added"] = suppliers.added

    def _add(self, work: UnitOfWork, rows: list[PlainProduct], suppliers: Suppliers, outcome: Outcome) -> None:
        if not rows:
            return
        added = bulk.add_items(work, [row.item for row in rows])
        for row in rows:
            if row.key in added.refused:
                error = added.refused[row.key]
                outcome.problems.append(Problem(row.line, None, error.code, error.message))
                continue
            outcome.posted += 1
            self._notice(row, added.held.get(row.key, ()), outcome)
        kept = [row for row in rows if row.key in added.ids]
        set_terms(work, self._offers(kept, added.ids, suppliers, outcome), are_new=True)
        self._carry(work, kept, added.ids, suppliers)
        if added.categories:
            outcome.told["categories added"] = added.categories

    def _notice(self, row: PlainProduct, held: Sequence[str], outcome: Outcome) -> None:
        for code in held:
            reason = f"{code} is another item's barcode; {row.item.sku} came in without it."
            outcome.notices.append(Notice(row.line, "barcode_taken", reason))
        for code in row.wrong_codes:
            reason = f"{code} has a wrong check digit; {row.item.sku} came in without it."
            outcome.notices.append(Notice(row.line, "wrong_barcode", reason))
        if "\ufffd" in row.item.name:
            reason = f"A letter of {row.item.name} was lost before this file was written."
            outcome.notices.append(Notice(row.line, "lost_letter", reason))

    def _offers(
        self, rows: Sequence[PlainProduct], ids: dict[str, int], suppliers: Suppliers, outcome: Outcome
    ) -> list[Offer]:
        offers = []
        for row in rows:
            if row.supply is None:
                continue
            supplier = suppliers.find_or_add(row.supply.ref)
            if supplier.is_archived:
                reason = f"{supplier.name} is archived; its terms for {row.item.sku} were left out."
                outcome.notices.append(Notice(row.line, "supplier_archived", reason))
            else:
                offers.append(Offer(supplier.id, ids[row.key], row.supply.terms, row.supply.told))
        return offers

    def _carry(self, work: UnitOfWork, rows: Sequence[PlainProduct], ids: dict[str, int], suppliers: Suppliers) -> None:
        """Let stores carry new items, with what stands there as one opening movement per store."""
        stays = [row for row in rows if row.store and self._types[row.item.type.casefold()].keeps_stock]
        if not stays:
            return
        stock_rules.make_balances(work, {(row.store.id, ids[row.key]) for row in stays if row.store})
        opening = places.virtual(work.connection, work.inventory_id)["opening"]
        lines: dict[FoundStore, list[Move]] = {}
        for row in stays:
            if row.store and row.stock:
                cost = self._own_cost(row, suppliers)
                value = None if cost is None else multiply(row.stock, cost)
                mine = lines.setdefault(row.store, [])
                mine.append(Move(ids[row.key], opening, row.store.place, row.stock, value, position=len(mine)))
        drafts = [
            posting.Draft(
                kind="opening",
                lines=tuple(moves),
                occurred_at=work.now,
                business_date=rules.business_date_of(work.now, work.now, store.time_zone, self._stores.lock_date),
                note=self.table.name[:200],
            )
            for store, moves in lines.items()
        ]
        if drafts:
            posting.post(work, drafts)

    def _own_cost(self, row: PlainProduct, suppliers: Suppliers) -> Decimal | None:
        """The cost in the inventory's currency, None where the supplier asks another one."""
        if row.supply and suppliers.find_or_add(row.supply.ref).currency != self.actor.currency:
            return None
        return row.cost

    def _meet(
        self,
        work: UnitOfWork,
        rows: Sequence[PlainProduct],
        there: dict[str, Any],
        suppliers: Suppliers,
        outcome: Outcome,
    ) -> None:
        """Rows whose items are there already: leave them, or change what differs when that was asked."""
        paths = Paths(work)
        differing = {row.key: _difference(row, there[row.key], paths) for row in rows}
        if not self.options.update:
            for row in rows:
                outcome.already_there += 1
                if differing[row.key]:
                    what = ", ".join(sorted(differing[row.key]))
                    reason = f"{row.item.sku} is there already and differs in {what}; --update would change it."
                    outcome.notices.append(Notice(row.line, "differs", reason))
            return
        ids = {row.key: there[row.key].id for row in rows}
        repriced = set_terms(work, self._offers(rows, ids, suppliers, outcome))
        known_codes = barcodes_of(work.session, list(ids.values()))
        known_tags = tag_queries.tags_of(work.session, list(ids.values()))
        holders = bulk.holders(work, (code.text for row in rows for code, _ in row.item.barcodes))
        for row in rows:
            item_id = ids[row.key]
            changes: dict[str, Any] = {name: getattr(row.item, name) for name in differing[row.key] - {"category"}}
            if "category" in differing[row.key]:
                changes["category_id"] = paths.find_or_add(row.item.category)
            codes = [
                AskedBarcode(code.text, quantity, kind=code.kind)
                for code, quantity in row.item.barcodes
                if code.text not in holders
            ]
            if codes:
                kept = known_codes.get(item_id, ())
                changes["barcodes"] = (*(AskedBarcode(**vars(each)) for each in kept), *codes)
            words = known_tags.get(item_id, ())
            fresh = [each for each in row.item.tags if each.casefold() not in {word.casefold() for word in words}]
            if fresh:
                changes["tags"] = (*words, *fresh)
            if changes:
                items.change_within(work, item_id, ItemFields(**changes))
            if changes or item_id in repriced:
                outcome.posted += 1
            else:
                outcome.already_there += 1
            held = [code.text for code, _ in row.item.barcodes if holders.get(code.text, item_id) != item_id]
            self._notice(row, held, outcome)


_COMPARED = (
    "name",
    "description",
    "category",
    "unit",
    "type",
    "price",
    "reorder_point",
    "target_level",
)
_THERE = Prepared(
    lambda database: (
        select(
            Item.id,
            Item.sku_key,
            Item.name,
            Item.description,
            Item.category_id,
            Item.price,
            Item.reorder_point,
            Item.target_level,
            UnitRow.code.label("unit"),
            InventoryType.code.label("type"),
        )
        .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
        .join(InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id))
        .where(
            Item.inventory_id == bindparam("inventory"),
            Item.archived_at.is_(None),
            database.among(Item.sku_key, "keys"),
        )
    )
)


def _there(work: UnitOfWork, keys: Sequence[str]) -> dict[str, Any]:
    """The active items of some casefolded SKUs."""
    rows = _THERE.rows(work.connection, inventory=work.inventory_id, keys=sorted(set(keys)))
    return {row.sku_key: row for row in rows}


def _difference(row: PlainProduct, there: Any, paths: Paths) -> set[str]:
    """The fields in which the file says something else than the item."""
    found = set()
    for name in row.told:
        if name == "category":
            if paths.find(row.item.category) != there.category_id:
                found.add(name)
        elif getattr(row.item, name) != getattr(there, name):
            found.add(name)
    return found


def _fits(given: Given, name: str, value: Decimal | None, unit: Unit) -> None:
    """The item's unit can hold a quantity."""
    if value is not None:
        _unless_refused(given, lambda: check_quantity(value, unit, field=name))


def _unless_refused(given: Given, rule: Callable[[], Any]) -> None:
    try:
        rule()
    except VentoryError as error:
        given.wrong(error.field, error.code, error.message)


@cells.remembered
def _path(written: str) -> tuple[str, ...]:
    """A category's path. A slash with a blank beside it parts names; "Tea/Coffee" is one name."""
    names = tuple(name for part in _PATH.split(cells.line(written, 2_000)) if (name := part.strip()))
    if len(names) > DEEPEST:
        raise CellError("too_deep", f"The tree of categories is at most {DEEPEST} levels deep.")
    return tuple(cells.line(name, LONGEST_CATEGORY) for name in names)


@cells.remembered
def _tags(written: str) -> tuple[str, ...]:
    names = [cells.line(part, LONGEST_TAG) for part in _SEVERAL.split(written) if part.strip()]
    first = {name.casefold(): name for name in reversed(names)}
    if len(first) > MOST_TAGS:
        raise CellError("too_many", f"An item carries at most {MOST_TAGS} tags.")
    return tuple(dict.fromkeys(first[name.casefold()] for name in names))


def _codes(written: str, wrong: list[str] | None) -> list[Barcode]:
    """The barcodes of a cell; nothing but zeros is none.

    wrong: takes those whose check digit is wrong; None to refuse them
    """
    found = []
    for part in _SEVERAL.split(written):
        text = cells.code(part, barcodes.LONGEST)
        if not text or (_DIGITS.fullmatch(text) and not text.strip("0 -")):
            continue
        try:
            found.append(barcodes.read(text))
        except BadInput as error:
            if wrong is None:
                raise CellError("wrong_barcode", error.message) from None
            wrong.append(text)
    return found
