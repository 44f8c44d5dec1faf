"""Erasing: an inventory goes whole or not at all and no other moves; a person goes, the trail stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.chain import PASSWORD, found_chain
from tests.conftest import Api, Browser
from tests.web.test_access_matrix import rows_of
from tests.worlds import OWN, THEIRS, build
from ventory import storage
from ventory.blueprints.inventories import erasing
from ventory.blueprints.inventories.erasing import EraseInventory, erase_inventory
from ventory.core.errors import NotFound, Rejected
from ventory.db import audit, erasure
from ventory.db.audit import Audit, AuditPrivate, Origin
from ventory.db.base import Base
from ventory.db.engine import autocommit, reading, writing
from ventory.stock.verify import verify

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}


def triggers(engine) -> list:
    with autocommit(engine).connect() as connection:
        return list(connection.execute(text(TRIGGERS[engine.dialect.name])).all())


def everything(engine) -> dict[str, list]:
    with autocommit(engine).connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.tables.values()
            if table.name != "attempt_count"
        }


def rows_in(engine, inventory_id: int) -> int:
    with autocommit(engine).connect() as connection:
        return sum(
            len(connection.execute(select(table).where(table.c.inventory_id == inventory_id)).all())
            for table in erasure.tables_of_inventories()
        )


@pytest.fixture
def two(app, chain):
    """Two inventories with something in every table."""
    return build(app, OWN), build(app, THEIRS)


def test_an_inventory_goes_with_all_it_holds_and_no_other_row_moves(two, engine, chain):
    own, theirs = (world.chain.inventory_id for world in two)
    kept, guards = rows_of(theirs), triggers(engine)
    movements = len([*rows_of(own)["movement"]])
    assert rows_in(engine, own) > 100

    erased = erase_inventory(EraseInventory(inventory_id=own))

    assert rows_in(engine, own) == 0
    assert rows_of(theirs) == kept
    assert triggers(engine) == guards
    assert str(erased).startswith(f"inventory {own} erased, {movements} movements, ")
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()


def test_what_stays_is_a_row_that_says_so_and_people_keep_their_accounts(two, engine, app):
    own, theirs = two
    erased = erase_inventory(EraseInventory(inventory_id=own.chain.inventory_id))
    with autocommit(engine).connect() as connection:
        row = connection.execute(select(Audit.__table__).order_by(Audit.id.desc()).limit(1)).one()
        names = list(connection.execute(text("SELECT email FROM user_account")).scalars())
    assert (row.action, row.inventory_id) == ("inventories.erase_inventory", None)
    assert json.loads(row.changes) == [{"kind": "inventory", "note": str(erased)}]
    assert own.chain.email in names
    answer = app.test_client().post("/api/v1/auth/login", json={"email": own.chain.email, "password": PASSWORD})
    assert answer.status_code == 401
    assert Api(app, theirs.chain.email).get("/api/v1/items").status_code == 200


def test_the_guards_stand_again_and_work(two, engine):
    erase_inventory(EraseInventory(inventory_id=two[0].chain.inventory_id))
    before = everything(engine)
    for table in ("movement", "movement_line", "audit"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1"):
            with pytest.raises(DBAPIError), writing(engine).begin() as connection:
                connection.execute(text(statement))
    assert everything(engine) == before


def test_files_go_with_it_and_those_of_others_stay(two, engine):
    own, theirs = (world.chain.inventory_id for world in two)
    assert list(storage.bound().below(str(own)))
    kept = sorted(each.key for each in storage.bound().below(str(theirs)))
    assert kept
    erase_inventory(EraseInventory(inventory_id=own))
    erasing.forget_files(own)
    assert not list(storage.bound().below(str(own)))
    assert sorted(each.key for each in storage.bound().below(str(theirs))) == kept


def test_an_inventory_that_is_not_there_is_named(engine, chain):
    with pytest.raises(NotFound):
        erase_inventory(EraseInventory(inventory_id=999))


def test_a_failure_in_the_middle_leaves_everything(two, engine, monkeypatch):
    before, guards = everything(engine), triggers(engine)

    def fail(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr(erasure, "erase_accounts", fail)
    with pytest.raises(RuntimeError):
        erase_inventory(EraseInventory(inventory_id=two[0].chain.inventory_id))

    assert everything(engine) == before
    assert triggers(engine) == guards


KILLED = """
    import os, signal, sys
    from ventory.db import erasure, unit_of_work
    from ventory.db.engine import open_engine
    import ventory.models
    from ventory.blueprints.inventories.erasing import EraseInventory, erase_inventory

    unit_of_work.bind(open_engine(sys.argv[1]))
    erasure.erase_accounts = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    erase_inventory(EraseInventory(inventory_id=int(sys.argv[2])))
"""


def test_a_process_that_is_killed_in_the_middle_leaves_everything(two, engine, database_url):
    before, guards = everything(engine), triggers(engine)
    inventory = two[0].chain.inventory_id
    program = [sys.executable, "-c", textwrap.dedent(KILLED), database_url, str(inventory)]
    done = subprocess.run(
        program, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert done.returncode == -signal.SIGKILL, done.stderr

    assert everything(engine) == before
    assert triggers(engine) == guards
    erase_inventory(EraseInventory(inventory_id=inventory))
    assert rows_in(engine, inventory) == 0


def test_a_role_that_does_not_own_the_tables_is_told_so(two, engine, database_url):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite's tables have no owner")
    before = everything(engine)
    with writing(engine).begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS till"))
        connection.execute(text("CREATE ROLE till LOGIN"))
        connection.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO till"))
    try:
        with writing(engine).begin() as connection:
            connection.execute(text("SET LOCAL ROLE till"))
            with pytest.raises(Rejected, match="Only the owner of the tables"):
                erasure.erase_inventory(connection, two[0].chain.inventory_id)
        assert everything(engine) == before
    finally:
        with writing(engine).begin() as connection:
            connection.execute(text("DROP OWNED BY till"))
            connection.execute(text("DROP ROLE till"))


def test_every_table_of_inventories_is_found_by_what_it_holds():
    names = [table.name for table in erasure.tables_of_inventories()]
    assert set(names) == {table.name for table in Base.metadata.tables.values() if "inventory_id" in table.c}
    for before, after in (("movement_line", "movement"), ("movement", "actor"), ("audit_private", "audit")):
        assert names.index(before) < names.index(after)


def commands(config, database_url, *words, answer=""):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "VENTORY_HOME": str(config.home),
        "SQLALCHEMY_DATABASE_URI": database_url,
    }
    program = [sys.executable, "-m", "ventory", *words]
    return subprocess.run(program, capture_output=True, text=True, input=answer, env=environment)


def test_the_command_asks_for_the_name(chain, engine, config, database_url):
    chain.item("tea", stock=3)
    other = found_chain("Other")
    number = str(chain.inventory_id)

    refused = commands(config, database_url, "inventory", "erase", number, answer="Tea\n")
    assert (refused.returncode, "Nothing was erased" in refused.stderr) == (1, True)
    assert rows_in(engine, chain.inventory_id) > 0

    done = commands(config, database_url, "inventory", "erase", number, answer="Tea and Mugs\n")
    assert done.returncode == 0, done.stderr
    assert f"inventory {number} erased, 1 movements" in done.stdout
    assert rows_in(engine, chain.inventory_id) == 0
    assert rows_in(engine, other.inventory_id) > 0
    assert commands(config, database_url, "inventory", "erase", number, "--yes").returncode == 1
    assert commands(config, database_url, "inventory", "erase", "--sample", "--yes").returncode == 1
    assert commands(config, database_url, "inventory", "erase").returncode == 2


def test_the_sample_goes_with_the_accounts_that_work_nowhere_else(chain, engine):
    sample = found_chain("Sample")
    erase_inventory(EraseInventory(inventory_id=sample.inventory_id, is_sample=True))
    with autocommit(engine).connect() as connection:
        left = set(connection.execute(text("SELECT email FROM user_account")).scalars())
    assert sample.email not in left
    assert chain.email in left


# A person


@pytest.fixture
def leaver(app, chain, engine):
    """A member who signed in from a device of their own, changed their name and worked. returns: their address"""
    _, email = chain.member("manager")
    till = app.test_client()
    sent = {"User-Agent": "Qzphone/7"}
    token = till.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}, headers=sent)
    headers = sent | {"Authorization": f"Bearer {token.json['access_token']}"}
    assert till.post("/api/v1/categories", json={"name": "Drinks"}, headers=headers).status_code == 201
    Browser(app, email).post("/auth/account", {"name": "Qzada Lovelace"}, page="/auth/account")
    return email


def personal(engine) -> str:
    with autocommit(engine).connect() as connection:
        found = [connection.execute(select(table)).all() for table in (AuditPrivate.__table__, Origin.__table__)]
    return repr(found)


def test_who_leaves_is_erased_from_the_trail_and_the_trail_stays(app, api, chain, leaver, engine):
    api.post("/api/v1/categories", {"name": "Food"})
    note = chain.item("tea", stock=2) and chain.move("sale", ("tea", 1), note="asked by Qzada Lovelace")
    assert "Qzphone/7" in personal(engine)
    assert "Qzada Lovelace" in personal(engine)
    with autocommit(engine).connect() as connection:
        before = list(connection.execute(select(Audit.__table__).order_by(Audit.id)))
        digests = list(connection.execute(select(Origin.id, Origin.digest).order_by(Origin.id)))

    browser = Browser(app, leaver)
    assert browser.post("/auth/close", {"password": PASSWORD}, page="/auth/close").status_code == 303

    left = personal(engine)
    assert "Qzphone" not in left
    assert "Qzada" not in left
    assert leaver not in left
    with autocommit(engine).connect() as connection:
        after = list(connection.execute(select(Audit.__table__).order_by(Audit.id)))
        notes = list(connection.execute(text("SELECT note FROM movement_private WHERE note IS NOT NULL")).scalars())
        origins = dict(connection.execute(select(Origin.id, Origin.digest)).all())
        ours = connection.execute(select(Origin.address).where(Origin.address.is_not(None))).scalars().all()
    assert after[: len(before)] == before
    assert {key: origins[key] for key, _ in digests} == dict(digests)
    assert notes == ["asked by Qzada Lovelace"]
    assert note is not None
    assert ours
    assert leaver not in "".join(row.changes for row in after)

    row = next(each for each in api.get("/api/v1/audit").json if each["said"] == "added the category Drinks")
    assert (row["actor"][:13], row["address"]) == ("Former member", None)
    page = Browser(app, chain.email).get(f"/admin/audit/{row['id']}").text
    assert "erased" in page


def test_the_operator_can_erase_a_person_too(app, leaver, engine, config, database_url):
    done = commands(config, database_url, "user", "erase", leaver, "--yes")
    assert done.returncode == 0, done.stderr
    assert "Qzada" not in personal(engine)
    assert "Qzphone" not in personal(engine)
    assert commands(config, database_url, "user", "erase", leaver, "--yes").returncode == 1


def test_a_device_that_somebody_else_uses_too_is_kept(app, chain, leaver, api, engine):
    api.post("/api/v1/categories", {"name": "Food"}, headers={"User-Agent": "Qzphone/7"})
    browser = Browser(app, leaver)
    browser.post("/auth/close", {"password": PASSWORD}, page="/auth/close")
    with autocommit(engine).connect() as connection:
        kept = connection.execute(select(Origin.__table__).where(Origin.device == "Qzphone/7")).all()
    (origin,) = [row for row in kept if row.inventory_id == chain.inventory_id]
    assert origin.digest == audit.origin_digest(origin.salt, "127.0.0.1", "Qzphone/7")


def test_what_another_process_erased_is_used_no_more(app, chain, leaver, config, database_url, engine, monkeypatch):
    """A server remembers where the leaver came from; the operator erases it; somebody else comes from there."""
    sent = {"User-Agent": "Qzphone/7"}

    def sign_in(email: str) -> None:
        asked = {"email": email, "password": PASSWORD}
        assert app.test_client().post("/api/v1/auth/login", json=asked, headers=sent).status_code == 200

    sign_in(leaver)
    assert commands(config, database_url, "user", "erase", leaver, "--yes").returncode == 0
    monkeypatch.setattr(audit, "SURE_SECONDS", 0.0)

    sign_in(chain.member("clerk")[1])

    with autocommit(engine).connect() as connection:
        newest = select(Audit.origin_id).where(Audit.inventory_id.is_(None)).order_by(Audit.id.desc()).limit(1)
        origin = connection.execute(select(Origin.__table__).where(Origin.id == newest.scalar_subquery())).one()
    assert (origin.address, origin.device) == ("127.0.0.1", "Qzphone/7")
