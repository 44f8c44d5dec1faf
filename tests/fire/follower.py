"""The worker's reader of facts alone, as fast as it can, for tests that kill it. argv: database, twin or nothing"""

from __future__ import annotations

import sys
import time

from sqlalchemy import update

from ventory.db.engine import open_engine, writing
from ventory.db.outbox import OutboxReader
from ventory.processes import die_with_parent
from ventory.stock import facts
from ventory.worker import run
from ventory.worker.facts import Bookkeeper


def with_its_place_apart(engine) -> None:
    """A twin that must be caught: facts are committed first, the reader's place a moment later."""
    waits: list[int] = []
    real = facts.follow

    def follow(engine) -> int:
        count = real(engine)
        time.sleep(0.05)
        for seq in waits:
            with writing(engine).begin() as connection:
                connection.execute(update(OutboxReader.__table__).where(facts._reader.name == "facts").values(seq=seq))
        waits.clear()
        return count

    facts._move = lambda _connection, seq: waits.append(seq)
    facts.follow = follow


def main(url: str, twin: str) -> None:
    die_with_parent()
    facts.BATCH = 100  # many transactions, so that many moments can be hit
    engine = open_engine(url)
    if twin:
        with_its_place_apart(engine)
    bookkeeper = Bookkeeper(engine)
    print("ready", flush=True)
    while True:
        run.number(engine)
        bookkeeper._due_at = 0.0
        bookkeeper.step()
        time.sleep(0.005)


if __name__ == "__main__":
    main(*sys.argv[1:])
