"""Shapes of the chain's rule and of ranges."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ventory.blueprints.items.queries import ItemFilter
from ventory.blueprints.items.schemas import RuleOut
from ventory.blueprints.ranges.service import MOST_ITEMS
from ventory.blueprints.tags.schemas import TagName
from ventory.web.schemas import (
    Code,
    Id,
    In,
    LevelQuantity,
    Out,
    PageQuery,
    QuantityOut,
    QueryId,
    QueryText,
    StoreRef,
    line_of_text,
)


class InventoryRuleChange(In):
    """The rule where no category, item or store sets another; absent fields stay, null takes a value away."""

    reorder_point: LevelQuantity | None = None
    target_level: LevelQuantity | None = None


class InventoryRuleOut(Out):
    inventory_id: int
    name: str
    reorder_point: QuantityOut | None
    target_level: QuantityOut | None
    version: int


class Matching(In):
    """The active items that a filter leaves."""

    search: Annotated[line_of_text(200) | None, Field(description="In name, SKU and barcode.")] = None
    category_id: Annotated[Id | None, Field(description="In this category or below it.")] = None
    type: Code | None = None
    tag: Annotated[TagName | None, Field(description="Items that carry it, whatever its case.")] = None


class RangeEditIn(In):
    """Items are named by item_ids or by what they match, one of the two."""

    action: Annotated[
        Literal["carry", "stop", "set"],
        Field(description="carry, stop carrying, or set the rule of items that the store carries."),
    ]
    item_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_ITEMS)] | None = None
    matching: Matching | None = None
    reorder_point: Annotated[LevelQuantity | None, Field(description="The store's own; null inherits it.")] = None
    target_level: Annotated[LevelQuantity | None, Field(description="The store's own; null inherits it.")] = None
    good_only: Annotated[bool, Field(description="Do what can be done; else one refusal refuses all.")] = False

    @model_validator(mode="after")
    def _is_whole(self):
        if (self.item_ids is None) == (self.matching is None):
            raise ValueError("Name the items by item_ids or by matching, one of them.")
        has_rule = bool({"reorder_point", "target_level"} & self.model_fields_set)
        if self.action == "stop" and has_rule:
            raise ValueError("An item that is no longer carried has no rule.")
        if self.action == "set" and not has_rule:
            raise ValueError("Say what to set: reorder_point, target_level or both.")
        return self

    @property
    def rule(self) -> dict:
        """The values of the rule that were sent."""
        return {
            name: getattr(self, name) for name in ("reorder_point", "target_level") if name in self.model_fields_set
        }


class RangeProblemOut(Out):
    item_id: int
    sku: str
    name: str
    code: str
    message: str


class RangeEditedOut(Out):
    store_id: int
    store: str
    action: Literal["carry", "stop", "set"]
    changed: int
    unchanged: int
    refused: list[RangeProblemOut]


class RangeCopyIn(In):
    source: Annotated[StoreRef, Field(description="The store whose carried items and rules are copied.")]


class RangeCopiedOut(Out):
    store_id: int
    store: str
    source_id: int
    source: str
    added: int
    kept: Annotated[int, Field(description="What the store carried before; it stays as it was.")]


class RangeQuery(PageQuery):
    carried: Annotated[Literal["yes", "no"], Field(description="no: what the store does not carry.")] = "yes"
    search: QueryText | None = None
    category_id: QueryId | None = None
    type: QueryText | None = None
    sort: Literal["name", "-name", "sku", "-sku"] = "name"

    def filter(self, store_id: int) -> ItemFilter:
        where = {"store_id" if self.carried == "yes" else "not_in_store_id": store_id}
        return ItemFilter(search=self.search, category_id=self.category_id, type=self.type, **where)


class RangeRowOut(Out):
    id: int
    sku: str
    name: str
    category: str | None
    unit: str
    is_carried: bool
    state: Literal["out", "low", "ok"]
    on_hand: QuantityOut
    available: QuantityOut
    reorder_point: Annotated[QuantityOut | None, Field(description="In force, inherited or not.")]
    target_level: Annotated[QuantityOut | None, Field(description="In force, inherited or not.")]
    own: Annotated[RuleOut, Field(description="What the store itself sets.")]
    shelf: str
