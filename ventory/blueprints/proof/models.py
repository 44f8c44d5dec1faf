"""Runs of the proof."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import ProofRunning
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.types import UtcTime

_OPEN = text("ended_at IS NULL")
WAITING, RUNNING, DONE, STOPPED, FAILED = "waiting", "running", "done", "stopped", "failed"
STATES = (WAITING, RUNNING, DONE, STOPPED, FAILED)


class ProofRun(Tenant, Base):
    """One check of an inventory's figures and seals; kept for good. At most one is waiting or running.

    asked_by_id: None for the one of the night; is_unwanted: somebody asked to stop it; seen_at: when the worker last
    wrote how far it came; differences: how many were found, findings: the first of them as JSON; seal: the newest,
    which everything before hangs on
    """

    __tablename__ = "proof_run"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "asked_by_id"], ["actor.inventory_id", "actor.id"]),
        Index("uq_proof_run_open", "inventory_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    asked_by_id: Mapped[int | None] = mapped_column(Id)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(12), default=WAITING)
    is_unwanted: Mapped[bool] = mapped_column(Boolean, default=False)
    began_at: Mapped[datetime | None] = mapped_column(UtcTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lines: Mapped[int] = mapped_column(Id, default=0)
    lines_done: Mapped[int] = mapped_column(Id, default=0)
    sealed: Mapped[int] = mapped_column(Id, default=0)
    sealed_done: Mapped[int] = mapped_column(Id, default=0)
    balances: Mapped[int] = mapped_column(Id, default=0)
    facts: Mapped[int] = mapped_column(Id, default=0)
    differences: Mapped[int] = mapped_column(Id, default=0)
    findings: Mapped[str] = mapped_column(Text, default="[]")
    seal: Mapped[str | None] = mapped_column(String(64))


means("proof_run", ["inventory_id"], "uq_proof_run_open", ProofRunning, "A check of this inventory is running.", None)
