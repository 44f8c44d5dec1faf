"""Imports in processes of their own, so that they can be killed; and a digest of what they left."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from ventory.blueprints.imports import documents, service
from ventory.blueprints.imports.command import import_file
from ventory.blueprints.imports.models import ImportDocument
from ventory.blueprints.items.models import Item
from ventory.db import unit_of_work
from ventory.db.engine import open_engine
from ventory.db.unit_of_work import Command
from ventory.models import Balance, Movement, MovementLine, Place

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.imports.killed"])


def killed_often(url: str, file: Path, home: Path, kills: int, *, is_broken: bool = False) -> int:
    """Start an import and kill it, again and again. returns: how many died before they were done

    is_broken: a twin that is wrong, and that dies by itself where it hurts
    """
    dice = random.Random(kills)
    died = 0
    for _ in range(kills):
        here, there = _processes.Pipe()
        process = _processes.Process(target=_import, args=(url, file, home, there, is_broken), daemon=True)
        process.start()
        there.close()
        here.recv()
        if is_broken:
            process.join(60)
        else:
            time.sleep(dice.uniform(0.01, 0.6))
        died += process.exitcode is None
        process.kill()
        process.join()
    return died


def _import(url: str, file: Path, home: Path, started: Any, is_broken: bool) -> None:
    service.FEWEST = service.MOST = 20
    if is_broken:
        _remember_in_another_transaction()
    engine = open_engine(url)
    unit_of_work.bind(engine)
    with engine.connect(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        started.send(True)
        import_file("sales", file, home)


def _remember_in_another_transaction() -> None:
    """The twin: lines are posted first, and remembered a moment later; after three chunks it dies in between."""
    remember, apply_chunk = documents.remember, service._apply_chunk
    waiting: list[tuple] = []
    chunks: list = []

    def remember_later(_work, *what):
        waiting.append(what)

    def apply_then_remember(kind, chunk):
        outcome = apply_chunk(kind, chunk)
        chunks.append(outcome)
        if len(chunks) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        with unit_of_work.unit_of_work(Command(by=kind.actor)) as work:
            for what in waiting:
                remember(work, *what)
        waiting.clear()
        return outcome

    documents.remember = remember_later
    service._apply_chunk = apply_then_remember


def digest(connection: Connection) -> dict[str, Any]:
    """Balances, imported lines without their ids, documents."""
    balances = select(Item.sku, Balance.on_hand, Balance.value, Balance.last_cost).join(
        Item, Item.id == Balance.item_id
    )
    source, target = Place.__table__.alias("source"), Place.__table__.alias("target")
    lines = (
        select(
            Movement.kind,
            Movement.reason,
            Movement.business_date,
            Movement.occurred_at,
            Item.sku,
            source.c.kind,
            target.c.kind,
            MovementLine.quantity,
            MovementLine.value,
        )
        .join(MovementLine, MovementLine.movement_id == Movement.id)
        .join(Item, Item.id == MovementLine.item_id)
        .join(source, source.c.id == MovementLine.from_place_id)
        .join(target, target.c.id == MovementLine.to_place_id)
        .where(or_(Movement.kind != "opening", Movement.reason == "derived"))
    )
    documents_ = select(ImportDocument.kind, ImportDocument.source, ImportDocument.document, ImportDocument.done)
    return {
        "balances": Counter(map(tuple, connection.execute(balances))),
        "lines": Counter(map(tuple, connection.execute(lines))),
        "documents": Counter(map(tuple, connection.execute(documents_))),
    }
