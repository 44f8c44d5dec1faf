"""Shapes of kinds of shop and of what they start with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ventory.blueprints.inventories.kinds import KINDS
from ventory.web.schemas import In, Out


class CatalogueIn(In):
    kind: Annotated[Literal[*KINDS], Field(description="Of shop.")]


class ContentsOut(Out):
    kind: Literal[*KINDS]
    name: str
    categories: Annotated[list[str], Field(description='Paths from the top, such as "Drinks / Juice".')]
    units: Annotated[list[str], Field(description="Codes.")]
    types: Annotated[list[str], Field(description="Codes.")]
    tags: list[str]
    price_lists: Annotated[list[str], Field(description="Codes.")]
    fields: Annotated[list[str], Field(description="Keys of custom fields.")]


class KindOut(ContentsOut):
    """What a kind of shop starts with."""

    description: str


class AddedCatalogueOut(ContentsOut):
    """What was added; what was there before is not in it."""
