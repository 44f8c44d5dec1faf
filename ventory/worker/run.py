"""The worker's one loop: number events, let each reader catch up, tidy up, wait to be woken."""

from __future__ import annotations

import fcntl
import math
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

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
# How long a mail server may take to answer.
MAIL_SECONDS = 30.0
# A part that fails rests, for so many times as long as it tried: the others have most of the worker meanwhile.
REST = 10
LONGEST_REST_SECONDS = 300.0
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
    # A mail server that takes the connection and says nothing would be waited for without end.
    socket.setdefaulttimeout(MAIL_SECONDS)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    work(config, engine, stop)


def work(config: Config, engine: Engine, stop: threading.Event) -> None:
    """Do the worker's parts in turn, as the only one of this data folder, until told to stop."""
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
        parts = [
            *(Part(reader.name, partial(deliver_all, engine, reader)) for reader in readers),
            Part("facts", bookkeeper.step),
            Part("seals", notary.step),
            Part("proofs", prover.step),
            Part("tidying", partial(_tidy_all, engine), every=TIDY_SECONDS),
            # The first sweep waits an hour: one after every start would list the whole storage each time.
            Part("sweep", partial(files.sweep, engine), every=SWEEP_SECONDS, due_at=time.monotonic() + TIDY_SECONDS),
        ]
        while not stop.is_set():
            try:
                busy = number(engine) > 0
            except Exception:
                log.exception("worker")  # the database is away: then no part can do anything
                stop.wait(1)
                continue
            if sum(part.step() for part in parts) or busy:
                stop.wait(BREATH_SECONDS)
            else:
                waiter.wait(stop, POLL_SECONDS)
        prover.close()
        waiter.close()


@dataclass
class Part:
    """What the worker does each round. One that fails rests, and holds up no other.

    do: returns whether there was anything to do
    every: seconds until it is due again, from its beginning
    """

    name: str
    do: Callable[[], Any]
    every: float = 0.0
    due_at: float = -math.inf

    def step(self) -> bool:
        """Do it when it is due. returns: whether there was anything to do"""
        began = time.monotonic()
        if began < self.due_at:
            return False
        self.due_at = began + self.every
        try:
            return bool(self.do())
        except Exception:
            log.exception("worker", part=self.name)
            now = time.monotonic()
            self.due_at = now + min(LONGEST_REST_SECONDS, max(1.0, REST * (now - began)))
            return False


def _tidy_all(engine: Engine) -> None:
    for each in (tidy, forget_attempts, seal_again, journal.forget, files.purge):
        each(engine)


def deliver_all(engine: Engine, reader: Reader) -> int:
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
