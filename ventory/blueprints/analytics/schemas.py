"""Shapes of trends."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ventory.core.periods import LONGEST
from ventory.web.schemas import AmountOut, In, Out, QuantityOut, QueryId, QueryText, StoreQuery


def _whole(value):
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 5 else value


class TrendQuery(In):
    days: Annotated[Literal[30, 90, 365], BeforeValidator(_whole)] = 30
    store: Annotated[QueryText | None, Field(description="A store's code.")] = None
    store_id: QueryId | None = None
    product_id: QueryId | None = None


class DayOut(Out):
    date: datetime.date
    stock: QuantityOut
    received: QuantityOut
    sold: QuantityOut


class MoverOut(Out):
    product_id: int
    sku: str
    name: str
    sold: QuantityOut
    received: QuantityOut


class TrendOut(Out):
    first_day: datetime.date
    last_day: datetime.date
    days: Annotated[list[DayOut], Field(description="One per calendar day, oldest first, no gaps.")]
    top_movers: list[MoverOut]


class PeriodQuery(StoreQuery):
    days: Annotated[int | None, Field(ge=1, le=LONGEST, description="Up to today; 30 when no dates are given.")] = None
    since: Annotated[datetime.date | None, Field(description="The first day, in place of `days`.")] = None
    until: Annotated[datetime.date | None, Field(description="The last day; today when left out.")] = None
    category_id: Annotated[QueryId | None, Field(description="With the categories below it.")] = None


class TrendsQuery(PeriodQuery):
    item_id: QueryId | None = None
    by: Literal["day", "week", "month"] = "day"
    compare: Annotated[
        Literal["previous", "year", "none"],
        Field(
            description="With as many days right before, with 52 weeks earlier (the same weekdays), or with nothing."
        ),
    ] = "previous"


class FigureOut(Out):
    now: QuantityOut
    before: QuantityOut


class ItemSalesOut(Out):
    item_id: int
    sku: str
    name: str
    sold: QuantityOut
    before: QuantityOut


Share = Annotated[
    Decimal,
    PlainSerializer(lambda share: round(float(share), 4), return_type=float),
    WithJsonSchema({"type": "number"}),
]


class PartOut(Out):
    id: Annotated[int | None, Field(description="Null for what is in none of the categories.")]
    code: Annotated[str | None, Field(description="A store's code; null for categories.")]
    name: str
    sold: QuantityOut
    before: QuantityOut
    share: Annotated[Share, Field(description="Of what all parts sold, 0 to 1.")]


class OutLongestOut(Out):
    item_id: int
    sku: str
    name: str
    store_id: int
    store: str
    left_at: Annotated[datetime.datetime, Field(description="When something last left.")]


class OverviewOut(Out):
    first_day: datetime.date
    last_day: datetime.date
    before_first_day: datetime.date
    before_last_day: datetime.date
    sold: Annotated[FigureOut, Field(description="Net of returns.")]
    received: FigureOut
    returned: FigureOut
    adjusted: Annotated[FigureOut, Field(description="Counts, waste and opening stock, with their sign.")]
    stock: Annotated[FigureOut, Field(description="At the end of the period, and at the end of the one before.")]
    stock_value: Annotated[AmountOut | None, Field(description="Now; null for those who may not see costs.")]
    currency: str
    out: Annotated[int, Field(description="Items that are out somewhere, or in the store that was asked for.")]
    low: int
    items: Annotated[int, Field(description="Items carried there, or in the catalogue.")]
    days: list[DayOut]
    days_before: list[DayOut]
    stores: Annotated[list[PartOut], Field(description="Empty when one store was asked for.")]
    categories: list[PartOut]
    top: list[ItemSalesOut]
    falling: Annotated[list[ItemSalesOut], Field(description="Those that lost most units against the period before.")]
    out_longest: list[OutLongestOut]


class PointOut(Out):
    first_day: datetime.date
    last_day: datetime.date
    stock: Annotated[QuantityOut, Field(description="On hand at the end.")]
    sold: QuantityOut
    received: QuantityOut
    adjusted: QuantityOut
    returned: QuantityOut
    consumed: QuantityOut
    transferred_in: QuantityOut
    transferred_out: QuantityOut


class TrendsOut(Out):
    points: Annotated[list[PointOut], Field(description="Oldest first, no gaps; weeks begin on Monday.")]
    total: PointOut
    compared: Annotated[list[PointOut], Field(description="As many, each as long as its counterpart.")]
    compared_total: PointOut | None
    seconds_out: Annotated[
        int | None,
        Field(
            description="How long the store had none of the item in these days; null unless one of each is asked for."
        ),
    ]
