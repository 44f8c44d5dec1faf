"""What a transaction changes, row by row, before and after: seen as the ORM session writes it.

Whoever writes past the session says so (`Trail.note`). A movement's lines are their own record: it is only named.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Table, and_, event, select, true, tuple_
from sqlalchemy import inspect as inspect_row
from sqlalchemy.orm import ORMExecuteState, Session

from ventory.core.quantity import plain
from ventory.db.base import Base

PERSONAL = {"audit": "personal"}
"""Info of columns that may name a person: their values are kept apart, so that they can be erased."""
SECRET = {"audit": "secret"}
"""Info of columns whose change is recorded, and whose value never is."""
UNTOLD = {"audit": "untold"}
"""Info of tables that only count."""
MOST_ROWS = 1_000
OWNERS = {
    "item_barcode": ("item", "item_id"),
    "item_note": ("item", "item_id"),
    "item_store": ("item", "item_id"),
    "item_supplier": ("supplier", "supplier_id"),
    "item_tag": ("item", "item_id"),
    "file": ("item", "item_id"),
    "price": ("item", "item_id"),
    "supplier_contact": ("supplier", "supplier_id"),
    "actor_store": ("actor", "actor_id"),
    "invitation_store": ("invitation", "invitation_id"),
}
"""Rows that are part of another one: what changes them is about that one. shape: {table: (its table, column)}"""
_JOINED = ("store_id", "supplier_id", "list_id", "item_id")
_NOT_TOLD = frozenset({"inventory_id", "version", "updated_at", "created_at"})


class Trail:
    """What a transaction has changed so far, row by row; the first value before and the last after."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
        self.owners: dict[tuple[str, str], tuple[str, int]] = {}
        self.between: dict[tuple[str, str], dict[str, int]] = {}
        self.notes: list[dict[str, Any]] = []
        self.subject: tuple[str, int] | None = None
        self.owner: tuple[int | None, int | None] | None = None
        self.user_id: int | None = None
        self.more = 0
        self.tells_values = True

    def about(self, kind: str, row_id: int) -> None:
        """Name the row that the use case is about. kind: its table"""
        self.subject = (kind, row_id)

    def within(self, inventory_id: int, actor_id: int | None = None) -> None:
        """Let the row stand in the trail of an inventory that somebody has just joined or founded."""
        self.owner = (inventory_id, actor_id)

    def of_account(self, user_id: int) -> None:
        """Let the row stand with an account, outside every inventory: it is nobody's business but its owner's."""
        self.owner, self.user_id = (None, None), user_id

    def note(self, kind: str, note: str) -> None:
        """Tell of changes made past the session. kind: the table"""
        self.notes.append({"kind": kind, "note": note})

    def changed(
        self, table: Table, key: str, before: dict[str, Any], after: dict[str, Any], row: dict[str, Any] | None = None
    ) -> None:
        """A row was added, changed or removed.

        before, after: of the columns that changed; empty where it was not; row: all that is known of it
        """
        if table.info == UNTOLD:
            return
        here = (table.name, key)
        if here not in self.rows and len(self.rows) == MOST_ROWS:
            self.more += 1
            return
        owner, column = OWNERS.get(table.name, ("", ""))
        owner_id = (row or after or before).get(column)
        if owner_id is not None:
            self.owners.setdefault(here, (owner, owner_id))
            everything = row or after or before
            joined = {name: everything[name] for name in _JOINED if everything.get(name) is not None}
            self.between.setdefault(here, joined)
        known = self.rows.setdefault(here, {})
        for name in (*before, *(name for name in after if name not in before)):
            if _is_told(name):
                first = known[name][0] if name in known else before.get(name)
                known[name] = (first, after.get(name))

    def main(self) -> tuple[str | None, int | None]:
        """What it is about: what was named, else the first row that changed."""
        if self.subject is not None:
            return self.subject
        for (kind, key), fields in self.rows.items():
            if fields:
                if (kind, key) in self.owners:
                    return self.owners[kind, key]
                return kind, int(key) if key.isdecimal() else None
        return None, None

    def told(self) -> tuple[str, str | None]:
        """The changes as JSON, and the personal values of them as JSON, if there are any."""
        if not (self.rows or self.notes):
            return "[]", None
        public: list[dict[str, Any]] = []
        private: dict[str, dict[str, Any]] = {}
        for (kind, key), fields in self.rows.items():
            entry: dict[str, Any] = {"kind": kind, "id": key, "changes": {}}
            for name, (before, after) in fields.items():
                if before == after:
                    continue
                meaning = Base.metadata.tables[kind].c[name].info.get("audit")
                pair = [_json_value(before), _json_value(after)]
                if meaning is None:
                    entry["changes"][name] = pair
                    continue
                entry.setdefault(meaning, []).append(name)
                if meaning == "personal" and self.tells_values:
                    private.setdefault(f"{kind}:{key}", {})[name] = pair
            if entry["changes"] or len(entry) > 3:
                joined = self.between.get((kind, key), {})
                of = {name: value for name, value in joined.items() if name not in fields}
                public.append(entry | {"of": of} if of else entry)
        public += self.notes
        if self.more:
            public.append({"kind": "", "note": f"{self.more} more rows"})
        return _json(public), _json(private) if private else None


def _is_told(name: str) -> bool:
    return name not in _NOT_TOLD and not name.endswith("_key")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, dict | list | tuple):
        return json.loads(json.dumps(value, default=str))
    return str(value)


def follow(session: Session, trail: Trail) -> None:
    """Let a session's changes be told to a trail."""
    session.info["trail"] = trail


def forget(session: Session) -> None:
    """Let a transaction end without a row: it stores something, and nobody changed anything."""
    session.info.pop("trail", None)


def of_account(session: Session, user_id: int) -> None:
    """Say whose account a transaction is about that nobody is signed in for."""
    trail = trail_of(session)
    if trail is not None:
        trail.of_account(user_id)


def note(session: Session, kind: str, words: str) -> None:
    """As Trail.note, in a transaction that belongs to no inventory."""
    trail = trail_of(session)
    if trail is not None:
        trail.note(kind, words)


def without_values(session: Session) -> None:
    """Let a transaction that erases a person tell which personal fields it changed, and not what they held."""
    trail = trail_of(session)
    if trail is not None:
        trail.tells_values = False


def trail_of(session: Session) -> Trail | None:
    return session.info.get("trail")


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context) -> None:
    trail = trail_of(session)
    if trail is None:
        return
    for row in session.new:
        values = {name: value for name, value in _values(row).items() if value is not None}
        trail.changed(row.__table__, _key_of(row), {}, values)
    for row in session.deleted:
        values = {name: value for name, value in _values(row).items() if value is not None}
        trail.changed(row.__table__, _key_of(row), values, {})
    for row in session.dirty:
        before, after = {}, {}
        for attribute in inspect_row(row).attrs:
            if attribute.key in row.__table__.c and attribute.history.has_changes():
                history = attribute.history
                before[attribute.key] = history.deleted[0] if history.deleted else None
                after[attribute.key] = history.added[0] if history.added else None
        if before:
            trail.changed(row.__table__, _key_of(row), before, after, _values(row))


def _values(row: Any) -> dict[str, Any]:
    state = inspect_row(row)
    return {column.key: state.dict.get(column.key) for column in row.__table__.c}


def _key_of(row: Any) -> str:
    return ":".join(str(getattr(row, name)) for name in _key_columns(row.__table__))


def _key_columns(table: Table) -> list[str]:
    names = [column.key for column in table.primary_key if column.key != "inventory_id"]
    return names or ["inventory_id"]


@event.listens_for(Session, "do_orm_execute")
def _executed(state: ORMExecuteState):
    """Statements that change rows without loading them: look at the rows before and after."""
    trail = trail_of(state.session)
    if trail is None or state.is_select:
        return None
    statement: Any = state.statement
    table = getattr(statement, "table", None)
    if not isinstance(table, Table) or table.info == UNTOLD:
        return None
    if state.is_insert:
        _told_of_insert(trail, table, state)
        return None
    if not (state.is_update or state.is_delete):
        return None
    before = _rows(state.session, table, _chosen(state.session, table, statement.whereclause))
    result: Any = state.invoke_statement()
    trail.more += max(0, result.rowcount - len(before))
    if state.is_delete:
        for key, row in before.items():
            trail.changed(table, key, {name: value for name, value in row.items() if value is not None}, {})
        return result
    after = _rows(state.session, table, _is_one_of(table, before)) if before else {}
    for key, row in before.items():
        now = after.get(key, {})
        names = [name for name in row if row[name] != now.get(name)]
        if names:
            trail.changed(table, key, {name: row[name] for name in names}, {name: now.get(name) for name in names}, row)
    return result


def _chosen(session: Session, table: Table, where: Any) -> Any:
    """What a statement changes: its condition, within the session's inventory."""
    chosen = true() if where is None else where
    inventory_id = session.info.get("inventory_id")
    if inventory_id is None or "inventory_id" not in table.c:
        return chosen
    return and_(chosen, table.c.inventory_id == inventory_id)


def _rows(session: Session, table: Table, where: Any) -> dict[str, dict[str, Any]]:
    names = _key_columns(table)
    found = session.connection().execute(select(table).where(where).limit(MOST_ROWS)).mappings()
    return {":".join(str(row[name]) for name in names): dict(row) for row in found}


def _is_one_of(table: Table, rows: dict[str, dict[str, Any]]) -> Any:
    columns: list[Column] = list(table.primary_key)
    return tuple_(*columns).in_([tuple(row[column.key] for column in columns) for row in rows.values()])


def _told_of_insert(trail: Trail, table: Table, state: ORMExecuteState) -> None:
    given: Any = state.parameters
    assert given is not None, "add rows by a list of values, or to the session: the trail sees no values in a statement"
    rows: list[dict[str, Any]] = list(given) if isinstance(given, list | tuple) else [given]
    names = _key_columns(table)
    for number, row in enumerate(rows, 1):
        known = [row.get(name) for name in names]
        key = ":".join(map(str, known)) if None not in known else f"new {len(trail.rows) + number}"
        trail.changed(table, key, {}, {name: value for name, value in row.items() if value is not None})
