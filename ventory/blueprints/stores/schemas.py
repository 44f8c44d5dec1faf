"""Shapes of stores."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ventory.web.schemas import Out, PageQuery


class StoreOut(Out):
    id: int
    code: str
    name: str
    kind: Literal["shop", "warehouse"]
    address: str
    time_zone: str
    may_go_negative: bool
    is_default: bool
    closed_at: datetime | None
    version: int


class StoresQuery(PageQuery):
    closed: Literal["no", "all"] = "no"
