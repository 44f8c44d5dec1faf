"""Editing a row that others may edit too: lock it, and see that it is still the version the caller saw."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select

from ventory.core.errors import NotFound, Stale
from ventory.db.unit_of_work import UnitOfWork

Row = TypeVar("Row")


def locked(
    work: UnitOfWork, table: type[Row], row_id: int, version: int | None, what: str, *, also_references: bool = False
) -> Row:
    """The row, locked until the transaction ends.

    version: what the caller saw, or None to change whatever is there; what: its word, for the message
    also_references: nobody may begin to refer to it either, because it will go. Else they may: a posting that holds
        balances and names the item must not wait for a change of the item that waits for those balances
    raises: NotFound, Stale
    """
    columns: Any = table
    row = work.session.execute(
        select(table).where(columns.id == row_id).with_for_update(key_share=not also_references)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(f"There is no such {what}.")
    if version is not None and row.version != version:  # type: ignore[attr-defined]
        raise Stale(f"Somebody changed this {what} in between. Load it again and repeat your change.")
    return row
