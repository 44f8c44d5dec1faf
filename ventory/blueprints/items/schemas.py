"""Shapes of items and of the retail API's products."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from ventory.blueprints.items.service import UNSET, ItemFields, StockFields
from ventory.web.schemas import (
    AmountIn,
    AmountOut,
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
    line_of_text,
    text,
)

# A default that the document does not show: a field that is not sent stays as it is, and null is no name.
LEFT_ALONE: Any = Field(default_factory=str)
ITEM_RULE = Field(description="In every store that sets none itself; null leaves it to the category.")
Options = Annotated[dict[line_of_text(40, 1), line_of_text(80, 1)], Field(max_length=6)]
_ITEM_FIELDS = frozenset(ItemFields.__dataclass_fields__)
_STOCK_FIELDS = frozenset(StockFields.__dataclass_fields__)


class _Catalogue(In):
    """Fields that products and items share; absent fields are left alone."""

    description: text(4000) = ""
    barcode: Barcode | None = None
    category: Annotated[
        line_of_text(120, 1) | None, Field(description="A category's name; a new one is added at the top.")
    ] = None
    category_id: Id | None = None
    type: Annotated[Code, Field(description="An inventory type's code.")] = "merchandise"
    group: Annotated[line_of_text(200, 1) | None, Field(description="The group of which this is a variant.")] = None
    options: Annotated[Options, Field(description="What tells this variant from its siblings.")] = {}
    price: AmountIn | None = None

    def item_fields(self) -> ItemFields:
        """The catalogue fields that were sent."""
        names = (_ITEM_FIELDS - _STOCK_FIELDS) & self.model_fields_set
        return ItemFields(**{name: getattr(self, name) for name in names})

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
    sent = {name: getattr(shape, name) for name in shape.model_fields_set & _ITEM_FIELDS}
    return ItemFields(**sent, unit=shape.uom if "uom" in shape.model_fields_set else UNSET)


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
    price: AmountOut | None
    currency: str
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


class ProductOut(ProductRow):
    """A product with every store that carries it."""

    stores: list[StoreLevelOut]


class ItemRow(_ItemOut):
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
    sort: Literal["id", "-id", "name", "-name", "sku", "-sku"] = "id"


class ItemQuery(ProductQuery):
    archived: Literal["no", "yes", "all"] = "no"
    group_id: QueryId | None = None


class RestockIn(In):
    quantity: PositiveQuantity
    store: StoreRef | None = None
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
