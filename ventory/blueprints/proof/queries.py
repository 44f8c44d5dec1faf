"""Reads of the proof: the seals of an inventory, what they wait for, and the runs that checked it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow
from ventory.blueprints.items.models import Item
from ventory.blueprints.proof.models import DONE, ProofRun
from ventory.blueprints.stores.models import Store
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.stock import seals
from ventory.stock.models import Place


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, and what it can be looked up by, or None."""

    text: str
    item_id: int | None = None
    item: str | None = None
    store: str | None = None
    movement_id: int | None = None


@dataclass(frozen=True)
class RunView:
    """One check. asked_by: None for the one of the night; seconds: how long it took; findings: the first of them"""

    id: int
    state: str
    asked_by: str | None
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    lines: int
    lines_done: int
    sealed: int
    sealed_done: int
    balances: int
    facts: int
    differences: int
    seal: str | None
    is_stopping: bool
    findings: tuple[Finding, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True)
class Sealed:
    """An inventory's chain: how much is in it, and its newest seal."""

    blocks: int
    rows: int
    waiting: int
    seal: str | None
    sealed_at: datetime | None


@dataclass(frozen=True)
class ProofView:
    """last: the newest run that came to its end; running: the one that waits or runs"""

    sealed: Sealed
    last: RunView | None
    running: RunView | None


def sealed(session: Session, inventory_id: int) -> Sealed:
    """What is sealed, and what waits for it."""
    connection = session.connection()
    newest = seals.newest_block(connection, inventory_id)
    waiting = seals.waiting(connection, inventory_id)
    if newest is None:
        return Sealed(0, 0, waiting, None, None)
    return Sealed(newest.number, newest.total, waiting, newest.seal, newest.sealed_at)


def _runs() -> Select:
    return select(ProofRun, ActorRow.name).outerjoin(
        ActorRow, and_(ActorRow.inventory_id == ProofRun.inventory_id, ActorRow.id == ProofRun.asked_by_id)
    )


def proof(session: Session, inventory_id: int) -> ProofView:
    """Whether the figures of an inventory can be trusted, as far as is known."""
    newest = _runs().order_by(ProofRun.id.desc()).limit(1)
    last = session.execute(newest.where(ProofRun.state == DONE)).first()
    running = session.execute(newest.where(ProofRun.ended_at.is_(None))).first()
    return ProofView(
        sealed(session, inventory_id),
        _view(session, last, with_findings=True) if last else None,
        _view(session, running) if running else None,
    )


def runs(session: Session, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[RunView]:
    """Every run, newest first. shape: Page of RunView without findings"""
    key = SortKey(ProofRun.id, lambda row: row[0].id, is_descending=True)
    page = fetch(session, _runs(), [key], limit=limit, cursor=cursor)
    return Page(tuple(_view(session, row) for row in page.rows), page.next_cursor, page.previous_cursor)


def get_run(session: Session, run_id: int) -> RunView | None:
    """One run with what it found."""
    row = session.execute(_runs().where(ProofRun.id == run_id)).first()
    return _view(session, row, with_findings=True) if row else None


def _view(session: Session, row: Any, *, with_findings: bool = False) -> RunView:
    run, name = row
    seconds = (run.ended_at - run.began_at).total_seconds() if run.ended_at and run.began_at else None
    return RunView(
        run.id,
        run.state,
        name,
        run.asked_at,
        run.began_at,
        run.ended_at,
        seconds,
        run.lines,
        min(run.lines_done, run.lines),
        run.sealed,
        min(run.sealed_done, run.sealed),
        run.balances,
        run.facts,
        run.differences,
        run.seal,
        run.is_unwanted and run.ended_at is None,
        _findings(session, json.loads(run.findings)) if with_findings else (),
    )


def _findings(session: Session, found: list[dict]) -> tuple[Finding, ...]:
    """What was found, with the names of what it is about."""
    items = _named(session, select(Item.id, Item.name).where(Item.id.in_(_ids(found, "item_id"))))
    of_place = select(Place.id, Store.name).join(
        Store, and_(Store.inventory_id == Place.inventory_id, Store.id == Place.store_id)
    )
    stores = _named(session, of_place.where(Place.id.in_(_ids(found, "place_id"))))
    return tuple(
        Finding(
            each["text"],
            each.get("item_id"),
            items.get(each.get("item_id")),
            stores.get(each.get("place_id")),
            each["id"] if each.get("table") in ("movement", "movement_private") else None,
        )
        for each in found
    )


def _ids(found: list[dict], name: str) -> set[int]:
    return {each[name] for each in found if each.get(name)}


def _named(session: Session, statement: Select) -> dict[int | None, str]:
    return {row[0]: row[1] for row in session.execute(statement)}
