"""Which column of a file feeds which field: mappings that come with Ventory, and those that people write."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ventory.core import cells
from ventory.core.errors import BadInput

BUILT_IN = Path(__file__).with_name("mappings")
OWN = "ventory"
_KEYS = frozenset({"title", "kind", "source", "columns", "constants", "pad", "decimal", "dates", "rules"})


class NotStarted(BadInput):
    """A file, or what was said about it, cannot be used; nothing was imported."""

    code = "import_not_started"


@dataclass(frozen=True)
class Field:
    """A thing that a kind of file may tell. is_long: its cell may run over several lines"""

    name: str
    about: str
    is_required: bool = False
    is_long: bool = False


@dataclass(frozen=True)
class Shape:
    """What a kind of file can hold. rules: the keys that a mapping's [rules] may have"""

    kind: str
    fields: tuple[Field, ...]
    rules: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields if each.is_required)

    @property
    def long(self) -> frozenset[str]:
        return frozenset(each.name for each in self.fields if each.is_long)


@dataclass(frozen=True)
class ColumnMap:
    """How the columns of a file become fields.

    columns: the column or columns of each field; several are joined by commas
    constants: fields that every row has alike; pad: to how many digits a code is filled with leading zeros
    decimal: the mark before decimals, "." or ",", else not said; dates: a pattern of strptime's, None for ISO
    source: what the rows come from; with a document's number it tells rows that came before
    """

    name: str
    kind: str
    columns: Mapping[str, tuple[str, ...]]
    source: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    pad: Mapping[str, int] = field(default_factory=dict)
    decimal: str = ""
    dates: str | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)


def key_of(column: str) -> str:
    """The form under which column names are compared: without case, runs of blanks and underscores alike."""
    return " ".join(column.replace("_", " ").split()).casefold()


def choose(shape: Shape, header: Sequence[str], wanted: str | None) -> ColumnMap:
    """The mapping to read a file by: the one that was asked for, else the first that the header fits.

    wanted: the name of a built-in one, or a file that ends in .toml
    raises: NotStarted naming the columns that would do
    """
    if wanted is not None:
        chosen = named(shape, wanted, header)
        _refuse_missing(chosen, header)
        return chosen
    there = {key_of(column) for column in header}
    for each in built_in(shape):
        if there >= {key_of(column) for columns in each.columns.values() for column in columns}:
            return each
    return own(shape, header)


def named(shape: Shape, wanted: str, header: Sequence[str]) -> ColumnMap:
    if wanted == OWN:
        return own(shape, header)
    if wanted.endswith(".toml"):
        return read(shape, Path(wanted))
    file = BUILT_IN / f"{wanted}-{shape.kind}.toml"
    if wanted not in names_of(shape.kind):
        known = ", ".join([OWN, *names_of(shape.kind)])
        raise NotStarted(f"There is no mapping {wanted} for {shape.kind}; {known} or a .toml file can be named.")
    return read(shape, file)


def names_of(kind: str) -> list[str]:
    """The built-in mappings of a kind."""
    return sorted(file.stem.removesuffix(f"-{kind}") for file in BUILT_IN.glob(f"*-{kind}.toml"))


def built_in(shape: Shape) -> list[ColumnMap]:
    return [read(shape, BUILT_IN / f"{name}-{shape.kind}.toml") for name in names_of(shape.kind)]


def own(shape: Shape, header: Sequence[str]) -> ColumnMap:
    """Ventory's own names: a column is called as its field."""
    fields = {key_of(name): name for name in shape.names}
    columns = {fields[key_of(column)]: (column,) for column in header if key_of(column) in fields}
    missing = [name for name in shape.required if name not in columns]
    if missing:
        raise NotStarted(
            f"The file has no column {_listed(missing)}. It has: {_listed(header)}."
            f" Known names are {_listed(each.name for each in shape.fields)}; others are named by --map."
        )
    return ColumnMap(OWN, shape.kind, columns)


def read(shape: Shape, file: Path) -> ColumnMap:
    """A mapping from a file. raises: NotStarted naming what is wrong in it"""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotStarted(f"The mapping {file} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise NotStarted(f"The mapping {file.name} is no TOML: {error}.") from None
    return _checked(shape, file, said)


def _checked(shape: Shape, file: Path, said: dict[str, Any]) -> ColumnMap:
    def refuse(message: str) -> NotStarted:
        return NotStarted(f"{file.name}: {message}")

    def table(name: str, known: Collection[str]) -> dict[str, Any]:
        given = said.get(name, {})
        if not isinstance(given, dict):
            raise refuse(f"[{name}] is a table.")
        for key in given:
            if key not in known:
                raise refuse(f"unknown key {key} in [{name}]; known are {_listed(sorted(known))}.")
        return given

    for key in said:
        if key not in _KEYS:
            raise refuse(f"unknown key {key}; known are {_listed(sorted(_KEYS))}.")
    if said.get("kind", shape.kind) != shape.kind:
        raise refuse(f"it is for {said['kind']}, not for {shape.kind}.")
    columns = {name: _columns(value) for name, value in table("columns", shape.names).items()}
    for name, given in columns.items():
        if not given:
            raise refuse(f"columns.{name} is a column's name, or a list of them.")
    constants, pad = table("constants", shape.names), table("pad", shape.names)
    for name, value in constants.items():
        if not isinstance(value, str) or name in columns:
            raise refuse(f"constants.{name} is text for a field that has no column.")
    for name, value in pad.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 64:
            raise refuse(f"pad.{name} is a number of digits from 1 to 64.")
    if said.get("decimal", ".") not in (".", ","):
        raise refuse('decimal is "." or ",".')
    for name in ("source", "dates", "title"):
        if not isinstance(said.get(name, ""), str) or not said.get(name, "").isprintable():
            raise refuse(f"{name} is a line of text.")
    if "dates" in said and not cells.is_pattern_of_days(said["dates"]):
        raise refuse('dates is a pattern of day, month and year, such as "%d/%m/%Y" or "%m/%d/%y %H:%M".')
    for name in shape.required:
        if name not in columns and name not in constants:
            raise refuse(f"[columns] does not say where {name} comes from.")
    return ColumnMap(
        name=file.stem.removesuffix(f"-{shape.kind}"),
        kind=shape.kind,
        columns=columns,
        source=said.get("source", ""),
        constants=constants,
        pad=pad,
        decimal=said.get("decimal", ""),
        dates=said.get("dates"),
        rules=table("rules", shape.rules),
    )


def _columns(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) and each.strip() for each in given):
        return ()
    return tuple(given)


def _refuse_missing(chosen: ColumnMap, header: Sequence[str]) -> None:
    there = {key_of(column) for column in header}
    missing = [name for names in chosen.columns.values() for name in names if key_of(name) not in there]
    if missing:
        raise NotStarted(
            f"The file has no column {_listed(missing)}, which the mapping {chosen.name} names. It has:"
            f" {_listed(header)}."
        )


def _listed(names) -> str:
    return ", ".join(names) or "none"
