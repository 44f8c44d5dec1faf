"""The default catalogue of each kind of shop, as its file in `defaults/` says, and what of it an inventory lacks."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("defaults")
KINDS = ("general", "grocery", "fashion", "spare_parts")
"""In the order in which they are offered."""

TINTS = 10


@dataclass(frozen=True)
class UnitEntry:
    """base, ratio: of a pack; else None"""

    code: str
    name: str
    decimals: int = 0
    base: str | None = None
    ratio: str | None = None


@dataclass(frozen=True)
class TypeEntry:
    code: str
    name: str
    keeps_stock: bool = True


@dataclass(frozen=True)
class CategoryEntry:
    """parent: the name of the one above it, at the top of the tree; None when it stands there itself"""

    name: str
    parent: str | None
    tint: int

    @property
    def path(self) -> str:
        return f"{self.parent} / {self.name}" if self.parent else self.name

    @property
    def key(self) -> str:
        return self.path.casefold()


@dataclass(frozen=True)
class PriceListEntry:
    code: str
    name: str
    is_default: bool = False


@dataclass(frozen=True)
class FieldEntry:
    """category: the path of the category whose items are asked; None for every item"""

    label: str
    key: str
    kind: str
    category: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of shop. code: None for what all have in common; shape: parents before children, bases before packs"""

    code: str | None
    name: str
    description: str
    units: tuple[UnitEntry, ...]
    types: tuple[TypeEntry, ...]
    categories: tuple[CategoryEntry, ...]
    tags: tuple[str, ...]
    price_lists: tuple[PriceListEntry, ...]
    fields: tuple[FieldEntry, ...]

    @property
    def contents(self) -> dict[str, tuple[str, ...]]:
        """What stands in it, by word, as people know it."""
        return {
            "categories": tuple(each.path for each in self.categories),
            "units": tuple(each.code for each in self.units),
            "types": tuple(each.code for each in self.types),
            "tags": self.tags,
            "price_lists": tuple(each.code for each in self.price_lists),
            "fields": tuple(each.key for each in self.fields),
        }


@dataclass(frozen=True)
class Catalogue:
    """What an inventory has, by casefolded codes, names and paths with their ids.

    packs: codes of the units that are packs; idle_tags: rows that nothing shows, to be used again
    """

    units: dict[str, int] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()
    types: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    idle_tags: Mapping[str, int] = field(default_factory=dict)
    price_lists: frozenset[str] = frozenset()
    has_default_list: bool = False
    fields: frozenset[str] = frozenset()


@functools.cache
def kind(code: str | None) -> Kind:
    """The default catalogue of a kind of shop. code: one of KINDS, or None for what all have in common"""
    common = _read("common")
    own = common | {"name": "", "description": ""} if code is None else _read(code)
    both = [common] if code is None else [common, own]
    return Kind(
        code,
        own["name"],
        own["description"],
        tuple(UnitEntry(**row) for each in both for row in each.get("units", ())),
        tuple(TypeEntry(**row) for each in both for row in each.get("types", ())),
        tuple(_categories(own.get("categories", {}))),
        tuple(own.get("tags", ())),
        tuple(PriceListEntry(**row) for row in own.get("price_lists", ())),
        tuple(FieldEntry(**row | {"options": tuple(row.get("options", ()))}) for row in own.get("fields", ())),
    )


def every_kind() -> list[Kind]:
    """What a person who founds an inventory chooses from."""
    return [kind(code) for code in KINDS]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _categories(tree: dict[str, list[str]]):
    """Each at the top with a tint of its own, and what is below it in the same one."""
    for position, (name, below) in enumerate(tree.items()):
        tint = position % TINTS
        yield CategoryEntry(name, None, tint)
        yield from (CategoryEntry(each, name, tint) for each in below)


def missing(wanted: Kind, has: Catalogue) -> Kind:
    """What of a kind's catalogue is to be added; what is there by code, name or place in the tree counts as the same.

    The kind's default price list is left out where another is the default, a pack where its base is a pack itself.
    """
    return Kind(
        wanted.code,
        wanted.name,
        wanted.description,
        tuple(each for each in wanted.units if each.code.casefold() not in has.units and each.base not in has.packs),
        tuple(each for each in wanted.types if each.code.casefold() not in has.types),
        tuple(each for each in wanted.categories if each.key not in has.categories),
        tuple(each for each in wanted.tags if each.casefold() not in has.tags),
        tuple(
            each
            for each in wanted.price_lists
            if each.code.casefold() not in has.price_lists and not (each.is_default and has.has_default_list)
        ),
        tuple(each for each in wanted.fields if each.key not in has.fields),
    )
