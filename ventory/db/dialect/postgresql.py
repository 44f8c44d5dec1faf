"""PostgreSQL: many writers, so rows are locked in one order; round trips cost most, so steps are single statements."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import psycopg
from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, any_, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from ventory.core.errors import Rejected
from ventory.core.ledger import Balance, Key
from ventory.db.dialect import inherited, libpq
from ventory.db.dialect.inherited import Scope
from ventory.db.dialect.libpq import run
from ventory.db.dialect.rows import MovementRow
from ventory.db.driver import EVERYTHING, SEES, cursor_of, errors_of, run_many
from ventory.db.types import Exact, ListOf, UtcTime, array_text, numbers_text

SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT, NOT_PREPARED = "40001", "40P01", "55P03", "26000"
_TRANSIENT = (SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT, NOT_PREPARED)
NUMBERING_LOCK = 7_064_201
RULES_LOCK = 7_064_202
BULK = 100
SLICE = 250_000
COPIED = 2_000
"""Rows that are handed on together, few enough that the server goes on meanwhile."""
WRITES_SEVERAL_AT_ONCE = True
WRITE_SECONDS = 0.2
"""How long one of many transactions in a row should take: only who changes the same balances waits for as long."""
PAUSE_SECONDS = 0.0
AMONG = "{column} IN (SELECT unnest(CAST(:items AS bigint[])))"
CHANNEL = "ventory_outbox"


_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"
)


_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def begin(connection) -> None:
    """Open a writing transaction in one round trip, with plans that are made once; and, where the database holds walls,
    every transaction by saying whose rows it is about, in the same round trip.

    Left to itself the server plans the statement that writes a posting anew each time, because it guesses ten rows for
    an array of one: 0.4 ms of every restock. Reads keep their own plans: a generic one knows no LIMIT.
    Writing finds its rows by key. A plan that is made while a table is nearly empty reads it whole, and a session keeps
    it: checking the foreign key of a line took 545 µs after 10,000 movements where it takes 4.
    """
    options = connection.get_execution_options()
    if options.get("ventory_writes"):
        statement = _BEGIN
    elif SEES in options:
        statement = _BEGIN_READING if options.get("postgresql_readonly") else "BEGIN"
    else:
        return  # the driver does it
    if SEES in options:
        statement += f"; SET LOCAL ventory.inventory = '{options[SEES]}'"
    libpq.do(connection, statement)


def commit(connection) -> None:
    """Commit in one call of libpq; the library finds nothing left to do."""
    if libpq.is_in_transaction(connection):
        libpq.do(connection, "COMMIT")


def roll_back(connection) -> None:
    """Roll back past psycopg, which would forget its prepared statements; what it has prepared stays good.

    What was read outside any transaction, and is one for the walls' sake, ends by COMMIT: calls to the worker leave
    with it.
    """
    if connection.closed or connection.invalidated or not libpq.is_in_transaction(connection):
        return
    is_no_transaction = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    libpq.do(connection, "COMMIT" if is_no_transaction else "ROLLBACK")


def leave_clean(connection, _record, state) -> None:
    """End what somebody left open, as a connection goes back to its pool."""
    if state.terminate_only:
        return
    if libpq.is_open(connection.pgconn):
        connection.pgconn.exec_(b"ROLLBACK")
    elif connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.rollback()  # fails, so that the pool takes the connection for broken


def answers(connection) -> bool:
    """Whether a connection that rested is still alive; asked past psycopg, which would begin a transaction for it."""
    return not connection.closed and connection.pgconn.exec_(b"SELECT 1").status == psycopg.pq.ExecStatus.TUPLES_OK


@contextmanager
def seeing_everything(connection) -> Iterator[None]:
    """Lift the walls for one statement of a transaction that is about one inventory. After an error it has ended."""
    sees = connection.get_execution_options().get(SEES)
    if sees in (None, EVERYTHING):
        yield
        return
    connection.exec_driver_sql(_SEE, (EVERYTHING,))
    yield
    connection.exec_driver_sql(_SEE, (sees,))


_SEE = "SELECT set_config('ventory.inventory', %s, true)"


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is tried again."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _TRANSIENT


def is_disconnect(error: BaseException) -> bool:
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith(("08", "57P"))


def is_cancelled(error: BaseException) -> bool:
    """Whether a statement was given up because it took too long."""
    return isinstance(error, psycopg.errors.QueryCanceled)


def limit_reading(connection, seconds: float) -> Callable[[], None]:
    """Give up each statement of this transaction after so long. returns: what lifts the limit: the end does"""
    connection.exec_driver_sql("SELECT set_config('statement_timeout', %s, true)", (str(max(1, int(seconds * 1000))),))
    return lambda: None


def violated_constraint(error: BaseException) -> str | None:
    """The constraint's name."""
    return error.diag.constraint_name if isinstance(error, psycopg.IntegrityError) else None


def unique_name(table: str, columns: Sequence[str], name: str) -> str:
    """How a broken unique constraint is reported here: by its name."""
    return name


def among(column, name: str) -> ColumnElement[bool]:
    """Whether a column is one of the values of a list parameter, however many there are."""
    return column == any_(cast(bindparam(name, type_=ListOf()), ARRAY(column.type)))


def beyond(column, name: str) -> ColumnElement[bool]:
    """Whether a column is none of the values of a list parameter.

    Hashed: compared one by one, a million lines with 30,000 movements that waited ran into the time limit of verify.
    """
    return column.not_in(select(func.unnest(cast(bindparam(name, type_=ListOf()), ARRAY(column.type)))))


def hold_rules(connection, inventory_id: int, *, alone: bool) -> None:
    """Keep the rules of an inventory as they are until the transaction ends; alone: nobody else reads or sets them.

    Two changes that cannot see each other would leave copies that neither meant: one makes a store inherit, the other
    changes what it inherits. The lock ends with the transaction, so it holds behind a transaction pooler too.
    """
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    connection.execute(
        text(f"SELECT {lock}({RULES_LOCK}, CAST(:inventory % 2147483647 AS int))"), {"inventory": inventory_id}
    )


@contextmanager
def in_bulk(connection, rows: int | None = None) -> Iterator[None]:
    """Join many rows by hashing. rows: how many there may be, None for a whole range; few are left to the planner.

    Tables that were filled a moment ago have no statistics yet: nested loops over 10,000 items then took 15 seconds
    where hashing takes 0.3.
    """
    if rows is not None and rows < BULK:
        yield
        return
    connection.exec_driver_sql("SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = on")
    yield
    connection.exec_driver_sql("SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = off")


def learn(connection, tables: Sequence[str]) -> None:
    """Let the planner know how much is in tables that have just been filled.

    Without it every index that begins with the inventory looks alike: finding 100 items by SKU read all 6,000 of a
    chain, 25 ms where it takes 1.
    """
    connection.exec_driver_sql(f"ANALYZE {', '.join(tables)}")


def tend(connection) -> None:
    """Nothing to do: autovacuum counts."""


def insert_missing_balances(connection, inventory_id: int, keys: Iterable[Key]) -> None:
    """Give every key a balance, and a store a row for the item it now carries, where there is none.

    The rules must be held: a balance begins with a copy of the rule in force. A second round trip, but this is rare.
    """
    ordered = sorted(keys)
    with in_bulk(connection, len(ordered)):
        connection.execute(
            _INSERT_MISSING,
            {
                "inventory": inventory_id,
                "places": [place for place, _ in ordered],
                "item_ids": [item for _, item in ordered],
            },
        )


_INSERT_MISSING = text(
    f"""
    WITH RECURSIVE wanted AS (
        SELECT p.id AS place_id, u.item_id, p.kind, p.may_go_negative
        FROM unnest(CAST(:places AS bigint[]), CAST(:item_ids AS bigint[])) AS u (place_id, item_id)
        JOIN place p ON p.inventory_id = :inventory AND p.id = u.place_id
    ), carried AS (
        INSERT INTO item_store (inventory_id, store_id, item_id, version)
        SELECT :inventory, place_id, item_id, 1 FROM wanted WHERE kind = 'store' ORDER BY place_id, item_id
        ON CONFLICT DO NOTHING
    ), {inherited.item_rule(" AND i.id IN (SELECT unnest(CAST(:item_ids AS bigint[])))")}, ruled AS (
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
    ORDER BY place_id, item_id
    ON CONFLICT DO NOTHING
    """  # noqa: S608
)


LAST_RECEIPTS = """
SELECT u.place_id, u.item_id, l.quantity, l.value
FROM unnest(%(places)s::bigint[], %(items)s::bigint[]) AS u (place_id, item_id)
CROSS JOIN LATERAL (
    SELECT quantity, value FROM movement_line
    WHERE to_place_id = u.place_id AND item_id = u.item_id AND quantity > 0 ORDER BY id DESC LIMIT 1
) l
"""


def last_receipts(connection, keys: Iterable[Key]) -> list[tuple[int, int, Decimal, Decimal]]:
    """The line by which goods last came to each place. shape: (place id, item id, quantity, value), if there is one"""
    ordered = sorted(keys)
    places, items = numbers_text(place for place, _ in ordered), numbers_text(item for _, item in ordered)
    return run(connection, LAST_RECEIPTS, {"places": places, "items": items}).fetchall()


def copy_rules(connection, inventory_id: int, scope: Scope) -> dict[int, int]:
    """Bring the balances of a scope in line with the rules in force, locked in the order that postings lock.

    returns: how many copies changed in each store
    """
    rules, parameters = inherited.in_force(scope, AMONG)
    if scope.item_ids is not None:
        parameters["items"] = list(scope.item_ids)
    statement = text(
        f"""
            WITH RECURSIVE {rules}, wanted AS MATERIALIZED (
                SELECT b.place_id, b.item_id, w.reorder_point, w.target_level
                FROM in_force w
                JOIN balance b ON b.inventory_id = :inventory AND b.place_id = w.store_id AND b.item_id = w.item_id
                WHERE (b.reorder_point, b.target_level) IS DISTINCT FROM (w.reorder_point, w.target_level)
                ORDER BY b.place_id, b.item_id
                FOR UPDATE OF b
            ), changed AS (
                UPDATE balance b SET reorder_point = w.reorder_point, target_level = w.target_level
                FROM wanted w
                WHERE b.inventory_id = :inventory AND b.place_id = w.place_id AND b.item_id = w.item_id
                RETURNING b.place_id
            )
            SELECT place_id, count(*) FROM changed GROUP BY place_id ORDER BY place_id
            """  # noqa: S608
    )
    with in_bulk(connection, 1 if scope.item_id is not None else None):
        rows = connection.execute(statement, {"inventory": inventory_id, **parameters}).all()
    return {row[0]: row[1] for row in rows}


LOCK_BALANCES = """
SELECT b.place_id, b.item_id, b.on_hand, b.reserved, b.value, b.last_cost, b.may_go_negative, b.reorder_point
FROM balance b
WHERE b.inventory_id = %(inventory)s
  AND (b.place_id, b.item_id) IN (SELECT * FROM unnest(%(places)s::bigint[], %(items)s::bigint[]))
ORDER BY b.place_id, b.item_id
FOR UPDATE OF b
"""


def lock_balances(connection, inventory_id: int, keys: Iterable[Key]) -> dict[Key, Balance]:
    """The balances, locked in key order: two deliveries that share items would deadlock otherwise.

    A plain UPDATE … FROM unnest locked in the plan's order: it deadlocked 27 of 272 times with eight threads.
    """
    ordered = sorted(keys)
    parameters = {
        "inventory": inventory_id,
        "places": numbers_text(place for place, _ in ordered),
        "items": numbers_text(item for _, item in ordered),
    }
    return {(row[0], row[1]): Balance(*row) for row in run(connection, LOCK_BALANCES, parameters).fetchall()}


def write_posting(
    connection, inventory_id: int, balances: Sequence[Balance], movements: Sequence[MovementRow]
) -> list[int]:
    """Write balances, movements, lines and their events in one statement. returns: the movements' ids, in order.

    Ids are taken here, after the balances were locked, so the events of one balance carry growing ids.
    """
    lines = [line for movement in movements for line in movement.lines]
    parameters = {
        "inventory": inventory_id,
        "b_place": numbers_text(row.place_id for row in balances),
        "b_item": numbers_text(row.item_id for row in balances),
        "b_on_hand": numbers_text(row.on_hand for row in balances),
        "b_value": numbers_text(row.value for row in balances),
        "b_last_cost": numbers_text(row.last_cost for row in balances),
        "m_kind": array_text(movement.kind for movement in movements),
        "m_actor": numbers_text(movement.actor_id for movement in movements),
        "m_reason": array_text(movement.reason for movement in movements),
        "m_document_kind": array_text(movement.document_kind for movement in movements),
        "m_document": array_text(movement.document_id for movement in movements),
        "m_reference": array_text(movement.external_reference for movement in movements),
        "m_date": array_text(movement.business_date for movement in movements),
        "m_occurred": array_text(movement.occurred_at for movement in movements),
        "m_recorded": array_text(movement.recorded_at for movement in movements),
        "m_reverses": array_text(movement.reverses_id for movement in movements),
        "m_digest": array_text(movement.private_digest for movement in movements),
        "m_event": array_text(movement.event for movement in movements),
        "l_movement": numbers_text(ordinal for ordinal, movement in enumerate(movements, 1) for _ in movement.lines),
        "l_item": numbers_text(line.item_id for line in lines),
        "l_from": numbers_text(line.source_id for line in lines),
        "l_to": numbers_text(line.target_id for line in lines),
        "l_quantity": numbers_text(line.quantity for line in lines),
        "l_value": numbers_text(line.value for line in lines),
        "l_lot": array_text(line.lot_id for line in lines),
    }
    rows = run(connection, _WRITE_POSTING, parameters).fetchall()
    assert rows[0][1] == len(balances), "a locked balance vanished"
    return [row[0] for row in rows]


_WRITE_POSTING = """
WITH numbered AS MATERIALIZED (
    SELECT m.*, nextval('movement_id_seq') AS id
    FROM unnest(%(m_kind)s::text[], %(m_actor)s::bigint[], %(m_reason)s::text[], %(m_document_kind)s::text[],
                %(m_document)s::bigint[], %(m_reference)s::text[], %(m_date)s::date[], %(m_occurred)s::timestamptz[],
                %(m_recorded)s::timestamptz[], %(m_reverses)s::bigint[], %(m_digest)s::text[], %(m_event)s::text[])
         WITH ORDINALITY
         AS m (kind, actor_id, reason, document_kind, document_id, external_reference, business_date, occurred_at,
               recorded_at, reverses_id, private_digest, event, ordinal)
), written AS (
    INSERT INTO movement (id, inventory_id, kind, actor_id, reason, document_kind, document_id, external_reference,
                          business_date, occurred_at, recorded_at, reverses_id, private_digest)
    SELECT id, %(inventory)s, kind, actor_id, reason, document_kind, document_id, external_reference, business_date,
           occurred_at, recorded_at, reverses_id, private_digest
    FROM numbered
), lines AS (
    INSERT INTO movement_line (inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity, value, lot_id)
    SELECT %(inventory)s, n.id, l.item_id, l.from_place_id, l.to_place_id, l.quantity, l.value, l.lot_id
    FROM unnest(%(l_movement)s::bigint[], %(l_item)s::bigint[], %(l_from)s::bigint[], %(l_to)s::bigint[],
                %(l_quantity)s::numeric[], %(l_value)s::numeric[], %(l_lot)s::bigint[])
         WITH ORDINALITY AS l (ordinal, item_id, from_place_id, to_place_id, quantity, value, lot_id, position)
    JOIN numbered n ON n.ordinal = l.ordinal
    ORDER BY l.position
), balances AS (
    UPDATE balance b SET on_hand = u.on_hand, value = u.value, last_cost = u.last_cost
    FROM unnest(%(b_place)s::bigint[], %(b_item)s::bigint[], %(b_on_hand)s::numeric[], %(b_value)s::numeric[],
                %(b_last_cost)s::numeric[]) AS u (place_id, item_id, on_hand, value, last_cost)
    WHERE b.inventory_id = %(inventory)s AND b.place_id = u.place_id AND b.item_id = u.item_id
    RETURNING b.item_id
), events AS (
    INSERT INTO outbox (inventory_id, kind, subject_id, payload, created_at)
    SELECT %(inventory)s, 'stock_changed', id, event, recorded_at FROM numbered WHERE event IS NOT NULL ORDER BY ordinal
)
SELECT id, (SELECT count(*) FROM balances) AS updated FROM numbered ORDER BY ordinal
"""


def number_events(connection) -> int:
    """Give committed events their place in the sequence, in id order. returns: how many were numbered.

    Ids alone skip events: they are taken before commit, so a reader can pass 11 while 10 is still invisible. The
    advisory lock ends with the transaction, so it holds behind a transaction pooler too.
    """
    if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({NUMBERING_LOCK})").scalar_one():
        return 0
    # Row by row from what waits: the planner expects two thousand, and merged with the whole outbox, 35 ms each time.
    connection.exec_driver_sql("SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off")
    return connection.exec_driver_sql(
        """
        UPDATE outbox o SET seq = n.seq
        FROM (
            SELECT id, (SELECT coalesce(max(seq), 0) FROM outbox) + row_number() OVER (ORDER BY id) AS seq
            FROM (SELECT id FROM outbox WHERE seq IS NULL ORDER BY id LIMIT 2000) waiting
        ) n
        WHERE o.id = n.id
        """
    ).rowcount


SEQUENCE = "seq"
"""The outbox column that readers follow."""


def wake(engine) -> None:
    """Tell the worker that events wait. Sent after commit: inside, NOTIFY would serialise commits."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def stop_postings(connection) -> None:
    """Let nobody else change balances until the transaction ends."""
    connection.exec_driver_sql("LOCK TABLE balance IN SHARE ROW EXCLUSIVE MODE")


class Waiter:
    """How the worker waits for events: until somebody calls on the channel, or the poll is due."""

    def __init__(self, engine):
        self._address = engine.dialect.create_connect_args(engine.url)[1]
        self._connection: psycopg.Connection | None = None

    def wait(self, stop, seconds: float) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(**{"connect_timeout": 5} | self._address, autocommit=True)
                self._connection.execute(f"LISTEN {CHANNEL}")
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error:
            self._connection = None
            stop.wait(seconds)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def next_id(connection, table: str) -> int:
    """The id that the next row of a table may take, for loading many rows in one transaction."""
    connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    return connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").scalar_one()  # noqa: S608


def take_ids(connection, table: str, count: int) -> list[int]:
    """Ids that nobody else takes, for rows that are inserted next, ascending."""
    wanted = f"SELECT nextval('{table}_id_seq') FROM generate_series(1, {int(count)})"  # noqa: S608
    return list(connection.exec_driver_sql(wanted).scalars())


def insert_rows(connection, columns: Sequence[Column], rows: Sequence[tuple]) -> None:
    """Insert rows of one table, by COPY. columns: of the rows, in order

    A statement with a thousand values took as long to read as its rows to write, one statement a row twice that.
    """
    if not rows:
        return
    kinds = enumerate(column.type.dialect_impl(connection.dialect) for column in columns)
    bind = [(index, make) for index, kind in kinds if (make := kind.bind_processor(connection.dialect)) is not None]
    table, names = columns[0].table.name, ", ".join(column.name for column in columns)
    values = _bound(rows, bind)
    if SEES in connection.get_execution_options():  # behind walls PostgreSQL copies nothing in
        holders = ", ".join(["%s"] * len(columns))
        run_many(connection, f"INSERT INTO {table} ({names}) VALUES ({holders})", list(values))  # noqa: S608
        return
    statement = f"COPY {table} ({names}) FROM STDIN"
    with errors_of(connection, statement), cursor_of(connection).copy(statement) as copy:
        for row in values:
            copy.write_row(row)


def _bound(rows: Sequence[tuple], bind: Sequence[tuple[int, Callable]]) -> Iterator[list]:
    """Rows as the driver takes them. bind: what makes the value at an index so"""
    for row in rows:
        values = list(row)
        for index, make in bind:
            values[index] = make(values[index])
        yield values


def bulk_insert(connection, columns: Sequence[Column], rows: Sequence[tuple]) -> None:
    """Insert many rows of one table, ids included, which nobody else fills. columns: of the rows, in order"""
    # In slices: five million lines in one statement ran into its time limit.
    for start in range(0, len(rows), SLICE):
        insert_rows(connection, columns, rows[start : start + SLICE])
    if rows and columns[0].name == "id":
        table = columns[0].table.name
        connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")  # noqa: S608


def save_rows(
    connection, columns: Sequence[Column], rows: Sequence[tuple], *, adds: bool = False, is_raw: bool = False
) -> None:
    """Insert rows of one table, or change those that have the same primary key.

    rows: no two of one key; adds: add to the figures that stand there instead of replacing them
    is_raw: whether values are in the database's own form; here that is no other
    """
    if not rows:
        return
    table = columns[0].table
    names = [column.name for column in columns]
    kinds = (column.type.compile(connection.dialect) for column in columns)
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in zip(names, kinds, strict=True))
    keys = [column.name for column in table.primary_key]
    before = f"{table.name}.{{0}} + " if adds else ""
    changes = ", ".join(f"{name} = {before.format(name)}excluded.{name}" for name in names if name not in keys)
    run(
        connection,
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})"  # noqa: S608
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}",
        {name: numbers_text(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)},
    )


def pairs(first: str, second: str, rows: Iterable[tuple[int, int]]) -> tuple[str, dict[str, str]]:
    """A table of pairs of numbers to join with. returns: its SQL, and its parameters"""
    ordered = sorted(rows)
    table = (
        f"(SELECT * FROM unnest(CAST(:{first}s AS bigint[]), CAST(:{second}s AS bigint[])) AS k ({first}, {second}))"  # noqa: S608
    )
    return table, {
        f"{first}s": numbers_text(row[0] for row in ordered),
        f"{second}s": numbers_text(row[1] for row in ordered),
    }


def epoch(column) -> ColumnElement[int]:
    """A time, or midnight of a date, in whole seconds since 1970 by UTC, rounded down."""
    return cast(func.floor(func.extract("epoch", column)), BigInteger)


def written_rows(connection, columns: Sequence[Column], where: str, order: str) -> list[bytes]:
    """Rows of one table in the one form that both databases write alike: as COPY writes text.

    Columns stand between tabs, \\N for none, with backslashes before what would break a line; exact numbers as whole
    numbers of their scale, times in UTC to the microsecond.
    where, order: SQL without parameters
    """
    chosen = ", ".join(_written(column) for column in columns)
    rows = f"SELECT {chosen} FROM {columns[0].table.name} WHERE {where} ORDER BY {order}"  # noqa: S608
    connection.exec_driver_sql("SET LOCAL datestyle = 'ISO, YMD'")
    return b"".join(_copied(connection, f"COPY ({rows}) TO STDOUT")).splitlines()


def _copied(connection, statement: str) -> Iterator[bytes]:
    """What COPY … TO STDOUT gives: whole rows, many together, while the server makes the next.

    Taken from libpq as long as something is there: psycopg's own loop took longer for a row than the server did.
    """
    server = connection.connection.driver_connection.pgconn
    with errors_of(connection, statement), cursor_of(connection).copy(statement) as copy:
        rows: list = []
        while True:
            size, data = server.get_copy_data(1)
            if size == 0:
                data = copy.read()
            if size < 0 or not data:
                break
            rows.append(data)
            if len(rows) == COPIED:
                yield b"".join(rows)
                rows = []
        while size < 0 and (done := server.get_result()) is not None:
            if done.status != psycopg.pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(done)
        yield b"".join(rows)


def _written(column: Column) -> str:
    if isinstance(column.type, Exact):  # rounded to a whole number; a NaN stays one
        return f"round({column.name} * {10**column.type.decimals})"
    if isinstance(column.type, Boolean):
        return f"{column.name}::int"
    if isinstance(column.type, UtcTime):
        return f"to_char({column.name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    return column.name


def writers(connection, table: str) -> frozenset[str]:
    """The transactions that write to a table: each locks it before it takes an id, until its end can be seen."""
    return frozenset(connection.execute(_WRITERS, {"table": table}).scalars())


_WRITERS = text(
    """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = CAST(:table AS regclass)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      AND pid IS DISTINCT FROM pg_backend_pid()
    """
)


def take_time(connection) -> None:
    """Let the transaction's statements take as long as they need: proving ten million lines takes minutes.

    And let cursors be planned for all of their rows, not for the first tenth.
    """
    connection.exec_driver_sql(
        "SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'; SET LOCAL cursor_tuple_fraction = 1"
    )


def lines_seen(connection, place_id: int) -> Iterator[tuple]:
    """The lines that join or leave a place, by item, day and time.

    shape: (item id, day as `day_of` reads it, seconds since 1970, line id, millionths, way, movement id)
    way: the other place times 4, and 2 for a reversal, and 1 for what joins
    """
    # Nothing is null, so that each row is as long as every other; a time that somebody emptied cannot be counted.
    parts = (
        f"SELECT coalesce(l.item_id, 0), coalesce(m.business_date, 'infinity') - date '1970-01-01',"  # noqa: S608
        " date_part('epoch', date_trunc('second', coalesce(m.occurred_at, 'infinity')))::bigint, l.id,"
        f" (l.quantity * 1000000)::bigint, coalesce(l.{other}, 0) * 4 + (m.reverses_id IS NOT NULL)::int * 2 + {inward}"
        f", m.id FROM movement_line l JOIN movement m ON m.id = l.movement_id WHERE l.{here} = {place_id:d}"
        " AND l.quantity > 0 AND l.quantity <> 'NaN'"
        for here, other, inward in (("to_place_id", "from_place_id", 1), ("from_place_id", "to_place_id", 0))
    )
    blocks = _copied(connection, f"COPY ({' UNION ALL '.join(parts)} ORDER BY 1, 2, 3, 4) TO STDOUT (FORMAT binary)")
    begins = _COPY_HEADER
    for block in blocks:
        ends = len(block) - (len(block) - begins) % _SEEN.size  # the last two bytes of all say that it was the last
        yield from _SEEN.iter_unpack(memoryview(block)[begins:ends])
        begins = 0


_COPY_HEADER = 19
_SEEN = struct.Struct(">2x4xq4xi4xq4xq4xq4xq4xq")
_FIRST_DAY = date(1970, 1, 1)


def day_of(written: int) -> tuple[str, date]:
    """The day of a line that was seen, as ISO text and as a date."""
    day = _FIRST_DAY + timedelta(days=written)
    return day.isoformat(), day


def lift_guards(connection, tables: Sequence[str]) -> list[str]:
    """Switch the triggers of some tables off within this transaction; nobody else can write to them until it ends.

    returns: what switches them on again
    raises: Rejected unless this connection owns the tables
    """
    found = connection.execute(_OWN_TRIGGERS, {"tables": list(tables)}).all()
    foreign = sorted({row.table for row in found if not row.is_owner})
    if foreign:
        raise Rejected(
            f"Only the owner of the tables can lift what guards them: {', '.join(foreign)} belong to another role."
            " Nothing was erased. Run this with SQLALCHEMY_DATABASE_URI naming the role that ran the migrations."
        )
    held = ", ".join(f'"{name}"' for name in sorted({row.table for row in found}))
    connection.exec_driver_sql(f"LOCK TABLE {held} IN SHARE ROW EXCLUSIVE MODE")
    libpq.forget(connection)
    for row in found:
        connection.exec_driver_sql(f'ALTER TABLE "{row.table}" DISABLE TRIGGER "{row.trigger}"')
    return [f'ALTER TABLE "{row.table}" ENABLE TRIGGER "{row.trigger}"' for row in found]


_OWN_TRIGGERS = text(
    'SELECT c.relname AS "table", t.tgname AS "trigger",'
    " pg_has_role(current_user, c.relowner, 'USAGE') AS is_owner"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND c.relname = ANY(:tables)"
    " AND pg_table_is_visible(c.oid) ORDER BY c.relname, t.tgname"
)


def restore_guards(connection, lifted: Sequence[str]) -> None:
    """Put back what was lifted, after the checks that wait for the end of the transaction: PostgreSQL asks for them."""
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for statement in lifted:
        connection.exec_driver_sql(statement)
    libpq.forget(connection)
