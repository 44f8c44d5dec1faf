"""The second wall between inventories: PostgreSQL shows the server one at a time, whatever it is asked."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, make_url, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from tests.chain import found_chain
from tests.conftest import Api, Browser
from tests.walls import environ, grant
from tests.worlds import OWN, THEIRS, World, build
from ventory import cli
from ventory.app import create_app
from ventory.db import dialect, outbox, roles, scope, unit_of_work
from ventory.db import engine as engines
from ventory.db.base import Base
from ventory.db.scope import scope as limited
from ventory.models import ActorRow, Item, Tag
from ventory.worker import run
from ventory.worker.facts import Bookkeeper

# No use case writes lots yet.
EMPTY_SO_FAR = {"lot"}
SAW_ANOTHER_INVENTORY = "new row violates row-level security policy"


@pytest.fixture
def app(restricted):
    """The application by the role, which binds an engine of its own."""
    made = create_app(restricted)
    yield made
    unit_of_work.engine().dispose()


@pytest.fixture
def own(app):
    """The engine of that application."""
    return unit_of_work.engine()


@pytest.fixture
def worlds(app) -> tuple[World, World]:
    """Two inventories with something in every table."""
    return build(app, OWN), build(app, THEIRS)


def inventories_in(connection, table) -> dict[int | None, int]:
    """How many rows of each inventory a statement sees that names none. shape: {inventory id: rows}"""
    rows = connection.execute(select(table.c.inventory_id, func.count()).group_by(table.c.inventory_id))
    return {row[0]: row[1] for row in rows}


def test_the_role_sees_no_row_of_another_inventory_whatever_the_statement_leaves_out(worlds, own, engine):
    here, there = (world.ids["inventory"] for world in worlds)
    for table in roles.walled():
        with engine.connect() as connection:
            rows = inventories_in(connection, table)
        with engines.reading(engines.within(own, here)).connect() as connection:
            seen = inventories_in(connection, table)
        assert seen == {whose: count for whose, count in rows.items() if whose in (here, None)}, table.name
        if table.name not in EMPTY_SO_FAR:
            assert rows[here] > 0, table.name
            assert rows[there] > 0, table.name


def test_with_the_application_s_own_filter_taken_away_nothing_foreign_is_listed(worlds, own, monkeypatch):
    here = worlds[0].ids["inventory"]
    anyones = scope.with_loader_criteria(scope.Tenant, lambda table: table.inventory_id > 0, include_aliases=True)
    monkeypatch.setattr(scope, "_within", lambda inventory_id: anyones)

    with limited(Session(engines.reading(engines.within(own, here))), here) as session:
        found = session.execute(select(Item.name)).scalars().all()
    with limited(Session(engines.reading(engines.everywhere(own))), here) as session:
        without_the_wall = session.execute(select(Item.name)).scalars().all()

    assert found == ["qzown tea"]
    assert sorted(without_the_wall) == ["qzfrn tea", "qzown tea"], "the twin is no twin"


def test_nothing_is_written_into_another_inventory(worlds, own):
    (here, theirs), table = (world.ids["inventory"] for world in worlds), Tag.__table__
    mine = engines.writing(engines.within(own, here))
    row = {"inventory_id": theirs, "name": "slipped in", "name_key": "slipped in", "version": 1}

    with pytest.raises(ProgrammingError, match=SAW_ANOTHER_INVENTORY), mine.begin() as connection:
        connection.execute(insert(table).values(row))
    with pytest.raises(ProgrammingError, match=SAW_ANOTHER_INVENTORY), mine.begin() as connection:
        connection.execute(update(table).values(inventory_id=theirs))
    with mine.begin() as connection:
        changed = connection.execute(update(table).where(table.c.inventory_id == theirs).values(name="theirs no more"))

    assert changed.rowcount == 0


def test_a_transaction_that_names_no_inventory_sees_nothing(worlds, own, restricted):
    unaware = engines.open_engine(restricted.database_url)
    for opened in (own, engines.reading(own), engines.writing(own), engines.autocommit(own), unaware):
        with opened.connect() as connection:
            for table in roles.walled():
                assert set(inventories_in(connection, table)) <= {None}, table.name
    unaware.dispose()


@pytest.mark.parametrize("behind_pooler", [False, True])
def test_what_a_transaction_may_see_ends_with_it(worlds, restricted, behind_pooler):
    """Without a pooler all of them take the same connection."""
    here, there = (world.ids["inventory"] for world in worlds)
    opened = engines.open_engine(restricted.database_url, behind_pooler=behind_pooler, walled=True)
    with engines.autocommit(engines.everywhere(opened)).connect() as connection:
        assert set(inventories_in(connection, Item.__table__)) == {here, there}
    for inventory_id in (here, there):
        with engines.autocommit(engines.within(opened, inventory_id)).connect() as connection:
            assert set(inventories_in(connection, Item.__table__)) == {inventory_id}
        with opened.connect() as connection:
            assert inventories_in(connection, Item.__table__) == {}
    opened.dispose()


def test_a_statement_that_looks_across_inventories_lifts_the_wall_for_itself_alone(worlds, own):
    here = worlds[0].ids["inventory"]
    everywhere = select(ActorRow.inventory_id).distinct()
    with limited(Session(engines.reading(engines.within(own, here))), here) as session:
        across = session.execute(everywhere, execution_options={"every_inventory": True}).scalars().all()
        after = inventories_in(session.connection(), ActorRow.__table__)

    assert sorted(across) == sorted(world.ids["inventory"] for world in worlds)
    assert set(after) == {here}


def test_calls_to_the_worker_leave_at_once(own):
    waiter = dialect.of(own).Waiter(own)
    waiter.wait(_Never(), 0.01)  # listens from now on
    began = time.monotonic()
    dialect.of(own).wake(engines.autocommit(own))
    waiter.wait(_Never(), 30)
    assert time.monotonic() - began < 10
    waiter.close()


class _Never:
    def wait(self, _seconds):
        raise AssertionError("the channel broke")


def test_many_rows_are_written_at_once_without_copying(own):
    chain = found_chain("Tea")
    event = type("Event", (), {"kind": "stock_changed", "__init__": lambda self: setattr(self, "note", "à ' \\ \t")})
    events = [(event(), number) for number in range(outbox.MANY)]
    here = engines.within(own, chain.inventory_id)

    with engines.writing(here).begin() as connection:
        now = connection.execute(select(func.now())).scalar_one()
        outbox.write(connection, chain.inventory_id, events, now)

    table = outbox.Outbox.__table__
    with engines.reading(here).connect() as connection:
        rows = connection.execute(select(table.c.payload, table.c.created_at).where(table.c.subject_id < outbox.MANY))
        assert {tuple(row) for row in rows} == {(outbox.payload_of(events[0][0]), now)}


def test_two_inventories_are_run_behind_the_walls(app, own, restricted, tmp_path):
    goods = tmp_path / "goods.csv"
    goods.write_text("sku,name\nT-1,Tea\nT-2,Mugs\n")
    chains = [found_chain("Tea"), found_chain("Mugs")]
    for chain in chains:
        api, browser = Api(app, chain.email), Browser(app, chain.email)
        assert api.get("/api/products").json == []
        done = _command(restricted, "import", "products", str(goods), "--inventory", str(chain.inventory_id))
        assert done.exit_code == 0, done.output
        unit_of_work.bind(own)
        items = {item["sku"]: item["id"] for item in api.get("/api/v1/items").json}
        assert sorted(items) == ["T-1", "T-2"]
        restocked = api.post(f"/api/products/{items['T-1']}/restock", {"quantity": 7, "store": "LEEDS"})
        assert restocked.status_code == 201, restocked.text
        again = {"Idempotency-Key": "once"}
        body = {"kind": "sale", "lines": [{"item_id": items["T-1"], "store": "LEEDS", "quantity": 2}]}
        sold = [api.post("/api/v1/movements", body, headers=again) for _ in range(2)]
        assert sold[0].json == sold[1].json
        page = browser.get(f"/items/{items['T-1']}")
        assert page.status_code == 200
        assert browser.get("/").status_code == browser.get("/items/").status_code == 200

    seeing = engines.everywhere(own)
    assert run.number(seeing)
    Bookkeeper(seeing).step()
    assert _command(restricted, "seal").exit_code == 0
    proven = _command(restricted, "verify")
    assert proven.exit_code == 0, proven.output
    assert "4 lines" in proven.output
    assert "0 differences" in proven.output


def test_somebody_founds_another_inventory_and_turns_to_it(app):
    chain = found_chain("Tea")
    api = Api(app, chain.email)

    founded = api.post("/api/v1/inventories", {"name": "Second"})

    assert founded.status_code == 201, founded.text
    assert [each["name"] for each in api.get("/api/v1/inventories").json] == ["Tea", "Second"]
    assert api.post(f"/api/v1/inventories/{founded.json['id']}/token", {}).status_code == 200
    assert api.patch("/api/v1/users/me", {"name": "Ann"}, headers={"If-Match": "*"}).status_code == 200


def _command(config, *words: str):
    return CliRunner().invoke(cli.ventory, list(words), env=environ(config))


TWINS = (
    "ALTER TABLE tag DISABLE ROW LEVEL SECURITY",
    "DROP POLICY one_inventory ON tag",
    "CREATE POLICY another ON tag USING (true)",
    "DROP POLICY one_inventory ON tag; CREATE POLICY one_inventory ON tag USING (true)",
    "DROP POLICY one_inventory ON tag; CREATE POLICY one_inventory ON tag FOR SELECT USING (true)",
    "ALTER POLICY one_inventory ON tag WITH CHECK (true)",
)


@pytest.mark.parametrize("twin", TWINS)
def test_a_server_does_not_start_while_a_table_has_no_wall(restricted, engine, config, capsys, twin):
    with engine.begin() as connection:
        connection.execute(text(twin))

    with pytest.raises(SystemExit):
        create_app(restricted)

    said = capsys.readouterr().err
    assert "it sees the rows of every inventory at once in tag." in said
    assert "Run `ventory grant ROLE` as the tables' owner" in said
    with engine.begin() as connection:
        connection.execute(text("DROP POLICY IF EXISTS another ON tag"))
    grant(config, make_url(restricted.database_url).username)
    create_app(restricted)
    unit_of_work.engine().dispose()


def test_a_policy_for_a_role_that_the_server_does_not_have_is_nobody_s_business(restricted, engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE POLICY reports ON tag TO postgres USING (true)"))
    create_app(restricted)
    unit_of_work.engine().dispose()


def test_a_program_that_names_no_inventory_does_not_start_behind_the_walls(restricted, capsys):
    unaware = replace(restricted, restricted_role=False)

    with pytest.raises(SystemExit):
        create_app(unaware)
    said = capsys.readouterr().err
    listed = _command(unaware, "user", "list")

    assert "Set VENTORY_RESTRICTED_ROLE=true" in said
    assert "Set VENTORY_RESTRICTED_ROLE=true" in str(listed.exception)


def test_every_table_that_names_an_inventory_has_a_wall_or_a_reason():
    named = {name for name, table in Base.metadata.tables.items() if "inventory_id" in table.c}
    assert named - {table.name for table in roles.walled()} == {"login_session"}
    assert len(named) > 40
