"""Reading a request strictly: JSON with exact decimals and no surprises, query strings without repeats."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Request, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import IntegerConverter

from ventory.core.errors import BadInput, Malformed

DEEPEST = 64
LARGEST_ID = 2**53 - 1


class IdConverter(IntegerConverter):
    """A number in an address, no larger than an id can be: SQLite and JSON end where it ends."""

    def __init__(self, url_map, **more):
        super().__init__(url_map, **({"max": LARGEST_ID} | more))


class StrictRequest(Request):
    """A request whose JSON is read exactly as the API promises."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body as plain values, numbers with a point as Decimal.

        raises: UnsupportedMediaType unless the body says that it is JSON; Malformed for anything but one JSON value
            without NaN, Infinity or repeated names
        """
        kept = self.environ.get("ventory.json")
        if kept is not None:
            return kept[0]
        if not self.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        value = parse_json(self.get_data(cache=True))
        self.environ["ventory.json"] = (value,)
        return value


def parse_json(body: bytes) -> Any:
    """One JSON value, read without loss. raises: Malformed"""
    try:
        value = _READER.decode(body.decode("utf-8"))
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {_brief(error)}.") from error
    _refuse_depth(value)
    return value


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent past 10¹⁸
        raise Malformed("A number in the body is too long.") from None
    if abs(number.adjusted()) > 400:
        raise Malformed("A number in the body is too long.")
    return number


def _refuse_constant(name: str) -> None:
    raise Malformed(f"{name} is not a JSON number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"The name {repeated!r} stands twice in one JSON object.")
    return value


_READER = json.JSONDecoder(parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_object)


def _refuse_depth(value: Any) -> None:
    """Level by level: calling itself for every value took 2 µs a line of a batch."""
    level = [value]
    for _ in range(DEEPEST + 1):
        objects = [each.values() for each in level if isinstance(each, dict)]
        lists = [each for each in level if isinstance(each, list)]
        level = [inner for each in (*objects, *lists) for inner in each if isinstance(inner, dict | list)]
        if not level:
            return
    raise Malformed(f"The body is nested more than {DEEPEST} levels deep.")


def _brief(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return "it is nested too deep or holds a number that is too long"


def refuse_repeats(asked: Request) -> None:
    """A query parameter stands once. raises: Malformed"""
    for name, values in asked.args.lists():
        if len(values) > 1:
            raise Malformed(f"The parameter {name!r} stands {len(values)} times.", field=name)


def refuse_parameters(asked: Request) -> None:
    """What is sent in a body does not stand in the address as well. raises: Malformed"""
    for name in asked.args:
        raise Malformed(f"This takes its fields in the body; {name!r} stands in the address.", field=name)


def takes_bytes(most: int) -> Callable:
    """Let a route take a larger body than the others do; declared on the route, so that the rest stays small."""

    def decorate(view: Callable) -> Callable:
        view.most_body_bytes = most  # type: ignore[attr-defined]
        return view

    return decorate


def sent_file() -> tuple[str, bytes]:
    """The one file of a request: the field `file` of a form, or the whole body with its name in the query.

    returns: its name as it was sent, and its content
    raises: BadInput
    """
    if request.mimetype != "multipart/form-data":
        return request.args.get("name", ""), request.get_data(cache=True)
    parts = request.files.getlist("file")
    if len(parts) != 1:
        raise BadInput("Send one file, in the field “file”.", field="file")
    return parts[0].filename or "", parts[0].read()


def number_in(written: str, digits: int = 15) -> int | None:
    """The whole number that somebody wrote, no longer than `digits`, or None when it is none."""
    return int(written) if written.isdecimal() and len(written) <= digits else None


def number_asked(name: str) -> int | None:
    """The whole number of a parameter in the address, or None."""
    return number_in(request.args.get(name, ""))


def day_in(written: str) -> date | None:
    """The day that somebody wrote as 2026-03-09, or None when it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def day_asked(name: str) -> date | None:
    """The day of a parameter in the address, or None."""
    return day_in(request.args.get(name, ""))


def numbers_in(written: Iterable[str]) -> list[int]:
    """Those that are whole numbers, in order."""
    return [number for each in written if (number := number_in(each)) is not None]


def refuse_nul(request: Request) -> None:
    """No address holds the character that PostgreSQL cannot store or compare. raises: Malformed"""
    for name, value in request.args.items(multi=True):
        if "\x00" in name or "\x00" in value:
            raise Malformed("The address holds a character that no text has.", field=name.replace("\x00", ""))
