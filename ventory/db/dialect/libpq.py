"""Statements of the hot path by libpq itself, past psycopg's cursor; psycopg converts what goes in and comes out.

Seven small statements by cursors took a process 400 µs, and 170 by one call each that waits without the interpreter.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn
from sqlalchemy import Connection

from ventory.db.driver import begin_where_walled, errors_of

_KEPT = "ventory_libpq"
_NAMED = re.compile(r"%\(([^)]+)\)s|%%")
_FINE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_numbers = itertools.count()


class Answer:
    """What a statement found. Read it before the connection is asked anything else."""

    def __init__(self, result: Any, converting: Any):
        self._result = result
        self._converting = converting

    @property
    def description(self) -> list[tuple[bytes | None, int]]:
        """shape: per column (name, the type's number)"""
        found = self._result
        return [(found.fname(column), found.ftype(column)) for column in range(found.nfields)]

    def fetchall(self) -> list[tuple]:
        self._converting.set_pgresult(self._result)
        return self._converting.load_rows(0, self._result.ntuples, tuple)


class _Statement:
    """A statement as libpq takes it: %(name)s is $1."""

    def __init__(self, text: str):
        self.order: list[str] = []
        self.text = _NAMED.sub(self._number, text).encode()
        self.formats = [PyFormat.TEXT] * len(self.order)

    def _number(self, found: re.Match) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in self.order:
            self.order.append(name)
        return f"${self.order.index(name) + 1}"


_statement_of = functools.cache(_Statement)


class _Link:
    """A connection, and what it has prepared so far."""

    def __init__(self, driver: Any):
        self.server: Any = driver.pgconn
        self.converting: Any = Transformer(driver)
        self.prepares = driver.prepare_threshold is not None  # a pooler keeps none
        self.prepared: dict[_Statement, bytes] = {}

    def ask(self, statement: _Statement, values: Sequence[Any]) -> Answer:
        given = self.converting.dump_sequence(values, statement.formats)
        if not self.prepares:
            return self._answer(self.server.exec_params(statement.text, given))
        name = self.prepared.get(statement)
        if name is None:
            name = b"ventory_%d" % next(_numbers)  # a new one each time: the one before may still be there
            self._answer(self.server.prepare(name, statement.text))
            self.prepared[statement] = name
        try:
            return self._answer(self.server.exec_prepared(name, given))
        except psycopg.errors.InvalidSqlStatementName:
            self.prepared.clear()  # somebody threw it away
            if is_open(self.server):
                raise  # whoever tries the transaction again finds it prepared anew
            return self.ask(statement, values)

    def do(self, command: bytes) -> None:
        """Run statements without parameters, in one round trip."""
        self._answer(self.server.exec_(command))

    def _answer(self, result: Any) -> Answer:
        if result.status in _FINE:
            return Answer(result, self.converting)
        if self.server.status == ConnStatus.BAD:  # told apart, so that the use case is tried again
            raise psycopg.OperationalError("The server closed the connection.")
        raise psycopg.errors.error_from_result(result)


def run(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Answer:
    """Run a statement that is prepared once by each connection. parameters: by name, where it says %(name)s

    raises: SQLAlchemy's errors
    """
    begin_where_walled(connection)
    known = _statement_of(statement)
    with errors_of(connection, statement):
        return _link(connection).ask(known, [parameters[name] for name in known.order])


def do(connection: Connection, command: str) -> None:
    """Run statements that begin or end a transaction, in one round trip."""
    with errors_of(connection, command):
        _link(connection).do(command.encode())


def forget(connection: Connection) -> None:
    """Prepare everything anew: psycopg throws away whatever is prepared when it sees a table change."""
    connection.connection.info.pop(_KEPT, None)


def is_in_transaction(connection: Connection) -> bool:
    return is_open(_link(connection).server)


def is_open(server: PGconn) -> bool:
    """Whether a transaction has begun that waits for its end."""
    return server.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def _link(connection: Connection) -> _Link:
    kept = connection.connection.info
    link = kept.get(_KEPT)
    if link is None:
        link = kept[_KEPT] = _Link(connection.connection.driver_connection)
    return link
