"""Keeping the daily facts: derived once where there are none, then followed by the outbox, turned at midnight."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from ventory.db import engine as engines
from ventory.db.outbox import newest
from ventory.stock import facts

EVERY_SECONDS = 1.0
"""Events of a second are taken at once: taken one by one they would cost each posting as much again."""
PAUSE_SECONDS = 0.02
"""Between batches: whoever waits for SQLite's write lock looks for it every few milliseconds."""
LONGEST_SECONDS = 5.0
"""How long the worker's other readers may wait while many events are taken in."""
MOVES_EVERY_SECONDS = 5.0
"""How often it looks for items that came to another category; figures stay exact, but are summed from more."""
REST = 3
"""Times as long as it worked it rests while others post: figures stay exact, those who ask add what waits."""


class Bookkeeper:
    """The reader `facts`. It keeps its own place, in the transaction that writes the facts."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._others = Others(engine)
        self._began = False
        self._due_at = 0.0
        self._moves_due_at = 0.0
        self._may_have_moved = True

    def step(self) -> bool:
        """Do what is due. returns: whether there was anything"""
        began = time.monotonic()
        if began < self._due_at:
            return False
        self._due_at = began + EVERY_SECONDS
        try:
            return self._catch_up(began)
        except facts.Overtaken:  # rebuilt meanwhile; what is still due is done the next time
            return True

    def _catch_up(self, began: float) -> bool:
        if not self._began:
            facts.begin(self.engine)
            self._began = True
        with engines.autocommit(self.engine).connect() as connection:
            underived = facts.underived(connection)
        for inventory_id in underived:
            facts.derive_in_steps(self.engine, inventory_id)
        turned = facts.turn_days(self.engine)
        taken, count, rest = 0, facts.BATCH, 0.0
        while count == facts.BATCH and time.monotonic() - began < LONGEST_SECONDS:
            time.sleep(rest)
            started = time.monotonic()
            count = facts.follow(self.engine)
            rest = max(PAUSE_SECONDS, REST * (time.monotonic() - started) if self._others.post() else 0)
            taken += count
        self._may_have_moved |= bool(taken)
        self._move_facts()
        ended = time.monotonic()
        self._due_at = max(self._due_at, ended + rest) if count < facts.BATCH else ended + rest
        return bool(underived or turned or taken)

    def _move_facts(self) -> None:
        """Let facts follow their items to other categories, when something happened since it was last looked for."""
        now = time.monotonic()
        if self._may_have_moved and now >= self._moves_due_at:
            self._may_have_moved, self._moves_due_at = False, now + MOVES_EVERY_SECONDS
            facts.move_facts(self.engine)


class Others:
    """Whether others post: what the worker does beside them then rests in between."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._newest = 0

    def post(self) -> bool:
        """Whether events came since this was last asked."""
        with engines.autocommit(self.engine).connect() as connection:
            before, self._newest = self._newest, newest(connection)
        return self._newest != before
