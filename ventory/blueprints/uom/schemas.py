"""Shapes of units."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ventory.web.schemas import Code, In, Name, Out, line_of_text

Decimals = Annotated[int, Field(strict=True, ge=0, le=6)]
Ratio = Annotated[line_of_text(21, 1), Field(description='Exact: "12", "0.5" or "1/1000" of the base.')]


class UnitIn(In):
    code: Code
    name: Name
    decimals: Decimals = 0
    base: Annotated[Code | None, Field(description="The code of the unit that a pack is made of.")] = None
    ratio: Ratio | None = None


class UnitChange(In):
    """Changes to a unit; absent fields stay."""

    code: Code | None = None
    name: Name | None = None
    decimals: Decimals | None = None
    ratio: Ratio | None = None


class UnitOut(Out):
    id: int
    code: str
    name: str
    decimals: int
    base_id: int | None
    base: str | None
    ratio: str | None
    items: int
    version: int
