"""Two hundred edits of one field each, by somebody whom the database does not stop: every one of them is named."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select

from tests.owner import owner_of
from tests.stock.test_seals import KEY, history  # noqa: F401 - a fixture
from ventory.db import audit
from ventory.db.engine import reading
from ventory.db.unit_of_work import Command, unit_of_work
from ventory.models import (
    Audit,
    AuditPrivate,
    ItemNote,
    Movement,
    MovementLine,
    MovementPrivate,
    Origin,
    SealBlock,
)
from ventory.stock import chain as chains
from ventory.stock import sealed, seals
from ventory.stock.proof import prove
from ventory.stock.seals import Heads, Sealer

EDITS = int(os.environ.get("VENTORY_EDITS", "200"))
TABLES = (Movement, MovementLine, SealBlock, MovementPrivate, Audit, AuditPrivate, Origin)


@dataclass(frozen=True)
class Edit:
    """One field of one row. names: what the proof must name first, as (table, id)"""

    table: type
    column: str
    key: dict
    value: object
    names: tuple[str, int]


@pytest.fixture
def sealed_history(history, engine, tmp_path, monkeypatch):  # noqa: F811
    """Forty movements and their trail in blocks of a few rows each. returns: the inventory and its known head"""
    monkeypatch.setattr(seals, "MOST_ROWS", 9)
    places = iter(range(1_000_000))
    monkeypatch.setattr(
        audit._bound, "source", lambda: audit.Source(f"10.0.0.{next(places) % 9}", "till", f"request-{next(places)}")
    )
    for number in range(32):
        words = {"counterparty": f"guest {number}"} if number % 3 else {"note": f"note {number}", "reason": "gift"}
        kind, where = ("transfer", ("LEEDS", "YORK")) if number % 4 == 0 else ("sale", ())
        history.move(kind, ("tea", 1, *where), ("mugs", 1, *where), **words)
    for number in range(12):
        with unit_of_work(Command(by=history.owner)) as work:
            words = {"text": f"says person {number}", "actor_id": history.owner.id, "created_at": work.now}
            work.session.add(ItemNote(inventory_id=history.inventory_id, item_id=history.items["tea"], **words))
    heads = Heads(tmp_path)
    Sealer(engine, KEY, heads).seal()
    return history.inventory_id, heads.read()[history.inventory_id]


def random_edit(connection: Connection, dice: random.Random) -> Edit:
    model = dice.choice(TABLES)
    table = model.__table__
    rows = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
    row = dice.choice(rows)
    column = dice.choice(list(table.c))
    value = changed(row[column.name], column, dice)
    key = {each.name: row[each.name] for each in table.primary_key}
    named = {"seal_block": "number", "movement_private": "movement_id", "audit_private": "audit_id"}.get(
        table.name, "id"
    )
    now = value if table.name.endswith("_private") and column.name == named else row[named]
    return Edit(model, column.name, key, value, (table.name, now))


def changed(value, column, dice: random.Random):
    """Another value that the column takes."""
    if value is not None and column.nullable and dice.random() < 0.3:
        return None
    kind = column.type.python_type
    match value:
        case bool():
            return not value
        case int():
            return value + dice.choice((1_000_000, 2_000_003))
        case Decimal():
            return value + Decimal(dice.choice(("0.0001", "1", "250")))
        case datetime():
            return value + timedelta(microseconds=dice.choice((1, 10**6, 10**11)))
        case date():
            return value + timedelta(days=dice.choice((-1, 1, 400)))
        case bytes():
            at = dice.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << dice.randrange(8))]) + value[at + 1 :]
        case str():
            at = dice.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return "invented" if kind is str else dice.randint(1, 10**6)


@contextmanager
def done(connection: Connection, edit: Edit):
    """An edit, and its undoing: what a copy of the database would be."""
    table = edit.table.__table__
    running = connection.begin_nested()
    where = [table.c[name] == value for name, value in edit.key.items()]
    count = connection.execute(table.update().where(*where).values({edit.column: edit.value})).rowcount
    assert count == 1, edit
    yield
    running.rollback()


def unnoticed(engine, known, count: int) -> list[Edit]:
    """The edits whose row is not the first that is named."""
    inventory_id, head = known
    dice, missed = random.Random(7), []
    with owner_of(engine) as owner:
        for _ in range(count):
            edit = random_edit(owner.connection, dice)
            with done(owner.connection, edit):
                found = chains.check(owner.connection, inventory_id, KEY, head).findings
            if not found or (found[0].table, found[0].id) != edit.names:
                missed.append((edit, [str(each) for each in found[:3]]))
    return missed


def test_every_edit_of_one_field_is_named(sealed_history, engine):
    assert unnoticed(engine, sealed_history, EDITS) == []
    with owner_of(engine) as owner:
        assert chains.check(owner.connection, sealed_history[0], KEY, sealed_history[1]).findings == []


def test_the_proof_notices_a_column_that_is_left_out(sealed_history, engine, tmp_path, monkeypatch):
    """A sealer that forgets one column: edits of it pass."""
    strand, *others = sealed.STRANDS
    parts = replace(strand.parts, columns=tuple(name for name in strand.parts.columns if name != "value"))
    forgetful = replace(strand, parts=parts)
    monkeypatch.setattr(seals, "STRANDS", (forgetful, *others))
    monkeypatch.setitem(chains.BY_KIND, "movement", forgetful)
    with owner_of(engine) as owner:
        owner.run("DELETE FROM seal_block")
    heads = Heads(tmp_path / "again")
    heads.file.parent.mkdir()
    Sealer(engine, KEY, heads).seal()
    inventory_id = sealed_history[0]

    missed = unnoticed(engine, (inventory_id, heads.read()[inventory_id]), EDITS)

    assert {(edit.table, edit.column) for edit, _ in missed} == {(MovementLine, "value")}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM movement_line WHERE id = :line", "movement_line {line}: was sealed and is gone"),
        ("DELETE FROM movement WHERE id = :movement", "movement {movement}: was sealed and is gone"),
        ("DELETE FROM seal_block WHERE number = 2", "seal_block 2: was sealed and is gone"),
        (
            "INSERT INTO movement_line (id, inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity,"
            " value) SELECT 7777, inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity, value"
            " FROM movement_line WHERE id = :line",
            "movement_line 7777: was added among rows that were sealed",
        ),
        (
            "INSERT INTO movement (id, inventory_id, kind, actor_id, business_date, occurred_at, recorded_at)"
            " SELECT -5, inventory_id, kind, actor_id, business_date, occurred_at, recorded_at FROM movement"
            " WHERE id = :movement",
            "movement -5: was added among rows that were sealed",
        ),
        ("UPDATE seal_block SET number = -3 WHERE number = 2", "seal_block -3: was changed after it was sealed"),
        (
            "UPDATE movement_line SET movement_id = :movement + 1 WHERE movement_id = :movement",
            "movement_line {line}: was changed after it was sealed",
        ),
    ],
)
def test_what_is_taken_out_or_put_in_is_named(sealed_history, engine, statement, said):
    inventory_id, head = sealed_history
    with owner_of(engine) as owner:
        line, movement = owner.run("SELECT min(id), min(movement_id) FROM movement_line WHERE movement_id > 4").one()
        names = {"line": line, "movement": movement}
        owner.run(statement, **{name: value for name, value in names.items() if f":{name}" in statement})
        findings = chains.check(owner.connection, inventory_id, KEY, head).findings

    assert said.format(**names) in str(findings[0])


def test_two_rows_that_change_places_are_named(sealed_history, engine):
    inventory_id, head = sealed_history
    with owner_of(engine) as owner:
        first, second = owner.run("SELECT id FROM movement WHERE kind = 'sale' ORDER BY id LIMIT 2").scalars()
        for old, new in ((first, 900), (second, first), (900, second)):
            owner.run("UPDATE movement SET id = :new WHERE id = :old", old=old, new=new)
        findings = chains.check(owner.connection, inventory_id, KEY, head).findings

    assert [(each.table, each.id, each.what) for each in findings if each.table == "movement"] == [
        ("movement", first, "altered"),
        ("movement", second, "altered"),
    ]


def test_nonsense_in_the_ledger_is_named_and_breaks_nothing_off(sealed_history, engine):
    inventory_id, head = sealed_history
    written = {
        "sqlite": (
            "UPDATE movement_line SET quantity = 'much' WHERE id = 7",
            "UPDATE movement SET business_date = 'x'",
        ),
        "postgresql": ("UPDATE movement_line SET quantity = 'NaN' WHERE id = 7",),
    }[engine.dialect.name]
    with owner_of(engine) as owner:
        for statement in written:
            owner.run(statement)

    with reading(engine).connect() as connection:
        found = prove(connection, KEY, {inventory_id: head}).differences

    assert ("movement_line", 7) in [(each.table, each.id) for each in found if isinstance(each, chains.Broken)]
