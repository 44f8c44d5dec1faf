"""Documents that were imported: which of their lines are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from ventory.blueprints.imports.models import ImportDocument
from ventory.core import ordinals
from ventory.db.prepared import Prepared
from ventory.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is known. done: ordinals"""

    id: int
    ranges: str
    done: set[int]


_ROWS = ImportDocument.__table__
_NEW = [_ROWS.c[name] for name in ("inventory_id", "kind", "source", "document", "done")]
_FOUND = Prepared(lambda database: _named(database))
_LOCKED = Prepared(lambda database: _named(database).with_for_update())


def _named(database):
    return (
        select(_ROWS.c.id, _ROWS.c.document, _ROWS.c.done)
        .where(
            _ROWS.c.inventory_id == bindparam("inventory"),
            _ROWS.c.kind == bindparam("kind"),
            _ROWS.c.source == bindparam("source"),
            database.among(_ROWS.c.document, "numbers"),
        )
        .order_by(_ROWS.c.id)
    )


def known(
    connection, inventory_id: int, kind: str, source: str, numbers: Iterable[str], *, lock: bool = False
) -> dict[str, Document]:
    """The documents that lines came from before. shape: {number: document}"""
    wanted = sorted(set(numbers))
    statement = _LOCKED if lock else _FOUND
    rows = statement.rows(connection, inventory=inventory_id, kind=kind, source=source, numbers=wanted)
    return {row.document: Document(row.id, row.done, ordinals.numbers(row.done)) for row in rows}


def opened(work: UnitOfWork, kind: str, source: str, numbers: Iterable[str]) -> dict[str, Document]:
    """The documents, made where there is none, and locked: another import of the same file waits or sees them done."""
    wanted = set(numbers)
    here = work.inventory_id, kind, source
    found = known(work.connection, *here, wanted, lock=True)
    missing = sorted(wanted - found.keys())
    if missing:
        work.database.insert_rows(work.connection, _NEW, [(*here, number, "") for number in missing])
        found |= known(work.connection, *here, missing, lock=True)
    return found


def remember(work: UnitOfWork, found: Mapping[str, Document], applied: Mapping[str, list[int]]) -> None:
    """Write down which lines were applied, in the transaction that applied them."""
    rows = [(found[number].id, ordinals.with_more(found[number].ranges, more)) for number, more in applied.items()]
    if rows:
        work.connection.execute(_REMEMBER, [{"row_id": row_id, "ranges": ranges} for row_id, ranges in sorted(rows)])


_REMEMBER = update(_ROWS).where(_ROWS.c.id == bindparam("row_id")).values(done=bindparam("ranges"))
