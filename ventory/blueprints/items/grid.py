"""Reads of item groups: their variants as a matrix of two options, with what is available of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item, ItemGroup
from ventory.blueprints.items.queries import available_of
from ventory.blueprints.uom.models import UnitRow
from ventory.core import variants
from ventory.core.access import Actor
from ventory.core.errors import Malformed
from ventory.db.paging import Page, SortKey, fetch

MOST = 2000


@dataclass(frozen=True)
class GroupView:
    """variants: active ones"""

    id: int
    name: str
    option_names: tuple[str, ...]
    variants: int


@dataclass(frozen=True)
class Variant:
    """available: None where the store does not carry it"""

    id: int
    sku: str
    name: str
    options: dict[str, str]
    unit: str
    available: Decimal | None


@dataclass(frozen=True)
class Cell:
    """Where a row and a column meet; no variants when the combination is missing."""

    row: str
    column: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Grid:
    """A group's active variants by two of its options.

    rows, columns: the options' names, columns None when the group has one
    row_values, column_values: their values in order, "" for variants that have none; cells: row by row
    missing: how many combinations of all options no variant is
    """

    id: int
    name: str
    option_names: tuple[str, ...]
    rows: str | None
    columns: str | None
    row_values: tuple[str, ...]
    column_values: tuple[str, ...]
    cells: tuple[Cell, ...]
    missing: int
    store_id: int | None

    @property
    def by_row(self) -> list[tuple[str, list[Cell]]]:
        """The cells of each row."""
        wide = len(self.column_values)
        lines = [list(self.cells[start : start + wide]) for start in range(0, len(self.cells), wide)]
        return list(zip(self.row_values, lines, strict=True))


_GROUPS = (
    select(ItemGroup.id, ItemGroup.name, ItemGroup.name_key, func.count(Item.id).label("variants"))
    .outerjoin(
        Item,
        and_(Item.inventory_id == ItemGroup.inventory_id, Item.group_id == ItemGroup.id, Item.archived_at.is_(None)),
    )
    .group_by(ItemGroup.id, ItemGroup.name, ItemGroup.name_key)
)
_VARIANTS = (
    select(Item.id, Item.sku, Item.name, Item.options, UnitRow.code.label("unit"))
    .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
    .where(Item.group_id == bindparam("group"), Item.archived_at.is_(None))
    .order_by(Item.id)
    .limit(MOST)
)


def list_groups(session: Session, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Item groups by name. shape: Page of GroupView"""
    keys = [SortKey(ItemGroup.name_key, lambda row: row.name_key)]
    page = fetch(session, _GROUPS, keys, limit=limit, cursor=cursor)
    names = _option_names(session, [row.id for row in page.rows])
    rows = tuple(GroupView(row.id, row.name, names[row.id], row.variants) for row in page.rows)
    return Page(rows, page.next_cursor, page.previous_cursor)


def _option_names(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    # Apart from the counting: PostgreSQL cannot group by a JSON column.
    rows = session.execute(select(ItemGroup.id, ItemGroup.option_names).where(ItemGroup.id.in_(ids)))
    return {row.id: tuple(row.option_names) for row in rows}


def variants_of(session: Session, group_id: int) -> list[Any]:
    """A group's active variants as rows, oldest first."""
    return list(session.execute(_VARIANTS, {"group": group_id}))


def grid(
    session: Session,
    actor: Actor,
    group_id: int,
    *,
    store_id: int | None = None,
    rows: str | None = None,
    columns: str | None = None,
) -> Grid | None:
    """The matrix of a group, or None when there is no such group.

    store_id: whose stock, None for all that the actor may see; rows, columns: options, None for the first two
    raises: Malformed for an option that the group has not
    """
    group = session.execute(select(ItemGroup).where(ItemGroup.id == group_id)).scalar_one_or_none()
    if group is None:
        return None
    down, across = _axes(tuple(group.option_names), rows, columns)
    found = variants_of(session, group_id)
    available = available_of(session, actor, [row.id for row in found], store_id)
    options = [row.options for row in found]
    row_values, column_values = _values(down, options), _values(across, options)
    at: dict[tuple[str, str], list[Variant]] = {}
    for row in found:
        place = (_value(row.options, down).casefold(), _value(row.options, across).casefold())
        variant = Variant(row.id, row.sku, row.name, row.options, row.unit, available.get(row.id))
        at.setdefault(place, []).append(variant)
    return Grid(
        group.id,
        group.name,
        tuple(group.option_names),
        down,
        across,
        row_values,
        column_values,
        tuple(
            Cell(row, column, tuple(at.get((row.casefold(), column.casefold()), ())))
            for row in row_values
            for column in column_values
        ),
        variants.count_missing(group.option_names, options),
        store_id,
    )


def _axes(names: tuple[str, ...], rows: str | None, columns: str | None) -> tuple[str | None, str | None]:
    known = {name.casefold(): name for name in names}
    for field, wanted in (("rows", rows), ("columns", columns)):
        if wanted is not None and wanted.casefold() not in known:
            raise Malformed(f"This group has no option {wanted}.", field=field)
    across = known[columns.casefold()] if columns else None
    down = known[rows.casefold()] if rows else next((name for name in names if name != across), None)
    if across is None:
        across = next((name for name in names if name != down), None)
    if down is not None and down == across:
        raise Malformed("Rows and columns are two options.", field="columns")
    return down, across


def _value(options: dict[str, str], name: str | None) -> str:
    return options.get(name, "") if name else ""


def _values(name: str | None, options: list[dict[str, str]]) -> tuple[str, ...]:
    """An option's values; "" last, for variants without one, and alone where there is no such option."""
    if name is None:
        return ("",)
    values = variants.values_of(name, options)
    return tuple(values) if values and all(each.get(name) for each in options) else (*values, "")
