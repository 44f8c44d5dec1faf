"""The seals: every committed row sealed once, and whatever the database's owner changes afterwards is named."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.chain import found_chain
from tests.owner import owner_of
from ventory.cli import main
from ventory.db import dialect
from ventory.db.engine import autocommit, reading, writing
from ventory.models import Audit, Balance, Movement, MovementLine, SealBlock
from ventory.stock import chain as chains
from ventory.stock import seals
from ventory.stock.proof import prove
from ventory.stock.sealed import STRANDS, SealKey, entries
from ventory.stock.seals import CannotSeal, Heads, Sealer

KEY = SealKey("k" * 40)


@pytest.fixture
def heads(tmp_path) -> Heads:
    (tmp_path / "home").mkdir(exist_ok=True)
    return Heads(tmp_path / "home")


@pytest.fixture
def sealer(engine, heads) -> Sealer:
    return Sealer(engine, KEY, heads)


@pytest.fixture
def history(chain):
    """Eight movements of eleven lines, three of them with what people wrote."""
    for sku in ("tea", "mugs"):
        chain.item(sku, stock=50, unit_cost="2.50")
    chain.move("transfer", ("tea", 3, "LEEDS", "YORK"), ("mugs", 4, "LEEDS", "YORK"))
    chain.move("sale", ("tea", 1), ("mugs", 1), counterparty="Ann O'Hara")
    chain.move("sale", ("tea", 2), note="tab\there, line\nthere, back\\slash", external_reference="R\t1\\")
    chain.move("adjustment", ("mugs", -1), reason="damaged", note="broken")
    chain.move("sale", ("tea", "1"), ("mugs", 2))
    chain.restock("tea", 7, "YORK", unit_cost="2.61")
    return chain


def named(engine, heads, key=KEY) -> list[str]:
    with reading(engine).connect() as connection:
        return [str(each) for each in prove(connection, key, heads.read()).differences]


def blocks(engine):
    with autocommit(engine).connect() as connection:
        table = SealBlock.__table__
        return connection.execute(select(table).order_by(table.c.inventory_id, table.c.number)).all()


def sealed_ids(engine, kind: str = "movement") -> list[int]:
    return [row_id for b in blocks(engine) if b.kind == kind for row_id, _ in list(entries(b.digests))[: b.rows]]


def ids(engine, table) -> list[int]:
    with autocommit(engine).connect() as connection:
        return list(connection.execute(select(table.id).order_by(table.id)).scalars())


def test_rows_are_written_down_alike_on_both_databases(chain, engine):
    at = datetime(2026, 3, 4, 5, 6, 7, 80, UTC)
    chain.item("tea", stock=10, unit_cost="2.50")
    chain.move("sale", ("tea", "3"), external_reference="a\tb\nc\\d\x0be\x7f€", occurred_at=at)
    with reading(engine).connect() as connection:
        heads, lines = (each.read(connection, chain.inventory_id, 0, 10**9)[-1] for each in STRANDS[0].tables)
        movement = connection.execute(select(Movement.__table__).order_by(Movement.id.desc()).limit(1)).one()
        line = connection.execute(select(MovementLine.__table__).order_by(MovementLine.id.desc()).limit(1)).one()

    recorded = movement.recorded_at.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert heads.decode() == (
        f"{movement.id}\t{chain.inventory_id}\tsale\t{movement.actor_id}\t\\N\t\\N\t\\N\ta\\tb\\nc\\\\d\\ve\x7f€"
        f"\t2026-03-04\t2026-03-04 05:06:07.000080\t{recorded}\t\\N\t\\N"
    )
    assert lines.decode() == (
        f"{line.id}\t{chain.inventory_id}\t{movement.id}\t{line.item_id}\t{line.from_place_id}\t{line.to_place_id}"
        "\t3000000\t75000\t\\N"
    )


def test_every_column_of_what_is_sealed_is_sealed():
    for strand in STRANDS:
        for rows in strand.tables:
            assert sorted(rows.columns + rows.erasable) == sorted(column.name for column in rows.table.c)


def test_what_is_sealed_passes_and_is_sealed_once(history, engine, sealer, heads):
    assert sealer.seal() == sum(len(ids(engine, table)) for table in (Movement, MovementLine, Audit))
    assert sealer.seal() == 0
    history.move("sale", ("tea", 1))
    assert sealer.seal() == 3

    assert named(engine, heads) == []
    assert sealed_ids(engine) == ids(engine, Movement)
    found = blocks(engine)
    assert [(block.number, block.kind) for block in found] == [
        (1, "movement"),
        (2, "audit"),
        (3, "movement"),
        (4, "audit"),
    ]
    assert [block.previous for block in found[1:]] == [block.seal for block in found[:3]]
    assert heads.read()[history.inventory_id].seal == found[3].seal


def test_each_inventory_has_a_chain_of_its_own(history, engine, sealer, heads):
    other = found_chain("Somebody else")
    other.item("tea", stock=5)
    sealer.seal()
    history.move("sale", ("tea", 1))
    other.move("sale", ("tea", 1))
    sealer.seal()

    assert [(b.inventory_id, b.number) for b in blocks(engine)] == [
        (each.inventory_id, number) for each in (history, other) for number in (1, 2, 3, 4)
    ]
    assert named(engine, heads) == []


def test_blocks_stay_small(history, engine, sealer, heads, monkeypatch):
    monkeypatch.setattr(seals, "MOST_ROWS", 5)
    sealer.seal()

    assert all(block.rows + block.parts <= 5 for block in blocks(engine))
    assert sealed_ids(engine) == ids(engine, Movement)
    assert named(engine, heads) == []


def test_a_sealed_block_never_changes(history, engine, sealer):
    sealer.seal()
    before = blocks(engine)
    for statement in (
        "UPDATE seal_block SET sealed_at = sealed_at",
        "DELETE FROM seal_block",
        "INSERT INTO seal_block SELECT * FROM seal_block",
    ):
        with pytest.raises((IntegrityError, DBAPIError)), writing(engine).begin() as connection:
            connection.execute(text(statement))
    if engine.dialect.name == "sqlite":
        with pytest.raises(IntegrityError), writing(engine).begin() as connection:
            connection.execute(text("INSERT OR REPLACE INTO seal_block SELECT * FROM seal_block"))
    else:
        with pytest.raises(DBAPIError), writing(engine).begin() as connection:
            connection.execute(text("TRUNCATE seal_block"))
    assert blocks(engine) == before


def test_another_key_says_so_and_accuses_nobody(history, engine, sealer, heads):
    sealer.seal()

    (said,) = named(engine, heads, SealKey("another key" * 4))

    assert "the seals cannot be checked. Set the key that they were sealed under." in said
    assert "changed" not in said
    history.move("sale", ("tea", 1))
    with pytest.raises(CannotSeal, match="Set the key that they were sealed under"):
        Sealer(engine, SealKey("another key" * 4), heads).seal()


def test_blocks_that_were_cut_off_with_their_rows_are_missed(history, engine, sealer, heads):
    sealer.seal()
    history.move("sale", ("tea", 1))
    sealer.seal()
    moved, told = blocks(engine)[-2:]
    with owner_of(engine) as owner:
        owner.run(f"DELETE FROM movement_line WHERE movement_id > {moved.after_id}")
        owner.run(f"DELETE FROM movement WHERE id > {moved.after_id}")
        owner.run(f"DELETE FROM audit WHERE id > {told.after_id}")
        owner.run("DELETE FROM seal_block WHERE number > 2")

    said = named(engine, heads)

    assert "seal_block 4: was sealed at" in said[0]
    assert "the newest rows were cut off, or an older backup was restored" in said[0]
    history.move("sale", ("mugs", 1))
    restarted = Sealer(engine, KEY, heads)
    with pytest.raises(CannotSeal, match="ventory seal --accept"):
        restarted.seal()
    seals.accept(engine, heads)
    assert restarted.seal() == 3
    assert not any("seal_block" in each for each in named(engine, heads))


def test_a_chain_that_was_made_anew_is_not_the_one_that_is_known(history, engine, sealer, heads, tmp_path):
    sealer.seal()
    with owner_of(engine) as owner:
        owner.run("DELETE FROM seal_block")
        owner.run("UPDATE movement_line SET value = value + 1 WHERE id = 1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Sealer(engine, KEY, Heads(elsewhere)).seal()

    assert "is not the block that is known outside the database" in named(engine, heads)[0]


def test_two_workers_seal_every_row_once(chain, engine, heads, tmp_path, monkeypatch):
    monkeypatch.setattr(seals, "MOST_ROWS", 7)
    for index in range(6):
        chain.item(f"item{index}")
    (tmp_path / "second").mkdir()
    workers = [Sealer(engine, KEY, heads), Sealer(engine, KEY, Heads(tmp_path / "second"))]
    stop = threading.Event()

    def work(worker):
        while not stop.is_set():
            worker.seal()

    with ThreadPoolExecutor(6) as pool:
        working = [pool.submit(work, worker) for worker in workers]
        list(pool.map(lambda n: chain.restock(f"item{n % 6}", 1, ("LEEDS", "YORK")[n % 2]), range(120)))
        stop.set()
        for each in working:
            each.result()
    Sealer(engine, KEY, heads).seal()

    assert sealed_ids(engine) == ids(engine, Movement)
    assert len(ids(engine, Movement)) == 120
    assert named(engine, heads) == []


class TestALongTransaction:
    """On PostgreSQL ids are taken before commit, so that an older row can appear behind newer ones."""

    @pytest.fixture(autouse=True)
    def only_there(self, engine):
        if engine.dialect.name == "sqlite":
            pytest.skip("one writer at a time: ids are the order of commits")

    @pytest.fixture
    def slow(self, history, engine):
        """A movement whose transaction stays open. returns: a function that commits it"""
        connection = writing(engine).connect()
        running = connection.begin()
        columns = "inventory_id, kind, actor_id, business_date, occurred_at, recorded_at"
        connection.execute(text(f"INSERT INTO movement ({columns}) SELECT {columns} FROM movement ORDER BY id LIMIT 1"))
        yield running.commit
        connection.close()

    def test_its_rows_are_waited_for(self, history, engine, sealer, heads, slow):
        history.move("sale", ("tea", 1))
        for _ in range(3):
            sealer.seal()
        before = sealed_ids(engine)

        slow()
        for _ in range(3):
            sealer.seal()

        assert before == []
        assert sealed_ids(engine) == ids(engine, Movement)
        assert named(engine, heads) == []

    def test_a_sealer_that_follows_what_it_sees_would_pass_it_over(self, history, engine, sealer, slow, monkeypatch):
        monkeypatch.setattr(dialect.postgresql, "writers", lambda connection, table: frozenset())
        history.move("sale", ("tea", 1))
        sealer.seal()
        slow()
        sealer.seal()

        assert sealed_ids(engine) != ids(engine, Movement)

    def test_writers_that_come_and_go_do_not_hold_it_up(self, history, engine, sealer):
        stop = threading.Event()

        def sell():
            while not stop.is_set():
                history.restock("tea", 1)

        with ThreadPoolExecutor(4) as pool:
            busy = [pool.submit(sell) for _ in range(4)]
            while len(sealed_ids(engine)) < 60:
                sealer.seal()
            stop.set()
            for each in busy:
                each.result()
        for _ in range(3):
            sealer.seal()

        assert sealed_ids(engine) == ids(engine, Movement)


def test_what_was_erased_passes_and_what_was_changed_does_not(history, engine, sealer, heads):
    sealer.seal()
    with writing(engine).begin() as connection:
        first, second, third = connection.execute(
            text("SELECT movement_id FROM movement_private ORDER BY movement_id")
        ).scalars()
        connection.execute(text("DELETE FROM movement_private WHERE movement_id = :id"), {"id": first})
        connection.execute(text("UPDATE movement_private SET note = 'else' WHERE movement_id = :id"), {"id": second})

    said = named(engine, heads)

    inventory = f"inventory {history.inventory_id}"
    assert said == [f"{inventory}, movement_private {second}: is not what the movement holds a digest of"]
    assert third > second > first


def forge(engine, folder) -> None:
    """What an owner can do who knows the code and not the key: change a row and seal everything anew."""
    folder.mkdir()
    with owner_of(engine) as owner:
        owner.run("UPDATE movement_line SET quantity = quantity * 2 WHERE id = (SELECT min(id) FROM movement_line)")
        owner.run("DELETE FROM seal_block")
    Sealer(engine, SealKey("what the owner guesses"), Heads(folder)).seal()


def test_a_chain_is_not_made_anew_without_the_key(history, engine, sealer, tmp_path):
    sealer.seal()
    forge(engine, tmp_path / "forger")

    with reading(engine).connect() as connection:
        (found, *_) = chains.check(connection, history.inventory_id, KEY, None).findings

    assert "the seals cannot be checked" in str(found)


def test_the_proof_notices_seals_that_anybody_can_compute(history, engine, sealer, tmp_path, monkeypatch):
    """A plain hash instead of one under a key: whoever changes a row computes the chain again, and it passes."""
    monkeypatch.setattr(SealKey, "sign", lambda self, words: hashlib.sha256(words.encode()).hexdigest())
    sealer.seal()
    forge(engine, tmp_path / "forger")

    with reading(engine).connect() as connection:
        assert chains.check(connection, history.inventory_id, SealKey("x" * 40), None).findings == []


def test_the_walk_tells_how_far_it_came_and_can_be_stopped(history, engine, sealer, heads):
    sealer.seal()

    class Stopped(Exception):
        pass

    told = []

    def stop(rows):
        told.append(rows)
        raise Stopped

    with reading(engine).connect() as connection, pytest.raises(Stopped):
        chains.check(connection, history.inventory_id, KEY, None, stop)
    assert told == [len(ids(engine, Movement)) + len(ids(engine, MovementLine))]


def test_balances_and_facts_are_held_against_the_ledger_as_before(history, engine, sealer, heads):
    sealer.seal()
    balance = Balance.__table__
    key = (balance.c.place_id == history.stores["YORK"], balance.c.item_id == history.items["tea"])
    with writing(engine).begin() as connection:
        connection.execute(balance.update().where(*key).values(on_hand=Decimal(11)))

    (said,) = named(engine, heads)

    assert said.endswith("on_hand is 11, the ledger says 10")


def test_the_script_that_knows_only_the_format_agrees(history, engine, sealer, tmp_path):
    if engine.dialect.name != "sqlite":
        pytest.skip("the script reads SQLite files")
    sealer.seal()
    (tmp_path / "key").write_text("k" * 40)
    script = Path(__file__).resolve().parents[2] / "scripts" / "check_chain.py"
    command = [sys.executable, script, engine.url.database, tmp_path / "key", str(history.inventory_id)]

    whole = subprocess.run(command, capture_output=True, text=True)
    with owner_of(engine) as owner:
        owner.run("UPDATE movement SET reason = 'gift' WHERE id = 3")
    changed = subprocess.run(command, capture_output=True, text=True)

    assert whole.stdout == f"2 blocks hold; the newest seal is {blocks(engine)[-1].seal}\n"
    assert (changed.returncode, changed.stderr) == (1, "Block 1 is not what was sealed.\n")


def test_the_command_line_seals_checks_and_says_what_was_found(history, engine, config, monkeypatch, capsys):
    monkeypatch.setenv("VENTORY_HOME", str(config.home))
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", config.database_url)
    sealed = run_cli("seal")
    checked = run_cli("verify")
    last = blocks(engine)[-1]
    rows = sum(len(ids(engine, table)) for table in (Movement, MovementLine, Audit))
    with owner_of(engine) as owner:
        owner.run("UPDATE movement SET reason = 'gift' WHERE id = 3")
    found = run_cli("verify")
    said = capsys.readouterr().out.splitlines()

    assert (sealed, checked, found) == (0, 0, 1)
    assert said[0] == f"{rows} rows were sealed"
    whose = f"inventory {history.inventory_id}"
    assert f"{whose}: {rows} rows in 2 blocks, 0 waiting, seal {last.seal}" in said
    assert f"{whose}, movement 3: was changed after it was sealed (block 1)" in said
    assert said[-1].startswith(f"11 lines, 4 balances, 0 daily facts, {rows} sealed rows, 1 differences (")


def run_cli(*arguments: str) -> int:
    """Run a command as a shell would. returns: how it exits"""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code or 0


def test_an_inventory_that_was_erased_is_not_missed(history, engine, config, monkeypatch):
    other = found_chain("Somebody else")
    other.item("tea", stock=5)
    monkeypatch.setenv("VENTORY_HOME", str(config.home))
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", config.database_url)
    assert run_cli("seal") == 0
    assert run_cli("inventory", "erase", str(history.inventory_id), "--yes") == 0
    assert run_cli("verify") == 0
    assert {block.inventory_id for block in blocks(engine)} == {other.inventory_id}
