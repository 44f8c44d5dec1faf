"""Shapes of items and of the retail API's products."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, PlainSerializer, WithJsonSchema

from ventory.blueprints.custom_fields.schemas import Key
from ventory.blueprints.files.schemas import ImageOut
from ventory.blueprints.items.barcodes import MOST as MOST_BARCODES
from ventory.blueprints.items.barcodes import AskedBarcode
from ventory.blueprints.items.service import ItemFields, StockFields
from ventory.blueprints.tags.schemas import TagName
from ventory.blueprints.tags.service import MOST as MOST_TAGS
from ventory.core.barcodes import KINDS
from ventory.core.fields import LONGEST_TEXT
from ventory.core.unset import UNSET
from ventory.core.variants import MOST as MOST_VARIANTS
from ventory.web.schemas import (
    AmountIn,
    AmountOut,
    AnyQuantity,
    Barcode,
    Code,
    Id,
    In,
    LevelQuantity,
    Name,
    Out,
    PageQuery,
    PositiveQuantity,
    QuantityOut,
    QueryId,
    QueryText,
    Sku,
    StoreQuery,
    StoreRef,
    json_number,
    line_of_text,
    text,
)

# A default that the document does not show: a field that is not sent stays as it is, and null is no name.
LEFT_ALONE: Any = Field(default_factory=str)
ITEM_RULE = Field(description="In every store that sets none itself; null leaves it to the category.")
Options = Annotated[dict[line_of_text(40, 1), line_of_text(80, 1)], Field(max_length=6)]
_ITEM_FIELDS = frozenset(ItemFields.__dataclass_fields__)
_STOCK_FIELDS = frozenset(StockFields.__dataclass_fields__)


# Whether it fits the field is the use case's to say: here it is only readable.
ValueIn = Annotated[bool, Field(strict=True)] | AnyQuantity | text(LONGEST_TEXT) | None


def _json_value(value: Any) -> Any:
    return json_number(value) if isinstance(value, Decimal) else value


ValueOut = Annotated[
    Any,
    PlainSerializer(_json_value),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "number"}, {"type": "string"}]}),
]


class BarcodeIn(In):
    """A barcode; blanks and hyphens are dropped, a check digit must be right."""

    barcode: Barcode
    quantity: Annotated[PositiveQuantity, Field(description="Stock units that one scan stands for: a case's size.")] = 1
    is_primary: bool = False
    kind: Annotated[
        Literal[*KINDS] | None,
        Field(description="Found out by itself; code128 keeps a code whose check digit is wrong as an own code."),
    ] = None

    def asked(self) -> AskedBarcode:
        return AskedBarcode(self.barcode, Decimal(self.quantity), self.is_primary, self.kind)


class _Catalogue(In):
    """Fields that products and items share; absent fields are left alone."""

    description: text(4000) = ""
    barcode: Annotated[Barcode | None, Field(description="The primary barcode.")] = None
    barcodes: Annotated[
        list[BarcodeIn], Field(max_length=MOST_BARCODES, description="All of them; without a primary the first is it.")
    ] = []
    category: Annotated[
        line_of_text(120, 1) | None, Field(description="A category's name; a new one is added at the top.")
    ] = None
    category_id: Id | None = None
    type: Annotated[Code, Field(description="An inventory type's code.")] = "merchandise"
    tags: Annotated[list[TagName], Field(max_length=MOST_TAGS, description="All of them; new ones are made.")] = []
    group: Annotated[line_of_text(200, 1) | None, Field(description="The group of which this is a variant.")] = None
    options: Annotated[Options, Field(description="What tells this variant from its siblings.")] = {}
    price: AmountIn | None = None
    fields: Annotated[
        dict[Key, ValueIn],
        Field(max_length=100, description="Custom fields by key; absent ones stay, null empties one."),
    ] = {}

    def item_fields(self) -> ItemFields:
        """The catalogue fields that were sent."""
        return ItemFields(**_sent(self, _ITEM_FIELDS - _STOCK_FIELDS))

    def stock_fields(self) -> StockFields:
        """The stock fields that were sent."""
        return StockFields(**{name: getattr(self, name) for name in self.model_fields_set & _STOCK_FIELDS})


class _Stock(In):
    """A product's stock and rule in one store."""

    store: StoreRef | None = None
    stock_level: Annotated[LevelQuantity, Field(description="What stands in the store.")] = 0
    unit_cost: AmountIn | None = None
    reorder_point: LevelQuantity | None = None
    target_level: LevelQuantity | None = None
    shelf: line_of_text(40) = ""


class ProductIn(_Catalogue, _Stock):
    """A new product."""

    name: Name
    sku: Sku
    unit: Annotated[Code, Field(description="A unit's code.")] = "pcs"


class ProductChange(_Catalogue, _Stock):
    """Changes to a product; absent fields stay. stock_level is what was counted: the difference is posted."""

    name: Name = LEFT_ALONE
    sku: Sku = LEFT_ALONE
    unit: Code = LEFT_ALONE


class _ItemRule(In):
    """The item's rule in every store that sets none itself."""

    reorder_point: Annotated[LevelQuantity | None, ITEM_RULE] = None
    target_level: Annotated[LevelQuantity | None, ITEM_RULE] = None


class ItemIn(_Catalogue, _ItemRule):
    """A new item. Stock is booked by movements, not set here."""

    name: Name
    sku: Sku
    uom: Annotated[Code, Field(description="A unit's code.")] = "pcs"

    def item_fields(self) -> ItemFields:
        return _with_uom(self)


class ItemChange(_Catalogue, _ItemRule):
    """Changes to an item; absent fields stay."""

    name: Name = LEFT_ALONE
    sku: Sku = LEFT_ALONE
    uom: Code = LEFT_ALONE

    def item_fields(self) -> ItemFields:
        return _with_uom(self)


def _with_uom(shape: Any) -> ItemFields:
    return ItemFields(**_sent(shape, _ITEM_FIELDS), unit=shape.uom if "uom" in shape.model_fields_set else UNSET)


def _sent(shape: Any, names: frozenset[str]) -> dict[str, Any]:
    """Those of the catalogue fields that were sent, as the use case takes them."""
    sent = {name: getattr(shape, name) for name in shape.model_fields_set & names}
    if "barcodes" in sent:
        sent["barcodes"] = tuple(each.asked() for each in sent["barcodes"])
    if "tags" in sent:
        sent["tags"] = tuple(sent["tags"])
    return sent


class RuleSourceOut(Out):
    """Who set a value: the inventory, a category, the item or the store itself."""

    level: Literal["inventory", "category", "item", "store"]
    id: int
    name: str


class RuleOut(Out):
    """What one level sets; null leaves it to the level above."""

    reorder_point: QuantityOut | None
    target_level: QuantityOut | None


class StoreRuleOut(Out):
    own: Annotated[RuleOut, Field(description="What the store itself sets.")]
    reorder_point_source: RuleSourceOut | None
    target_level_source: RuleSourceOut | None


class RuleLinkOut(RuleSourceOut):
    rule: RuleOut


class StoreLevelOut(Out):
    store_id: int
    code: str
    name: str
    on_hand: QuantityOut
    reserved: QuantityOut
    available: QuantityOut
    reorder_point: Annotated[QuantityOut | None, Field(description="In force, inherited or not.")]
    target_level: Annotated[QuantityOut | None, Field(description="In force, inherited or not.")]
    rule: Annotated[StoreRuleOut, Field(description="Where the two come from.")]
    shelf: str
    state: Literal["out", "low", "ok"]


class BarcodeOut(Out):
    barcode: str
    kind: Literal[*KINDS]
    quantity: QuantityOut
    is_primary: bool


class _InFull(Out):
    """What an item is known by; lists of products leave it out."""

    barcodes: list[BarcodeOut]
    tags: list[str]
    fields: Annotated[dict[str, ValueOut], Field(description="Custom fields that have a value, by key.")]


class _ItemOut(Out):
    id: int
    name: str
    sku: str
    description: str
    barcode: str | None
    category_id: int | None
    category: str | None
    type: str
    group_id: int | None
    group: str | None
    options: dict[str, str]
    price: Annotated[AmountOut | None, Field(description="The item's own; what holds where no price list says more.")]
    price_in_force: Annotated[
        AmountOut | None,
        Field(description="What it sells at today: in the store that was asked for, else by the chain's default list."),
    ]
    currency: str
    images: Annotated[list[ImageOut], Field(description="The item's own picture first.")]
    created_at: datetime
    updated_at: datetime
    version: int


class _Levels(Out):
    stock_level: Annotated[QuantityOut, Field(description="On hand in stores and in transit between them.")]
    reserved: QuantityOut
    available: Annotated[QuantityOut, Field(description="In stores, not reserved.")]


class ProductRow(_Levels, _ItemOut):
    """A product in a list: totals over the stores that the caller may see."""

    unit: str


class ProductOut(_InFull, ProductRow):
    """A product with every store that carries it."""

    stores: list[StoreLevelOut]


class ItemRow(_InFull, _ItemOut):
    uom: str
    reorder_point: Annotated[QuantityOut | None, ITEM_RULE]
    target_level: Annotated[QuantityOut | None, ITEM_RULE]
    archived_at: datetime | None


class ItemOut(_Levels, ItemRow):
    rule_chain: Annotated[list[RuleLinkOut], Field(description="What stores inherit, from the inventory to the item.")]
    stores: list[StoreLevelOut]


class ProductQuery(PageQuery, StoreQuery):
    search: Annotated[QueryText | None, Field(description="In name, SKU and barcode.")] = None
    category_id: QueryId | None = None
    category: QueryText | None = None
    sku: QueryText | None = None
    barcode: QueryText | None = None
    type: QueryText | None = None
    tag: Annotated[QueryText | None, Field(description="Items that carry it, whatever its case.")] = None
    sort: Literal["id", "-id", "name", "-name", "sku", "-sku"] = "id"


class ItemQuery(ProductQuery):
    archived: Literal["no", "yes", "all"] = "no"
    group_id: QueryId | None = None


class GroupOut(Out):
    id: int
    name: str
    option_names: list[str]
    variants: Annotated[int, Field(description="Active ones.")]


class VariantOut(Out):
    id: int
    sku: str
    name: str
    options: dict[str, str]
    unit: str
    available: Annotated[QuantityOut | None, Field(description="null where it is not carried.")]


class CellOut(Out):
    row: str
    column: str
    variants: Annotated[list[VariantOut], Field(description="Empty when no variant is this combination.")]


class GridOut(Out):
    """A group's variants by two of its options, row by row."""

    id: int
    name: str
    option_names: list[str]
    rows: Annotated[str | None, Field(description="The option that goes down.")]
    columns: Annotated[str | None, Field(description="The option that goes across; null when there is one only.")]
    row_values: list[str]
    column_values: list[str]
    cells: list[CellOut]
    missing: Annotated[int, Field(description="Combinations of all options that no variant is.")]
    store_id: Annotated[int | None, Field(description="Whose stock; null for all stores.")]


class GridQuery(StoreQuery):
    rows: Annotated[QueryText | None, Field(description="The option that goes down; else the first.")] = None
    columns: Annotated[QueryText | None, Field(description="The option that goes across; else the next.")] = None


class VariantsIn(In):
    """The missing combinations of a group's options, as items like its oldest variant."""

    pattern: Annotated[
        line_of_text(200, 1),
        Field(description="Of the SKUs: {Option} stands for a value in capitals, {Option:3} for its first letters."),
    ]
    values: Annotated[
        dict[line_of_text(40, 1), Annotated[list[line_of_text(80, 1)], Field(max_length=100)]],
        Field(max_length=6, description="Further values by option."),
    ] = {}
    combinations: Annotated[
        list[Options] | None, Field(max_length=MOST_VARIANTS, description="Those that are wanted; null for all.")
    ] = None
    dry_run: bool = False


class AddedVariantOut(Out):
    id: Annotated[int | None, Field(description="null in a dry run.")]
    sku: str
    name: str
    options: dict[str, str]


class AddedVariantsOut(Out):
    group_id: int
    based_on: Annotated[str, Field(description="Whose category, unit, price, tags and stores they share.")]
    items: list[AddedVariantOut]


class NoteIn(In):
    text: text(2000, 1)


class NoteOut(Out):
    id: int
    item_id: int
    text: str
    actor_id: int
    actor: str
    at: datetime


class RestockIn(In):
    quantity: PositiveQuantity
    store: StoreRef | None = None
    barcode: Annotated[Barcode | None, Field(description="One of the product's; quantity then counts its scans.")] = (
        None
    )
    unit: Annotated[Code | None, Field(description="The stock unit or a pack of it.")] = None
    unit_cost: AmountIn | None = None
    supplier: line_of_text(200, 1) | None = None
    note: text(1000) | None = None
    external_reference: line_of_text(120, 1) | None = None
    occurred_at: AwareDatetime | None = None


class RestockOut(Out):
    id: int
    movement_id: int
    product_id: int
    sku: str
    name: str
    store_id: int
    store: str
    quantity: QuantityOut
    unit: str
    unit_cost: AmountOut | None
    supplier: str | None
    note: str | None
    actor_id: int
    actor: str
    at: datetime
    business_date: date
    external_reference: str | None


class RestockedOut(RestockOut):
    """A restock with the level it left in its store."""

    on_hand: QuantityOut
    reserved: QuantityOut
    available: QuantityOut


class RestockQuery(PageQuery, StoreQuery):
    product_id: QueryId | None = None


class LowQuery(PageQuery, StoreQuery):
    pass


class LowOut(Out):
    product_id: int
    sku: str
    name: str
    unit: str
    store_id: int
    store: str
    store_name: str
    on_hand: QuantityOut
    reserved: QuantityOut
    available: QuantityOut
    reorder_point: QuantityOut
    target_level: QuantityOut | None
    missing: Annotated[QuantityOut, Field(description="What fills it to the target level.")]
    state: Literal["out", "low"]
