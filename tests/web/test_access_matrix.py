"""Nobody sees a byte of another inventory, or of a store that is not theirs; and the search for one works."""

from __future__ import annotations

import shutil
from contextlib import ExitStack

import pytest
from sqlalchemy import Table, func, select, true

from tests.matrix import MUTATING, Matrix
from tests.walls import granted
from tests.worlds import OWN, THEIRS, build
from ventory import storage
from ventory.app import create_app
from ventory.blueprints.items import queries as items
from ventory.blueprints.keys import queries as keys
from ventory.blueprints.stores import queries as stores
from ventory.config import load
from ventory.core.access import Actor
from ventory.db import scope, unit_of_work
from ventory.db.base import Base
from ventory.db.engine import everywhere
from ventory.db.prepared import Prepared

# No use case writes lots yet, and nothing but their erasable names would stand in the side row.
EMPTY_SO_FAR = {"lot"}
FEWEST_READS, FEWEST_WRITES, FEWEST_DONE = 4_000, 4_000, 150
# The statements are the same on both databases; on the second one, which holds walls of its own, those ask who see most
# and least.
ON_POSTGRESQL = ["owner", "clerk", "clerk of Leeds", "key that sells in Leeds"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def matrix(request, sqlite_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    storage.bind(storage.Storage((folder / "files").as_uri()))
    here = {"VENTORY_ENV": "testing", "VENTORY_HOME": str(folder)}
    with ExitStack() as opened:
        if request.param == "sqlite":
            shutil.copy(sqlite_template, folder / "ventory.db")
            config = load(here | {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'ventory.db'}"})
        else:
            server, template = request.getfixturevalue("postgresql")
            name = server.create(template)
            opened.callback(server.drop, name)
            config = load(here | {"SQLALCHEMY_DATABASE_URI": server.address(name)})
            config = opened.enter_context(granted(config, "ventory matrix"))
        app = create_app(config)
        yield Matrix(app, build(app, OWN), build(app, THEIRS))
        unit_of_work.engine().dispose()


def told(report) -> str:
    return f"{len(report.findings)} of {report.requests}:\n" + "\n".join(report.findings[:40])


def asking() -> tuple[list[str] | None, float]:
    """Who asks, and which share of everybody's requests is the least that they make."""
    return (None, 1) if unit_of_work.engine().dialect.name == "sqlite" else (ON_POSTGRESQL, 0.3)


def test_both_inventories_have_rows_in_every_table(matrix):
    inventories = {matrix.own.ids["inventory"], matrix.foreign.ids["inventory"]}
    with everywhere(unit_of_work.engine()).connect() as connection:
        for table in Base.metadata.tables.values():
            if isinstance(table, Table) and "inventory_id" in table.c and table.name not in EMPTY_SO_FAR:
                rows = connection.execute(select(table.c.inventory_id, func.count()).group_by(table.c.inventory_id))
                assert inventories <= {row[0] for row in rows}, table.name


def test_the_search_is_not_blind(matrix, monkeypatch):
    """Twins: one wall taken away at a time is found out; behind PostgreSQL's own, nothing foreign is seen even then."""
    walled = unit_of_work.engine().dialect.name == "postgresql"
    with monkeypatch.context() as patch:
        unscoped = scope.with_loader_criteria(scope.Tenant, lambda table: table.inventory_id > 0, include_aliases=True)
        patch.setattr(scope, "_within", lambda inventory_id: unscoped)
        report = matrix.run(people=["owner"], methods=("GET",), paths="suppliers|categories|movements")
        assert any("says qzfrn" in each for each in report.findings) != walled, "reads of every inventory"
    with monkeypatch.context() as patch:
        anyones = Prepared(lambda _: items._IN_FULL.where(items.Item.id == items.bindparam("item")))
        patch.setattr(items, "_ONE_ITEM", anyones)
        report = matrix.run(people=["clerk"], methods=("GET",), paths="^/api/v1/items/<int:item_id>$")
        assert bool(report.findings) != walled, "a prepared statement without its inventory"
    with monkeypatch.context() as patch:
        whole = stores._statement
        patch.setattr(stores, "_statement", lambda actor: whole(actor).where(true()) if actor.store_ids is None else
                      whole(Actor(actor.id, actor.inventory_id, actor.role, actor.name)))  # fmt: skip
        report = matrix.run(people=["clerk of Leeds"], methods=("GET",), paths="stores")
        assert any("says qzyrk" in each for each in report.findings), "the stores of everybody"
    with monkeypatch.context() as patch:
        patch.setattr(keys, "_stores_within", lambda connection, row: None)
        report = matrix.run(people=["key that sells in Leeds"], methods=("GET",), paths="stores|movements")
        assert any("says qzyrk" in each for each in report.findings), "the stores of everybody, for a key"
    with monkeypatch.context() as patch:
        patch.setattr(Actor, "may", lambda self, permission: True)
        report = matrix.run(people=["clerk"], methods=("GET",), paths="stock|items|suppliers")
        assert any("says 5318072" in each for each in report.findings), "costs for everybody"
        assert any("without the right" in each for each in report.findings), "every page for everybody"


@pytest.mark.attack("A1", "A2", "A6")
def test_nothing_is_read_across_inventories_stores_or_roles(matrix, capsys):
    people, share = asking()
    report = matrix.run(people, methods=("GET",))
    with capsys.disabled():
        print(f"\naccess matrix, reading: {report.requests} requests over {len(report.routes)} routes")
    assert report.requests >= FEWEST_READS * share
    assert not report.findings, told(report)


@pytest.mark.attack("A1", "A2", "A3", "A8")
def test_nothing_is_changed_across_inventories_stores_or_roles(matrix, capsys):
    """Last: what is one's own is really changed and taken away on the way."""
    before = rows_of(matrix.foreign.ids["inventory"])
    people, share = asking()
    report = matrix.run(people, methods=MUTATING)
    with capsys.disabled():
        print(f"\naccess matrix, writing: {report.requests} requests, {report.done} of them took effect")
    assert report.requests >= FEWEST_WRITES * share
    assert report.done >= FEWEST_DONE * share
    assert not report.findings, told(report)
    assert rows_of(matrix.foreign.ids["inventory"]) == before


def rows_of(inventory_id: int) -> dict[str, list]:
    """Everything that stands in an inventory, by table."""
    found = {}
    with everywhere(unit_of_work.engine()).connect() as connection:
        for table in Base.metadata.tables.values():
            if "inventory_id" in table.c and table.name != "login_session":
                rows = connection.execute(select(table).where(table.c.inventory_id == inventory_id))
                found[table.name] = sorted(map(repr, rows))
    return found
