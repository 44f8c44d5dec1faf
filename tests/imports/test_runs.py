"""How a run goes: stopped and resumed, refused while it is applied, reported for spreadsheets, whole real files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ventory.blueprints.imports import mapping, service
from ventory.blueprints.imports.command import import_file
from ventory.blueprints.imports.kind import Options
from ventory.blueprints.imports.products import Products
from ventory.blueprints.imports.queries import system_actor
from ventory.blueprints.imports.reading import open_table
from ventory.blueprints.imports.report import Report
from ventory.blueprints.items.models import Item, ItemBarcode
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier
from ventory.core.cells import neutral, original
from ventory.core.events import ItemChanged
from ventory.db.audit import Audit
from ventory.db.outbox import Outbox
from ventory.db.unit_of_work import engine
from ventory.stock.verify import verify


def products(file: Path, **options) -> Products:
    with engine().connect() as connection:
        actor = system_actor(connection, None)
    table = open_table(file, Products.shape, lambda header: mapping.choose(Products.shape, header, None))
    return Products(table, actor, Options(**options))


def count(column) -> int:
    with engine().connect() as connection:
        return connection.execute(select(func.count(column))).scalar_one()


def test_each_chunk_tells_the_trail_of_its_file_and_its_counts(chain, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("sku,name\n" + "".join(f"S{n},Thing {n}\n" for n in range(700)))

    service.run(products(file), Report("products.csv", (), tmp_path))
    with engine().connect() as connection:
        rows = connection.execute(select(Audit.changes).where(Audit.action == "imports._apply")).scalars().all()

    notes = [entry["note"] for row in rows for entry in json.loads(row) if entry["kind"] == "import"]
    applied = [int(re.match(r"products\.csv: (\d+) applied", note).group(1)) for note in notes if "applied" in note]
    assert len(notes) == len(rows)
    assert sum(applied) == 700


def test_a_dry_run_leaves_no_row_of_the_trail(chain, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("sku,name\nS1,Thing\n")
    before = count(Audit.id)
    service.run(products(file, dry_run=True), Report("products.csv", (), tmp_path))
    assert count(Audit.id) == before


def test_a_run_that_is_stopped_leaves_whole_chunks_and_goes_on_when_it_is_run_again(chain, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("sku,name,supplier\n" + "".join(f"S{n},Thing {n},Firm {n % 7}\n" for n in range(3_000)))
    stopped = Report("products.csv", (), tmp_path)

    def stop(stage: str, done: int, _total: int) -> None:
        if stage == "applying" and done > file.stat().st_size // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.run(products(file), stopped, progress=stop)
    there = count(Item.id)
    assert 0 < there < 3_000
    assert (stopped.posted, count(ItemSupplier.id)) == (there, there)

    resumed = Report("products.csv", (), tmp_path)
    service.run(products(file), resumed)
    assert resumed.last_line == f"read 3000, posted {3_000 - there}, non-stock 0, rejected 0, already there {there}"
    assert (count(Item.id), count(Supplier.id)) == (3_000, 7)


@pytest.mark.parametrize("name", [b"St\xfcck.csv", b"x" * 240 + b".csv"], ids=["not UTF-8", "long"])
def test_a_file_of_any_name_comes_in_and_its_rejects_are_written(chain, tmp_path, capsys, name):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    file.write_text("sku,name,stock\nA,Alpha,3\nB,,1\n")

    assert import_file("products", file, tmp_path) == 1

    assert capsys.readouterr().out.strip().endswith("read 2, posted 1, non-stock 0, rejected 1, already there 0")
    (rejects,) = (tmp_path / "imports").iterdir()
    assert "The cell is empty" in rejects.read_text("utf-8-sig")


def test_every_new_item_is_told_and_a_dry_run_tells_nothing(bring_in):
    def told() -> int:
        with engine().connect() as connection:
            kind = Outbox.__table__.c.kind
            return connection.execute(select(func.count()).where(kind == ItemChanged.kind)).scalar_one()

    bring_in("products", "sku,name\nA,Alpha\nB,Beta\n", dry_run=True)
    assert told() == 0

    bring_in("products", "sku,name\nA,Alpha\nB,Beta\n")
    assert told() == 2


def test_all_or_nothing_takes_everything_back_when_the_facts_refuse_a_row(bring_in, chain):
    from datetime import date, timedelta

    from ventory.blueprints.auth.models import Inventory
    from ventory.db.unit_of_work import transaction

    with transaction() as session:
        session.get_one(Inventory, chain.inventory_id).lock_date = date.today() + timedelta(days=1)

    code, said = bring_in("products", "sku,name,stock\nMUG,Mug,\nTEA,Tea,3\n", all_or_nothing=True)

    assert (code, said[-1]) == (1, "read 2, posted 0, non-stock 0, rejected 1, already there 0")
    assert count(Item.id) == 0


@given(st.text())
def test_no_cell_of_the_rejects_is_a_formula_and_each_can_be_had_back(cell):
    written = neutral(cell)

    assert original(written) == cell
    assert written[:1] not in ("=", "@", "\t", "\r")
    assert written[:1] not in ("+", "-") or written[1:2].isdigit()


def _real() -> Path | None:
    places = [os.environ.get("VENTORY_RETAIL_DATA"), Path(__file__).resolve().parents[2].parent / "shared" / "data"]
    return next((Path(each) for each in places if each and (Path(each) / "iowa_products.csv").is_file()), None)


@pytest.mark.skipif(_real() is None, reason="the real files are not here; VENTORY_RETAIL_DATA names their folder")
def test_iowas_masters_come_in_whole(bring_in):
    folder = _real()
    assert folder is not None

    code, said = bring_in("stores", (folder / "iowa_stores.csv").read_bytes())
    assert (code, said[-1]) == (0, "read 131, posted 131, non-stock 0, rejected 0, already there 0")
    assert any(line.startswith("notice inactive_store: 22") for line in said)

    code, said = bring_in("products", (folder / "iowa_products.csv").read_bytes())
    assert (code, said[-1]) == (0, "read 6482, posted 6482, non-stock 0, rejected 0, already there 0")
    assert [line for line in said if "added" in line] == ["categories added: 49", "suppliers added: 284"]
    assert (count(ItemSupplier.id), count(ItemBarcode.id)) == (6_482, _codes(folder))
    with engine().connect() as connection:
        assert not verify(connection).differences

    code, said = bring_in("products", (folder / "iowa_products.csv").read_bytes())
    assert (code, said[-1]) == (0, "read 6482, posted 0, non-stock 0, rejected 0, already there 6482")


def _codes(folder: Path) -> int:
    """How many different codes the file has whose check digits are right, counted another way."""
    import csv

    from ventory.core.barcodes import is_right, normal

    with (folder / "iowa_products.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    codes = {row["UPC"].zfill(12) for row in rows if row["UPC"]} | {row["SCC"].zfill(14) for row in rows if row["SCC"]}
    return len({normal(code) for code in codes if is_right(code) and code.strip("0")})
