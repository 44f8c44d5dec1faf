"""Shapes of tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ventory.web.schemas import Id, In, Out, line_of_text

TagName = line_of_text(40, 1)


class TagChange(In):
    name: TagName


class TagMerge(In):
    into: Annotated[Id, Field(description="The tag that stays.")]


class TagOut(Out):
    id: int
    name: str
    items: Annotated[int, Field(description="Active items that carry it.")]
    version: int
