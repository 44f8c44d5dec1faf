"""Proof: recompute every derived table from the lines and name each difference; or put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from operator import add
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    column,
    func,
    literal,
    select,
    text,
    union_all,
)

from ventory.core.facts import FLOWS
from ventory.core.ledger import HOLDING
from ventory.core.quantity import ZERO, per_unit, plain
from ventory.core.reorder import InForce, Rule, in_force
from ventory.db import dialect
from ventory.db.base import Id
from ventory.db.types import Exact, Quantity, from_scaled
from ventory.stock import facts
from ventory.stock.derive import FACT_FIGURES, RECENT_FIGURES
from ventory.stock.models import (
    Balance,
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedItem,
    DerivedPlace,
    MovementLine,
    Place,
    RecentSales,
)
from ventory.stock.recount import Recount

BATCH = 5_000


@dataclass(frozen=True)
class Difference:
    """A derived figure that is not what the ledger says. item_id: None for a sum of all items"""

    inventory_id: int
    place_id: int
    item_id: int | None
    figure: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"inventory {self.inventory_id}, place {self.place_id}"
        if self.item_id is not None:
            where += f", item {self.item_id}"
        return f"{where}: {self.figure} is {self.found}, the ledger says {self.expected}"


@dataclass(frozen=True)
class Report:
    """What was checked and what was found."""

    lines: int
    balances: int
    facts: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Derived:
    """A balance as the ledger and the rules say it should be."""

    inventory_id: int
    place_id: int
    item_id: int
    on_hand: Decimal
    reserved: Decimal
    incoming: Decimal
    value: Decimal
    last_cost: Decimal
    may_go_negative: bool
    reorder_point: Decimal | None
    target_level: Decimal | None


_FIGURES = (
    "on_hand",
    "reserved",
    "incoming",
    "value",
    "last_cost",
    "may_go_negative",
    "reorder_point",
    "target_level",
)


def verify(
    connection: Connection, inventory_id: int | None = None, tell: Callable[[int], None] = lambda _: None
) -> Report:
    """Compare every balance and every daily fact with the ledger, of one inventory or of all.

    Run it in one unchanging view (a reading transaction): it may take place while others write.
    tell: is told how many more lines were checked, and may stop it by raising
    """
    lines = count_of_lines(connection, inventory_id)
    balances = Balance.__table__
    found: dict[tuple[int, int, int], tuple] = {}
    columns = (balances.c.inventory_id, balances.c.place_id, balances.c.item_id, *(balances.c[f] for f in _FIGURES))
    rows = connection.execute(_within(inventory_id, balances, select(*columns)).execution_options(yield_per=BATCH))
    for row in rows:
        found[row[0], row[1], row[2]] = tuple(row[3:])
    count = len(found)
    differences = []
    for expected in derived(connection, inventory_id):
        key: tuple[int, int, int] = (expected.inventory_id, expected.place_id, expected.item_id)
        figures = found.pop(key, None)
        if figures is None:
            differences.append(Difference(*key, "the balance", "missing", "there"))
            continue
        differences += [
            Difference(*key, figure, _shown(is_now), _shown(getattr(expected, figure)))
            for figure, is_now in zip(_FIGURES, figures, strict=True)
            if is_now != getattr(expected, figure)
        ]
    differences += [Difference(*key, "the balance", "there", "missing") for key in sorted(found)]
    count_of_facts, more = verify_facts(connection, inventory_id, tell)
    return Report(lines, count, count_of_facts, (*differences, *more))


def count_of_lines(connection: Connection, inventory_id: int | None = None) -> int:
    line = MovementLine.__table__
    return connection.execute(_within(inventory_id, line, select(func.count()).select_from(line))).scalar_one()


def _within(inventory_id: int | None, table, statement: Select) -> Select:
    return statement if inventory_id is None else statement.where(table.c.inventory_id == inventory_id)


def verify_facts(
    connection: Connection, inventory_id: int | None = None, tell: Callable[[int], None] = lambda _: None
) -> tuple[int, list[Difference]]:
    """Compare daily facts and their sums with the ledger, up to where their reader came.

    An inventory that is not derived yet has none to compare. Memory grows with items and days, not with lines.
    returns: how many facts there are, and what differs
    """
    count, differences = 0, []
    inventories = connection.execute(text("SELECT inventory_id FROM derived_inventory ORDER BY inventory_id"))
    for each in inventories.scalars().all():
        if inventory_id not in (None, each):
            continue
        check = _FactsCheck(connection, each, tell)
        check.run()
        count += check.count
        differences += check.differences
    return count, differences


class _FactsCheck:
    """The facts of one inventory beside those that its lines add up to, and every sum of them beside theirs.

    Rows are compared as the database writes them down; only those that differ are taken apart.
    """

    def __init__(self, connection: Connection, inventory_id: int, tell: Callable[[int], None]):
        self.connection, self.inventory_id, self.tell = connection, inventory_id, tell
        self.count = 0
        self.differences: list[Difference] = []
        self.until = facts.state_of(connection, inventory_id).until
        self.left_out = facts.waiting(connection, inventory_id)

    def run(self) -> None:
        kinds, places = facts.places_of(self.connection, self.inventory_id)
        known = DerivedItem.__table__.c
        of_items = select(known.item_id, known.category_id).where(known.inventory_id == self.inventory_id)
        categories = {row.item_id: row.category_id for row in self.connection.execute(of_items)}
        told = 0
        everywhere: dict[int, list[int]] = {}
        for where in places.values():
            counted = Recount(where, kinds, categories, self.until, self.left_out)
            of_lines = list(counted.facts(self.connection))
            self.count += self._compare(DailyFact, where.id, ("item_id", "business_date"), FACT_FIGURES, of_lines)
            self._sums(DailyTotal, where.id, ("business_date",), FLOWS, counted.totals)
            self._sums(DailyCategory, where.id, ("category_id", "business_date"), FLOWS, counted.categories)
            self._sums(DerivedPlace, where.id, ("place_id",), ("on_hand",), {where.id: [counted.on_hand]})
            self._sums(RecentSales, where.id, ("item_id",), RECENT_FIGURES, counted.recent)
            if where.kind in facts.SHOWN:
                for item_id, figures in counted.recent.items():
                    before = everywhere.get(item_id)
                    everywhere[item_id] = figures if before is None else list(map(add, before, figures))
            gone = _lines_from(self.connection, where.id)
            told += gone
            self.tell(gone)
        self.tell(count_of_lines(self.connection, self.inventory_id) - told)
        self._sums(RecentSales, facts.EVERYWHERE, ("item_id",), RECENT_FIGURES, everywhere)

    def _sums(self, model, place_id: int, keys: tuple, figures: tuple, expected: dict[Any, list[int]]) -> None:
        """Compare sums; one of nothing need not be there."""
        rows = [_row(key, amounts) for key, amounts in sorted(expected.items()) if any(amounts)]
        self._compare(model, place_id, keys, figures, rows, b"\t0" * len(figures))

    def _compare(
        self, model, place_id: int, keys: tuple, figures: tuple, expected: list[bytes], nothing: bytes | None = None
    ) -> int:
        """Name what differs in the rows of a place. nothing: how a row ends that need not be there

        returns: how many rows there are
        """
        column = model.__table__.c
        where = f"inventory_id = {self.inventory_id:d} AND place_id = {place_id:d}"
        chosen = [column[name] for name in (*keys, *figures)]
        rows = dialect.of(self.connection).written_rows(self.connection, chosen, where, ", ".join(keys))
        found = rows if nothing is None else [row for row in rows if not row.endswith(nothing)]
        if found != expected:
            for row, right in _side_by_side(map(_taken_apart, found), map(_taken_apart, expected), len(keys)):
                if row != right:
                    self._name(column, place_id, keys, figures, row, right)
        return len(rows)

    def _name(self, column, place_id: int, keys: tuple, figures: tuple, row: tuple | None, right: tuple | None) -> None:
        length = len(keys)
        named = dict(zip(keys, (row or right or ())[:length], strict=True))
        what = " of all items" * ("item_id" not in keys)
        when = f" on {named['business_date']}" if "business_date" in keys else ""
        for name, is_now, should in zip(
            figures, _figures_of(row, right, length), _figures_of(right, row, length), strict=True
        ):
            if is_now != should:
                shown = [_shown(_value(column[name], value)) for value in (is_now, should)]
                self.differences.append(
                    Difference(self.inventory_id, place_id, named.get("item_id"), f"{name}{what}{when}", *shown)
                )


def _row(key: Any, amounts: list[int]) -> bytes:
    keys = key if isinstance(key, tuple) else (key,)
    return "\t".join(map(str, (*keys, *amounts))).encode()


def _taken_apart(row: bytes) -> tuple:
    """The values of a row as the database writes it down: numbers, and texts where there is none."""
    return tuple(int(each) if each.lstrip(b"-").isdigit() else each.decode() for each in row.split(b"\t"))


def _value(column, written: int | str) -> Decimal | int | str:
    is_scaled = isinstance(column.type, Exact) and isinstance(written, int)
    return from_scaled(written, column.type.decimals) if is_scaled else written  # type: ignore[arg-type]


def _lines_from(connection: Connection, place_id: int) -> int:
    """How many lines leave a place: every line leaves one."""
    line = MovementLine.__table__
    return connection.execute(
        select(func.count()).select_from(line).where(line.c.from_place_id == place_id)
    ).scalar_one()


def _figures_of(row: tuple | None, other: tuple | None, length: int) -> tuple:
    """The figures of a row; of one that is missing, zeros: a sum of nothing need not be there."""
    if row is not None:
        return row[length:]
    assert other is not None
    return (0,) * (len(other) - length)


def _side_by_side(left: Iterator[tuple], right: Iterator[tuple], length: int) -> Iterator[tuple]:
    """Two ascending rows of tuples as one: (left or None, right or None). length: of the key they begin with"""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        key = min(tuple(each[:length]) for each in (one, other) if each is not None)
        ours, theirs = (
            one is not None and tuple(one[:length]) == key,
            other is not None and tuple(other[:length]) == key,
        )
        yield one if ours else None, tuple(other) if other is not None and theirs else None
        one = next(left, None) if ours else one
        other = next(right, None) if theirs else other


def _shown(value) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def derived(connection: Connection, inventory_id: int | None = None) -> Iterator[Derived]:
    """Every balance that should exist: wherever an item is carried, and wherever lines touched a place that holds
    stock, but for stores that no longer carry what is no longer there. Reserved and incoming come from open documents;
    there are none yet that hold any.

    The rule in force is decided here by core.reorder, level by level, and not by the SQL that made the copies.
    """
    line, place = MovementLine.__table__, Place.__table__
    above = _rules_above_items(connection)
    carried = _CARRIED.subquery("carried")
    # Half of all sides are those of virtual places; left out before they are grouped, it takes two thirds of the time.
    holding = select(place.c.id).where(place.c.kind.in_(sorted(HOLDING)))
    came_in = (line.c.inventory_id, line.c.to_place_id.label("place_id"), line.c.item_id, line.c.quantity, line.c.value)
    went_out = (line.c.inventory_id, line.c.from_place_id, line.c.item_id, -line.c.quantity, -line.c.value)
    nothing = (literal(ZERO, line.c.quantity.type), literal(ZERO, line.c.value.type))
    is_carried_too = (carried.c.inventory_id, carried.c.place_id, carried.c.item_id, *nothing)
    moved = union_all(
        _within(inventory_id, line, select(*came_in)).where(line.c.to_place_id.in_(holding)),
        _within(inventory_id, line, select(*went_out)).where(line.c.from_place_id.in_(holding)),
        _within(inventory_id, carried, select(*is_carried_too)),
    ).subquery("moved")
    sums = (
        select(
            moved.c.inventory_id,
            moved.c.place_id,
            moved.c.item_id,
            func.sum(moved.c.quantity, type_=line.c.quantity.type).label("on_hand"),
            func.sum(moved.c.value, type_=line.c.value.type).label("value"),
            place.c.may_go_negative,
            place.c.kind,
        )
        .join(place, and_(place.c.inventory_id == moved.c.inventory_id, place.c.id == moved.c.place_id))
        .where(place.c.kind.in_(sorted(HOLDING)))
        .group_by(moved.c.inventory_id, moved.c.place_id, moved.c.item_id, place.c.may_go_negative, place.c.kind)
        .subquery("sums")
    )
    newest = (
        _within(inventory_id, line, select(line.c.to_place_id, line.c.item_id, func.max(line.c.id).label("id")))
        .where(line.c.quantity > ZERO)
        .group_by(line.c.to_place_id, line.c.item_id)
        .subquery("newest")
    )
    came = line.alias("came")
    rows = connection.execute(
        select(
            sums,
            *(carried.c[name] for name in _RULES),
            carried.c.category_id,
            carried.c.item_id.label("carried_item_id"),
            came.c.quantity,
            came.c.value.label("came_value"),
        )
        .outerjoin(
            carried,
            and_(
                carried.c.inventory_id == sums.c.inventory_id,
                carried.c.place_id == sums.c.place_id,
                carried.c.item_id == sums.c.item_id,
            ),
        )
        .outerjoin(newest, and_(newest.c.to_place_id == sums.c.place_id, newest.c.item_id == sums.c.item_id))
        .outerjoin(came, came.c.id == newest.c.id)
        .execution_options(yield_per=BATCH)
    )
    for row in rows:
        is_carried = row.carried_item_id is not None
        if row.kind == "store" and not is_carried and row.on_hand == ZERO:
            continue
        rule = InForce()
        if is_carried:
            item, store = Rule(row.item_point, row.item_target), Rule(row.store_point, row.store_target)
            chain = above.get((row.inventory_id, row.category_id)) or above.get((row.inventory_id, None), ())
            rule = in_force((*chain, item, store))
        yield Derived(
            row.inventory_id,
            row.place_id,
            row.item_id,
            on_hand=row.on_hand,
            reserved=ZERO,
            incoming=ZERO,
            value=row.value,
            last_cost=per_unit(row.came_value, row.quantity) if row.quantity is not None else ZERO,
            may_go_negative=bool(row.may_go_negative),
            reorder_point=rule.reorder_point,
            target_level=rule.target_level,
        )


_RULES = ("store_point", "store_target", "item_point", "item_target")
_CARRIED = text(
    "SELECT s.inventory_id, s.store_id AS place_id, s.item_id, i.category_id, s.reorder_point AS store_point,"
    " s.target_level AS store_target, i.reorder_point AS item_point, i.target_level AS item_target"
    " FROM item_store s JOIN item i ON i.inventory_id = s.inventory_id AND i.id = s.item_id"
).columns(
    Balance.__table__.c.inventory_id,
    Balance.__table__.c.place_id,
    Balance.__table__.c.item_id,
    column("category_id", Id),
    *(column(name, Quantity) for name in _RULES),
)


def _rules_above_items(connection: Connection) -> dict[tuple[int, int | None], tuple[Rule, ...]]:
    """What an item inherits by its category, or without one. shape: {(inventory id, category id or None): chain}"""
    rule = (column("reorder_point", Quantity), column("target_level", Quantity))
    own = text("SELECT inventory_id, reorder_point, target_level FROM inventory_rule").columns(
        column("inventory_id", Id), *rule
    )
    above: dict[tuple[int, int | None], tuple[Rule, ...]] = {
        (row.inventory_id, None): (Rule(row.reorder_point, row.target_level),) for row in connection.execute(own)
    }
    tree = text("SELECT inventory_id, id, parent_id, reorder_point, target_level FROM category").columns(
        column("inventory_id", Id), column("id", Id), column("parent_id", Id), *rule
    )
    below: dict[tuple[int, int | None], list] = {}
    for row in connection.execute(tree):
        below.setdefault((row.inventory_id, row.parent_id), []).append(row)
    waiting = [row for (_, parent_id), rows in below.items() if parent_id is None for row in rows]
    while waiting:
        row = waiting.pop()
        chain = above.get((row.inventory_id, row.parent_id), ())
        above[row.inventory_id, row.id] = (*chain, Rule(row.reorder_point, row.target_level))
        waiting += below.get((row.inventory_id, row.id), ())
    return above


def rebuild(connection: Connection) -> int:
    """Make every balance and every daily fact again from the ledger and the rules, in the caller's transaction.

    returns: how many balances there are now
    """
    balance = Balance.__table__
    dialect.of(connection).stop_postings(connection)
    wanted = [
        {
            "inventory_id": row.inventory_id,
            "place_id": row.place_id,
            "item_id": row.item_id,
            **{figure: getattr(row, figure) for figure in _FIGURES},
        }
        for row in derived(connection)
    ]
    connection.execute(balance.delete())
    for start in range(0, len(wanted), BATCH):
        connection.execute(balance.insert(), wanted[start : start + BATCH])
    for inventory_id in connection.execute(text("SELECT id FROM inventory ORDER BY id")).scalars().all():
        facts.derive_all(connection, inventory_id)
    return len(wanted)
