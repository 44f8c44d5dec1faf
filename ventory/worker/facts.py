"""Keeping the daily facts: derived once where there are none, then followed by the outbox, turned at midnight."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from ventory.db import engine as engines
from ventory.stock import facts

EVERY_SECONDS = 1.0
"""Events of a second are taken at once: taken one by one they would cost each posting as much again."""
PAUSE_SECONDS = 0.02
"""Between batches: whoever waits for SQLite's write lock looks for it every few milliseconds."""
LONGEST_SECONDS = 5.0
"""How long the worker's other readers may wait while many events are taken in."""


class Bookkeeper:
    """The reader `facts`. It keeps its own place, in the transaction that writes the facts."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._began = False
        self._stepped_at = 0.0

    def step(self) -> bool:
        """Do what is due. returns: whether there was anything"""
        if time.monotonic() - self._stepped_at < EVERY_SECONDS:
            return False
        self._stepped_at = time.monotonic()
        try:
            return self._catch_up()
        except facts.Overtaken:  # rebuilt meanwhile; what is still due is done the next time
            return True

    def _catch_up(self) -> bool:
        if not self._began:
            facts.begin(self.engine)
            self._began = True
        with engines.autocommit(self.engine).connect() as connection:
            underived = facts.underived(connection)
        for inventory_id in underived:
            facts.derive_in_steps(self.engine, inventory_id)
        turned = facts.turn_days(self.engine)
        taken = count = facts.follow(self.engine)
        while count == facts.BATCH and time.monotonic() - self._stepped_at < LONGEST_SECONDS:
            time.sleep(PAUSE_SECONDS)
            count = facts.follow(self.engine)
            taken += count
        if count == facts.BATCH:
            self._stepped_at = 0.0
        return bool(underived or turned or taken)
