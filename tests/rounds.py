"""A round of the worker's readers, which raises what a reader raises."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from ventory.worker.run import Reader, deliver_all, number


def step(engine: Engine, readers: Sequence[Reader]) -> bool:
    """Number what was committed, then let every reader take what waits for it. returns: whether anything was done"""
    numbered = number(engine)
    delivered = [deliver_all(engine, reader) for reader in readers]
    return bool(numbered) or any(delivered)
