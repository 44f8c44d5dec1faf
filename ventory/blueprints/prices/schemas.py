"""Shapes of price lists and prices."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.prices.service import MOST_PRICES, NewPrice
from ventory.web.schemas import (
    AmountIn,
    AmountOut,
    Barcode,
    Code,
    Id,
    In,
    Out,
    PageQuery,
    QueryId,
    Sku,
    StoreQuery,
    StoreRef,
    line_of_text,
)

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(9000, 12, 31))]
FIRST = Field(description="The first day; left out it is today, by the calendar of the list's store.")
LAST = Field(description="The last day, included; null: until further notice.")
SOURCE = Literal["store_list", "default_list", "item"]


class PriceListIn(In):
    code: Code
    name: line_of_text(120, 1)
    store: Annotated[
        StoreRef | None, Field(description="The only store where it holds; null for a list of the chain.")
    ] = None
    is_default: Annotated[bool, Field(description="It holds in every store whose own list says nothing.")] = False


class PriceListChange(In):
    """Changes to a list; absent fields stay."""

    code: Code | None = None
    name: line_of_text(120, 1) | None = None
    is_default: Literal[True] | None = None


class PriceListOut(Out):
    id: int
    code: str
    name: str
    store_id: int | None
    store: str | None
    is_default: bool
    currency: str
    items: Annotated[int, Field(description="Items that have a price in it, now or later.")]
    version: int


class PriceIn(In):
    """A price to set; the item is named by item_id, sku or barcode, exactly one of them."""

    item_id: Id | None = None
    sku: Sku | None = None
    barcode: Barcode | None = None
    amount: Annotated[AmountIn | None, Field(description="Per stock unit; null ends the list's price for those days.")]
    valid_from: Annotated[Day | None, FIRST] = None
    valid_until: Annotated[Day | None, LAST] = None

    @model_validator(mode="after")
    def _names_one_item(self):
        if sum(each is not None for each in (self.item_id, self.sku, self.barcode)) != 1:
            raise ValueError("Name the item by item_id, sku or barcode, one of them.")
        return self

    def asked(self) -> NewPrice:
        item = ItemRef(self.item_id, self.sku, self.barcode)
        return NewPrice(item, self.amount, self.valid_from, self.valid_until)


class PricesIn(In):
    prices: Annotated[list[PriceIn], Field(min_length=1, max_length=MOST_PRICES)]
    replace: Annotated[
        bool, Field(description="What stands in the way gives way for those days; else it is refused.")
    ] = False


class PriceOut(Out):
    id: int
    list_id: int
    item_id: int
    sku: str
    name: str
    amount: AmountOut
    currency: str
    valid_from: date
    valid_until: Annotated[date | None, LAST]


class PricesSetOut(Out):
    """The prices of the items that were named, as they stand in the list now."""

    list_id: int
    code: str
    items: int
    prices: list[PriceOut]


class PricesQuery(PageQuery):
    item_id: QueryId | None = None
    on: Annotated[Day | None, Field(description="Only what holds on that day.")] = None


class HoldingQuery(StoreQuery):
    on: Annotated[Day | None, Field(description="The day; left out it is today in the store.")] = None


class HoldingOut(Out):
    """The price that holds, and why: the store's list before the default list before the item's own price."""

    item_id: int
    sku: str
    store_id: int | None
    on: date
    amount: AmountOut | None
    currency: str
    source: SOURCE | None
    list_id: int | None
    list: Annotated[str | None, Field(description="The list's code.")]
    valid_from: date | None
    valid_until: Annotated[date | None, LAST]
    why: str


class ChangeOut(Out):
    item_id: int
    sku: str
    name: str
    barcode: str | None
    before: AmountOut | None
    after: AmountOut | None
    currency: str
    source: SOURCE | None
    list: str | None
    valid_until: Annotated[date | None, LAST]
