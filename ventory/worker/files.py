"""Forgetting files: first the row, then, by way of the outbox, its objects; and objects that never got a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, Engine, delete, insert, select

from ventory import storage
from ventory.core.events import FileForgotten, Sequenced
from ventory.db import engine as engines
from ventory.db.outbox import Outbox, payload_of
from ventory.models import FileRow
from ventory.storage import Stored

KEEP = timedelta(days=1)
"""How long a removed file can be brought back, and how long an upload may take before its objects count as lost."""
ASKED_AT_ONCE = 500
# A bucket may hold what is not ours; only keys of our own making are ever swept.
_OURS = re.compile(r"(?P<owner>[0-9]+/[0-9a-f]{32})/(full|[0-9]+\.webp)|check/[0-9a-f]{16}")


def purge(engine: Engine) -> int:
    """Forget files that were removed long enough ago. returns: how many

    Their objects go after this commit: a crash leaves objects without a row, never a row without its objects.
    """
    table, now = FileRow.__table__, datetime.now(UTC)
    with engines.writing(engine).begin() as connection:
        gone = connection.execute(
            delete(table)
            .where(table.c.removed_at < now - KEEP)
            .returning(table.c.id, table.c.inventory_id, table.c.storage_key)
        ).all()
        if gone:
            connection.execute(
                insert(Outbox.__table__),
                [
                    {
                        "inventory_id": row.inventory_id,
                        "kind": FileForgotten.kind,
                        "subject_id": row.id,
                        "payload": payload_of(FileForgotten(row.storage_key)),
                        "created_at": now,
                    }
                    for row in gone
                ],
            )
    return len(gone)


def forget(connection: Connection, events: Sequence[Sequenced]) -> None:
    """Take away the objects of forgotten files; those that are gone already are no mistake."""
    for event in events:
        if event.kind == FileForgotten.kind:
            storage.bound().delete_below(event.payload["storage_key"])


def sweep(engine: Engine) -> int:
    """Take away old objects that no row names: what a crash between object and row left. returns: how many"""
    before = datetime.now(UTC) - KEEP
    lost: list[str] = []
    old = (each for each in storage.bound().below() if each.written_at < before)
    with engines.autocommit(engine).connect() as connection:
        while some := list(islice(old, ASKED_AT_ONCE)):
            lost += _without_a_row(connection, some)
    for key in lost:
        storage.bound().delete(key)
    return len(lost)


def _without_a_row(connection: Connection, objects: Iterable[Stored]) -> list[str]:
    ours = (match for each in objects if (match := _OURS.fullmatch(each.key)))
    owners = {match.group(): match.group("owner") for match in ours}
    column = FileRow.__table__.c.storage_key
    wanted = {owner for owner in owners.values() if owner}
    known = set(connection.execute(select(column).where(column.in_(wanted))).scalars())
    return [key for key, owner in owners.items() if owner not in known]
