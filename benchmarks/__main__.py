"""`make bench`: a real PostgreSQL with fsync, real server processes, a table and var/bench.json.

python -m benchmarks [--sizes 10000:1000:10,…] [--seconds 5]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg

from benchmarks import chain, load
from tests import postgres
from ventory.db import migrate, unit_of_work
from ventory.db.engine import open_engine, reading
from ventory.processes import die_with_parent
from ventory.stock.proof import prove
from ventory.stock.sealed import SealKey
from ventory.stock.seals import Heads, Sealer

ROOT = Path(__file__).resolve().parents[1]
BATCH, GOODS_A_BATCH = 1_000, 250
ROUNDS = 5
SEAL_KEY = "k" * 40
SIZES = "10000:250:10,1000000:10000:10,5000000:50000:20"
RAW = """\\set item random(1, 10000)
\\set place random(1, 10)
BEGIN;
INSERT INTO raw_movement (item_id, place_id, quantity, at) VALUES (:item, :place, 5, now());
UPDATE raw_balance SET on_hand = on_hand + 5 WHERE place_id = :place AND item_id = :item;
COMMIT;
"""


def raw_rate(server: postgres.Server, clients: int, seconds: float) -> float:
    """Transactions a second of a bare insert and update by pgbench, durable, prepared."""
    with psycopg.connect(server.admin, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS raw_movement (id bigserial PRIMARY KEY, item_id int, place_id int,"
            " quantity numeric, at timestamptz)"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS raw_balance (place_id int, item_id int, on_hand numeric,"
            " PRIMARY KEY (place_id, item_id))"
        )
        connection.execute(
            "INSERT INTO raw_balance SELECT p, i, 0 FROM generate_series(1, 10) p, generate_series(1, 10000) i"
            " ON CONFLICT DO NOTHING"
        )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(RAW)
        script.flush()
        os.chmod(script.name, 0o644)
        done = subprocess.run(
            [
                server.binaries / "pgbench",
                "-n",
                "-M",
                "prepared",
                "-c",
                str(clients),
                "-j",
                "2",
                "-T",
                str(int(seconds)),
                "-f",
                script.name,
                server.admin,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))


@contextlib.contextmanager
def service(url: str, home: Path):
    """The whole service as `ventory serve` runs it from requirements.txt. yields: port, seconds to ready, process"""
    port = postgres._free_port()
    environ = os.environ | {
        "VENTORY_HOME": str(home),
        "SQLALCHEMY_DATABASE_URI": url,
        "PORT": str(port),
        "SEAL_KEY": SEAL_KEY,
        "VERIFY_AT": "never",  # the very first proof comes at once; it is measured by itself
        "PYTHONPATH": str(ROOT / "benchmarks" / "as_installed"),
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ventory", "serve"],
        cwd=ROOT,
        env=environ,
        preexec_fn=die_with_parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.02)
            assert process.poll() is None, "the service ended"
        yield port, time.perf_counter() - started, process
    finally:
        process.terminate()
        process.wait(30)


def memory(process: subprocess.Popen) -> tuple[float, float]:
    """Resident and proportional memory of the service's processes, MB."""
    import psutil  # type: ignore[import-untyped]

    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    whole = [each.memory_full_info() for each in family]
    return sum(each.rss for each in whole) / 1e6, sum(each.pss for each in whole) / 1e6


def sign_in(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"email": chain.EMAIL, "password": chain.PASSWORD})
    connection.request("POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["access_token"]


def calls(items: list[int], stores: list[int]):
    """What is asked, by name: a function from dice and the client's number to a call."""

    def batch(dice, number):
        """A till's day: its own store, five lines a movement."""
        store = stores[number % len(stores)]
        # As many goods whatever the size: a small chain has no more.
        goods = dice.sample(items, min(len(items), GOODS_A_BATCH))
        lines = [{"item_id": dice.choice(goods), "store": store, "change": 1} for _ in range(BATCH)]
        movements = [{"kind": "adjustment", "lines": lines[start : start + 5]} for start in range(0, BATCH, 5)]
        return "POST", "/api/v1/movements/batch", {"movements": movements}, False

    def restock(dice, _number):
        body = {"quantity": 5, "store": dice.choice(stores), "unit_cost": "2.50"}
        return "POST", f"/api/products/{dice.choice(items)}/restock", body, True

    sellers = items[: chain.sellers(len(items))]

    def read(path):
        """Of the goods that sell, so that a stock card is a page at every size."""
        return lambda dice, _number: (
            "GET",
            path.format(item=dice.choice(sellers), store=dice.choice(stores)),
            None,
            False,
        )

    # Reads first: after a minute of writing, the worker's catching up and dead rows would be measured with them.
    return {
        "list of 50": read("/api/products?limit=50"),
        "product": read("/api/products/{item}"),
        # As many rows as a store of the small chain has.
        "low-stock": read("/api/products/low-stock?store_id={store}&limit=5"),
        "restock log": read("/api/restocks?limit=50"),
        "movements": read("/api/v1/movements?store_id={store}"),
        "stock card": read("/api/v1/stock/{store}/items/{item}/card"),
        "analytics 30 days": read("/api/products/analytics?days=30"),
        "restock": restock,
        "batch": batch,
    }


def measure(server, lines: int, items: int, stores: int, seconds: float) -> dict:
    name = server.create()
    url = server.address(name)
    engine = open_engine(url)
    migrate.upgrade(engine)
    unit_of_work.bind(engine)
    started = time.perf_counter()
    chain.build(lines, items, stores)
    figures = {"lines": lines, "loaded_lines_per_second": lines / (time.perf_counter() - started)}
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        item_ids = [row[0] for row in connection.execute("SELECT id FROM item ORDER BY id")]
        store_ids = [row[0] for row in connection.execute("SELECT id FROM store")]
    with tempfile.TemporaryDirectory() as folder:
        figures |= proving(engine, Path(folder))
        engine.dispose()
        figures |= serving(server, url, Path(folder), calls(item_ids, store_ids), seconds)
    server.drop(name)
    return figures


def proving(engine, home: Path) -> dict:
    """Rates of sealing everything, and of proving it."""
    key, heads = SealKey(SEAL_KEY), Heads(home)
    started = time.perf_counter()
    count = Sealer(engine, key, heads).seal()
    sealed = time.perf_counter()
    with reading(engine).connect() as connection:
        found = prove(connection, key, heads.read())
    taken = time.perf_counter() - sealed
    assert found.differences == ()
    return {
        "sealed_rows_per_second": count / (sealed - started),
        "verify_lines_per_second": found.lines / taken,
        "verify_rows_per_second": (found.lines + found.rows) / taken,
    }


def serving(server, url: str, home: Path, wanted: dict, seconds: float) -> dict:
    """What the whole service takes at rest, and how fast it answers."""
    figures: dict = {"p95_ms": {}}
    with service(url, home) as (port, ready, process):
        figures["ready_seconds"] = ready
        token = sign_in(port)
        time.sleep(2)
        figures["memory_rss_mb"], figures["memory_pss_mb"] = memory(process)
        for what, make in wanted.items():
            load.rate(port, token, 8, seconds / 5, make)  # statements get prepared
            if what in ("restock", "batch"):
                figures |= beside_raw(server, what, 8, seconds, partial(load.rate, port, token, make=make))
            else:
                figures[what], _ = load.rate(port, token, 8, seconds, make)
            # By one caller: with eight on two cores a p95 says more about queueing than about the database's size.
            _, figures["p95_ms"][what] = load.rate(port, token, 1, seconds, make)
        crowd = partial(load.rate, port, token, make=wanted["restock"])
        figures |= beside_raw(server, "restock, 64 clients", 64, seconds, crowd)
        figures |= while_others_sign_in(port, token, seconds)
    return figures


def beside_raw(server, what: str, clients: int, seconds: float, ask: Callable[..., tuple[float, float]]) -> dict:
    """A rate and the raw limit in turn, and the medians of both and of their ratio: machines change their speed.

    ask: (clients, seconds) → rate and p95
    """
    found = []
    for _ in range(ROUNDS):
        raw = raw_rate(server, clients, max(2, seconds / 2))
        rate, _ = ask(clients=clients, seconds=seconds)
        found.append((rate, raw, rate / raw))
    rate, raw, ratio = (statistics.median(each) for each in zip(*found, strict=True))
    return {what: rate, f"{what}: raw": raw, f"{what}: ratio": ratio}


def while_others_sign_in(port: int, token: str, seconds: float) -> dict:
    """The p99 of a list without and with eight who sign in all the time, in milliseconds; medians of three rounds."""
    call = ("GET", "/api/products?limit=20", None, False)
    sign_ins = ("POST", "/api/v1/auth/login", {"email": chain.EMAIL, "password": chain.PASSWORD}, False)
    before, during, rates = [], [], []
    for _ in range(3):
        before.append(load.now_and_then(port, token, seconds, call))
        with ThreadPoolExecutor(1) as pool:
            storm = pool.submit(load.rate, port, token, 8, seconds + 1, lambda _dice, _number: sign_ins)
            time.sleep(0.5)
            during.append(load.now_and_then(port, token, seconds, call))
            rates.append(storm.result()[0])
    found = [statistics.median(each) for each in (before, during, rates)]
    return dict(zip(("list p99", "list p99, sign-ins", "sign-ins"), found, strict=True))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default=SIZES, help="lines:items:stores, …; default: %(default)s")
    options.add_argument("--seconds", type=float, default=5)
    chosen = options.parse_args()
    from benchmarks import imports  # which needs this module

    results = []
    with postgres.running(durable=True) as server:
        for size in chosen.sizes.split(","):
            lines, items, stores = (int(each) for each in size.split(":"))
            print(f"measuring at {lines:,} lines, {items:,} items, {stores} stores", flush=True)
            results.append(measure(server, lines, items, stores, chosen.seconds))
            show(results[-1])
        compare(results[0], results[-1])
        imports.show(imports.measure(server))
    target = ROOT / "var" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {target.relative_to(ROOT)}")


def show(figures: dict) -> None:
    print(f"\nAt {figures['lines']:,} lines")
    single, batch = figures["restock"], figures["batch"] * BATCH
    table = [
        ("restock, 8 clients", f"{single:,.0f}/s", f"{figures['restock: ratio']:.3f} of raw"),
        (
            "restock, 64 clients",
            f"{figures['restock, 64 clients']:,.0f}/s",
            f"{figures['restock, 64 clients: ratio']:.3f} of raw",
        ),
        (
            f"batches of {BATCH:,} lines",
            f"{batch:,.0f} lines/s",
            f"{figures['batch: ratio'] * BATCH:.2f} times raw",
        ),
        ("raw insert and update", f"{figures['restock: raw']:,.0f}/s", "pgbench, 8 clients, durable"),
    ]
    reads = ("list of 50", "product", "low-stock", "restock log", "movements", "stock card", "analytics 30 days")
    table += [(what, f"{figures[what]:,.0f}/s", f"p95 {figures['p95_ms'][what]:.1f} ms") for what in reads]
    table += [
        (
            "sign-ins, 8 clients",
            f"{figures['sign-ins']:,.0f}/s",
            f"p99 of a list {figures['list p99']:.1f} ms before, {figures['list p99, sign-ins']:.1f} meanwhile",
        ),
        ("seal", f"{figures['sealed_rows_per_second']:,.0f} rows/s", ""),
        ("verify", f"{figures['verify_lines_per_second']:,.0f} lines/s", ""),
        ("verify, with sealed rows", f"{figures['verify_rows_per_second']:,.0f} rows/s", ""),
        ("start to ready", f"{figures['ready_seconds']:.1f} s", ""),
        ("memory, idle", f"{figures['memory_rss_mb']:.0f} MB", f"{figures['memory_pss_mb']:.0f} MB proportional"),
    ]
    for what, figure, note in table:
        print(f"  {what:24} {figure:>18}   {note}")


def compare(small: dict, large: dict) -> None:
    """Nothing, where one size was measured."""
    if small is large:
        return
    print(f"\np95 at {large['lines']:,} lines over p95 at {small['lines']:,}")
    for what, before in small["p95_ms"].items():
        print(f"  {what:24} {large['p95_ms'][what] / before:>8.2f}")


if __name__ == "__main__":
    main()
