"""Imports beside raw inserts of the same lines, and what they cost those who work meanwhile.

python -m benchmarks.imports [--databases SQLite,PostgreSQL] [--seconds 8]

Online Retail and Iowa's orders are imported whole where the folder of real data is there (VENTORY_RETAIL_DATA, or
../shared/data beside the checkout); else a journal of 100,000 lines is made from the trimmed copy that the tests have.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from benchmarks import chain, load
from benchmarks.__main__ import ROOT, SEAL_KEY, calls, service, sign_in
from tests import postgres
from ventory.db import migrate, unit_of_work
from ventory.db.engine import open_engine, reading
from ventory.processes import die_with_parent
from ventory.stock import facts

LINES = 100_000
SECONDS = 8.0
DATABASES = ("SQLite", "PostgreSQL")
TRIMMED = ROOT / "tests" / "imports" / "data" / "online_retail.csv.gz"
REAL = "uci_online_retail_2010_2011.csv.gz"
LAST_LINE = re.compile(r"read (\d+), posted (\d+), non-stock (\d+), rejected (\d+), already there (\d+)")
PROVEN = re.compile(r"(\d+) lines, .* (\d+) sealed rows, 0 differences \(([0-9.]+) s\)")
RAW = "CREATE TABLE raw_line (inventory_id bigint, movement_id bigint, item_id bigint, from_place_id bigint,"
RAW += " to_place_id bigint, quantity numeric, value numeric)"


def real_data() -> Path | None:
    """The folder of real data, where it is there."""
    folder = Path(os.environ.get("VENTORY_RETAIL_DATA") or ROOT.parent / "shared" / "data")
    return folder if (folder / REAL).is_file() else None


def made_journal(folder: Path) -> Path:
    """The trimmed journal again and again, each time under other numbers."""
    with gzip.open(TRIMMED, "rt", newline="") as handle:
        header, *rows = csv.reader(handle)
    target = folder / "journal.csv"
    with target.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        for number in range(-(-LINES // len(rows))):
            writer.writerows([f"{row[0]}-{number}", *row[1:]] for row in rows)
    return target


@contextlib.contextmanager
def databases(server: postgres.Server, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Databases, each with a chain that people work in. yields: addresses by name"""
    name = server.create()
    with tempfile.TemporaryDirectory() as folder:
        everything = {"SQLite": f"sqlite:///{folder}/ventory.db", "PostgreSQL": server.address(name)}
        addresses = {each: everything[each] for each in names}
        for url in addresses.values():
            engine = open_engine(url)
            migrate.upgrade(engine)
            unit_of_work.bind(engine)
            chain.build(10_000, 1_000, 10)
            engine.dispose()
        yield addresses
    server.drop(name)


class Running:
    """A command of Ventory's in a process of its own."""

    def __init__(self, url: str, home: Path, *arguments: str):
        environ = os.environ | {"VENTORY_HOME": str(home), "SQLALCHEMY_DATABASE_URI": url, "SEAL_KEY": SEAL_KEY}
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115, open for as long as it runs
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ventory", *arguments],
            cwd=ROOT,
            env=environ,
            preexec_fn=die_with_parent,
            stdout=self.output,
            stderr=subprocess.DEVNULL,
        )

    @property
    def is_over(self) -> bool:
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self) -> dict:
        """What it did: counts, rows a second, peak memory in MB."""
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.perf_counter() - self.started
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.output.seek(0)
        said = self.output.read()
        figures = {"seconds": seconds, "memory_mb": usage.ru_maxrss / 1000, "said": said}
        last = LAST_LINE.search(said)
        if last:
            names = ("read", "posted", "non_stock", "rejected", "already_there")
            figures |= dict(zip(names, map(int, last.groups()), strict=True))
            figures["rows_per_second"] = figures["read"] / seconds
        return figures


def raw_rate(url: str) -> float:
    """Lines a second of a bare COPY or insert of the lines that stand in the ledger, durable, into no index."""
    columns = "inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity, value"
    wanted = f"SELECT {columns} FROM movement_line ORDER BY id DESC LIMIT {LINES}"  # noqa: S608
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = 2")
            rows = connection.execute(wanted).fetchall()
            connection.execute(RAW)
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO raw_line VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            rate = len(rows) / (time.perf_counter() - started)
            connection.execute("DROP TABLE raw_line")
            return rate
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        rows = connection.execute(wanted).fetchall()
        connection.execute(RAW)
        started = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY raw_line FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        rate = len(rows) / (time.perf_counter() - started)
        connection.execute("DROP TABLE raw_line")
        return rate


def beside_work(url: str, journal: Path, home: Path, seconds: float) -> dict:
    """An import while people read and write: their p95 before and during, in milliseconds, two clients each."""
    engine = open_engine(url)
    with engine.connect() as connection:
        items = list(connection.exec_driver_sql("SELECT id FROM item WHERE substr(sku, 1, 3) = 'SKU'").scalars())
        stores = list(connection.exec_driver_sql("SELECT id FROM store WHERE substr(code, 1, 1) = 'S'").scalars())
    engine.dispose()
    figures: dict = {}
    with service(url, home) as (port, _, _process):
        token, wanted = sign_in(port), calls(items, stores)
        asked = {"reads": wanted["list of 50"], "writes": wanted["restock"]}
        for what, make in asked.items():
            load.rate(port, token, 2, 2, make)
            figures[f"{what}_before_ms"] = load.rate(port, token, 2, seconds, make)[1]
        running = Running(url, home, "import", "sales", str(journal))
        time.sleep(3)
        for stage in ("checking", "applying"):
            for what, make in asked.items():
                figures[f"{what}_{stage}_ms"] = load.rate(port, token, 2, seconds, make)[1]
            while stage == "checking" and not running.is_over and not _applies(url):
                time.sleep(0.5)
        figures["was_over"] = running.is_over
        figures |= running.wait()
    return figures


def _applies(url: str) -> bool:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM import_document").scalar_one()
    engine.dispose()
    return found > 0


def measure(server: postgres.Server, names: Sequence[str] = DATABASES, seconds: float = SECONDS) -> list[dict]:
    """Databases, one after the other. shape: a dict of figures for each run"""
    results = []
    real = real_data()
    with tempfile.TemporaryDirectory() as folder:
        journal = real / REAL if real else made_journal(Path(folder))
        with databases(server, names) as addresses:
            for name, url in addresses.items():
                home = Path(folder) / name
                home.mkdir()
                idle = Running(url, home, "import", "sales", str(home / "missing.csv")).wait()["memory_mb"]
                results.append({"what": f"{name}: sales beside work"} | beside_work(url, journal, home, seconds))
                results[-1] |= {"idle_mb": idle, "raw_rate": raw_rate(url)}
                if real:
                    for kind, file in (("stores", "iowa_stores.csv"), ("products", "iowa_products.csv")):
                        Running(url, home, "import", kind, str(real / file)).wait()
                    orders = str(real / "iowa_orders_2019_2021.csv.gz")
                    for what in ("orders", "orders again"):
                        results.append(
                            {"what": f"{name}: {what}"} | Running(url, home, "import", "orders", orders).wait()
                        )
                        results[-1] |= {"idle_mb": idle, "raw_rate": raw_rate(url)}
                results.append({"what": f"{name}: verify"} | _verified(url, home))
    return results


def _verified(url: str, home: Path) -> dict:
    """Let the worker come up to all that was imported, seal it, and prove lines and sealed rows as an operator does."""
    engine = open_engine(url)
    with service(url, home):
        while _is_behind(engine):
            time.sleep(1)
    engine.dispose()
    Running(url, home, "seal").wait()
    proof = Running(url, home, "verify").wait()
    found = PROVEN.search(proof["said"])
    assert found, proof["said"]
    lines, rows, seconds = int(found[1]), int(found[2]), float(found[3])
    return {"lines": lines, "sealed": rows, "seconds": seconds, "memory_mb": proof["memory_mb"]}


def _is_behind(engine: Engine) -> bool:
    """Whether there are lines that the facts do not hold yet: those would not be counted again."""
    with reading(engine).connect() as connection:
        inventories = connection.exec_driver_sql("SELECT id FROM inventory").scalars().all()
        return any(facts.waiting(connection, each) for each in inventories)


def show(results: list[dict]) -> None:
    print("\nImports")
    for each in results:
        print(f"  {each['what']}: {each['seconds']:.1f} s")
        if "lines" in each:
            print(f"    {each['lines']:,} lines, {each['lines'] / each['seconds']:,.0f} lines/s")
            both = each["lines"] + each["sealed"]
            rate = f"{both / each['seconds']:,.0f} rows/s; {each['memory_mb']:.0f} MB"
            print(f"    with {each['sealed']:,} sealed rows {rate}")
        if "rows_per_second" in each:
            counts = ("read", "posted", "non_stock", "rejected", "already_there")
            print("    " + ", ".join(f"{name.replace('_', ' ')} {each[name]:,}" for name in counts))
            print(
                f"    {each['rows_per_second']:,.0f} rows/s, {each['rows_per_second'] / each['raw_rate']:.3f} of raw"
                f" ({each['raw_rate']:,.0f} lines/s); {each['memory_mb'] - each['idle_mb']:.0f} MB above idle"
            )
        for what in ("reads", "writes"):
            if f"{what}_before_ms" in each:
                stages = ", ".join(f"{stage} {each[f'{what}_{stage}_ms']:.1f} ms" for stage in ("checking", "applying"))
                print(f"    {what}, p95: before {each[f'{what}_before_ms']:.1f} ms, {stages}")
        if each.get("was_over"):
            print("    (the import was over before the load was)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--databases", default=",".join(DATABASES), help="default: %(default)s")
    options.add_argument("--seconds", type=float, default=SECONDS, help="of each load; default: %(default)s")
    chosen = options.parse_args()
    names = chosen.databases.split(",")
    if unknown := set(names) - set(DATABASES):
        options.error(f"--databases: {', '.join(sorted(unknown))} is none of {', '.join(DATABASES)}")
    with postgres.running(durable=True) as server:
        show(measure(server, names, chosen.seconds))


if __name__ == "__main__":
    main()
