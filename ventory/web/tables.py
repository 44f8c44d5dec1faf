"""Lists as pages show them: what the table macro draws, whatever the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import request, session
from werkzeug.datastructures import MultiDict

from ventory.db.paging import Page
from ventory.web.requests import day_in


@dataclass(frozen=True)
class Column:
    """A column. sort: the word that `?sort=` takes; drop: 1 goes first on narrow screens, 0 never;
    role: main, key, state or do, which a phone's card shows; is_off: hidden until a person wants it."""

    key: str
    label: str
    is_number: bool = False
    sort: str | None = None
    drop: int = 0
    role: str = ""
    is_off: bool = False


@dataclass(frozen=True)
class Filter:
    """A filter. options: (value, label) pairs of a select; None for a text field"""

    name: str
    label: str
    options: Sequence[tuple[str, str]] | None = None
    kind: str = "search"

    @property
    def value(self) -> str:
        """What is asked for; nothing where a day is meant and none was written, as no list is limited by that."""
        written = request.args.get(self.name, "")
        return "" if self.kind == "date" and day_in(written) is None else written

    @property
    def shown(self) -> str:
        """The value as a chip says it."""
        return dict(self.options).get(self.value, self.value) if self.options else self.value


@dataclass(frozen=True)
class Tab:
    label: str
    value: str
    count: int | None = None


@dataclass(frozen=True)
class Empty:
    """What an empty list says: nothing yet, nothing matches, or all done. action: (label, address)"""

    text: str
    action: tuple[str, str] | None = None


@dataclass
class Table:
    """A list. row_url, peek_url, edit_url: take a row; api: the address that answers the same as JSON"""

    name: str
    caption: str
    columns: Sequence[Column]
    page: Page
    empty: Empty
    filters: Sequence[Filter] = ()
    tabs: Sequence[Tab] = ()
    tab_name: str = "state"
    sort: str = ""
    api: str = ""
    can_pick: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> list[Filter]:
        return [each for each in self.filters if each.value]

    def address(self, **changes: str | None) -> str:
        """This page's address with other parameters; None takes one out. Paging starts again.

        A page after this one names the store whose list it goes on with: another tab may have chosen another since.
        """
        query = MultiDict(request.args)
        query.pop("cursor", None)
        if "cursor" in changes:
            query.setdefault("store", session.get("store", "*"))
        for name, value in changes.items():
            query.pop(name, None)
            if value not in (None, ""):
                query[name] = value
        text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{request.path}?{text}" if text else request.path

    @property
    def cleared(self) -> str:
        """This page's address without filters; view and order stay."""
        return self.address(**dict.fromkeys(f.name for f in self.filters))

    def sort_address(self, column: Column) -> str:
        assert column.sort is not None
        return self.address(sort=f"-{column.sort}" if self.sort == column.sort else column.sort)

    def aria_sort(self, column: Column) -> str | None:
        if column.sort is None or self.sort.removeprefix("-") != column.sort:
            return None
        return "descending" if self.sort.startswith("-") else "ascending"

    @property
    def curl(self) -> str:
        return f"curl -H \"Authorization: Bearer $TOKEN\" '{request.host_url.rstrip('/')}{self.api}'"
