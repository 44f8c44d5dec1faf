"""What is sealed and how it is written down: the same bytes on both databases, so that one chain proves either."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import Column, Connection, Table

from ventory.db import dialect
from ventory.db.audit import Audit, Origin
from ventory.stock.models import Movement, MovementLine

GENESIS = "0" * 64
"""What the first block of a chain says of the one before it."""
DIGEST_BYTES = 8
"""64 bits of each row's SHA-256 name the row that was changed; that one was, the digest of the whole block tells."""
_ENTRY = 8 + DIGEST_BYTES


@dataclass(frozen=True)
class Rows:
    """A table whose rows never change. columns: all of them, the id first; parent: names the row that it belongs to

    erasable: what may be taken away, because it names a person; one of the columns is a digest of it
    """

    table: Table
    columns: tuple[str, ...]
    parent: str = "id"
    erasable: tuple[str, ...] = ()

    @property
    def chosen(self) -> list[Column]:
        return [self.table.c[name] for name in self.columns]

    def read(self, connection: Connection, inventory_id: int, after: int, until: int) -> list[bytes]:
        """The rows of a range, each as one line, in the order in which they are sealed."""
        own = f"inventory_id = {inventory_id:d}" if inventory_id else "inventory_id IS NULL"
        where = f"{own} AND {self.parent} > {after:d} AND {self.parent} <= {until:d}"
        order = "id" if self.parent == "id" else f"{self.parent}, id"
        return dialect.of(connection).written_rows(connection, self.chosen, where, order)

    def parent_of(self, row: bytes) -> int:
        """The id of the row that a row belongs to, as it is written there."""
        return int(float(row.split(b"\t")[self.columns.index(self.parent)]))


@dataclass(frozen=True)
class Strand:
    """A kind of rows that are sealed in the order of their ids. parts: rows written together with each, never later"""

    kind: str
    heads: Rows
    parts: Rows | None = None

    @property
    def tables(self) -> tuple[Rows, ...]:
        return (self.heads, self.parts) if self.parts else (self.heads,)


STRANDS = (
    Strand(
        "movement",
        Rows(
            Movement.__table__,
            (
                "id",
                "inventory_id",
                "kind",
                "actor_id",
                "reason",
                "document_kind",
                "document_id",
                "external_reference",
                "business_date",
                "occurred_at",
                "recorded_at",
                "reverses_id",
                "private_digest",
            ),
        ),
        Rows(
            MovementLine.__table__,
            (
                "id",
                "inventory_id",
                "movement_id",
                "item_id",
                "from_place_id",
                "to_place_id",
                "quantity",
                "value",
                "lot_id",
            ),
            parent="movement_id",
        ),
    ),
    Strand(
        "audit",
        Rows(
            Audit.__table__,
            (
                "id",
                "inventory_id",
                "at",
                "actor_id",
                "user_id",
                "origin_id",
                "action",
                "request_id",
                "subject_kind",
                "subject_id",
                "changes",
                "private_digest",
            ),
        ),
    ),
    Strand("origin", Rows(Origin.__table__, ("id", "inventory_id", "digest"), erasable=("address", "device", "salt"))),
)
"""What is sealed. A further table is one line here."""
BY_KIND = {strand.kind: strand for strand in STRANDS}


class SealKey:
    """What blocks are sealed under; kept outside the database, so that its owner cannot seal anew."""

    def __init__(self, secret: str):
        self._secret = secret.encode()

    def sign(self, words: str) -> str:
        return hmac.new(self._secret, words.encode(), hashlib.sha256).hexdigest()

    @cached_property
    def id(self) -> str:
        """Tells one key from another, and nothing else."""
        return self.sign("ventory seal key")[:16]


def content_of(strand: Strand, rows: Sequence[Sequence[bytes]]) -> str:
    """The digest of all rows of a block, whole. rows: for each of the strand's tables"""
    digest = hashlib.sha256()
    for table, lines in zip(strand.tables, rows, strict=True):
        digest.update(b"%s %d\n" % (table.table.name.encode(), len(lines)))
        digest.update(b"\n".join(lines))
        digest.update(b"\n")
    return digest.hexdigest()


def seal_of(key: SealKey, block) -> str:
    """The seal of a block and, by way of the one before it, of everything that came before."""
    words = (
        "ventory seal 1",
        block.previous,
        str(block.inventory_id),
        str(block.number),
        block.kind,
        f"{block.after_id} {block.until_id}",
        f"{block.rows} {block.parts} {block.total}",
        written_time(block.sealed_at),
        block.content,
        hashlib.sha256(block.digests).hexdigest(),
    )
    return key.sign("\n".join(words))


def written_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def id_of(row: bytes) -> int:
    return int(row[: row.index(b"\t")])


def digest_of(row: bytes) -> bytes:
    return hashlib.sha256(row).digest()[:DIGEST_BYTES]


def digests_of(rows: Sequence[bytes]) -> bytes:
    """What names the rows of a block: id and digest of each."""
    return b"".join(id_of(row).to_bytes(8, "big") + digest_of(row) for row in rows)


def entries(digests: bytes) -> Iterator[tuple[int, bytes]]:
    """The ids and digests that a block holds, in order."""
    for start in range(0, len(digests), _ENTRY):
        yield int.from_bytes(digests[start : start + 8], "big"), digests[start + 8 : start + _ENTRY]
