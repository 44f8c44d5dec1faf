"""An import that is killed and run again leaves what one that was left alone leaves."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.chain import found_chain
from tests.imports.killed import digest, killed_often
from ventory.blueprints.imports.command import import_file
from ventory.blueprints.items.models import Item
from ventory.db import unit_of_work
from ventory.db.engine import open_engine, reading
from ventory.db.unit_of_work import engine
from ventory.models import Balance
from ventory.stock.verify import verify

JOURNAL = Path(__file__).with_name("data") / "online_retail.csv.gz"
KILLS = 20


def stock(chain) -> None:
    """Some of the goods are there before, at a cost, so that the order of lines shows in their values."""
    for number, sku in enumerate(("85123A", "22423", "85099B", "47566", "20725"), 1):
        chain.item(sku, stock=3 * number, unit_cost=Decimal("1.37") * number)


def left() -> dict:
    with reading(engine()).connect() as connection:
        assert verify(connection).differences == ()
        return digest(connection)


@pytest.fixture(scope="module")
def undisturbed(sqlite_template, tmp_path_factory) -> dict:
    """What the journal leaves when nobody kills the import."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(sqlite_template, folder / "ventory.db")
    made = open_engine(f"sqlite:///{folder / 'ventory.db'}")
    unit_of_work.bind(made)
    stock(found_chain())
    assert import_file("sales", JOURNAL, folder) == 0
    return left()


def test_twenty_kills_at_random_moments_leave_no_trace(undisturbed, chain, database_url, take_in, tmp_path):
    stock(chain)
    died = killed_often(database_url, JOURNAL, tmp_path, KILLS)
    said = take_in("sales", JOURNAL)

    assert died >= KILLS // 2
    assert said.code == 0
    assert left() == undisturbed


def test_the_proof_notices_lines_that_are_remembered_in_another_transaction(
    undisturbed, chain, database_url, take_in, tmp_path
):
    stock(chain)
    killed_often(database_url, JOURNAL, tmp_path, 2, is_broken=True)
    take_in("sales", JOURNAL)

    with reading(engine()).connect() as connection:
        assert digest(connection) != undisturbed


def test_every_row_of_the_journal_is_posted_or_no_stock(chain, take_in):
    stock(chain)
    said = take_in("sales", JOURNAL)
    assert said.last == "read 2873, posted 2807, non-stock 66, rejected 0, already there 0"
    with engine().connect() as connection:
        below = connection.execute(
            select(Item.sku).join(Balance, Balance.item_id == Item.id).where(Balance.on_hand < 0)
        ).all()
    assert below == []
    assert take_in("sales", JOURNAL).last == "read 2873, posted 0, non-stock 66, rejected 0, already there 2807"
