"""Shapes of trends."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ventory.web.schemas import In, Out, QuantityOut, QueryId, QueryText


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
