"""Shapes of categories."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ventory.web.schemas import Id, In, Out, line_of_text

Tint = Annotated[int, Field(strict=True, ge=0, le=9)]


class CategoryIn(In):
    name: line_of_text(120, 1)
    parent_id: Id | None = None
    tint: Tint = 0


class CategoryChange(In):
    """Changes to a category; absent fields stay. parent_id null moves it to the top."""

    name: line_of_text(120, 1) | None = None
    parent_id: Id | None = None
    tint: Tint | None = None


class CategoryOut(Out):
    id: int
    parent_id: int | None
    name: str
    path: str
    depth: int
    tint: int
    items: Annotated[int, Field(description="Active items directly in it.")]
    version: int
