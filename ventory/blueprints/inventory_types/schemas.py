"""Shapes of inventory types."""

from __future__ import annotations

from ventory.web.schemas import Code, In, Name, Out


class TypeIn(In):
    code: Code
    name: Name
    keeps_stock: bool = True


class TypeChange(In):
    """Changes to a type; absent fields stay."""

    code: Code | None = None
    name: Name | None = None
    keeps_stock: bool | None = None


class TypeOut(Out):
    id: int
    code: str
    name: str
    keeps_stock: bool
    items: int
    version: int
