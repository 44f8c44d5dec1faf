"""Stores from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select

from ventory.blueprints.imports.kind import Kind, Notice, Outcome, longest
from ventory.blueprints.imports.mapping import Field, Shape
from ventory.blueprints.imports.reading import Problem, Row
from ventory.blueprints.inventories.service import open_store
from ventory.blueprints.stores.models import Store
from ventory.core import cells
from ventory.core.cells import CellError
from ventory.core.events import StoreChanged
from ventory.db.unit_of_work import UnitOfWork

LONGEST_CODE, LONGEST_NAME = longest(Store.code), longest(Store.name)
LONGEST_ADDRESS = longest(Store.address)
KINDS = ("shop", "warehouse")
ACTIVE = frozenset({"", "a", "active", "open", "yes", "true", "1"})
INACTIVE = frozenset({"i", "inactive", "closed", "no", "false", "0"})


@dataclass(frozen=True, slots=True)
class PlainStore:
    """None: the file does not say. is_open: whether the file calls it active"""

    line: int
    code: str
    name: str
    kind: str | None
    address: str | None
    time_zone: str | None
    is_open: bool

    @property
    def key(self) -> str:
        return self.code.casefold()

    @property
    def facts(self) -> dict[str, str]:
        """What the file says of it."""
        facts = {"name": self.name, "kind": self.kind, "address": self.address, "time_zone": self.time_zone}
        return {name: value for name, value in facts.items() if value is not None}


class Stores(Kind):
    """One row per store, known by its code."""

    shape = Shape(
        "stores",
        (
            Field("code", "the store's code, at most 20 characters", is_required=True),
            Field("name", "its name", is_required=True),
            Field("address", "street and number", is_long=True),
            Field("city", "put behind the address"),
            Field("kind", "shop or warehouse; shop when it is empty"),
            Field("time_zone", "such as Europe/London; the inventory's when it is empty"),
            Field("status", "active or inactive; inactive ones come in open, with a notice"),
        ),
    )

    def begin(self, connection: Connection) -> None:
        self._seen: dict[str, PlainStore] = {}

    def check(self, row: Row) -> PlainStore | list[Problem]:
        given = self.given(row)
        store = PlainStore(
            row.line,
            given.code("code", LONGEST_CODE, required=True) or "",
            given.line("name", LONGEST_NAME, required=True) or "",
            given.read("kind", _kind),
            _address(given.line_of_block("address", LONGEST_ADDRESS), given.line("city", LONGEST_ADDRESS)),
            given.read("time_zone", _zone),
            given.read("status", _is_open) is not False,
        )
        if store.address and len(store.address) > LONGEST_ADDRESS:
            given.wrong("address", "too_long", f"Address and city have at most {LONGEST_ADDRESS} characters together.")
        if not given.problems:
            first = self._seen.setdefault(store.key, store)
            if first.facts != store.facts:
                given.wrong("code", "duplicate", f"Line {first.line} has this code already, and says something else.")
        return given.problems or store

    def apply(self, work: UnitOfWork, rows: Sequence[PlainStore]) -> Outcome:
        outcome = Outcome()
        keys = [store.key for store in rows]
        known = {
            store.code_key: store
            for store in work.session.execute(select(Store).where(Store.code_key.in_(keys)).with_for_update()).scalars()
        }
        for store in rows:
            there = known.get(store.key)
            if there is None:
                known[store.key] = self._open(work, store)
                outcome.posted += 1
                if not store.is_open:
                    reason = f"{store.name} is inactive in the file; it came in open, so that its history can follow."
                    outcome.notices.append(Notice(store.line, "inactive_store", reason))
            elif self.options.update and _differs(there, store):
                self._change(work, there, store)
                outcome.posted += 1
            else:
                outcome.already_there += 1
                if _differs(there, store):
                    reason = f"{store.code} is there already and differs; --update would change it."
                    outcome.notices.append(Notice(store.line, "differs", reason))
        return outcome

    def _open(self, work: UnitOfWork, store: PlainStore) -> Store:
        made = open_store(
            work.session,
            work.inventory_id,
            code=store.code,
            name=store.name,
            time_zone=store.time_zone or self.actor.time_zone,
            kind=store.kind or "shop",
            address=store.address or "",
        )
        work.emit(StoreChanged(made.id, "opened"), made.id)
        return made

    def _change(self, work: UnitOfWork, there: Store, store: PlainStore) -> None:
        for name, value in store.facts.items():
            setattr(there, name, value)
        there.version += 1
        work.emit(StoreChanged(there.id, "changed"), there.id)


def _differs(there: Store, store: PlainStore) -> bool:
    return any(getattr(there, name) != value for name, value in store.facts.items())


def _address(street: str | None, city: str | None) -> str | None:
    parts = [part for part in (street, city) if part]
    return ", ".join(parts) or None


def _kind(written: str) -> str:
    kind = written.strip().casefold()
    if kind not in KINDS:
        raise CellError("unknown_kind", f"{cells.shown(written)} is no kind of store; shop and warehouse are known.")
    return kind


def _zone(written: str) -> str:
    zone = cells.line(written, 64)
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CellError("unknown_zone", f"{cells.shown(zone)} is not a time zone; Europe/London is one.") from None


def _is_open(written: str) -> bool:
    status = written.strip().casefold()
    if status in ACTIVE or status in INACTIVE:
        return status in ACTIVE
    raise CellError("unknown_status", f"{cells.shown(written)} is no status; active and inactive are known.")
