"""The worker's one loop: number events, let each reader catch up, tidy up, wait to be woken."""

from __future__ import annotations

import fcntl
import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from ventory.blueprints.accounts import codes
from ventory.blueprints.auth import factors
from ventory.blueprints.keys import journal
from ventory.config import Config
from ventory.core.events import FileForgotten, Sequenced
from ventory.db import dialect
from ventory.db import engine as engines
from ventory.db.attempts import AttemptCount
from ventory.db.once import KeptAnswer
from ventory.db.outbox import Outbox, OutboxReader, newest, place_of, read
from ventory.models import EmailCode
from ventory.web import logs
from ventory.worker import files, mail
from ventory.worker.facts import Bookkeeper
from ventory.worker.proof import Notary, Prover

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
# While writers are busy, events are taken in handfuls: without a breath the worker numbered two or three at a time and
# took a tenth of the machine from them.
BREATH_SECONDS = 0.1
TIDY_SECONDS = 3600
SWEEP_SECONDS = 86_400
KEEP = timedelta(days=7)
MOST_KEPT = 100_000
"""Answers that one inventory may have kept, the newest: somebody who sends a million keys fills no disk."""
BATCH = 200
STRIDE = 1_000  # events that were not for a reader before its place is written again: each time is a commit


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the outbox.

    deliver: gets the next events in order; may get the same ones again after a crash, so it must bear repeats
    kinds: of event, None for all; reading every sale for a mail a day took a seventh of a batch's time
    """

    name: str
    deliver: Callable[[Connection, Sequence[Sequenced]], None]
    kinds: tuple[str, ...] | None = None


def run(config: Config, engine: Engine) -> None:
    """Work until told to stop (SIGTERM or SIGINT)."""
    logs.configure(config.home, is_loud=config.is_production)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with only_one(config.home, stop):
        factors.bind((config.secret_key, *config.secret_key_fallbacks))
        readers = [
            Reader("mail", mail.Postman(config).deliver, mail.KINDS),
            Reader("files", files.forget, (FileForgotten.kind,)),
        ]
        bookkeeper = Bookkeeper(engine)
        notary = Notary(engine, config)
        prover = Prover(engine, config)
        waiter = dialect.of(engine).Waiter(engine)
        tidied_at = -math.inf
        # The first sweep waits an hour: one after every start would list the whole storage each time.
        swept_at = time.monotonic() - SWEEP_SECONDS + TIDY_SECONDS
        while not stop.is_set():
            try:
                busy = step(engine, readers)
                busy = bookkeeper.step() or busy
                busy = notary.step() or busy
                prover.step()
                if time.monotonic() - tidied_at > TIDY_SECONDS:
                    tidy(engine)
                    forget_attempts(engine)
                    seal_again(engine)
                    journal.forget(engine)
                    files.purge(engine)
                    tidied_at = time.monotonic()
                if time.monotonic() - swept_at > SWEEP_SECONDS:
                    swept_at = time.monotonic()
                    files.sweep(engine)
            except Exception:
                log.exception("worker")
                busy = False
                stop.wait(1)
            if busy:
                stop.wait(BREATH_SECONDS)
            else:
                waiter.wait(stop, POLL_SECONDS)
        prover.close()
        waiter.close()


def step(engine: Engine, readers: Sequence[Reader]) -> bool:
    """Number what was committed, then let every reader take what waits for it. returns: whether anything was done"""
    numbered = number(engine)
    delivered = [_deliver_all(engine, reader) for reader in readers]
    return bool(numbered) or any(delivered)


def _deliver_all(engine: Engine, reader: Reader) -> int:
    done = count = deliver(engine, reader)
    while count == BATCH:
        count = deliver(engine, reader)
        done += count
    return done


def number(engine: Engine) -> int:
    """Give committed events their place in the sequence. returns: how many"""
    with engines.writing(engine).begin() as connection:
        return dialect.of(connection).number_events(connection)


def deliver(engine: Engine, reader: Reader) -> int:
    """Hand a reader its next batch and remember how far it came. returns: how many events

    The place is written after the delivery: a crash in between repeats a batch, it never loses one.
    """
    place = OutboxReader.__table__
    with engines.autocommit(engine).connect() as connection:
        done = connection.execute(select(place.c.seq).where(place.c.name == reader.name)).scalar_one_or_none()
        last = newest(connection)
        events = read(connection, done or 0, BATCH, until=last, kinds=reader.kinds)
        if events:
            reader.deliver(connection, events)
        elif last - (done or 0) < STRIDE:
            return 0
    seq = events[-1].seq if len(events) == BATCH else last
    with engines.writing(engine).begin() as connection:
        if done is None:
            connection.execute(insert(place).values(name=reader.name, seq=seq))
        else:
            connection.execute(update(place).where(place.c.name == reader.name).values(seq=seq))
    return len(events)


def tidy(engine: Engine) -> None:
    """Forget answers and events that nobody can ask for any more; the last event stays, the sequence grows from it.

    And let the database count what is in its tables.
    """
    old = datetime.now(UTC) - KEEP
    outbox, place = Outbox.__table__, OutboxReader.__table__
    with engines.writing(engine).begin() as connection:
        connection.execute(delete(KeptAnswer.__table__).where(KeptAnswer.__table__.c.created_at < old))
        _forget_the_most(connection)
        seq = place_of(connection)
        slowest = connection.execute(select(func.min(place.c.seq))).scalar_one_or_none()
        if slowest is not None:
            connection.execute(delete(outbox).where(seq < slowest, outbox.c.created_at < old))
        dialect.of(connection).tend(connection)


def _forget_the_most(connection: Connection) -> None:
    """Forget the oldest answers of an inventory that had more kept than it may."""
    kept = KeptAnswer.__table__.c
    too_many = select(kept.inventory_id).group_by(kept.inventory_id).having(func.count() > MOST_KEPT)
    for inventory_id in connection.execute(too_many).scalars().all():
        mine = kept.inventory_id == inventory_id
        newest_first = select(kept.created_at).where(mine).order_by(kept.created_at.desc())
        last = connection.execute(newest_first.offset(MOST_KEPT).limit(1)).scalar_one()
        connection.execute(delete(KeptAnswer.__table__).where(mine, kept.created_at <= last))


def forget_attempts(engine: Engine) -> None:
    """Forget codes and counted tries that are over, and with them addresses that were never proven."""
    now = datetime.now(UTC)
    code, tried = EmailCode.__table__, AttemptCount.__table__
    with engines.writing(engine).begin() as connection:
        connection.execute(delete(code).where(code.c.created_at < now - codes.KEEP))
        connection.execute(delete(tried).where(tried.c.began_at < now - codes.KEEP))


def seal_again(engine: Engine) -> None:
    """Seal second factors with the newest secret, so that the one before can be taken out of the settings."""
    with Session(engines.writing(engine)) as session, session.begin():
        factors.seal_again(session)


class only_one:
    """Hold the data folder's worker lock; a second worker waits until the first ends, or until it is told to stop."""

    def __init__(self, home: Path, stop: threading.Event):
        self.path, self.stop = home / "worker.lock", stop

    def __enter__(self) -> None:
        self.handle = self.path.open("w")
        # A blocking flock would start again after SIGTERM and never hear it.
        while not self.stop.is_set():
            try:
                fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                self.stop.wait(POLL_SECONDS)

    def __exit__(self, *_error) -> None:
        self.handle.close()
