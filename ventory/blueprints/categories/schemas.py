"""Shapes of categories."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ventory.web.schemas import Id, In, LevelQuantity, Out, QuantityOut, line_of_text

RULE = Field(description="For the items in it and below it; null leaves it to the category above.")
Tint = Annotated[int, Field(strict=True, ge=0, le=9)]


class CategoryIn(In):
    name: line_of_text(120, 1)
    parent_id: Id | None = None
    tint: Tint = 0
    reorder_point: Annotated[LevelQuantity | None, RULE] = None
    target_level: Annotated[LevelQuantity | None, RULE] = None


class CategoryChange(In):
    """Changes to a category; absent fields stay. parent_id null moves it to the top."""

    name: line_of_text(120, 1) | None = None
    parent_id: Id | None = None
    tint: Tint | None = None
    reorder_point: Annotated[LevelQuantity | None, RULE] = None
    target_level: Annotated[LevelQuantity | None, RULE] = None


class CategoryOut(Out):
    id: int
    parent_id: int | None
    name: str
    path: str
    depth: int
    tint: int
    items: Annotated[int, Field(description="Active items directly in it.")]
    reorder_point: Annotated[QuantityOut | None, RULE]
    target_level: Annotated[QuantityOut | None, RULE]
    version: int
