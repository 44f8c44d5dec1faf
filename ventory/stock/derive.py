"""Daily facts from the ledger at once: what `facts` adds up line by line, in SQL over whole places.

Written a second time on purpose: verify holds what the worker followed against it. Rows are in the database's own
form: on their way from one table to another nobody needs the scaled numbers of SQLite as decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    Select,
    and_,
    case,
    column,
    func,
    literal,
    select,
    table,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from ventory.core.days import day_span
from ventory.core.facts import FLOWS, LEAVING, WINDOWS, flow_of
from ventory.core.quantity import ZERO
from ventory.db import dialect
from ventory.db.base import Id
from ventory.stock.models import (
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedItem,
    DerivedPlace,
    Movement,
    MovementLine,
    RecentSales,
)

FACT_FIGURES = ("opening", "closing", "seconds_out", *FLOWS, "lines", "last_second")
RECENT_FIGURES = tuple(f"{name}_{days}" for name in ("sold", "received", "before") for days in WINDOWS)
PAGE = 5_000

_line, _movement, _fact = MovementLine.__table__.c, Movement.__table__.c, DailyFact.__table__.c
_known = DerivedItem.__table__.c
_NONE = literal(ZERO, _fact.sold.type)


@dataclass(frozen=True)
class Where:
    """A place that holds stock, and by which clock its days go."""

    id: int
    kind: str
    time_zone: str

    def second_of(self, day: date, epoch: int) -> int:
        """When something happened, counted from the beginning of a local day that it belongs to."""
        begins, seconds = day_span(day, self.time_zone)
        return min(max(epoch - begins, 0), seconds)

    def seconds_of(self, day: date) -> int:
        return day_span(day, self.time_zone)[1]


def facts(
    connection: Connection, inventory_id: int, where: Where, kinds: dict[int, str], left_out: Sequence[int]
) -> Select | None:
    """The facts of a place as the ledger says, by item and day. left_out: movements that do not count

    returns: a statement whose rows are those of daily_fact, in the database's own form; None without any movement
    """
    lines = _lines(connection, inventory_id, where, kinds, left_out)
    if lines is None:
        return None
    levels = select(
        lines,
        func.sum(lines.c.change)
        .over(partition_by=lines.c.item_id, order_by=(lines.c.business_date, lines.c.second, lines.c.id))
        .label("level"),
        func.lead(lines.c.second)
        .over(partition_by=(lines.c.item_id, lines.c.business_date), order_by=(lines.c.second, lines.c.id))
        .label("until"),
        func.row_number()
        .over(partition_by=(lines.c.item_id, lines.c.business_date), order_by=(lines.c.second, lines.c.id))
        .label("place_in_day"),
    ).subquery("levels")
    before = case((and_(levels.c.place_in_day == 1, levels.c.level - levels.c.change <= 0), levels.c.second), else_=0)
    after = case((levels.c.level <= 0, func.coalesce(levels.c.until, levels.c.seconds) - levels.c.second), else_=0)
    days = (
        select(
            levels.c.item_id,
            levels.c.business_date,
            func.sum(levels.c.change).label("change"),
            func.sum(before + after).label("seconds_out"),
            *(func.sum(levels.c[name]).label(name) for name in FLOWS),
            func.count().label("lines"),
            func.max(levels.c.second).label("last_second"),
        )
        .group_by(levels.c.item_id, levels.c.business_date)
        .subquery("days")
    )
    closing = func.sum(days.c.change).over(partition_by=days.c.item_id, order_by=days.c.business_date)
    figures = {"opening": closing - days.c.change, "closing": closing}
    columns = [(figures[name] if name in figures else days.c[name]).label(name) for name in FACT_FIGURES]
    keys = (literal(inventory_id).label("inventory_id"), literal(where.id).label("place_id"), days.c.item_id)
    return select(*keys, *(_raw(column).label(column.name) for column in (days.c.business_date, *columns))).order_by(
        days.c.item_id, days.c.business_date
    )


def rows(connection: Connection, statement: Select) -> Iterator[tuple]:
    """What a statement finds, a page at a time."""
    yield from map(tuple, connection.execute(statement, execution_options={"yield_per": PAGE}))


def _raw(column):
    return type_coerce(column, NullType())


def _lines(connection: Connection, inventory_id: int, where: Where, kinds: dict[int, str], left_out: Sequence[int]):
    """Lines as a place sees them, with what they add to each figure. returns: a subquery, None without a movement"""
    first = _end_of_days(connection, inventory_id, is_last=False)
    last = _end_of_days(connection, inventory_id, is_last=True)
    if first is None or last is None:
        return None
    begins, seconds = _spans(connection, where, first, last)
    since = dialect.of(connection).epoch(_movement.occurred_at) - begins
    second = case((since < 0, 0), (since > seconds, seconds), else_=since)
    parts = []
    for inward, here, other in (
        (True, _line.to_place_id, _line.from_place_id),
        (False, _line.from_place_id, _line.to_place_id),
    ):
        quantity = _raw(_line.quantity)
        statement = (
            select(
                _line.id,
                _line.item_id,
                _movement.business_date,
                seconds.label("seconds"),
                second.label("second"),
                (quantity if inward else -quantity).label("change"),
                *_flows(kinds, other, inward, quantity),
            )
            .join_from(MovementLine.__table__, Movement.__table__, _movement.id == _line.movement_id)
            .where(here == where.id, _line.quantity > ZERO)
        )
        if left_out:
            beyond = dialect.of(connection).beyond(_line.movement_id, "left_out")
            statement = statement.where(beyond).params(left_out=list(left_out))
        parts.append(statement)
    return union_all(*parts).subquery("lines")


def _end_of_days(connection: Connection, inventory_id: int, *, is_last: bool) -> date | None:
    """The first or the last day of any movement; one end of an index each, where min and max at once read all of it."""
    day = _movement.business_date
    ends = select(day).where(_movement.inventory_id == inventory_id).order_by(day.desc() if is_last else day).limit(1)
    return connection.execute(ends).scalar_one_or_none()


def _spans(connection: Connection, where: Where, first: date, last: date) -> tuple:
    """When the day of a movement begins, in seconds since 1970, and how long it is.

    A table of days to join with took ten times as long: SQLite gave it no index. Clocks change twice a year, so there
    are few cases.
    """
    day = _movement.business_date
    changed, odd = _clock(where.time_zone, first, last)
    shift = case(*((day >= literal(since, Date), offset) for since, offset in reversed(changed)), else_=0)
    length = case(odd, value=day, else_=86_400) if odd else literal(86_400)
    return dialect.of(connection).epoch(day) + shift, length


@lru_cache(maxsize=100)
def _clock(time_zone: str, first: date, last: date) -> tuple[list[tuple[date, int]], dict[date, int]]:
    """Since which days local midnight lies how many seconds after that of UTC, and days that are no 24 hours long."""
    changed: list[tuple[date, int]] = []
    odd: dict[date, int] = {}
    for number in range((last - first).days + 1):
        each = first + timedelta(days=number)
        begins, seconds = day_span(each, time_zone)
        offset = begins - (each - date(1970, 1, 1)).days * 86_400
        if not changed or changed[-1][1] != offset:
            changed.append((each, offset))
        if seconds != 86_400:
            odd[each] = seconds
    return changed, odd


def _flows(kinds: dict[int, str], other, inward: bool, quantity) -> list:
    """What a line adds to each figure, by the kind of place on its other side."""
    signs: dict[str, list] = {name: [] for name in FLOWS}
    for is_reversal in (False, True):
        reversal = _movement.reverses_id.is_not(None) if is_reversal else _movement.reverses_id.is_(None)
        of_flow: dict[Any, list[int]] = {}
        for place_id, kind in kinds.items():
            of_flow.setdefault(flow_of(kind, inward=inward, is_reversal=is_reversal), []).append(place_id)
        for flow, place_ids in of_flow.items():
            signs[flow.name].append((and_(reversal, other.in_(place_ids)), quantity if flow.sign > 0 else -quantity))
    return [(case(*found, else_=0) if found else literal(0)).label(name) for name, found in signs.items()]


# --- sums of facts ----------------------------------------------------------------------------------------------------


def totals(inventory_id: int, place_id: int) -> Select:
    """The rows of DailyTotal of a place, by day."""
    sums = (func.sum(_fact[name], type_=_fact[name].type).label(name) for name in FLOWS)
    return (
        select(_fact.inventory_id, _fact.place_id, _fact.business_date, *sums)
        .where(_fact.inventory_id == inventory_id, _fact.place_id == place_id)
        .group_by(_fact.inventory_id, _fact.place_id, _fact.business_date)
        .order_by(_fact.business_date)
    )


def categories(inventory_id: int) -> Select:
    """The rows of DerivedItem: every item with the category it is in now."""
    item = table("item", column("inventory_id", Id), column("id", Id), column("category_id", Id)).c
    return select(
        item.inventory_id, item.id.label("item_id"), func.coalesce(item.category_id, 0).label("category_id")
    ).where(item.inventory_id == inventory_id)


def of_categories(inventory_id: int, place_id: int) -> Select:
    """The rows of DailyCategory of a place, by category and day. An item that is not known is in category -1."""
    category_id = func.coalesce(_known.category_id, -1).label("category_id")
    sums = (func.sum(_fact[name], type_=_fact[name].type).label(name) for name in FLOWS)
    same = and_(_known.inventory_id == _fact.inventory_id, _known.item_id == _fact.item_id)
    return (
        select(_fact.inventory_id, _fact.place_id, category_id, _fact.business_date, *sums)
        .join_from(DailyFact.__table__, DerivedItem.__table__, same, isouter=True)
        .where(_fact.inventory_id == inventory_id, _fact.place_id == place_id)
        .group_by(_fact.inventory_id, _fact.place_id, category_id, _fact.business_date)
        .order_by(category_id, _fact.business_date)
    )


def on_hand(inventory_id: int, place_id: int) -> Select:
    """The row of DerivedPlace of a place where anything ever moved."""
    change = sum((-_fact[name] if name in LEAVING else _fact[name] for name in FLOWS), _NONE)
    return (
        select(_fact.inventory_id, _fact.place_id, func.sum(change, type_=_fact.sold.type).label("on_hand"))
        .where(_fact.inventory_id == inventory_id, _fact.place_id == place_id)
        .group_by(_fact.inventory_id, _fact.place_id)
    )


def recent(inventory_id: int, place_id: int, until: date) -> Select:
    """The rows of RecentSales of a place, by item."""
    net, figures = _fact.sold - _fact.returned, []
    for amount, ends in ((net, 0), (_fact.received, 0), (net, 1)):
        for days in WINDOWS:
            last = until - timedelta(days=days * ends)
            within = _fact.business_date.between(literal(last - timedelta(days=days - 1), Date), literal(last, Date))
            figures.append(func.sum(case((within, amount), else_=_NONE), type_=_fact.sold.type))
    return (
        select(
            _fact.inventory_id,
            _fact.place_id,
            _fact.item_id,
            *(figure.label(name) for name, figure in zip(RECENT_FIGURES, figures, strict=True)),
        )
        .where(
            _fact.inventory_id == inventory_id,
            _fact.place_id == place_id,
            _fact.business_date > until - timedelta(days=2 * max(WINDOWS)),
            _fact.business_date <= until,
        )
        .group_by(_fact.inventory_id, _fact.place_id, _fact.item_id)
        .order_by(_fact.item_id)
    )


def recent_everywhere(inventory_id: int, places: Sequence[int], everywhere: int) -> Select:
    """The rows of RecentSales for several places together, by item."""
    column = RecentSales.__table__.c
    return (
        select(
            column.inventory_id,
            literal(everywhere).label("place_id"),
            column.item_id,
            *(func.sum(column[name], type_=column[name].type).label(name) for name in RECENT_FIGURES),
        )
        .where(column.inventory_id == inventory_id, column.place_id.in_(places))
        .group_by(column.inventory_id, column.item_id)
        .order_by(column.item_id)
    )


def fill(connection: Connection, table: type, rows: Select) -> None:
    """Insert what a statement finds."""
    connection.execute(table.__table__.insert().from_select([column.name for column in rows.selected_columns], rows))  # type: ignore[attr-defined]


SUMMED = (DailyTotal, DailyCategory, DerivedPlace, RecentSales, DerivedItem)
