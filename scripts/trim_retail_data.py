"""Trim UCI Online Retail to what the demo chain needs: the goods that sell most often, grouped by invoice.

Usage: python scripts/trim_retail_data.py online_retail.csv.gz

Reads one till line per row (invoice, stock code, description, quantity, time, unit price, customer, country) and
writes ventory/demo/data/: goods.csv (code, name, median price) and invoices.txt.gz, a line per invoice:
minutes since 1 December 2010, customer or 0, 1 when from abroad, then good:quantity pairs.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import statistics
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "ventory" / "demo" / "data"
START = datetime(2010, 12, 1)
GOODS = 240
LARGEST = 100
CODE = re.compile(r"\d{5}[A-Z]{0,2}")


def main(source: str) -> None:
    with gzip.open(source, "rt", encoding="utf-8", errors="replace", newline="") as handle:
        rows = list(csv.DictReader(handle))
    names = {key.lower().replace("_", "").replace(" ", ""): key for key in rows[0]}
    invoice, code, name = names["invoiceno"], names["stockcode"], names["description"]
    quantity, when, price = names["quantity"], names["invoicedate"], names["unitprice"]
    customer, country = names["customerid"], names["country"]
    lines: dict[str, list] = defaultdict(list)
    heads: dict[str, tuple] = {}
    count: Counter[str] = Counter()
    called: dict[str, Counter] = defaultdict(Counter)
    prices: dict[str, list[float]] = defaultdict(list)
    seen = set()
    for row in rows:
        good, amount = row[code].strip().upper(), int(row[quantity])
        if not CODE.fullmatch(good) or not 0 < amount <= LARGEST or float(row[price]) <= 0:
            continue
        same = (row[invoice], good, amount, row[when], row[price])
        if same in seen:
            continue
        seen.add(same)
        moment = datetime.fromisoformat(row[when])
        count[good] += 1
        called[good][" ".join(row[name].split())] += 1
        prices[good].append(float(row[price]))
        heads[row[invoice]] = (
            int((moment - START).total_seconds() // 60),
            int(float(row[customer])) if row[customer] else 0,
            int(row[country] != "United Kingdom"),
        )
        lines[row[invoice]].append((good, amount))
    kept = [good for good, _ in count.most_common(GOODS)]
    index = {good: number for number, good in enumerate(sorted(kept))}
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET / "goods.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["code", "name", "price"])
        for good in sorted(kept):
            writer.writerow([good, called[good].most_common(1)[0][0], f"{statistics.median(prices[good]):.2f}"])
    text = io.StringIO()
    total = 0
    for number, head in sorted(heads.items(), key=lambda pair: (pair[1], pair[0])):
        pairs = [f"{index[good]}:{amount}" for good, amount in lines[number] if good in index]
        if pairs:
            total += len(pairs)
            text.write(" ".join([*map(str, head), *pairs]) + "\n")
    with (
        (TARGET / "invoices.txt.gz").open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed,
    ):
        packed.write(text.getvalue().encode())
    print(f"{len(kept)} goods, {total} lines")


if __name__ == "__main__":
    main(sys.argv[1])
