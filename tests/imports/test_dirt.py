"""Dirty files: every planted defect is found where it stands, none is invented, nothing is half applied."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from tests.imports import dirt
from ventory import models
from ventory.blueprints.imports import reading
from ventory.blueprints.items.models import Item
from ventory.db.unit_of_work import engine


def found(tmp_path) -> set[tuple[int, str, str]]:
    """What the file of rejected rows says, which is then removed."""
    (file,) = (tmp_path / "imports").iterdir()
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        said = {(int(row[0]), row[1], row[2]) for row in list(csv.reader(handle))[1:]}
    file.unlink()
    return said


def digest() -> dict[str, int]:
    """How many rows each table has."""
    with engine().connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in models.Base.metadata.sorted_tables
        }


@pytest.fixture(autouse=True)
def _large_fields():
    """What this test reads back may be larger than the csv module allows."""
    before = csv.field_size_limit(20_000_000)
    yield
    csv.field_size_limit(before)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_planted_defect_is_found_and_none_invented(bring_in, tmp_path, seed):
    file = dirt.make(seed, 10_000)
    before = digest()
    csv.field_size_limit(131_072)

    code, said = bring_in("products", file.content, all_or_nothing=True)

    assert len(file.planted) == len(dirt.DEFECTS) >= 25
    assert found(tmp_path) == file.problems
    assert code == 1
    assert said[-1] == (f"read 10000, posted 0, non-stock 0, rejected {len(file.problems)}, already there 0")
    assert digest() == before


def test_good_rows_come_in_exactly_and_a_second_run_says_the_same(bring_in, tmp_path):
    file = dirt.make(4, 600)
    csv.field_size_limit(131_072)

    for posted, there in ((len(file.good), 0), (0, len(file.good))):
        code, said = bring_in("products", file.content)

        assert found(tmp_path) == file.problems
        assert code == 1
        assert said[-1] == (
            f"read 600, posted {posted}, non-stock 0, rejected {len(file.problems)}, already there {there}"
        )
    with engine().connect() as connection:
        rows = connection.execute(select(Item.sku, Item.name, Item.price)).all()
    assert {row.sku: (row.name, row.price) for row in rows} == {
        sku: (name, Decimal(price.strip('"').replace(",", "")) if price else None)
        for sku, (name, price) in file.good.items()
    }


def test_reading_as_the_csv_module_does_would_not_find_them(bring_in, tmp_path, monkeypatch):
    """The twin that the comparison must catch: quotes are taken as they come."""

    def trusting(lines, delimiter, _is_torn):
        for raw in csv.reader(lines, delimiter=delimiter):
            yield lines.taken[0][0], raw
            lines.taken.clear()

    monkeypatch.setattr(reading, "_records", trusting)
    file = dirt.make(1, 600)

    bring_in("products", file.content.replace(dirt.BIG.encode(), b""), all_or_nothing=True)

    missed = file.problems - found(tmp_path)
    assert {code for _, _, code in missed} >= {"quotes"}
