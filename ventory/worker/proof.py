"""Sealing now and then, and proving: each night, and whenever somebody asks for it."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, Engine, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from ventory.blueprints.proof.models import FAILED, RUNNING, STOPPED, WAITING, ProofRun
from ventory.config import Config
from ventory.db import engine as engines
from ventory.processes import die_with_parent
from ventory.stock.sealed import SealKey
from ventory.stock.seals import MOST_ROWS, CannotSeal, Heads, Sealer, waiting
from ventory.worker.facts import Others
from ventory.worker.proving import WORKER_STOPPED, said

log = structlog.get_logger(__name__)
EVERY_SECONDS = 60.0
SLICE_SECONDS = 0.3
"""How long the worker seals at once; its other readers and those who post come in between."""
REST = 3
"""Times as long as it sealed it rests while others post and there is more."""
LOOK_SECONDS = 1.0
NIGHT_SECONDS = 60.0
LOST = timedelta(minutes=2)
"""A run of which nothing was heard for so long has lost its worker."""

_run = ProofRun.__table__.c


class Notary:
    """Seals what waits, in slices."""

    def __init__(self, engine: Engine, config: Config):
        self._sealer = Sealer(engine, SealKey(config.seal_key), Heads(config.home))
        self._others = Others(engine)
        self._due_at = 0.0

    def step(self) -> bool:
        """Do what is due. returns: whether there is more"""
        began = time.monotonic()
        if began < self._due_at:
            return False
        self._due_at = began + EVERY_SECONDS
        try:
            count = self._sealer.seal(until=began + SLICE_SECONDS)
        except CannotSeal as refusal:
            log.error("not sealed", reason=str(refusal))
            return False
        ended = time.monotonic()
        is_cut = ended >= began + SLICE_SECONDS
        if is_cut:
            self._due_at = ended + (REST * (ended - began) if self._others.post() else 0)
        if count:
            heads = {each: head.seal for each, head in self._sealer.heads.read().items()}
            log.info("sealed", rows=count, seals=heads)
        return is_cut


class Prover:
    """Has the proofs done that were asked for, one at a time.

    Each in a process of its own (worker/proving), which gives back the memory of a large chain's figures (400 MB of a
    million balances), takes no turn from the worker's loop and yields to those who sell.
    """

    def __init__(self, engine: Engine, config: Config):
        self.engine, self.verify_at = engine, config.verify_at
        self._process: subprocess.Popen | None = None
        self._run_id = 0
        self._looked_at = self._night_at = float("-inf")

    def step(self) -> None:
        """Begin the next run when it is time and none is under way."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS or (self._process is not None and self._process.poll() is None):
            return
        self._looked_at = now
        if now - self._night_at >= NIGHT_SECONDS:
            self._night_at = now
            self.give_up_lost()
            self.ask_for_the_night()
        found = self.claim()
        if found is not None:
            self._run_id = found[0]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ventory", "prove", *map(str, found)],
                preexec_fn=die_with_parent,
                stdin=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """Stop what runs."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._give_up(_run.id == self._run_id, STOPPED, WORKER_STOPPED)

    def claim(self) -> tuple[int, int] | None:
        """Take the run that waited longest. returns: its id and inventory; another worker may have been faster"""
        with engines.autocommit(self.engine).connect() as connection:
            waiting = select(_run.id, _run.inventory_id).where(_run.state == WAITING).order_by(_run.id).limit(1)
            row = connection.execute(waiting).one_or_none()
        if row is None:
            return None
        now = datetime.now(UTC)
        with engines.writing(self.engine).begin() as connection:
            mine = update(ProofRun.__table__).where(_run.id == row.id, _run.state == WAITING)
            done = connection.execute(mine.values(state=RUNNING, began_at=now, seen_at=now)).rowcount
        return (row.id, row.inventory_id) if done else None

    def give_up_lost(self) -> None:
        """End the runs whose worker is gone, so that others can begin."""
        self._give_up(_run.seen_at < datetime.now(UTC) - LOST, FAILED, "The worker ended before it did.")

    def _give_up(self, which: ColumnElement[bool], state: str, reason: str) -> None:
        ended = {"state": state, "ended_at": datetime.now(UTC), "findings": said(reason)}
        with engines.writing(self.engine).begin() as connection:
            connection.execute(update(ProofRun.__table__).where(_run.state == RUNNING, which).values(ended))

    def ask_for_the_night(self, now: datetime | None = None) -> None:
        """Ask for each inventory's run of the night once its hour has come, and for its very first at once."""
        if self.verify_at is None:
            return
        moment = now or datetime.now(UTC)
        with engines.autocommit(self.engine).connect() as connection:
            inventories = connection.execute(_ACTIVE).all()
            nightly = select(_run.inventory_id, func.max(_run.asked_at)).where(_run.asked_by_id.is_(None))
            last = dict(connection.execute(nightly.group_by(_run.inventory_id)).all())
            # The very first shows what is sealed, so it waits until most of it is.
            unsealed = {row.id for row in inventories if row.id not in last and waiting(connection, row.id) > MOST_ROWS}
        for inventory_id, zone in inventories:
            if inventory_id not in unsealed and _is_due(moment, ZoneInfo(zone), self.verify_at, last.get(inventory_id)):
                self._ask(inventory_id, moment)

    def _ask(self, inventory_id: int, now: datetime) -> None:
        run = {"inventory_id": inventory_id, "asked_at": now, "state": WAITING, "is_unwanted": False, "findings": "[]"}
        figures = ("lines", "lines_done", "sealed", "sealed_done", "balances", "facts", "differences")
        try:
            with engines.writing(self.engine).begin() as connection:
                connection.execute(insert(ProofRun.__table__).values(run | dict.fromkeys(figures, 0)))
        except IntegrityError:
            log.info("proof waits", inventory=inventory_id)  # somebody has asked for one; that is as good


_ACTIVE = text(
    "SELECT i.id, i.time_zone FROM inventory i JOIN derived_inventory d ON d.inventory_id = i.id"
    " WHERE i.archived_at IS NULL ORDER BY i.id"
)


def _is_due(now: datetime, zone: ZoneInfo, verify_at: timedelta, last: datetime | None) -> bool:
    """Whether a night's run is due. last: when the one before was asked for"""
    if last is None:
        return True
    local = now.astimezone(zone)
    hour = local.replace(hour=0, minute=0, second=0, microsecond=0) + verify_at
    return hour <= local and last < hour
