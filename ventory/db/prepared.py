"""Statements of the hot path: compiled once per database, run by the driver itself.

SQLAlchemy's execution of a small statement took 250 µs of a request, the driver's own takes 80; a restock has six.
The statement is still written with SQLAlchemy, and its types convert what goes in and comes out.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from ventory.db import dialect


class Prepared:
    """A statement whose text never changes: lists go in by `database.among`, not by IN.

    build: (the database's dialect module) → the statement
    """

    def __init__(self, build: Callable[[ModuleType], Any]):
        self.build = build
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """What a SELECT finds, as named tuples."""
        compiled = self._of(connection)
        return compiled.read(run(connection, compiled.text, compiled.parameters(values)))

    def within(self, session: Session, **values: Any) -> Sequence[Any]:
        """What a SELECT finds in the session's inventory, with what the session has changed so far.

        The statement names the inventory by bindparam("inventory").
        """
        session.flush()
        return self.rows(session.connection(), inventory=session.info["inventory_id"], **values)

    def run(self, connection: Connection, **values: Any) -> None:
        """Run a statement that answers nothing."""
        compiled = self._of(connection)
        run(connection, compiled.text, compiled.parameters(values))

    def _of(self, connection: Connection) -> _Compiled:
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled(self.build(dialect.of(connection)), connection.dialect)
        return self._compiled[name]


def run(connection: Connection, statement: str, parameters: Any) -> Any:
    """Run a statement in the database's own words. returns: what has `fetchall` and `description`"""
    return dialect.of(connection).run(connection, statement, parameters)


class _Compiled:
    def __init__(self, statement: Any, database: Any):
        compiled = statement.compile(dialect=database)
        self.text = compiled.string
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        binds = [(key, bind.type.dialect_impl(database)) for bind, key in compiled.bind_names.items()]
        self._binding = {key: make for key, kind in binds if (make := kind.bind_processor(database)) is not None}
        self._order = list(compiled.positiontup) if compiled.positional else None
        self._columns = list(statement.selected_columns) if statement.is_select else []
        self._row: Any = namedtuple("Row", [column.key for column in self._columns])  # type: ignore[misc]
        self._reading: list[tuple[int, Callable[[Any], Any]]] | None = None
        self._database = database

    def parameters(self, values: dict[str, Any]) -> Any:
        values = self._fixed | values
        for key, make in self._binding.items():
            values[key] = make(values[key])
        if self._order is None:
            return values
        return [values[name] for name in self._order]

    def read(self, cursor: Any) -> Sequence[Any]:
        if self._reading is None:
            self._reading = self._readers(cursor.description)
        if not self._reading:
            return [self._row._make(row) for row in cursor.fetchall()]
        rows = []
        for row in cursor.fetchall():
            values = list(row)
            for index, make in self._reading:
                values[index] = make(values[index])
            rows.append(self._row._make(values))
        return rows

    def _readers(self, description: Sequence[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
        """How columns become Python's values, where the driver does not do it already; by its type codes."""
        readers = []
        for index, (column, told) in enumerate(zip(self._columns, description, strict=True)):
            make = column.type.dialect_impl(self._database).result_processor(self._database, told[1])
            if make is not None:
                readers.append((index, make))
        return readers
