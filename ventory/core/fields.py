"""Custom fields: what a chain wants to know of its items beyond the usual, and whether a value fits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ventory.core.errors import BadInput, SeveralErrors, VentoryError
from ventory.core.quantity import QUANTITY_DECIMALS, QUANTITY_LIMIT, decimals_of, plain

KINDS = ("text", "number", "date", "yes_no", "choice")
LONGEST_TEXT = 1000
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

Stored = str | bool
"""A value as it is kept: text, a choice, a number and a date as text, yes and no as a boolean."""


@dataclass(frozen=True, slots=True)
class Field:
    """What is asked of an item. options: of a choice, in the order in which they are offered"""

    key: str
    label: str
    kind: str
    options: tuple[str, ...] = ()
    is_required: bool = False


def key_of(label: str) -> str:
    """The key that a label suggests: "Shelf life (days)" gives shelf_life_days. raises: BadInput when it gives none"""
    plain_letters = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().casefold()
    key = re.sub(r"[^a-z0-9]+", "_", plain_letters).strip("_")[:40].strip("_")
    if not KEY.fullmatch(key):
        raise BadInput("Name a key for this field: it begins with a letter, a to z.", field="key")
    return key


def checked_options(kind: str, options: Iterable[str]) -> tuple[str, ...]:
    """The options of a field. raises: BadInput unless a choice has some, each once, and others none"""
    listed = tuple(options)
    if kind != "choice":
        if listed:
            raise BadInput("Only a choice has options.", field="options")
        return ()
    if len(listed) < 2:
        raise BadInput("A choice has two options or more.", field="options")
    if len({option.casefold() for option in listed}) < len(listed):
        raise BadInput("Each option stands once.", field="options")
    return listed


def settle(fields: Iterable[Field], kept: Mapping[str, Stored], given: Mapping[str, Any]) -> dict[str, Stored]:
    """An item's values after a change: what was given replaces what was kept, None empties it.

    Values of fields that no longer apply stay, unseen: an item that moves to another category and back loses nothing.
    raises: BadInput or SeveralErrors naming each value that does not fit and each required field that is empty
    """
    known = {field.key: field for field in fields}
    values = dict(kept)
    problems: list[VentoryError] = []
    for key, value in given.items():
        try:
            if key not in known:
                raise BadInput(f"There is no field {key} for this item.", field=f"fields.{key}")
            stored = None if value is None or value == "" else stored_value(known[key], value)
        except BadInput as error:
            problems.append(error)
            continue
        values.pop(key, None)
        if stored is not None:
            values[key] = stored
    blamed = {problem.field for problem in problems}
    problems += [
        BadInput(f"{field.label} is needed.", field=f"fields.{field.key}")
        for field in known.values()
        if field.is_required and field.key not in values and f"fields.{field.key}" not in blamed
    ]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SeveralErrors(f"{len(problems)} fields are not right.", problems)
    return values


def stored_value(field: Field, value: Any) -> Stored:
    """A value as it is kept. raises: BadInput when it does not fit the field"""
    where = f"fields.{field.key}"
    match field.kind:
        case "yes_no":
            if not isinstance(value, bool):
                raise BadInput(f"{field.label} is true or false.", field=where)
            return value
        case "number":
            return _number(field, value, where)
    if not isinstance(value, str):
        raise BadInput(f"{field.label} is text.", field=where)
    if field.kind == "date":
        return _date(field, value, where)
    if field.kind == "choice":
        return _choice(field, value, where)
    if len(value) > LONGEST_TEXT:
        raise BadInput(f"{field.label} has at most {LONGEST_TEXT} characters.", field=where)
    return value


def _number(field: Field, value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadInput(f"{field.label} is a number.", field=where)
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= QUANTITY_LIMIT or decimals_of(number) > QUANTITY_DECIMALS:
        raise BadInput(
            f"{field.label} stays below {QUANTITY_LIMIT:,} and has at most {QUANTITY_DECIMALS} decimals.", field=where
        )
    return plain(number)


def _date(field: Field, value: str, where: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise BadInput(f"{field.label} is a date such as 2026-11-21.", field=where) from error


def _choice(field: Field, value: str, where: str) -> str:
    for option in field.options:
        if option.casefold() == value.casefold():
            return option
    raise BadInput(f"{field.label} is one of {', '.join(field.options)}.", field=where)


def shown_value(kind: str, stored: Stored) -> Stored | Decimal:
    """A kept value as programs get it: a number as a number."""
    return Decimal(stored) if kind == "number" else stored
