"""Broken constraints as the errors they mean. Uniqueness is asked of the database by trying, never by looking first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from ventory.core.errors import BadInput, Rejected, Shortage, VentoryError
from ventory.db import dialect

_MEANINGS: dict[str, tuple[type[VentoryError], str, str | None]] = {
    "ck_balance_covered": (Shortage, "Less is available than was asked for.", None),
    "foreign_key": (BadInput, "Something that was named does not exist here.", None),
}


def means(
    table: str, columns: Sequence[str], name: str, error: type[VentoryError], message: str, field: str | None
) -> None:
    """Say what breaking a unique constraint means.

    columns: of the index, in order: SQLite names them instead of the constraint
    """
    for module in (dialect.sqlite, dialect.postgresql):
        _MEANINGS[module.unique_name(table, columns, name)] = (error, message, field)


def translate(error: IntegrityError) -> VentoryError | None:
    """The error that a broken constraint means, or None when it is a mistake of ours."""
    assert error.orig is not None
    for module in (dialect.sqlite, dialect.postgresql):
        constraint = module.violated_constraint(error.orig)
        if constraint is None:
            continue
        if constraint in _MEANINGS:
            kind, message, field = _MEANINGS[constraint]
            return kind(message, field=field)
        if constraint.startswith("fk_"):
            return BadInput("Something that was named does not exist here.")
        if constraint.startswith("ck_balance"):
            return Rejected("The database refused the balance that this would leave.")
    return None
