"""Shapes of stores."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ventory.web.schemas import Code, In, Name, Out, PageQuery, StoreRef, line_of_text


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


class StoreIn(In):
    code: Code
    name: Name
    kind: Literal["shop", "warehouse"] = "shop"
    address: line_of_text(400) = ""
    time_zone: line_of_text(64, 1) | None = None
    may_go_negative: bool = False
    copy_range_from: Annotated[
        StoreRef | None, Field(description="A store whose carried items and rules this one begins with.")
    ] = None


class StoreChange(In):
    """Changes to a store; absent fields stay."""

    code: Code | None = None
    name: Name | None = None
    kind: Literal["shop", "warehouse"] | None = None
    address: line_of_text(400) | None = None
    time_zone: line_of_text(64, 1) | None = None
    may_go_negative: bool | None = None
    is_closed: bool | None = None
    is_default: Literal[True] | None = None
