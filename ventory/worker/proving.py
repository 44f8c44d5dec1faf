"""One run of the proof: done in a process of its own, with what is written down of it meanwhile and at its end."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine, select, update

from ventory.blueprints.proof.models import DONE, FAILED, STOPPED, ProofRun
from ventory.config import Config
from ventory.db import engine as engines
from ventory.stock.chain import Broken
from ventory.stock.proof import Proof, prove
from ventory.stock.sealed import SealKey
from ventory.stock.seals import Heads, newest_block
from ventory.stock.verify import Difference, count_of_lines

log = structlog.get_logger(__name__)
TOLD_SECONDS = 0.5
NICENESS = 10
"""Of the process that proves: whoever sells goes first."""
MOST_FINDINGS = 200
"""Differences that a run keeps in full; all are counted, `ventory verify` prints all."""
WORKER_STOPPED = "The worker was stopped."

_run = ProofRun.__table__.c


class Unwanted(Exception):
    """Somebody asked for the run to be stopped, or the worker ends."""


class Proving:
    """A run that the worker took. run_id, inventory_id: its row's"""

    def __init__(self, engine: Engine, config: Config, run_id: int, inventory_id: int):
        self.engine, self.run_id, self.inventory_id = engine, run_id, inventory_id
        self.key, self.heads = SealKey(config.seal_key), Heads(config.home)
        self._stop = threading.Event()
        self._done = {"lines_done": 0, "sealed_done": 0}
        self._told_at = time.monotonic()

    def run_alone(self) -> None:
        """Do it in this process, until it is told to stop."""
        os.nice(NICENESS)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self.run()

    def run(self) -> None:
        """Prove the inventory and write down what came of it."""
        try:
            with engines.reading(self.engine).connect() as connection:
                newest = newest_block(connection, self.inventory_id)
                lines, sealed = count_of_lines(connection, self.inventory_id), newest.total if newest else 0
                self._write(lines=lines, sealed=sealed)
                heads = self.heads.read()
                found = prove(connection, self.key, heads, self.inventory_id, self._told_sealed, self._told_lines)
        except Unwanted:
            self._end(STOPPED, findings=said(WORKER_STOPPED if self._stop.is_set() else None))
        except Exception:
            log.exception("proof")
            self._end(FAILED, findings=said("The check broke off; the worker's log says why."))
        else:
            self._end(DONE, **_outcome(found))

    def _told_lines(self, more: int) -> None:
        self._told("lines_done", more)

    def _told_sealed(self, more: int) -> None:
        self._told("sealed_done", more)

    def _told(self, name: str, more: int) -> None:
        """Write down how far it came, now and then, and hear whether it is still wanted."""
        self._done[name] += more
        if time.monotonic() - self._told_at < TOLD_SECONDS:
            return
        if self._is_unwanted():
            raise Unwanted
        self._write(seen_at=datetime.now(UTC), **self._done)
        self._told_at = time.monotonic()

    def _is_unwanted(self) -> bool:
        if self._stop.is_set():
            return True
        with engines.autocommit(self.engine).connect() as connection:
            return bool(connection.execute(select(_run.is_unwanted).where(_run.id == self.run_id)).scalar_one())

    def _end(self, state: str, **values) -> None:
        now = datetime.now(UTC)
        self._write(state=state, ended_at=now, seen_at=now, **values)
        log.info("proof", run=self.run_id, state=state, differences=values.get("differences"))

    def _write(self, **values) -> None:
        with engines.writing(self.engine).begin() as connection:
            connection.execute(update(ProofRun.__table__).where(_run.id == self.run_id).values(**values))


def said(reason: str | None) -> str:
    """The findings of a run that did not come to its end: why, if there is anything to say."""
    return json.dumps([{"text": reason}] if reason else [])


def _outcome(found: Proof) -> dict:
    return {
        "lines": found.lines,
        "lines_done": found.lines,
        "sealed": found.rows,
        "sealed_done": found.rows,
        "balances": found.balances,
        "facts": found.facts,
        "differences": len(found.differences),
        "findings": json.dumps([_shown(each) for each in found.differences[:MOST_FINDINGS]]),
        "seal": found.chains[0].head if found.chains else None,
    }


def _shown(found: Broken | Difference) -> dict:
    """A difference as the page shows it, with what it can link to."""
    if isinstance(found, Difference):
        return {"text": str(found), "item_id": found.item_id, "place_id": found.place_id}
    return {"text": str(found), "table": found.table, "id": found.id}
