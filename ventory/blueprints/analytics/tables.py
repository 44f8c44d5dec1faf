"""The tables of analytics as rows for files: every figure of the page, exact, none for those who may not see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ventory.blueprints.analytics.overview import ItemSales, Overview, Part
from ventory.blueprints.analytics.trends import FLOWS, Trends

Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class TableFile:
    header: tuple[str, ...]
    rows: Callable[[Overview], Rows]


def _days(found: Overview) -> Rows:
    for day, before in zip(found.days, found.days_before, strict=True):
        yield day.date, day.sold, day.received, day.returned, day.adjusted, day.stock, before.date, before.sold


def _parts(parts: tuple[Part, ...]) -> Rows:
    for part in parts:
        yield part.code, part.name, part.sold, part.before, part.sold - part.before


def _items(rows: tuple[ItemSales, ...]) -> Rows:
    for row in rows:
        yield row.sku, row.name, row.sold, row.before, row.sold - row.before


def _out(found: Overview) -> Rows:
    for row in found.out_longest:
        yield row.sku, row.name, row.store, row.store_name, row.left_on


_PARTS = ("Code", "Name", "Sold", "Sold before", "Change")
_ITEMS = ("SKU", "Name", "Sold", "Sold before", "Change")
OF_OVERVIEW = {
    "days": TableFile(
        ("Day", "Sold", "Received", "Returned", "Adjusted", "On hand", "Day before", "Sold before"), _days
    ),
    "stores": TableFile(_PARTS, lambda found: _parts(found.stores)),
    "categories": TableFile(_PARTS, lambda found: _parts(found.categories)),
    "top": TableFile(_ITEMS, lambda found: _items(found.top)),
    "falling": TableFile(_ITEMS, lambda found: _items(found.falling)),
    "out": TableFile(("SKU", "Name", "Store", "Store name", "Last left on"), _out),
}

TRENDS_HEADER = (
    "First day",
    "Last day",
    "Sold",
    "Received",
    "Adjusted",
    "Returned",
    "Consumed",
    "Transferred in",
    "Transferred out",
    "On hand at the end",
    "Compared first day",
    "Compared last day",
    "Sold compared",
    "Received compared",
    "Adjusted compared",
    "On hand at the end compared",
)


def trend_rows(found: Trends) -> Rows:
    compared = found.compared or (None,) * len(found.points)
    for point, other in zip(found.points, compared, strict=True):
        beside: tuple[Any, ...] = (None,) * 6
        if other is not None:
            beside = (other.period.first, other.period.last, other.sold, other.received, other.adjusted, other.stock)
        yield (
            point.period.first,
            point.period.last,
            *(getattr(point, name) for name in FLOWS),
            point.stock,
            *beside,
        )
