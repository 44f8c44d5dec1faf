"""Shapes of the proof."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ventory.blueprints.proof.models import STATES
from ventory.web.schemas import Out


class FindingOut(Out):
    text: Annotated[str, Field(description="What is not as it should be, in a sentence.")]
    item_id: int | None
    item: str | None
    store: str | None
    movement_id: int | None


class RunOut(Out):
    """One check of an inventory's figures and seals."""

    id: int
    state: Literal[*STATES]
    asked_by: Annotated[str | None, Field(description="Null for the check of the night.")]
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    seconds: Annotated[float | None, Field(description="How long it took.")]
    lines: Annotated[int, Field(description="Movement lines that there are to check.")]
    lines_done: int
    sealed: Annotated[int, Field(description="Sealed rows that there are to check.")]
    sealed_done: int
    balances: int
    facts: int
    differences: Annotated[int, Field(description="How many figures, rows or blocks are not as they should be.")]
    seal: Annotated[str | None, Field(description="The newest seal that was checked; everything before hangs on it.")]
    is_stopping: bool


class RunDetailOut(RunOut):
    findings: Annotated[list[FindingOut], Field(description="The first 200 differences.")]


class SealedOut(Out):
    """The chain of seals. Keep `seal` elsewhere: that nothing was cut off since can be told by it."""

    blocks: int
    rows: int
    waiting: Annotated[int, Field(description="Rows that are not sealed yet; the worker seals once a minute.")]
    seal: str | None
    sealed_at: datetime | None


class ProofOut(Out):
    sealed: SealedOut
    last: Annotated[RunDetailOut | None, Field(description="The newest check that came to its end.")]
    running: Annotated[RunOut | None, Field(description="The check that waits or runs.")]
