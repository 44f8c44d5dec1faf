"""Sales, receipts, stock and adjustments over time, beside an earlier period of the same length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from ventory.blueprints.analytics import queries
from ventory.blueprints.analytics.queries import Books, Day, Scope
from ventory.core.access import Actor
from ventory.core.periods import Period, slices
from ventory.core.quantity import ZERO
from ventory.stock import facts

FLOWS = ("sold", "received", "adjusted", "returned", "consumed", "transferred_in", "transferred_out")
PREVIOUS, YEAR = "previous", "year"


@dataclass(frozen=True)
class Point:
    """A day, a week or a month, or all of a period. stock: at its end; the others: summed over it, as in Day"""

    period: Period
    stock: Decimal
    sold: Decimal
    received: Decimal
    adjusted: Decimal
    returned: Decimal
    consumed: Decimal
    transferred_in: Decimal
    transferred_out: Decimal


@dataclass(frozen=True)
class Trends:
    """points: oldest first, no gaps; compared: as many, each as long as its counterpart, or none

    total, compared_total: all of the period as one point
    seconds_out: how long the store had none of the item, where one of each was asked for and it ever had some
    """

    period: Period
    points: tuple[Point, ...]
    total: Point
    compared_period: Period | None
    compared: tuple[Point, ...]
    compared_total: Point | None
    seconds_out: int | None = None


def trends(
    session: Session,
    actor: Actor,
    period: Period,
    *,
    step: str,
    compare: str | None = None,
    store_id: int | None = None,
    category_id: int | None = None,
    item_id: int | None = None,
) -> Trends:
    """A period by day, week or month. compare: with PREVIOUS, with YEAR, or with nothing"""
    books = Books(session, Scope(actor, store_id, item_id, category_id))
    cut = slices(period, step)
    points, total = _points(books, cut, period)
    out = _seconds_out(books, period)
    other = {PREVIOUS: period.before, YEAR: period.year_before}.get(compare or "")
    if other is None:
        return Trends(period, points, total, None, (), None, out)
    back = period.first - other.first
    compared, compared_total = _points(books, [_moved(each, back) for each in cut], other)
    return Trends(period, points, total, other, compared, compared_total, out)


def _seconds_out(books: Books, period: Period) -> int | None:
    scope = books.scope
    if scope.store_id is None or scope.product_id is None:
        return None
    key = (scope.store_id, scope.product_id)
    connection, own = books.session.connection(), scope.actor.inventory_id
    return facts.seconds_out(connection, own, key, period.first, period.last, datetime.now(UTC))


def _moved(period: Period, back: timedelta) -> Period:
    return Period(period.first - back, period.last - back)


def _points(books: Books, cut: Sequence[Period], whole: Period) -> tuple[tuple[Point, ...], Point]:
    days = queries.daily(books, whole.first, whole.last)
    return tuple(_point(each, days[(each.first - whole.first).days :][: each.days]) for each in cut), _point(
        whole, days
    )


def _point(period: Period, days: Sequence[Day]) -> Point:
    return Point(period, days[-1].stock, **{name: sum((getattr(day, name) for day in days), ZERO) for name in FLOWS})
