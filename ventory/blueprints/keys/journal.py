"""What keys asked lately: noted in the process, written in batches by a thread of its own, forgotten after a week.

A request waits for none of it. Who kills a process outright loses its last second of notes, and nothing else.
"""

from __future__ import annotations

import atexit
import re
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, request
from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from ventory.blueprints.keys.models import ApiKey, KeyRequest
from ventory.core.keys import without_keys
from ventory.db import engine as engines

EVERY_SECONDS = 1.0
KEEP = timedelta(days=7)
KEEP_ROWS = 1_000
TRIM_AFTER = 200
"""Rows that are written for a key before its oldest are taken away."""
MOST_WAITING = 5_000
USED_EVERY = timedelta(minutes=1)
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Note:
    """One request of a key; the fields are the columns of KeyRequest."""

    inventory_id: int
    key_id: int
    at: datetime
    method: str
    route: str
    path: str
    status: int
    milliseconds: int
    request_id: str
    client: str
    code: str


class Journal:
    """The notes of this process that wait to be written to one database."""

    def __init__(self, engine: Engine):
        self.engine = engines.everywhere(engine)
        self._waiting: deque[Note] = deque(maxlen=MOST_WAITING)
        self._starting, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        self._since_trimmed: Counter[int] = Counter()
        _journals.add(self)

    def note(self, note: Note) -> None:
        """Remember a request; the oldest give way when more wait than can be written."""
        with self._starting:
            self._waiting.append(note)
            if self._timer is None or not self._timer.is_alive():  # none runs, or it was left behind by a fork
                self._timer = threading.Timer(EVERY_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits. While the database is away or busy they go on waiting, for the next time."""
        with self._writing:
            with self._starting:
                notes = list(self._waiting)
                self._waiting.clear()
                self._timer = None
            if not notes:
                return
            try:
                with engines.writing(self.engine).begin() as connection:
                    self._write(connection, notes)
            except OperationalError as error:
                log.warning("requests of keys wait to be noted", waiting=len(notes), cause=str(error.orig))
                with self._starting:
                    self._waiting = deque([*notes, *self._waiting], maxlen=MOST_WAITING)
            except Exception:
                log.exception("requests of keys are not noted", lost=len(notes))

    def _write(self, connection: Connection, notes: Sequence[Note]) -> None:
        connection.execute(insert(KeyRequest.__table__), [vars(note) for note in notes])
        last = {note.key_id: note.at for note in notes}
        for key_id in sorted(last):
            _note_use(connection, key_id, last[key_id])
        self._since_trimmed.update(note.key_id for note in notes)
        for key_id, count in list(self._since_trimmed.items()):
            if count >= TRIM_AFTER:
                _trim(connection, key_id)
                del self._since_trimmed[key_id]


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for journal in list(_journals):
        journal.flush()


def _note_use(connection: Connection, key_id: int, at: datetime) -> None:
    """Remember that a key was used, at most once a minute."""
    table = ApiKey.__table__
    is_due = or_(table.c.used_at.is_(None), table.c.used_at <= at - USED_EVERY)
    connection.execute(update(table).where(table.c.id == key_id, is_due).values(used_at=at))


def _trim(connection: Connection, key_id: int) -> None:
    """Keep the newest of a key's requests."""
    table = KeyRequest.__table__
    mine = select(table.c.id).where(table.c.key_id == key_id).order_by(table.c.id.desc())
    oldest_kept = connection.execute(mine.offset(KEEP_ROWS - 1).limit(1)).scalar_one_or_none()
    if oldest_kept is not None:
        connection.execute(delete(table).where(table.c.key_id == key_id, table.c.id < oldest_kept))


def forget(engine: Engine) -> None:
    """Forget requests that are too old, or too many of one key."""
    table = KeyRequest.__table__
    with engines.writing(engine).begin() as connection:
        connection.execute(delete(table).where(table.c.at < datetime.now(UTC) - KEEP))
        many = select(table.c.key_id).group_by(table.c.key_id).having(func.count() > KEEP_ROWS)
        for key_id in connection.execute(many).scalars().all():
            _trim(connection, key_id)


# Around every request ----------------------------------------------------------------------------------------------


def register(app: Flask, engine: Engine) -> Journal:
    """Note what keys ask of this application."""
    journal = app.extensions["ventory.journal"] = Journal(engine)

    @app.after_request
    def look(response: Response) -> Response:
        asking = g.get("asking_key")
        if asking is not None:
            journal.note(_note(asking, response))
        return response

    return journal


def asks(row: Any) -> None:
    """Say which key the request came with, also when it is refused for being expired or revoked."""
    g.asking_key = (row.inventory_id, row.key_id)


def _note(asking: tuple[int, int], response: Response) -> Note:
    inventory_id, key_id = asking
    seconds = time.perf_counter() - g.started
    # Percent-encoded, a path is text that every database can hold, and that curl can send again.
    path = quote(without_keys(request.path), safe="/", errors="replace")
    return Note(
        inventory_id=inventory_id,
        key_id=key_id,
        at=datetime.now(UTC) - timedelta(seconds=seconds),
        method=request.method[:8],
        route=_ARGUMENT.sub(r"{\1}", str(request.url_rule or ""))[:200],
        path=path[:400],
        status=response.status_code,
        milliseconds=round(seconds * 1000),
        request_id=g.request_id,
        client=(request.remote_addr or "")[:64],
        code=g.get("problem_code", "") if response.status_code >= 400 else "",
    )
