"""What every kind of file has in common: how a row is judged, how right rows are applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection

from ventory.blueprints.imports.mapping import Shape
from ventory.blueprints.imports.reading import Problem, Row, Table
from ventory.core import cells
from ventory.core.access import Actor
from ventory.core.cells import CellError
from ventory.db.unit_of_work import UnitOfWork

Value = TypeVar("Value")


@dataclass(frozen=True)
class Options:
    """What was asked beside the file.

    store: the code of the store that rows without one mean, None for the default
    update: change what is there already where a row differs
    """

    store: str | None = None
    update: bool = False
    dry_run: bool = False


class Plain(Protocol):
    """A row that is right in itself, as values. line: where it stands"""

    @property
    def line(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people should know of a row that came in all the same."""

    line: int
    code: str
    reason: str


@dataclass
class Outcome:
    """What became of some rows; each is counted once."""

    posted: int = 0
    non_stock: int = 0
    already_there: int = 0
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """Further counts for the report, by their words: {"categories added": 3}."""

    def add(self, other: Outcome) -> None:
        self.posted += other.posted
        self.non_stock += other.non_stock
        self.already_there += other.already_there
        self.problems += other.problems
        self.notices += other.notices
        self.told.update(other.told)


Step = Callable[[UnitOfWork], Outcome]
"""A part of an import that is done within one transaction."""


class Kind(ABC):
    """A sort of file. One object reads one file; `begin` is called before each look through it.

    rows_per_chunk: how many rows the first transaction takes; the run adapts it to the time that is measured
    fewest_rows: what it never goes below, where a transaction costs much before its first row
    fills: the tables that grow with it
    """

    shape: ClassVar[Shape]
    rows_per_chunk: ClassVar[int] = 200
    fewest_rows: ClassVar[int] = 20
    fills: ClassVar[tuple[str, ...]] = ()

    def __init__(self, table: Table, actor: Actor, options: Options):
        self.table, self.actor, self.options = table, actor, options

    @abstractmethod
    def begin(self, connection: Connection) -> None:
        """Fetch what judging rows takes, and forget the rows that were seen."""

    @abstractmethod
    def check(self, row: Row) -> Any:
        """Judge a row. returns: its plain values (see Plain), or the list of what is wrong with it"""

    @abstractmethod
    def apply(self, work: UnitOfWork, rows: Sequence[Any]) -> Outcome:
        """Bring plain rows in, within one transaction. May run again after a rollback: keep nothing."""

    def unreadable(self, problem: Problem) -> None:
        """A row that could not be read stands between the others."""
        return None

    def steps_before(self) -> Iterable[Step]:
        """What comes before the first row is applied, each step in a transaction of its own."""
        return (self.before,)

    def before(self, work: UnitOfWork) -> Outcome:
        """Once, in a transaction of its own, before the first row is applied."""
        return Outcome()

    def after(self, work: UnitOfWork) -> Outcome:
        """Once, in a transaction of its own, after the last row was applied."""
        return Outcome()

    def given(self, row: Row) -> Given:
        return Given(row, self.table)


class Given:
    """The cells of one row, read by what they should hold; what is wrong gathers in `problems`.

    A blank cell reads as None; where the field is required it is a problem.
    """

    def __init__(self, row: Row, table: Table):
        self.row, self._table = row, table
        self.problems: list[Problem] = []

    def has(self, name: str) -> bool:
        """Whether the file tells anything about a field."""
        return name in self.row.cells

    def line(self, name: str, most: int, *, required: bool = False) -> str | None:
        return self._read(name, required, lambda text: cells.line(text, most))

    def block(self, name: str, most: int, *, required: bool = False) -> str | None:
        return self._read(name, required, lambda text: cells.block(text, most))

    def line_of_block(self, name: str, most: int) -> str | None:
        """A cell whose lines become one."""
        return self._read(name, False, lambda text: cells.line(" ".join(text.splitlines()), most))

    def code(self, name: str, most: int, *, required: bool = False) -> str | None:
        return self._read(name, required, lambda text: cells.code(text, most))

    def quantity(self, name: str, *, least: Decimal | None = None, required: bool = False) -> Decimal | None:
        return self._read(name, required, lambda text: cells.quantity(text, self._table.decimal, least=least))

    def price(self, name: str, *, required: bool = False) -> Decimal | None:
        return self._read(name, required, lambda text: cells.price(text, self._table.decimal))

    def money(self, name: str, *, least: Decimal | None = None, required: bool = False) -> Decimal | None:
        return self._read(name, required, lambda text: cells.money(text, self._table.decimal, least=least))

    def whole(self, name: str, *, least: int, most: int, required: bool = False) -> int | None:
        decimal = self._table.decimal
        return self._read(name, required, lambda text: cells.whole(text, decimal, least=least, most=most))

    def day(self, name: str, *, required: bool = False) -> date | None:
        return self._read(name, required, lambda text: cells.day(text, self._table.mapping.dates))

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        return self._read(name, required, lambda text: cells.moment(text, self._table.mapping.dates))

    def yes(self, name: str) -> bool | None:
        return self._read(name, False, cells.yes)

    def read(self, name: str, read: Callable[[str], Value], *, required: bool = False) -> Value | None:
        """A cell by a rule of the kind's own, which raises CellError."""
        return self._read(name, required, read)

    def wrong(self, name: str | None, code: str, reason: str) -> None:
        """Something else is wrong with the row. name: of the field to blame"""
        column = None if name is None else self._table.column_of(name)
        self.problems.append(Problem(self.row.line, column, code, reason, self.row.raw))

    def _read(self, name: str, required: bool, read: Callable[[str], Value]) -> Value | None:
        written = self.row.cells.get(name)
        if not written or written.isspace():
            if required:
                self.wrong(name, "empty", "The cell is empty; a value is needed.")
            return None
        try:
            return read(written)
        except CellError as error:
            self.wrong(name, error.code, error.message)
            return None


def longest(column: Any) -> int:
    """How many characters a column of text holds: what the table takes is what a file may bring."""
    return column.type.length
