"""Shapes of custom fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ventory.core.fields import KEY, KINDS
from ventory.web.schemas import Id, In, Out, QueryId, line_of_text

Key = Annotated[str, StringConstraints(strict=True, pattern=f"^{KEY.pattern}$")]
Options = Annotated[list[line_of_text(80, 1)], Field(max_length=100, description="Of a choice: two or more.")]


class FieldIn(In):
    label: line_of_text(80, 1)
    kind: Literal[*KINDS]
    category_id: Annotated[Id | None, Field(description="Its items and those of all categories below; null: all.")] = (
        None
    )
    key: Annotated[Key | None, Field(description="What values are sent under; made from the label when left out.")] = (
        None
    )
    options: Options = []
    is_required: bool = False


class FieldChange(In):
    """Changes to a field; absent ones stay. Key, kind and category never change."""

    label: line_of_text(80, 1) | None = None
    options: Options | None = None
    is_required: bool | None = None


class FieldOut(Out):
    id: int
    category_id: int | None
    category: Annotated[str | None, Field(description="Its path from the top; null for a field of every item.")]
    key: str
    label: str
    kind: Literal[*KINDS]
    options: list[str]
    is_required: bool
    version: int


class FieldQuery(In):
    category_id: Annotated[QueryId | None, Field(description="Only what is asked of an item in this category.")] = None
