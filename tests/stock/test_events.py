"""Events: none skipped, those of one balance in order, whatever else goes on in the server."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from tests.rounds import step
from ventory.core.errors import Shortage
from ventory.db import dialect
from ventory.db.engine import autocommit, writing
from ventory.db.outbox import OutboxReader, read
from ventory.worker.run import Reader, deliver, number

WRITES = 320


def collect(engine, stop: threading.Event, seen: list) -> None:
    """A reader that follows the sequence while others write."""
    place = 0
    while True:
        finished = stop.is_set()
        number(engine)
        with autocommit(engine).connect() as connection:
            events = read(connection, place)
        seen += events
        if events:
            place = events[-1].seq
        elif finished:
            return


def write_much(chain, engine, seen) -> None:
    stop = threading.Event()
    reader = threading.Thread(target=collect, args=(engine, stop, seen))
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: chain.restock(f"item{index % 6}", 1, ("LEEDS", "YORK")[index % 2]), range(WRITES)))
    stop.set()
    reader.join()


def is_whole_and_in_order(seen) -> bool:
    """Every movement once, and each balance's figures a chain from one event to the next."""
    changes = [event for event in seen if event.kind == "stock_changed"]
    if len({event.subject_id for event in changes}) != WRITES or len(changes) != WRITES:
        return False
    level: dict = defaultdict(Decimal)
    for event in changes:
        for balance in event.payload["balances"]:
            key = balance["item_id"], balance["place_id"]
            level[key] += Decimal(balance["change"])
            if level[key] != Decimal(balance["on_hand"]):
                return False
    return [event.seq for event in seen] == sorted({event.seq for event in seen})


@pytest.fixture
def shelves(chain):
    for index in range(6):
        chain.item(f"item{index}")
    return chain


def test_a_reader_misses_nothing_beside_long_transactions_and_a_busy_neighbour(shelves, engine, request):
    with long_transaction(engine), busy_neighbour(engine, request):
        seen: list = []
        write_much(shelves, engine, seen)
    assert is_whole_and_in_order(seen)


def test_the_proof_notices_a_reader_that_follows_ids(shelves, engine, monkeypatch):
    """Ids are taken before commit: with eight writers a reader that follows them skips some."""
    if engine.dialect.name == "sqlite":
        pytest.skip("with one writer at a time ids are the order of commits")
    monkeypatch.setattr(dialect.postgresql, "SEQUENCE", "id")
    real = dialect.postgresql.write_posting

    def slow_every_third(connection, *more):
        ids = real(connection, *more)
        if ids[0] % 3 == 0:
            connection.exec_driver_sql("SELECT pg_sleep(0.01)")
        return ids

    monkeypatch.setattr(dialect.postgresql, "write_posting", slow_every_third)
    seen: list = []
    write_much(shelves, engine, seen)
    assert not is_whole_and_in_order(seen)


class long_transaction:
    """Somebody who began to write and thinks about it (PostgreSQL), or reads for long (SQLite)."""

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        bound = writing(self.engine) if self.engine.dialect.name == "postgresql" else self.engine
        self.connection = bound.connect()
        if self.engine.dialect.name == "postgresql":
            self.connection.execute(text("SELECT txid_current()"))
        else:
            self.connection.execute(text("SELECT count(*) FROM movement"))

    def __exit__(self, *_):
        self.connection.close()


class busy_neighbour:
    """Another database on the same server that takes transaction ids all the time."""

    def __init__(self, engine, request):
        self.server = request.getfixturevalue("postgresql")[0] if engine.dialect.name == "postgresql" else None

    def __enter__(self):
        self.stop = threading.Event()
        self.thread = None
        if self.server:
            self.thread = threading.Thread(target=self.work)
            self.thread.start()

    def work(self):
        import psycopg

        with psycopg.connect(self.server.admin, autocommit=True) as connection:
            while not self.stop.is_set():
                connection.execute("SELECT txid_current()")

    def __exit__(self, *_):
        self.stop.set()
        if self.thread:
            self.thread.join()


def test_a_refused_movement_leaves_no_event(chain, engine):
    chain.item("tea", stock=1)
    number(engine)
    with autocommit(engine).connect() as connection:
        before = read(connection, 0)

    with pytest.raises(Shortage):
        chain.move("sale", ("tea", 2))

    number(engine)
    with autocommit(engine).connect() as connection:
        assert read(connection, 0) == before


def test_a_reader_that_fails_gets_the_same_events_again(chain, engine):
    chain.item("tea", stock=5)
    number(engine)
    heard: list = []

    def refuse(_connection, events):
        heard.append([event.seq for event in events])
        raise ConnectionError("the mail server is away")

    with pytest.raises(ConnectionError):
        deliver(engine, Reader("mail", refuse))
    with pytest.raises(ConnectionError):
        deliver(engine, Reader("mail", refuse))

    assert heard[0] == heard[1] != []


def test_every_reader_keeps_its_own_place(chain, engine):
    chain.item("tea", stock=5)
    first: list = []
    second: list = []
    readers = [Reader("one", lambda _, events: first.extend(events)), Reader("two", lambda _, e: second.extend(e))]

    while step(engine, readers):
        pass

    assert sorted(event.kind for event in first) == ["item_changed", "stock_changed"]
    assert first == second


def test_a_reader_of_one_kind_gets_that_kind_and_passes_the_rest(chain, engine, monkeypatch):
    from ventory.worker import run

    monkeypatch.setattr(run, "STRIDE", 3)
    heard: list = []
    reader = Reader("low", lambda _, events: heard.extend(events), ("ran_low",))
    chain.item("tea", stock=10, reorder_point=5)
    for _ in range(8):
        chain.move("sale", ("tea", 1))

    while step(engine, [reader]):
        pass

    assert [event.kind for event in heard] == ["ran_low"]
    with autocommit(engine).connect() as connection:
        place = connection.execute(select(OutboxReader.seq).where(OutboxReader.name == "low")).scalar_one()
        behind = read(connection, place)
    assert len(behind) < 3
    assert heard[0].seq <= place


def test_a_posting_wakes_the_waiting_worker(chain, engine):
    """The call went out in a transaction that was rolled back, and nobody missed it: the worker polls as well."""
    if engine.dialect.name == "sqlite":
        pytest.skip("readers of SQLite poll")
    waiter, stop, woken = dialect.postgresql.Waiter(engine), threading.Event(), threading.Event()
    waiter.wait(stop, 0.01)  # listens from here on
    waiting = threading.Thread(target=lambda: (waiter.wait(stop, 20), woken.set()))
    waiting.start()

    chain.item("tea", stock=5)

    assert woken.wait(10)
    waiting.join()
    waiter.close()
