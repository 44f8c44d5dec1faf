"""Checking the seals: walk each inventory's chain and name every row and block that is not what was sealed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, case, or_, select

from ventory.db import audit
from ventory.db.audit import Audit, AuditPrivate, Origin
from ventory.stock.models import Movement, MovementPrivate, SealBlock
from ventory.stock.posting import private_digest
from ventory.stock.sealed import (
    BY_KIND,
    GENESIS,
    Rows,
    SealKey,
    Strand,
    content_of,
    digest_of,
    entries,
    id_of,
    seal_of,
)
from ventory.stock.seals import Head, known_inventories, waiting

PAGE = 100
"""Blocks that are looked at together, so that many small ones cost no query each."""
LOWEST_ID = -(2**62)
SAYS = {
    "altered": "was changed after it was sealed",
    "missing": "was sealed and is gone",
    "added": "was added among rows that were sealed",
}
_block = SealBlock.__table__.c


@dataclass(frozen=True)
class Broken:
    """A row or a block that is not what was sealed.

    what: altered, missing, added, or a sentence; id: of the row, for a block its number; None for the chain as a whole
    """

    inventory_id: int
    table: str
    id: int | None
    what: str
    block: int | None = None

    def __str__(self) -> str:
        where = f"inventory {self.inventory_id}" if self.inventory_id else "accounts"
        if self.id is None:
            return f"{where}: {self.what}"
        sealed = f" (block {self.block})" if self.block is not None and self.table != "seal_block" else ""
        return f"{where}, {self.table} {self.id}: {SAYS.get(self.what, self.what)}{sealed}"


@dataclass
class Chain:
    """What was found in one inventory's chain. rows: that are sealed; head: the newest seal"""

    inventory_id: int
    blocks: int = 0
    rows: int = 0
    waiting: int = 0
    head: str | None = None
    findings: list[Broken] = field(default_factory=list)


def check_all(
    connection: Connection, key: SealKey, heads: dict[int, Head], tell: Callable[[int], None] = lambda _: None
) -> list[Chain]:
    """Check the chain of every inventory, of those too that only blocks or the known heads tell of."""
    inventories = sorted({*known_inventories(connection), *heads})
    found = [check(connection, each, key, heads.get(each), tell) for each in inventories]
    return [each for each in found if each.blocks or each.waiting or each.findings]


def check(
    connection: Connection,
    inventory_id: int,
    key: SealKey,
    known: Head | None,
    tell: Callable[[int], None] = lambda _: None,
) -> Chain:
    """Check one chain, in one unchanging view. known: its head as it stands outside the database

    tell: is told how many more rows were checked, and may stop the check by raising
    """
    walk = _Walk(connection, inventory_id, key, known, tell)
    walk.run()
    return walk.chain


class _Walk:
    def __init__(self, connection, inventory_id: int, key: SealKey, known: Head | None, tell):
        self.connection, self.inventory_id, self.key, self.known, self.tell = connection, inventory_id, key, known, tell
        self.chain = Chain(inventory_id)
        self.last = None  # the block before, while the chain holds up to it
        self.number, self.previous = 0, GENESIS
        self.until: dict[str, int | None] = dict.fromkeys(BY_KIND, 0)

    def run(self) -> None:
        if self._is_under_another_key():
            return
        for page in self._pages():
            sound = [block for block in page if self._link(block)]
            for kind, strand in BY_KIND.items():
                self._contents(strand, [block for block in sound if block.kind == kind])
        self._known_head()
        self.chain.findings.sort(key=lambda each: each.block or 0)
        self.chain.head = self.previous if self.number else None
        self.chain.waiting = waiting(self.connection, self.inventory_id)
        self.chain.findings += private_rows(self.connection, self.inventory_id)

    def _pages(self) -> Iterator[Sequence]:
        after = None
        while True:
            blocks = select(SealBlock.__table__).where(_block.inventory_id == self.inventory_id)
            if after is not None:
                blocks = blocks.where(_block.number > after)
            page = self.connection.execute(blocks.order_by(_block.number).limit(PAGE)).all()
            if not page:
                return
            yield page
            after = page[-1].number

    def _is_under_another_key(self) -> bool:
        """Whether nothing here can be checked: that says nothing of the rows."""
        keys = select(_block.key_id).where(_block.inventory_id == self.inventory_id).distinct()
        ids = set(self.connection.execute(keys).scalars())
        if not ids or self.key.id in ids or any(self._is_ours(block) for page in self._pages() for block in page):
            return False
        self._name(
            "seal_key",
            None,
            f"sealed under the key {', '.join(sorted(ids))}, SEAL_KEY is {self.key.id}: the seals cannot be checked."
            " Set the key that they were sealed under.",
        )
        return True

    def _is_ours(self, block) -> bool:
        return seal_of(self.key, block) == block.seal

    def _name(self, table: str, row_id: int | None, what: str, block: int | None = None) -> None:
        self.chain.findings.append(Broken(self.inventory_id, table, row_id, what, block))

    def _link(self, block) -> bool:
        """See that a block is what was sealed, behind the one before.

        returns: whether rows can be held against it
        """
        self.chain.blocks += 1
        for number in range(max(self.number, 0) + 1, min(block.number, self.number + PAGE)):
            self._name("seal_block", number, "missing", number)
        follows = block.number == self.number + 1 and block.previous == self.previous
        is_sound = block.kind in BY_KIND and block.key_id == self.key.id and self._is_ours(block)
        if not is_sound:
            self._name("seal_block", block.number, "altered", block.number)
        elif not follows and block.number == self.number + 1 and self.last is not None:
            self._name("seal_block", block.number, "does not follow the block before it", block.number)
        if is_sound:
            expected = self.until[block.kind]
            if expected not in (None, block.after_id) and follows:
                self._name("seal_block", block.number, "does not begin where the one before it ended", block.number)
            self.until[block.kind] = block.until_id
        self.number, self.previous = block.number, block.seal
        self.last = block if is_sound else None
        return is_sound

    def _contents(self, strand: Strand, blocks: list) -> None:
        """Hold the rows of some blocks of one kind against them."""
        for run in _runs(blocks):
            # Ids begin with 1; what was put below belongs to nobody and would else never be read.
            after, until = run[0].after_id or LOWEST_ID, run[-1].until_id
            rows = [each.read(self.connection, self.inventory_id, after, until) for each in strand.tables]
            if [len(each) for each in rows] == [sum(b.rows for b in run), sum(b.parts for b in run)][: len(rows)]:
                self._by_count(strand, run, rows)
            else:
                self._by_id(strand, run, rows)
            self.chain.rows += sum(block.rows + block.parts for block in run)
            self.tell(sum(map(len, rows)))

    def _by_count(self, strand: Strand, run: list, rows: list[list[bytes]]) -> None:
        """As many rows as were sealed: the next so many belong to each block."""
        at = [0] * len(rows)
        for block in run:
            ends = [start + count for start, count in zip(at, (block.rows, block.parts), strict=False)]
            of_block = [each[start:end] for each, start, end in zip(rows, at, ends, strict=True)]
            if content_of(strand, of_block) != block.content:
                self._by_id(strand, run, rows)
                return
            at = ends

    def _by_id(self, strand: Strand, run: list, rows: list[list[bytes]]) -> None:
        """Name what differs: rows go to blocks by the ids that they bear now."""
        ends = [block.until_id for block in run]
        by_block: list[list[list[bytes]]] = [[[] for _ in rows] for _ in run]
        for position, (table, lines) in enumerate(zip(strand.tables, rows, strict=True)):
            for line in lines:
                by_block[bisect_left(ends, table.parent_of(line))][position].append(line)
        for block, found in zip(run, by_block, strict=True):
            if content_of(strand, found) != block.content:
                self._compare(strand, block, found)

    def _compare(self, strand: Strand, block, found: list[list[bytes]]) -> None:
        sealed = list(entries(block.digests))
        before = len(self.chain.findings)
        for table, lines, expected in zip(
            strand.tables, found, (sealed[: block.rows], sealed[block.rows :]), strict=False
        ):
            there = {id_of(line): digest_of(line) for line in lines}
            for row_id, digest in expected:
                if there.pop(row_id, None) != digest:
                    self._name(table.table.name, row_id, self._what_became_of(table, row_id), block.number)
            for row_id in there:
                self._name(table.table.name, row_id, "added", block.number)
        if len(self.chain.findings) == before:
            self._name("seal_block", block.number, "holds other rows than were sealed", block.number)

    def _what_became_of(self, table: Rows, row_id: int) -> str:
        ids = select(table.table.c.id).where(table.table.c.id == row_id)
        return "missing" if self.connection.execute(ids).first() is None else "altered"

    def _known_head(self) -> None:
        """See that the chain reaches as far as is known outside the database, and by the same way."""
        if self.known is None:
            return
        number = self.known.number
        if self.number < number:
            self._name(
                "seal_block",
                number,
                f"was sealed at {self.known.sealed_at}, but the chain ends with block {self.number}:"
                " the newest rows were cut off, or an older backup was restored",
                number,
            )
            return
        own = (_block.inventory_id == self.inventory_id, _block.number == number)
        seal = self.connection.execute(select(_block.seal).where(*own)).scalar_one_or_none()
        if seal is not None and seal != self.known.seal and not any(b.block == number for b in self.chain.findings):
            self._name("seal_block", number, "is not the block that is known outside the database", number)


def _runs(blocks: list) -> Iterator[list]:
    """Blocks whose ranges join, so that one read finds the rows of all."""
    run: list = []
    for block in blocks:
        if run and run[-1].until_id != block.after_id:
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def private_rows(connection: Connection, inventory_id: int) -> list[Broken]:
    """What may name persons and is not what the row that never changes holds a digest of. What was erased passes."""
    return [
        *_told_of_movements(connection, inventory_id),
        *_told_of_audit(connection, inventory_id),
        *_origins(connection, inventory_id),
    ]


def _told_of_movements(connection: Connection, inventory_id: int) -> Iterator[Broken]:
    private, movement = MovementPrivate.__table__.c, Movement.__table__.c
    rows = connection.execute(
        select(
            private.movement_id,
            private.salt,
            private.counterparty,
            private.note,
            case((private.inventory_id == movement.inventory_id, movement.private_digest)),
        )
        .select_from(MovementPrivate.__table__)
        .outerjoin(Movement.__table__, movement.id == private.movement_id)
        .where(or_(private.inventory_id == inventory_id, movement.inventory_id == inventory_id))
        .order_by(private.movement_id)
        .execution_options(yield_per=5_000)
    )
    for movement_id, salt, counterparty, note, digest in rows:
        if digest != private_digest(salt, counterparty, note):
            yield Broken(inventory_id, "movement_private", movement_id, "is not what the movement holds a digest of")


def _told_of_audit(connection: Connection, inventory_id: int) -> Iterator[Broken]:
    private, row = AuditPrivate.__table__.c, Audit.__table__.c
    own = [
        each.inventory_id == inventory_id if inventory_id else each.inventory_id.is_(None) for each in (private, row)
    ]
    rows = connection.execute(
        select(
            private.audit_id,
            private.salt,
            private.details,
            case((private.inventory_id.is_not_distinct_from(row.inventory_id), row.private_digest)),
        )
        .select_from(AuditPrivate.__table__)
        .outerjoin(Audit.__table__, row.id == private.audit_id)
        .where(or_(*own), or_(private.salt.is_not(None), private.details.is_not(None)))
        .order_by(private.audit_id)
        .execution_options(yield_per=5_000)
    )
    for audit_id, salt, details, digest in rows:
        if digest != audit.private_digest(salt, details or ""):
            yield Broken(inventory_id, "audit_private", audit_id, "is not what the audit row holds a digest of")


def _origins(connection: Connection, inventory_id: int) -> Iterator[Broken]:
    column = Origin.__table__.c
    own = column.inventory_id == inventory_id if inventory_id else column.inventory_id.is_(None)
    kept = or_(column.address.is_not(None), column.device.is_not(None), column.salt.is_not(None))
    for row in connection.execute(select(Origin.__table__).where(own, kept).order_by(column.id)):
        if row.digest != audit.origin_digest(row.salt, row.address, row.device):
            yield Broken(inventory_id, "origin", row.id, "is not what its digest was made of")
