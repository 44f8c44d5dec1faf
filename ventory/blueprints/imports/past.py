"""What sales and orders have in common: lines of documents that happened in stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from ventory.blueprints.imports import history
from ventory.blueprints.imports.catalogue import Catalogue, KnownItem
from ventory.blueprints.imports.history import PastLine
from ventory.blueprints.imports.kind import Given, Kind, Options, Outcome, Step
from ventory.blueprints.imports.mapping import NotStarted
from ventory.blueprints.imports.reading import Problem, Table
from ventory.blueprints.items import references
from ventory.blueprints.items.references import FoundStore
from ventory.core.access import Actor
from ventory.core.days import local_day
from ventory.core.errors import BadInput, VentoryError
from ventory.core.events import StockResynced
from ventory.core.history import moment
from ventory.core.movements import LATEST
from ventory.core.quantity import check_quantity
from ventory.db.unit_of_work import UnitOfWork

EARLIEST = date(1970, 1, 1)
LONGEST_NUMBER = 60
LONGEST_SOURCE = 40


class PastRow(NamedTuple):
    """A row that is right. lacks: the key of an item that was to be added, and is not there; past: else, if it moves"""

    line: int
    past: PastLine | None = None
    is_stock: bool = True
    lacks: str | None = None


class When(NamedTuple):
    at: datetime
    day: date


class PastKind(Kind):
    """Lines of documents. Each is known by source, document and ordinal, so that it comes in once.

    The ordinal is the line's position in its document: rows that are wrong count too, so that a corrected file names
    every line as before. A row whose document cannot be read counts with the document of the row above it.
    """

    rows_per_chunk = 300
    # Unlearnt, PostgreSQL checks the keys of a line by any index: 185 µs a line where it takes 65.
    fills = ("item", "place", "movement", "balance", "import_document")
    is_second_look = False

    def __init__(self, table: Table, actor: Actor, options: Options):
        super().__init__(table, actor, options)
        if len(self.source) > LONGEST_SOURCE:
            raise NotStarted(f"{table.mapping.name}: source has at most {LONGEST_SOURCE} characters.")

    def begin(self, connection: Connection) -> None:
        if not self.is_second_look:
            # Both looks judge by the same facts: a row that was right stays right.
            self.stores = references.stores(connection, self.actor)
            self.catalogue = Catalogue(connection, self.actor.inventory_id)
            self.now = datetime.now(UTC)
            self.refused: dict[str, VentoryError] = {}
            self.default = self._default_store()
        self.rows_of: Counter[str] = Counter()
        self.document = ""
        self._when: tuple[datetime | None, str, When | None] = (None, "", None)
        self._touched: set[int] = set()

    def _default_store(self) -> FoundStore | None:
        """The store of rows that name none. raises: NotStarted when the one that was asked for is not there"""
        if self.options.store is not None:
            try:
                return self.stores.get(self.options.store, field="store")
            except BadInput as error:
                raise NotStarted(error.message) from None
        return self.stores.all[self.stores.default_id] if self.stores.default_id is not None else None

    @property
    def source(self) -> str:
        return self.table.mapping.source or self.table.mapping.name

    def unreadable(self, problem: Problem) -> None:
        """A row that could not be read has its place in its document all the same."""
        self.count(self._guessed(problem))

    def _guessed(self, problem: Problem) -> str | None:
        """The document's number, where a row that is torn still shows it."""
        cells, place = problem.raw, self.table.place_of("document")
        if len(cells) == 1:
            cells = cells[0].split(self.table.delimiter)
        return self.number_of(cells[place].strip().strip('"')) if place is not None and place < len(cells) else None

    def number_of(self, written: str) -> str:
        """The document's number in its cell."""
        return written

    def count(self, document: str | None) -> int:
        """The position of the row in its document. document: None when it cannot be read"""
        self.document = document or self.document
        self.rows_of[self.document] += 1
        return self.rows_of[self.document]

    def store(self, given: Given) -> FoundStore | None:
        """The store of a row; a closed one takes no part."""
        code = given.code("store", 20)
        store = self.default if code is None else None
        if code is not None:
            try:
                store = self.stores.get(code, field="store")
            except BadInput as error:
                given.wrong("store", "unknown_store", error.message)
        elif store is None:
            given.wrong("store", "empty", "Name the store: no default is set.")
        if store is not None and store.closed_at is not None:
            given.wrong("store", "store_closed", f"{store.name} is closed. Reopen it for as long as the import takes.")
        return store

    def item(self, given: Given, code: str) -> tuple[KnownItem, Decimal] | None:
        """The item that a code means, with the stock units of one; None when there is none."""
        found = self.catalogue.find(code)
        if found is not None and found[0].is_archived:
            given.wrong("item", "item_archived", f"{found[0].name} is archived. Restore it for the import.")
        return found

    def in_stock_units(self, given: Given, asked: Decimal, item: KnownItem, scan: Decimal) -> Decimal:
        """Stock units."""
        quantity = asked if scan == 1 else asked * scan
        try:
            check_quantity(quantity, item.unit)
        except BadInput as error:
            given.wrong("quantity", "wrong_quantity", error.message)
        return quantity

    def when(self, given: Given, name: str, clock: datetime, time_zone: str) -> When | None:
        """When it happened, and the store's day of it."""
        if self._when[:2] == (clock, time_zone):
            found = self._when[2]
        else:
            found = self._checked(given, name, clock, time_zone)
            # Lines of a document share their time; a time that is wrong is judged again for each, to name its row.
            self._when = (clock, time_zone, found) if found else (None, "", None)
        return found

    def _checked(self, given: Given, name: str, clock: datetime, time_zone: str) -> When | None:
        if not EARLIEST <= clock.date() < date.max:
            given.wrong(name, "too_old", f"It happened before {EARLIEST:%Y}, or the date is mistyped.")
            return None
        at = moment(clock, time_zone)
        if at > self.now + LATEST:
            given.wrong(name, "in_future", "It has not happened yet.")
            return None
        day = clock.date() if clock.tzinfo is None else local_day(at, time_zone)
        if self.stores.lock_date is not None and day <= self.stores.lock_date:
            given.wrong(name, "period_locked", f"The books are closed up to {self.stores.lock_date:%d %B %Y}.")
            return None
        return When(at, day)

    def apply(self, work: UnitOfWork, rows: Sequence[PastRow]) -> Outcome:
        past = [row.past for row in rows if row.past is not None]
        lines = {(row.past.document, row.past.ordinal): row.line for row in rows if row.past is not None}
        posted = history.post_lines(work, self.shape.kind, self.source, past)
        self._touched.update(line.store.id for line in past)
        waiting = [row for row in rows if row.lacks is not None]
        problems = [
            Problem(lines[line.document, line.ordinal], None, error.code, error.message)
            for line, error in posted.refused
        ]
        if not self.options.dry_run:
            problems += [_not_added(row, self.refused) for row in waiting]
        return Outcome(
            posted=posted.posted + (len(waiting) if self.options.dry_run else 0),
            already_there=posted.already_there,
            non_stock=sum(not row.is_stock for row in rows),
            problems=problems,
            told=Counter({"lines of which a store had too little": posted.short} if posted.short else {}),
        )

    def steps_before(self) -> Iterable[Step]:
        self.is_second_look = True
        return ()

    def after(self, work: UnitOfWork) -> Outcome:
        for store_id in sorted(self._touched):
            work.emit(StockResynced(store_id), store_id)
        return Outcome()


def _not_added(row: PastRow, refused: dict[str, VentoryError]) -> Problem:
    error = refused.get(row.lacks or "")
    why = f"The item could not be added: {error.message}" if error else "The item was taken away meanwhile."
    return Problem(row.line, None, "item_not_added", why)
