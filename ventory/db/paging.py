"""Keyset paging: a page starts behind the last row of the one before, so deep pages cost what first pages cost."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, tuple_
from sqlalchemy.orm import Session

from ventory.core.errors import Malformed

DEFAULT_LIMIT = 50
MOST = 200

Row = TypeVar("Row")


@dataclass(frozen=True)
class SortKey:
    """A column that a list is ordered by; the last key of a list must be unique within the others.

    read: takes the key's value from a row of the result
    """

    column: Any
    read: Callable[[Any], Any]
    is_descending: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, in order, with the cursors of its neighbours (None at the ends)."""

    rows: tuple[Row, ...]
    next_cursor: str | None = None
    previous_cursor: str | None = None


def fetch(
    session: Session,
    statement: Select,
    keys: Sequence[SortKey],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    values_of: dict[str, Any] | None = None,
) -> Page:
    """One page of a statement ordered by keys.

    statement: without ORDER BY and LIMIT; values_of: its parameters by name
    cursor: from an earlier page of the same list, or None for the first
    raises: Malformed for a cursor that is not one of this list's
    """
    backwards, values = _decode(cursor, keys) if cursor else (False, None)
    if values is not None:
        statement = statement.where(_behind(keys, values, backwards))
    order = [key.column.desc() if key.is_descending != backwards else key.column.asc() for key in keys]
    rows = list(session.execute(statement.order_by(*order).limit(limit + 1), values_of or {}))
    has_more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    is_first = values is None or (backwards and not has_more)
    is_last = not has_more if not backwards else False
    return Page(
        tuple(rows),
        next_cursor=_encode(keys, rows[-1], False) if rows and not is_last else None,
        previous_cursor=_encode(keys, rows[0], True) if rows and not is_first else None,
    )


def _behind(keys: Sequence[SortKey], values: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
    ways = {key.is_descending != backwards for key in keys}
    if len(ways) == 1:
        columns = tuple_(*(key.column for key in keys))
        # One comparison of whole rows lets the database start in the middle of an index.
        typed = tuple_(*values, types=[key.column.type for key in keys])
        return columns < typed if ways.pop() else columns > typed
    steps = []
    for position, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [
            earlier.column == earlier_value
            for earlier, earlier_value in zip(keys[:position], values[:position], strict=True)
        ]
        further = key.column < value if key.is_descending != backwards else key.column > value
        steps.append(and_(*same, further))
    return or_(*steps)


def _encode(keys: Sequence[SortKey], row: Any, backwards: bool) -> str:
    values = [_written(key.read(row)) for key in keys]
    text = json.dumps(["<" if backwards else ">", *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"d": str(value)}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"b": value.isoformat()}
    return value


def _decode(cursor: str, keys: Sequence[SortKey]) -> tuple[bool, list[Any]]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        way, *written = json.loads(
            base64.urlsafe_b64decode(
                padded.encode("ascii"),
            ).decode()
        )
        values = [_value(each) for each in written]
        if way not in ("<", ">") or len(values) != len(keys):
            raise ValueError
        for key, value in zip(keys, values, strict=True):
            if not isinstance(value, key.column.type.python_type) or isinstance(value, bool):
                raise ValueError
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ValueError
            if isinstance(value, str) and "\x00" in value:
                raise ValueError
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RecursionError) as error:
        raise Malformed("This cursor is not one of this list's. Start again without it.", field="cursor") from error
    return way == "<", values


def _value(written: Any) -> Any:
    if isinstance(written, dict):
        ((kind, text),) = written.items()
        readers: dict[str, Callable[[str], Any]] = {
            "d": Decimal,
            "t": datetime.fromisoformat,
            "b": date.fromisoformat,
        }
        return readers[kind](text)
    return written
