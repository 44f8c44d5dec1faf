"""Opening the database: one engine per process, prepared the same way everywhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from ventory.db import dialect
from ventory.db.driver import EVERYTHING, SEES, broken_at

IDLE_SECONDS_BEFORE_A_PING = 15
MOST_TWINS = 1_000

_OPTIONS: dict[str, dict[str, Any]] = {
    "reading": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "writing": {"ventory_writes": True},
    "autocommit": {"isolation_level": "AUTOCOMMIT"},
}


def normal_url(url: str) -> URL:
    """The address with the driver that Ventory uses, whatever spelling it came in.

    `postgres://`, `postgresql://` and `postgresql+psycopg2://` all mean PostgreSQL through psycopg 3.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg2"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    return parsed


def open_engine(url: str | URL, *, pool_size: int = 10, behind_pooler: bool = False, walled: bool = False) -> Engine:
    """An engine; `reading`, `writing` and `autocommit` give its twins over the same pool.

    behind_pooler: true behind a transaction pooler, which cannot keep prepared statements or sessions
    walled: whether each transaction tells the database whose rows it is about (db/roles): by this engine itself
        nobody's, by its twins `within` and `everywhere` an inventory's and everybody's
    """
    address = normal_url(url) if isinstance(url, str) else url
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise ValueError("a database in memory ends with its process; name a file")
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            address,
            pool_size=pool_size,
            max_overflow=pool_size,
            connect_args={"timeout": 15, "check_same_thread": False},
        )
        event.listen(engine, "connect", dialect.sqlite.prepare)
        event.listen(engine, "begin", dialect.sqlite.begin)
        return engine
    # The connection that rested least is taken first: fewer of the server's processes are busy, with warmer caches. In
    # turn, as the pool does by itself, a restock took a twentieth more of both sides.
    settings: dict = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_recycle": 1800,
        "pool_use_lifo": True,
    }
    connect_args: dict = {"connect_timeout": 5, "application_name": "ventory"}
    if behind_pooler:
        settings = {"poolclass": NullPool}
        connect_args["prepare_threshold"] = None
    else:
        connect_args["options"] = "-c timezone=UTC -c lock_timeout=4000 -c statement_timeout=60000"
    engine = create_engine(
        address,
        connect_args=connect_args,
        pool_reset_on_return=None,  # by `leave_clean`, which asks libpq first
        json_deserializer=from_json,  # Python's own took 4 µs for each of a list's empty objects
        **settings,
    )
    event.listen(engine, "begin", dialect.postgresql.begin)
    event.listen(engine, "reset", dialect.postgresql.leave_clean)
    event.listen(engine, "commit", dialect.postgresql.commit)
    event.listen(engine, "rollback", dialect.postgresql.roll_back)
    if walled:
        engine.update_execution_options(**{SEES: ""})
    _ping_after_idling(engine)
    return engine


def reading(engine: Engine) -> Engine:
    """For reads of several statements: one unchanging view, and nothing can be written by mistake."""
    return _twin(engine, "reading")


def writing(engine: Engine) -> Engine:
    """For transactions that write."""
    return _twin(engine, "writing")


def autocommit(engine: Engine) -> Engine:
    """For single reads outside any transaction (one round trip instead of three)."""
    return _twin(engine, "autocommit")


def within(engine: Engine, inventory_id: int) -> Engine:
    """For one inventory: where the database holds walls, it shows and takes no other's rows."""
    return _seeing(engine, str(int(inventory_id)))


def everywhere(engine: Engine) -> Engine:
    """For what looks across inventories: who is asking, founding one, the worker."""
    return _seeing(engine, EVERYTHING)


def _seeing(engine: Engine, what: str) -> Engine:
    if SEES not in engine.get_execution_options():
        return engine
    return _kept(engine, what, {SEES: what})


def _twin(engine: Engine, name: str) -> Engine:
    options = _OPTIONS[name]
    if engine.dialect.name == "sqlite":
        options = {key: value for key, value in options.items() if key == "ventory_writes"}
    return _kept(engine, name, options)


def _kept(engine: Engine, name: str, options: dict[str, Any]) -> Engine:
    """A twin, made once. They stand in the engine itself, so that they go with it."""
    twins = engine.__dict__.setdefault("ventory_twins", {})
    found = twins.get(name)
    if found is None:
        if len(twins) >= MOST_TWINS:
            twins.clear()
        found = twins[name] = engine.execution_options(**options)
    return found


def remembered(connection, name: str) -> dict:
    """What this process keeps of one database, by name; empty at first. Gone with the engine's pool."""
    return connection.engine.pool.__dict__.setdefault(f"ventory_{name}", {})


def _ping_after_idling(engine: Engine) -> None:
    """Test a pooled connection only when it has rested, or another has broken meanwhile: a ping on every checkout
    costs a round trip per request."""

    @event.listens_for(engine, "checkin")
    def rested(_connection, record):
        record.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def still_there(connection, record, _proxy):
        now = time.monotonic()
        since = record.info.get("since", now)
        if now - since < IDLE_SECONDS_BEFORE_A_PING and since > broken_at(engine):
            return
        if not dialect.postgresql.answers(connection):
            raise exc.DisconnectionError()
