"""SQLite: one writer at a time, no round trips, numbers as scaled integers."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Column, ColumnElement, Integer, String, bindparam, cast, func, select, text

from ventory.core.ledger import Balance, Key
from ventory.core.quantity import MONEY_DECIMALS, PRICE_DECIMALS, QUANTITY_DECIMALS
from ventory.db.dialect import inherited
from ventory.db.dialect.inherited import Scope
from ventory.db.dialect.rows import MovementRow
from ventory.db.driver import run, run_many
from ventory.db.types import ListOf, from_scaled, to_scaled

BUSY_MILLISECONDS = 10_000
STEPS_BETWEEN_LOOKS = 20_000
WRITES_SEVERAL_AT_ONCE = False
WRITE_SECONDS = 0.08
"""How long one of many transactions in a row should take: every other writer waits for as long."""
PAUSE_SECONDS = 0.01
"""Between two of them: the lock is not fair, who waits would else be passed over again and again."""
AMONG = "{column} IN (SELECT value FROM json_each(:items))"


class UnsafeDatabase(RuntimeError):
    """The database does not keep what it is asked to keep; Ventory does not write to it."""


def prepare(connection: sqlite3.Connection, _record=None) -> None:
    """Set and assert what the ledger relies on, at every connect.

    NORMAL instead of FULL lost acknowledged commits in 23 of 25 simulated power cuts; without recursive triggers
    INSERT OR REPLACE would slip past the guards of the ledger.
    """
    connection.isolation_level = None
    for pragma, wanted in (
        ("busy_timeout", BUSY_MILLISECONDS),
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
    ):
        connection.execute(f"PRAGMA {pragma} = {wanted}")
        found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != wanted:
            raise UnsafeDatabase(f"SQLite answers {pragma} = {found}, Ventory needs {wanted}.")
    connection.execute("PRAGMA temp_store = 2")
    connection.execute("PRAGMA cache_size = -16000")


def begin(connection) -> None:
    """Take the write lock first: a deferred BEGIN fails 300 of 320 concurrent writes with "database is locked"."""
    writes = connection.get_execution_options().get("ventory_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def seeing_everything(connection) -> Iterator[None]:
    """Nothing to lift: SQLite holds no walls of its own."""
    yield


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is tried again."""
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def is_disconnect(error: BaseException) -> bool:
    return False


def is_cancelled(error: BaseException) -> bool:
    """Whether a statement was given up because it took too long."""
    return isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted"


def limit_reading(connection, seconds: float) -> Callable[[], None]:
    """Give up whatever this connection still reads after so long. returns: what lifts the limit"""
    driver = connection.connection.driver_connection
    deadline = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
    return lambda: driver.set_progress_handler(None, 0)


def violated_constraint(error: BaseException) -> str | None:
    """The constraint's name, or `table.column, table.column` for a unique index, or "foreign_key"."""
    if not isinstance(error, sqlite3.IntegrityError):
        return None
    said = str(error)
    if said.startswith("FOREIGN KEY"):
        return "foreign_key"
    _, _, what = said.partition(": ")
    return what or said


def unique_name(table: str, columns: Sequence[str], name: str) -> str:
    """How a broken unique constraint is reported here: by its columns."""
    return ", ".join(f"{table}.{column}" for column in columns)


def among(column, name: str) -> ColumnElement[bool]:
    """Whether a column is one of the values of a list parameter, however many there are."""
    values = func.json_each(bindparam(name, type_=ListOf())).table_valued("value")
    return column.in_(select(values.c.value))


def beyond(column, name: str) -> ColumnElement[bool]:
    """Whether a column is none of the values of a list parameter."""
    return ~among(column, name)


def hold_rules(connection, inventory_id: int, *, alone: bool) -> None:
    """Nothing to do: the open write transaction is the only one."""


def in_bulk(connection, rows: int | None = None):
    """Nothing to do: the planner finds its way."""
    return nullcontext()


def learn(connection, tables: Sequence[str]) -> None:
    """Let the planner know how much is in tables that have just been filled; a thousand rows of each index tell."""
    connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
    for table in tables:
        connection.exec_driver_sql(f"ANALYZE {table}")


def tend(connection) -> None:
    """Let the planner know how much is in every table. Without it every index that begins with the inventory looks
    alike: a count of 10,000 items took 15 seconds."""
    connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
    connection.exec_driver_sql("ANALYZE")


def insert_missing_balances(connection, inventory_id: int, keys: Iterable[Key]) -> None:
    """Give every key a balance, and a store a row for the item it now carries, where there is none."""
    ordered = sorted(keys)
    parameters = {
        "inventory": inventory_id,
        "keys": json.dumps(ordered),
        "items": json.dumps(sorted({item for _, item in ordered})),
    }
    connection.execute(_CARRY_MISSING, parameters)
    connection.execute(_INSERT_MISSING, parameters)


# CROSS JOIN is SQLite's word for "in this order": else it read every place for every key, 21 ms for 75 of them.
_WANTED = """
wanted AS MATERIALIZED (
    SELECT p.id AS place_id, json_extract(k.value, '$[1]') AS item_id, p.kind, p.may_go_negative
    FROM json_each(:keys) k
    CROSS JOIN place p ON p.inventory_id = :inventory AND p.id = json_extract(k.value, '$[0]')
)
"""
_CARRY_MISSING = text(
    f"""
    WITH {_WANTED}
    INSERT INTO item_store (inventory_id, store_id, item_id, version)
    SELECT :inventory, place_id, item_id, 1 FROM wanted WHERE kind = 'store' ON CONFLICT DO NOTHING
    """  # noqa: S608
)
_INSERT_MISSING = text(
    f"""
    WITH RECURSIVE {_WANTED}, {inherited.item_rule(" AND i.id IN (SELECT value FROM json_each(:items))")}, ruled AS (
        SELECT w.place_id, w.item_id, w.may_go_negative,
               CASE WHEN w.kind = 'store' THEN coalesce(s.reorder_point, i.reorder_point) END AS reorder_point,
               CASE WHEN w.kind = 'store' THEN coalesce(s.target_level, i.target_level) END AS target_level
        FROM wanted w
        JOIN item_rule i ON i.item_id = w.item_id
        LEFT JOIN item_store s
            ON s.inventory_id = :inventory AND s.store_id = w.place_id AND s.item_id = w.item_id
    )
    INSERT INTO balance (inventory_id, place_id, item_id, on_hand, reserved, incoming, value, last_cost,
                         may_go_negative, reorder_point, target_level)
    SELECT :inventory, place_id, item_id, 0, 0, 0, 0, 0, may_go_negative, reorder_point,
           CASE WHEN target_level < reorder_point THEN reorder_point ELSE target_level END
    FROM ruled
    WHERE true ON CONFLICT DO NOTHING
    """  # noqa: S608
)


LAST_RECEIPTS = """
SELECT l.to_place_id, l.item_id, l.quantity, l.value
FROM json_each(?) k
JOIN movement_line l ON l.id = (
    SELECT max(id) FROM movement_line
    WHERE to_place_id = json_extract(k.value, '$[0]') AND item_id = json_extract(k.value, '$[1]') AND quantity > 0
)
"""


def last_receipts(connection, keys: Iterable[Key]) -> list[tuple[int, int, Decimal, Decimal]]:
    """The line by which goods last came to each place. shape: (place id, item id, quantity, value), where there is one

    Found key by key: asked for many pairs at once, SQLite read every line of the ledger.
    """
    return [
        (place_id, item_id, from_scaled(quantity, QUANTITY_DECIMALS), from_scaled(value, MONEY_DECIMALS))
        for place_id, item_id, quantity, value in run(connection, LAST_RECEIPTS, (json.dumps(sorted(keys)),))
    ]


def copy_rules(connection, inventory_id: int, scope: Scope) -> dict[int, int]:
    """Bring the balances of a scope in line with the rules in force. returns: how many changed in each store"""
    rules, parameters = inherited.in_force(scope, AMONG)
    if scope.item_ids is not None:
        parameters["items"] = json.dumps(scope.item_ids)
    rows = connection.execute(
        text(
            f"""
            WITH RECURSIVE {rules}
            UPDATE balance SET reorder_point = w.reorder_point, target_level = w.target_level
            FROM in_force w
            WHERE balance.inventory_id = :inventory AND balance.place_id = w.store_id AND balance.item_id = w.item_id
              AND (balance.reorder_point IS NOT w.reorder_point OR balance.target_level IS NOT w.target_level)
            RETURNING place_id
            """  # noqa: S608
        ),
        {"inventory": inventory_id, **parameters},
    )
    return dict(sorted(Counter(row[0] for row in rows).items()))


LOCK_BALANCE = (
    "SELECT on_hand, reserved, value, last_cost, may_go_negative, reorder_point FROM balance"
    " WHERE inventory_id = ? AND place_id = ? AND item_id = ?"
)


def lock_balances(connection, inventory_id: int, keys: Iterable[Key]) -> dict[Key, Balance]:
    """The balances as they are; BEGIN IMMEDIATE already holds the only write lock there is."""
    found = {}
    for place_id, item_id in sorted(keys):
        row = run(connection, LOCK_BALANCE, (inventory_id, place_id, item_id)).fetchone()
        if row is None:
            continue
        found[place_id, item_id] = Balance(
            place_id,
            item_id,
            on_hand=from_scaled(row[0], QUANTITY_DECIMALS),
            reserved=from_scaled(row[1], QUANTITY_DECIMALS),
            value=from_scaled(row[2], MONEY_DECIMALS),
            last_cost=from_scaled(row[3], PRICE_DECIMALS),
            may_go_negative=bool(row[4]),
            reorder_point=None if row[5] is None else from_scaled(row[5], QUANTITY_DECIMALS),
        )
    return found


def write_posting(
    connection, inventory_id: int, balances: Sequence[Balance], movements: Sequence[MovementRow]
) -> list[int]:
    """Write balances, movements, lines and their events. returns: the movements' ids, in order."""
    if balances:
        updated = run_many(
            connection,
            "UPDATE balance SET on_hand = ?, value = ?, last_cost = ?"
            " WHERE inventory_id = ? AND place_id = ? AND item_id = ?",
            [
                (
                    to_scaled(row.on_hand, QUANTITY_DECIMALS),
                    to_scaled(row.value, MONEY_DECIMALS),
                    to_scaled(row.last_cost, PRICE_DECIMALS),
                    inventory_id,
                    row.place_id,
                    row.item_id,
                )
                for row in balances
            ],
        )
        assert updated.rowcount == len(balances), "a locked balance vanished"
    ids = []
    lines = []
    events = []
    for movement in movements:
        (movement_id,) = run(
            connection,
            "INSERT INTO movement (inventory_id, kind, actor_id, reason, document_kind, document_id,"
            " external_reference, business_date, occurred_at, recorded_at, reverses_id, private_digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                inventory_id,
                movement.kind,
                movement.actor_id,
                movement.reason,
                movement.document_kind,
                movement.document_id,
                movement.external_reference,
                movement.business_date.isoformat(),
                time_text(movement.occurred_at),
                time_text(movement.recorded_at),
                movement.reverses_id,
                movement.private_digest,
            ),
        ).fetchone()
        ids.append(movement_id)
        if movement.event is not None:
            events.append((inventory_id, "stock_changed", movement_id, movement.event, time_text(movement.recorded_at)))
        lines += [
            (
                inventory_id,
                movement_id,
                line.item_id,
                line.source_id,
                line.target_id,
                to_scaled(line.quantity, QUANTITY_DECIMALS),
                to_scaled(line.value, MONEY_DECIMALS),
                line.lot_id,
            )
            for line in movement.lines
        ]
    if lines:
        run_many(
            connection,
            "INSERT INTO movement_line (inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity,"
            " value, lot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            lines,
        )
    if events:
        run_many(
            connection,
            "INSERT INTO outbox (inventory_id, kind, subject_id, payload, created_at) VALUES (?, ?, ?, ?, ?)",
            events,
        )
    return ids


def time_text(instant: datetime) -> str:
    """An instant as SQLAlchemy stores it on SQLite."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def number_events(connection) -> int:
    """Nothing to do: one writer at a time makes the growing id the order of commits already. returns: 0."""
    return 0


SEQUENCE = "id"
"""The outbox column that readers follow."""


def wake(engine) -> None:
    """Readers on SQLite poll; there is nobody to call."""


def stop_postings(connection) -> None:
    """Nothing to do: the open write transaction is the only one."""


class Waiter:
    """How the worker waits for events: it polls."""

    def __init__(self, engine):
        pass

    def wait(self, stop, seconds: float) -> None:
        stop.wait(seconds)

    def close(self) -> None:
        pass


def next_id(connection, table: str) -> int:
    """The id that the next row of a table may take, for loading many rows in one transaction."""
    return connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").scalar_one()  # noqa: S608


def take_ids(connection, table: str, count: int) -> list[int]:
    """Ids that nobody else takes, for rows that are inserted next, ascending: the open transaction is the only one."""
    first = next_id(connection, table)
    return list(range(first, first + count))


def insert_rows(connection, columns: Sequence[Column], rows: Sequence[tuple]) -> None:
    """Insert rows of one table. columns: of the rows, in order"""
    if not rows:
        return
    names, marks = ", ".join(column.name for column in columns), ", ".join("?" * len(columns))
    run_many(
        connection,
        f"INSERT INTO {columns[0].table.name} ({names}) VALUES ({marks})",  # noqa: S608
        _bound(connection, columns, rows),
    )


bulk_insert = insert_rows
"""The same with ids included, which nobody else fills: there is no sequence to bring up to them."""


def _bound(connection, columns: Sequence[Column], rows: Sequence[tuple]) -> list[list]:
    """Values as this database stores them."""
    kinds = enumerate(column.type.dialect_impl(connection.dialect) for column in columns)
    bind = [(index, make) for index, kind in kinds if (make := kind.bind_processor(connection.dialect)) is not None]
    bound = [list(row) for row in rows]
    for index, make in bind:
        for row in bound:
            row[index] = make(row[index])
    return bound


def save_rows(
    connection, columns: Sequence[Column], rows: Sequence[tuple], *, adds: bool = False, is_raw: bool = False
) -> None:
    """Insert rows of one table, or change those that have the same primary key.

    rows: no two of one key; adds: add to the figures that stand there instead of replacing them
    is_raw: whether values are in the database's own form: scaled whole numbers and texts
    """
    if not rows:
        return
    table = columns[0].table
    names = [column.name for column in columns]
    keys = [column.name for column in table.primary_key]
    before = f"{table.name}.{{0}} + " if adds else ""
    changes = ", ".join(f"{name} = {before.format(name)}excluded.{name}" for name in names if name not in keys)
    run_many(
        connection,
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}",
        rows if is_raw else _bound(connection, columns, rows),
    )


def pairs(first: str, second: str, rows: Iterable[tuple[int, int]]) -> tuple[str, dict[str, str]]:
    """A table of pairs of numbers to join with. returns: its SQL, and its parameters"""
    table = (
        f"(SELECT json_extract(value, '$[0]') AS {first}, json_extract(value, '$[1]') AS {second}"  # noqa: S608
        " FROM json_each(:pairs))"
    )
    return table, {"pairs": json.dumps(sorted(rows))}


def epoch(column) -> ColumnElement[int]:
    """A time, or midnight of a date, in whole seconds since 1970 by UTC, rounded down."""
    return cast(func.strftime("%s", column), Integer)


def written_rows(connection, columns: Sequence[Column], where: str, order: str) -> list[bytes]:
    """Rows of one table in the one form that both databases write alike: as PostgreSQL's COPY writes text.

    Columns stand between tabs, \\N for none, with backslashes before what would break a line; exact numbers as whole
    numbers of their scale, times in UTC to the microsecond. That is how they are stored here.
    where, order: SQL without parameters
    """
    tab = "||'\t'||"
    chosen = tab.join(_written(column) for column in columns)
    driver = connection.connection.driver_connection
    cursor = driver.cursor()
    statement = f"SELECT {chosen} FROM {columns[0].table.name} WHERE {where} ORDER BY {order}"  # noqa: S608
    before, driver.text_factory = driver.text_factory, bytes  # also what is no UTF-8 any more must be told
    try:
        return [row[0] for row in cursor.execute(statement)]
    finally:
        driver.text_factory = before


_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}


def _written(column: Column) -> str:
    name = column.name
    if isinstance(column.type, String):
        escaped = name
        for plain, spelled in _ESCAPES.items():
            escaped = f"replace({escaped}, '{plain}', '{spelled}')"
        # Most texts hold nothing of the kind: one look takes a tenth of seven replacements.
        name = f"CASE WHEN {name} GLOB '*[\b-\r\\]*' THEN {escaped} ELSE {name} END"
    return f"ifnull({name}, '\\N')"


def writers(connection, table: str) -> frozenset[str]:
    """Nobody: with one writer at a time, whatever can be seen was written after everything with a smaller id."""
    return frozenset()


def take_time(connection) -> None:
    """Nothing to do: there is no limit to how long a statement takes."""


def lines_seen(connection, place_id: int) -> Iterator[tuple]:
    """The lines that join or leave a place, by item, day and time.

    shape: (item id, day as `day_of` reads it, seconds since 1970, line id, millionths, way, movement id)
    way: the other place times 4, and 2 for a reversal, and 1 for what joins
    """
    parts = (
        "SELECT l.item_id, m.business_date, CAST(strftime('%s', m.occurred_at) AS INTEGER) AS epoch, l.id, l.quantity,"  # noqa: S608
        f" l.{other} * 4 + (m.reverses_id IS NOT NULL) * 2 + {inward}, m.id FROM movement_line l"
        f" JOIN movement m ON m.id = l.movement_id WHERE l.{here} = {place_id:d} AND l.quantity > 0"
        for here, other, inward in (("to_place_id", "from_place_id", 1), ("from_place_id", "to_place_id", 0))
    )
    return run(connection, " UNION ALL ".join(parts) + " ORDER BY 1, 2, 3, 4")


def day_of(written: str) -> tuple[str, date]:
    """The day of a line that was seen, as ISO text and as a date."""
    return written, date.fromisoformat(written)


def lift_guards(connection, tables: Sequence[str]) -> list[str]:
    """Take the triggers of some tables away within this transaction. returns: what puts them back"""
    found = connection.exec_driver_sql("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    lifted = [row for row in found if row.tbl_name in tables]
    for row in lifted:
        connection.exec_driver_sql(f'DROP TRIGGER "{row.name}"')
    return [row.sql for row in lifted]


def restore_guards(connection, lifted: Sequence[str]) -> None:
    """Put back what was lifted."""
    for statement in lifted:
        connection.exec_driver_sql(statement)
