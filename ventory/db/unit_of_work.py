"""One write transaction per use case: opened, committed and tried again here and nowhere else."""

from __future__ import annotations

import functools
import random
import threading
import time
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.orm import Session

from ventory.core.access import Actor
from ventory.core.errors import Overloaded, VentoryError
from ventory.db import audit, dialect, integrity, once, outbox, trails
from ventory.db.engine import autocommit, everywhere, within, writing
from ventory.db.scope import scope

if TYPE_CHECKING:
    from pydantic import TypeAdapter

TRIES = 4
PAUSE_SECONDS = 0.02

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is asked: by whom, and, when the caller may retry, under which key."""

    by: Actor
    once: once.Once | None = None


@dataclass(frozen=True, kw_only=True)
class PublicCommand:
    """What is asked by somebody who is not signed in; there is no key to keep an answer under.

    client: the address that the request came from
    """

    once: ClassVar[None] = None
    client: str = ""


class OutcomeUnknown(Overloaded):
    """The connection broke while the database was committing: the effect is there or not, a retry tells."""

    code = "outcome_unknown"


class _Bound:
    """The database of this process, and what must happen around its transactions."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.before_writing: list[Callable[[], None]] = []


_bound = _Bound()


def bind(engine: Engine) -> None:
    """Name the database that use cases write to."""
    _bound.engine = engine


def engine() -> Engine:
    assert _bound.engine is not None, "no database is bound"
    return _bound.engine


def database() -> ModuleType:
    """The module that knows the bound database (db/dialect)."""
    return dialect.of(engine())


def before_writing(hook: Callable[[], None]) -> None:
    """Run a hook before each transaction: the web layer ends the request's read session, so that a request never
    holds two connections."""
    if hook not in _bound.before_writing:
        _bound.before_writing.append(hook)


@dataclass
class UnitOfWork:
    """A running write transaction of one inventory."""

    connection: Connection
    inventory_id: int
    actor: Actor
    now: datetime
    once: once.Once | None = None
    events: list[tuple[Any, int | None]] = field(default_factory=list)
    trail: trails.Trail = field(default_factory=trails.Trail)
    _session: Session | None = None
    _is_finished: bool = False

    @property
    def session(self) -> Session:
        """The ORM's view of this transaction, limited to its inventory."""
        if self._session is None:
            self._session = scope(Session(self.connection, expire_on_commit=False), self.inventory_id)
            trails.follow(self._session, self.trail)
        return self._session

    @property
    def database(self):
        """The module that knows this database (db/dialect)."""
        return dialect.of(self.connection)

    def emit(self, event, subject_id: int | None = None) -> None:
        """Let an event leave with this transaction; it is written last, after every lock was taken."""
        self.events.append((event, subject_id))

    def result(self, value: Result) -> Result:
        """Hand back what the answer shows; kept in the same transaction when the caller may retry."""
        if self.once is not None:
            kind: Any = type(value)
            self.finish(once.answer(self.once, _adapter_of(kind).dump_json(value).decode()))
        return value

    def forget(self) -> None:
        """Let this transaction end without a row of the audit trail: it stores something that is no change."""
        trails.forget(self.session)
        self._is_finished = True

    def finish(self, kept: dict[str, Any] | None = None) -> None:
        """Write what waits to be written: changed rows, then events, then the audit trail's row and the kept answer."""
        told = len(self.trail.rows)
        if self._session is not None:
            self._session.flush()
        if self.events:
            outbox.write(self.connection, self.inventory_id, self.events, self.now)
            self.events.clear()
        if not self._is_finished:
            owner = audit.owner_of(self.trail, self.inventory_id, self.actor)
            audit.write(self.connection, self.trail, self.now, owner, kept)
            self._is_finished = True
        else:
            assert len(self.trail.rows) == told, "a row changed after the answer was made"

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


@contextmanager
def begun(seen: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; commit at the end of the block, roll back on any error.

    seen: the bound engine, within an inventory or everywhere
    """
    for hook in _bound.before_writing:
        hook()
    with writing(seen).connect() as connection:
        running = connection.begin()
        try:
            yield connection
        except BaseException:
            if running.is_active:  # a failed flush has rolled back already
                running.rollback()
            raise
        _commit(running.commit)


@contextmanager
def transaction(*, by: Actor | None = None, is_audited: bool = True) -> Iterator[Session]:
    """Open a write transaction that belongs to no inventory yet: sign-in, founding an inventory, operators' work.

    by: who is signed in; is_audited: False for what is no change of anybody's: counters, a look before the change
    """
    for hook in _bound.before_writing:
        hook()
    with Session(writing(everywhere(engine())), expire_on_commit=False) as session:
        if is_audited:
            trails.follow(session, trails.Trail())
        yield session
        trail = trails.trail_of(session)
        if trail is not None:
            session.flush()
            audit.write(session.connection(), trail, datetime.now(UTC), audit.owner_of(trail, None, by))
        _commit(session.commit)


def _commit(commit: Callable[[], None]) -> None:
    try:
        commit()
    except DBAPIError as error:
        if is_disconnect(error):
            raise OutcomeUnknown(
                "The connection broke while saving. Send the same request again with the same Idempotency-Key."
            ) from error
        raise


def _nothing() -> None:
    return None


def finish_reading(session: Session) -> None:
    """End a reading transaction by COMMIT.

    A ROLLBACK makes psycopg forget its prepared statements: a list of movements then took 14 ms, mostly planning,
    where it takes 3.
    """
    session.info.pop("lift_limit", _nothing)()
    try:
        session.commit()
    except (DBAPIError, PendingRollbackError):  # the connection broke, which whoever read has been told
        session.rollback()
    session.close()


def limit_reading(session: Session, seconds: float) -> None:
    """Let a reading session give up after so long; `is_cancelled` tells it from other failures."""
    connection = session.connection()
    session.info["lift_limit"] = dialect.of(connection).limit_reading(connection, seconds)


def is_cancelled(error: DBAPIError) -> bool:
    """Whether the database gave a statement up because it took too long."""
    return error.orig is not None and dialect.of(engine()).is_cancelled(error.orig)


def is_disconnect(error: DBAPIError) -> bool:
    """Whether the database is away, or the connection to it broke."""
    return error.orig is not None and dialect.of(engine()).is_disconnect(error.orig)


@contextmanager
def unit_of_work(command: Command, *, reaches_beyond: bool = False) -> Iterator[UnitOfWork]:
    """Open a write transaction for a command; commit at the end of the block, roll back on any error.

    reaches_beyond: whether it writes to other inventories than the actor's, as founding one does
    """
    bound = engine()
    with begun(everywhere(bound) if reaches_beyond else within(bound, command.by.inventory_id)) as connection:
        work = UnitOfWork(connection, command.by.inventory_id, command.by, datetime.now(UTC), command.once)
        try:
            yield work
            work.finish()
        finally:
            work.close()
    _waker.wake()


def use_case(function: Callable[..., Result]) -> Callable[..., Result]:
    """Make a function a use case: whole, tried again when the database asks for it, answered once per key.

    The whole function runs again, at most three times with jitter, after a deadlock, a serialization failure, a lock
    timeout or "database is locked"; then Overloaded.
    """

    name = audit.name_of(function)

    @functools.wraps(function)
    def call(command: Command):
        before = audit.doing.set(name)
        try:
            return repeatedly(command)
        finally:
            audit.doing.reset(before)

    def repeatedly(command: Command):
        for attempt in range(TRIES):
            try:
                return function(command)
            except VentoryError:
                answer = _kept_answer(function, command)
                if answer is not None:
                    return answer
                raise
            except IntegrityError as error:
                answer = _kept_answer(function, command)
                if answer is not None:
                    return answer
                meaning = integrity.translate(error)
                if meaning is not None:
                    raise meaning from error
                raise
            except DBAPIError as error:
                if error.orig is None or not _may_try_again(error.orig):
                    raise
                if attempt == TRIES - 1:
                    raise Overloaded("The database is busy. Nothing was booked; try again.") from error
                time.sleep(PAUSE_SECONDS * (2**attempt) * (0.5 + random.random()))
        raise AssertionError("unreachable")

    call.action = name  # type: ignore[attr-defined]
    return call


def _may_try_again(error: BaseException) -> bool:
    module = dialect.of(engine())
    return module.is_transient(error) or module.is_disconnect(error)


def _kept_answer(function: Callable, command: Command):
    """The answer kept under the command's key, as the result it was. raises: KeyReused."""
    if command.once is None:
        return None
    with writing(within(engine(), command.once.inventory_id)).connect() as connection:
        result = once.kept(connection, command.once)
    if result is None:
        return None
    return _adapter_of(_result_type(function)).validate_json(result)


@functools.cache
def _result_type(function: Callable) -> type:
    return typing.get_type_hints(function)["return"]


@functools.cache
def _adapter_of(kind: Any) -> TypeAdapter:
    from pydantic import TypeAdapter  # 9 MB that the worker does without: it keeps no answers

    return TypeAdapter(kind)


class _Waker:
    """Tells the worker about new events from a thread of its own, at most every 50 ms.

    A NOTIFY per write would add a round trip to each; the worker polls as well, so a lost call costs half a second.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self) -> None:
        if engine().dialect.name == "sqlite":
            return
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="ventory-waker", daemon=True)
                    self._thread.start()
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                bound = engine()
                dialect.of(bound).wake(autocommit(bound))
            except Exception:  # the worker polls anyway
                time.sleep(1)
            time.sleep(0.05)


_waker = _Waker()
