"""The worker dies at any moment while many write: facts and what waits behind them are the ledger, at every look."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.chain import asked
from tests.days import today
from tests.fire.servers import ROOT
from ventory.blueprints.analytics.queries import Books, Scope
from ventory.blueprints.stock.service import RecordMovement, ReverseMovement, record, reverse
from ventory.core.errors import VentoryError
from ventory.db.engine import reading
from ventory.db.scope import scope as within
from ventory.models import Movement
from ventory.stock import facts
from ventory.stock.verify import verify

SKUS = [f"item{number}" for number in range(6)]
SECONDS, WRITERS = 300, 3


def follower(url: str, twin: str = "") -> subprocess.Popen:
    """A worker that is about to take its first step."""
    command = [sys.executable, "-m", "tests.fire.follower", url, twin]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


@contextmanager
def writers(chain):
    """Sell, return, transfer and reverse, now and back-dated, until the block ends."""
    stop = threading.Event()

    def write(seed: int) -> None:
        dice = random.Random(seed)
        while not stop.is_set():
            time.sleep(0.03)
            kind = dice.choice(("sale", "sale", "return", "adjustment", "transfer"))
            lines = [(dice.choice(SKUS), dice.randint(1, 5), "LEEDS", "YORK" if kind == "transfer" else None)]
            when = datetime.now(UTC) - timedelta(days=dice.choice((0, 0, 0, 1, 40)), seconds=dice.randint(0, 900))
            try:
                done = record(RecordMovement(movement=asked(kind, *lines, occurred_at=when), by=chain.owner))
                if dice.random() < 0.2:
                    reverse(ReverseMovement(movement_id=done.id, by=chain.owner))
            except VentoryError:
                continue

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def told_by(chain, engine) -> tuple[dict, dict, bool]:
    """Figures by facts and what waits, the same by every line in the same view, and whether there are facts."""
    first = today() - timedelta(days=89)
    with within(Session(reading(engine)), chain.inventory_id) as session:
        books = Books(session, Scope(chain.owner))
        ids = session.execute(select(Movement.id)).scalars().all()
        kinds, places = facts.places_of(session.connection(), chain.inventory_id)
        lines = facts.seen(session.connection(), ids, kinds, places)
        days, sold = defaultdict(Decimal), defaultdict(Decimal)
        for each in lines:
            days[each.entry.business_date, each.entry.flow] += each.entry.quantity
            if each.entry.business_date >= first and each.entry.flow in ("sold", "returned"):
                sold[each.item_id] += each.entry.quantity * (1 if each.entry.flow == "sold" else -1)
        by_facts = {
            "days": {
                (day, name): getattr(row, name)
                for day, row in books.per_day(first).items()
                for name in facts.FLOWS
                if getattr(row, name)
            },
            "stock": books.on_hand,
            "sold": [(row.item_id, row.sold) for row in books.most_sold(first, today(), 10)],
        }
        ranked = sorted((-amount, item) for item, amount in sold.items() if amount > 0)
        by_ledger = {
            "days": {key: quantity for key, quantity in days.items() if quantity},
            "stock": sum(each.entry.change for each in lines),
            "sold": [(item, -amount) for amount, item in ranked],
        }
        return by_facts, by_ledger, books.state is not None


def stocked(chain) -> None:
    for sku in SKUS:
        chain.item(sku, stock=10_000)
        chain.restock(sku, 10, "YORK")


def test_a_worker_that_is_killed_at_any_moment_leaves_facts_and_tail_whole(chain, engine, database_url):
    stocked(chain)
    dice, kills, looks = random.Random(4), 0, 0
    worker = follower(database_url)
    while not told_by(chain, engine)[2]:
        time.sleep(0.05)
    with writers(chain):
        ends = time.monotonic() + SECONDS
        while (kills < 6 or looks < 15) and time.monotonic() < ends:
            dies = time.monotonic() + dice.uniform(0.02, 0.9)
            while time.monotonic() < dies:
                by_facts, by_ledger, has_facts = told_by(chain, engine)
                assert by_facts == by_ledger
                looks += has_facts
            worker.kill()
            worker.wait()
            kills += 1
            worker = follower(database_url)
    worker.kill()
    worker.wait()

    assert kills >= 6
    assert looks >= 15
    with reading(engine).connect() as connection:
        report = verify(connection)
    assert report.differences == ()
    assert report.facts > 10


def test_the_proof_notices_a_reader_that_keeps_its_place_apart(chain, engine, database_url):
    stocked(chain)
    worker = follower(database_url, "with_its_place_apart")
    while not told_by(chain, engine)[2]:
        time.sleep(0.05)
    caught = False
    with writers(chain):
        ends = time.monotonic() + 20
        while not caught and time.monotonic() < ends:
            by_facts, by_ledger, _ = told_by(chain, engine)
            caught = by_facts != by_ledger
    worker.kill()
    worker.wait()

    assert caught
