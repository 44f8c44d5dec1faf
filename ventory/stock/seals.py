"""Sealing: rows that can no longer be preceded by others become blocks of their inventory's hash chain.

Only the worker seals, so that writing shares no head. See docs/explanation/proof.md.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from ventory.db import dialect
from ventory.db import engine as engines
from ventory.stock.models import SealBlock
from ventory.stock.sealed import GENESIS, STRANDS, SealKey, Strand, content_of, digests_of, seal_of

MOST_ROWS = 1_000
"""Rows of a block, with what belongs to them; a single row with more parts is a block of its own."""

_block = SealBlock.__table__.c


class CannotSeal(Exception):
    """The chain does not go on from here; the message says why and what to do."""


@dataclass(frozen=True)
class Head:
    """The newest block of a chain."""

    number: int
    seal: str
    sealed_at: str


class Heads:
    """The newest seals as they are known outside the database: cutting off blocks together with their rows shows.

    A small file in the data folder. It may lag behind after a crash; it is never ahead of what was committed.
    """

    def __init__(self, home: Path):
        self.file = home / "seal-heads.json"

    def read(self) -> dict[int, Head]:
        """shape: {inventory id: head}; empty where nothing was sealed here"""
        if not self.file.exists():
            return {}
        return {int(name): Head(**each) for name, each in json.loads(self.file.read_text()).items()}

    def write(self, heads: dict[int, Head]) -> None:
        draft = self.file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({str(number): asdict(each) for number, each in sorted(heads.items())}, indent=1))
        os.replace(draft, self.file)

    def forget(self, inventory_id: int) -> None:
        """Expect nothing of an inventory that was erased."""
        known = self.read()
        if known.pop(inventory_id, None) is not None:
            self.write(known)


def newest_block(connection: Connection, inventory_id: int):
    """The block that the next one follows, or None."""
    return connection.execute(
        select(_block.number, _block.total, _block.seal, _block.key_id, _block.sealed_at)
        .where(_block.inventory_id == inventory_id)
        .order_by(_block.number.desc())
        .limit(1)
    ).one_or_none()


def sealed_until(connection: Connection, inventory_id: int, kind: str) -> int:
    """The id up to which all rows of a kind are sealed."""
    until = select(func.max(_block.until_id)).where(_block.inventory_id == inventory_id, _block.kind == kind)
    return connection.execute(until).scalar_one() or 0


def waiting(connection: Connection, inventory_id: int) -> int:
    """How many rows, with what belongs to them, are not sealed yet."""
    count = 0
    for strand in STRANDS:
        until = sealed_until(connection, inventory_id, strand.kind)
        for rows in strand.tables:
            table = rows.table
            later = select(func.count()).select_from(table)
            own = table.c.inventory_id == inventory_id if inventory_id else table.c.inventory_id.is_(None)
            count += connection.execute(later.where(own, table.c[rows.parent] > until)).scalar_one()
    return count


def known_inventories(connection: Connection) -> list[int]:
    """Every inventory, those that only blocks tell of, and 0 for what belongs to none."""
    found = set(connection.execute(text("SELECT id FROM inventory")).scalars())
    return sorted(found | {0} | set(connection.execute(select(_block.inventory_id).distinct()).scalars()))


class Sealer:
    """Seals what waits, chain by chain. heads: where the newest seals are written down, outside the database"""

    def __init__(self, engine: Engine, key: SealKey, heads: Heads):
        self.engine, self.key, self.heads = engine, key, heads
        self._asked: dict[str, tuple[int, frozenset[str]]] = {}
        self._settled: dict[str, int] = {}
        self._done: dict[str, int] = {}

    def seal(self, until: float = math.inf) -> int:
        """Seal everything that can be. until: by time.monotonic(), when to leave the rest for another time

        returns: how many rows, with what belongs to them; raises: CannotSeal
        """
        settled = {strand.kind: self.settled(strand) for strand in STRANDS}
        if settled == self._done:
            return 0
        count = 0
        for inventory_id in self._inventories():
            count += self._seal_inventory(inventory_id, settled, until)
        if time.monotonic() < until:
            self._done = settled
        return count

    def settled(self, strand: Strand) -> int:
        """The id up to which no row can appear any more: whoever took a smaller one has ended.

        Ids are taken before commit, so 10 may come after 11. Whoever takes one has locked the table before: those who
        hold it when the newest visible id is read are the only ones who can still bring a smaller one. A transaction
        that stays open makes rows wait, it makes none be passed over.
        """
        table = strand.heads.table.name
        with engines.autocommit(self.engine).connect() as connection:
            newest = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()  # noqa: S608
            now = dialect.of(connection).writers(connection, table)
        asked, then = self._asked.get(table, (0, frozenset()))
        if not now:
            asked, then = newest, now
        if not then & now:
            self._settled[table] = max(self._settled.get(table, 0), asked)
            self._asked[table] = (newest, now)
        return self._settled.get(table, 0)

    def _seal_inventory(self, inventory_id: int, settled: dict[str, int], until: float) -> int:
        """Add blocks to one chain until nothing waits. returns: how many rows were sealed"""
        count = 0
        for strand in STRANDS:
            while time.monotonic() < until:
                block = self._next_block(inventory_id, strand, settled[strand.kind])
                if block is None:
                    break
                if not self._write(block):
                    return count  # another worker was faster
                count += block.rows + block.parts
        return count

    def _inventories(self) -> list[int]:
        with engines.autocommit(self.engine).connect() as connection:
            return [0, *connection.execute(text("SELECT id FROM inventory ORDER BY id")).scalars()]

    def _next_block(self, inventory_id: int, strand: Strand, settled: int) -> SimpleNamespace | None:
        with engines.reading(self.engine).connect() as connection:
            after = sealed_until(connection, inventory_id, strand.kind)
            until = _end(connection, strand, inventory_id, after, settled)
            if until is None:
                return None
            rows = [each.read(connection, inventory_id, after, until) for each in strand.tables]
            newest = newest_block(connection, inventory_id)
        self._refuse_gap(inventory_id, newest)
        block = SimpleNamespace(
            inventory_id=inventory_id,
            number=newest.number + 1 if newest else 1,
            kind=strand.kind,
            after_id=after,
            until_id=until,
            rows=len(rows[0]),
            parts=sum(map(len, rows[1:])),
            total=sum(map(len, rows)) + (newest.total if newest else 0),
            digests=b"".join(map(digests_of, rows)),
            content=content_of(strand, rows),
            previous=newest.seal if newest else GENESIS,
            key_id=self.key.id,
            sealed_at=datetime.now(UTC),
        )
        block.seal = seal_of(self.key, block)
        return block

    def _refuse_gap(self, inventory_id: int, newest) -> None:
        """Go on only from the block that was the last one. raises: CannotSeal"""
        if newest is not None and newest.key_id != self.key.id:
            raise CannotSeal(
                f"The blocks of inventory {inventory_id} were sealed under the key {newest.key_id}, SEAL_KEY is"
                f" {self.key.id}. Set the key that they were sealed under."
            )
        known = self.heads.read().get(inventory_id)
        if known is not None and (newest is None or newest.number < known.number):
            raise CannotSeal(
                f"Block {known.number} of inventory {inventory_id} was sealed at {known.sealed_at} and is no longer in"
                " the database. If a backup was restored on purpose, run `ventory seal --accept`."
            )

    def _write(self, block: SimpleNamespace) -> bool:
        """returns: whether it is in the chain; another worker may have been faster"""
        try:
            with engines.writing(self.engine).begin() as connection:
                connection.execute(insert(SealBlock.__table__).values(**vars(block)))
        except IntegrityError:
            return False
        known = self.heads.read()
        known[block.inventory_id] = Head(block.number, block.seal, block.sealed_at.isoformat())
        self.heads.write(known)
        return True


def _end(connection: Connection, strand: Strand, inventory_id: int, after: int, settled: int) -> int | None:
    """The id with which the next block ends; None when nothing waits."""
    ids = _ids(connection, strand, inventory_id, after, settled)
    if not ids:
        return None
    counts = _parts(connection, strand, inventory_id, after, ids[-1])
    sizes = accumulate(1 + counts.get(each, 0) for each in ids)
    fitting = sum(size <= MOST_ROWS for size in sizes)
    if fitting == len(ids) < MOST_ROWS:
        return settled  # nothing comes between the last row and here
    return ids[max(fitting, 1) - 1]


def _ids(connection: Connection, strand: Strand, inventory_id: int, after: int, settled: int) -> Sequence[int]:
    column = strand.heads.table.c
    own = column.inventory_id == inventory_id if inventory_id else column.inventory_id.is_(None)
    return (
        connection.execute(
            select(column.id).where(own, column.id > after, column.id <= settled).order_by(column.id).limit(MOST_ROWS)
        )
        .scalars()
        .all()
    )


def _parts(connection: Connection, strand: Strand, inventory_id: int, after: int, until: int) -> dict[int, int]:
    """How many rows belong to each of a range."""
    if strand.parts is None:
        return {}
    column = strand.parts.table.c
    parent = column[strand.parts.parent]
    return dict(
        connection.execute(
            select(parent, func.count())
            .where(column.inventory_id == inventory_id, parent > after, parent <= until)
            .group_by(parent)
        ).all()
    )


def accept(engine: Engine, heads: Heads) -> dict[int, Head]:
    """Take the newest blocks as they are in the database for the last that were sealed. returns: them"""
    with engines.reading(engine).connect() as connection:
        newest = {each: newest_block(connection, each) for each in known_inventories(connection)}
    found = {
        inventory_id: Head(row.number, row.seal, row.sealed_at.isoformat())
        for inventory_id, row in newest.items()
        if row is not None
    }
    heads.write(found)
    return found
