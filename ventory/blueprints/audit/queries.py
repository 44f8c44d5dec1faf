"""Reads of the audit trail, with the names of what its rows are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, cast, literal, literal_column, or_, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from ventory.blueprints.audit import words
from ventory.blueprints.auth.models import ActorRow
from ventory.core.access import Actor
from ventory.db.audit import FREQUENT, IS_RARE, Audit, AuditPrivate, Origin
from ventory.db.base import Base
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.stock.models import Movement

EXPORT_PAGE = 500
MOST_NAMED = 1_000
OF_COSTS = frozenset({"supplier", "supplier_contact", "item_supplier"})
MOST_SEARCHED = 20_000
"""Changes, newest first, that a text is looked for in; there is no index of their words."""
NOT_MOVEMENT = Audit.subject_kind.is_distinct_from(literal_column("'movement'"))
"""As the partial indexes say it."""
_NAMED = {
    "item": "name",
    "store": "name",
    "supplier": "name",
    "category": "name",
    "price_list": "name",
    "tag": "name",
    "unit": "name",
    "inventory_type": "name",
    "item_group": "name",
    "custom_field": "label",
    "actor": "name",
    "file": "name",
    "movement": "kind",
    "api_key": "name",
}
_POINTS_AT = {
    "list_id": "price_list",
    "type_id": "inventory_type",
    "group_id": "item_group",
    "parent_id": "category",
    "default_store_id": "store",
    "invited_by_id": "actor",
    "uploaded_by": "actor",
}
_MONEY = frozenset({"price", "amount", "unit_price", "minimum_order"})
Key = tuple[str, int]


@dataclass(frozen=True)
class AuditFilter:
    """Which rows. subject: kind and id of what they are about; since, until: days by the inventory's clock
    view: "changes" for what is no movement of goods, "stock" for movements alone
    search: a request's id, or words; `looked_up` says which: rows of_request, or changes searched_since then
    """

    view: str = ""
    actor_id: int | None = None
    kind: str | None = None
    action: str | None = None
    subject: Key | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None
    of_request: tuple[int, ...] = ()
    searched_since: datetime | None = None


@dataclass(frozen=True)
class Change:
    """One field of one row that changed. before, after: text; None where there was nothing

    state: "" when both are shown, "secret" for what is never written, "personal" and "costs" for what this reader may
        not see, "erased" for personal values that are gone; then before and after are None
    name: of the row; label: of the field; note: a sentence instead of a field
    is_own: whether it says which row was added or removed, as the name does already; pages leave it out
    """

    kind: str
    row_id: str
    name: str
    field: str
    label: str
    before: str | None = None
    after: str | None = None
    state: str = ""
    note: str = ""
    is_own: bool = False


@dataclass(frozen=True)
class AuditView:
    """A row of the trail. said: what was done, in words; actor: None for what no member did

    address, device: None unless the reader may know people; is_erased: they were, and are erased
    """

    id: int
    at: datetime
    actor_id: int | None
    actor: str | None
    action: str
    said: str
    subject_kind: str | None
    subject_id: int | None
    subject: str | None
    request_id: str | None
    changes: tuple[Change, ...]
    address: str | None
    device: str | None
    is_erased: bool


def looked_up(session: Session, actor: Actor, which: AuditFilter) -> AuditFilter:
    """The filter with what its text means here: a request that there is, or words among the newest changes."""
    if not which.search:
        return which
    own = Audit.inventory_id == actor.inventory_id
    # By their ids: SQLite would read the whole trail in its order to find the rows of one request.
    of_request = select(Audit.id).where(own, Audit.request_id == which.search).limit(MOST_NAMED)
    if ids := session.execute(of_request).scalars().all():
        return replace(which, of_request=tuple(ids))
    newest = select(Audit.at).where(own, NOT_MOVEMENT, *_days(actor, replace(which, since=None)))
    oldest = newest.order_by(Audit.at.desc(), Audit.id.desc()).offset(MOST_SEARCHED).limit(1)
    return replace(which, searched_since=session.execute(oldest).scalar_one_or_none())


def rows(
    session: Session, actor: Actor, which: AuditFilter, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[AuditView]:
    """The trail of the actor's inventory, newest first. which: looked up. shape: Page of AuditView"""
    return _page(session, actor, _chosen(actor, which), limit=limit, cursor=cursor)


def row(session: Session, actor: Actor, audit_id: int) -> AuditView | None:
    page = _page(session, actor, _of_inventory(actor).where(Audit.id == audit_id), limit=1, cursor=None)
    return page.rows[0] if page.rows else None


def every_row(session: Session, actor: Actor, which: AuditFilter) -> Iterator[AuditView]:
    """All rows that match, page by page, for a file."""
    which, cursor = looked_up(session, actor, which), None
    while True:
        page = rows(session, actor, which, limit=EXPORT_PAGE, cursor=cursor)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def of_account(session: Session, actor: Actor, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """What happened to the actor's own account, newest first; all of it is theirs to see. shape: Page of AuditView"""
    mine = _statement().where(Audit.inventory_id.is_(None), Audit.user_id == actor.user_id)
    # A program renews its token every quarter of an hour; only what went wrong with one is news.
    mine = mine.where(or_(Audit.action != "auth.renew", Audit.changes.contains('"note":')))
    own = replace(actor, permissions=actor.permissions | {"people.read"})
    return _page(session, own, mine, limit=limit, cursor=cursor)


def people(session: Session) -> list[tuple[int, str]]:
    """Everybody who can stand in the trail, by name. shape: (actor id, name)"""
    return [
        (each.id, each.name) for each in session.execute(select(ActorRow.id, ActorRow.name).order_by(ActorRow.name))
    ]


def _statement() -> Select:
    table = Audit.__table__
    return (
        select(table, AuditPrivate.details, Origin.address, Origin.device)
        .outerjoin(AuditPrivate, AuditPrivate.audit_id == Audit.id)
        .outerjoin(Origin, Origin.id == Audit.origin_id)
    )


def _of_inventory(actor: Actor) -> Select:
    return _statement().where(Audit.inventory_id == actor.inventory_id)


def _chosen(actor: Actor, which: AuditFilter) -> Select:
    statement = _of_inventory(actor).where(*_days(actor, which))
    if which.view == "changes":
        statement = statement.where(NOT_MOVEMENT)
    elif which.view == "stock":
        statement = statement.where(Audit.subject_kind == "movement")
    if which.actor_id is not None:
        statement = statement.where(Audit.actor_id == which.actor_id)
    if which.action is not None:
        statement = statement.where(Audit.action == which.action)
        if which.action not in FREQUENT:
            statement = statement.where(IS_RARE)
    if which.kind is not None:
        statement = statement.where(*_about(actor, which.kind))
    if which.subject is not None:
        statement = statement.where(*_about(actor, *which.subject))
    if which.search:
        statement = statement.where(*_found(actor, which))
    return statement


def _days(actor: Actor, which: AuditFilter) -> Iterator[ColumnElement[bool]]:
    zone = ZoneInfo(actor.time_zone)
    if which.since is not None:
        yield Audit.at >= datetime.combine(which.since, time(), zone)
    if which.until is not None and which.until < date.max:
        yield Audit.at < datetime.combine(which.until + timedelta(days=1), time(), zone)


def _about(actor: Actor, kind: str, row_id: int | None = None) -> Iterator[ColumnElement[bool]]:
    yield Audit.subject_kind == kind
    if kind != "movement":
        yield NOT_MOVEMENT
    if row_id is not None:
        yield Audit.subject_id == row_id
        if kind == "movement":  # found by when it was recorded: that is when its row says it was
            own = (Movement.inventory_id == actor.inventory_id, Movement.id == row_id)
            yield Audit.at == select(Movement.recorded_at).where(*own).scalar_subquery()


def _found(actor: Actor, which: AuditFilter) -> Iterator[ColumnElement[bool]]:
    """Rows of one request, or those whose changes hold a text: what may not be seen cannot be found either."""
    wanted = which.search or ""
    if which.of_request:
        yield Audit.id.in_(which.of_request)
        return
    yield NOT_MOVEMENT
    if which.searched_since is not None:
        yield Audit.at >= which.searched_since
    written = json.dumps(wanted, ensure_ascii=False)[1:-1]
    holds = Audit.changes.icontains(written, autoescape=True)
    if not _sees_costs(actor):
        holds = and_(holds, *(~Audit.changes.contains(f'"kind":"{kind}"') for kind in sorted(OF_COSTS)))
    yield or_(holds, Audit.action.icontains(wanted, autoescape=True))


def _sees_costs(actor: Actor) -> bool:
    return actor.may("costs.read") and actor.may("suppliers.read")


def _page(session: Session, actor: Actor, statement: Select, *, limit: int, cursor: str | None) -> Page[AuditView]:
    keys = [SortKey(Audit.at, lambda row: row.at, True), SortKey(Audit.id, lambda row: row.id, True)]
    page = fetch(session, statement, keys, limit=limit, cursor=cursor)
    told = [(each, json.loads(each.changes)) for each in page.rows]
    names = _names(session, actor.inventory_id, _wanted(told))
    views = tuple(_view(actor, each, entries, names) for each, entries in told)
    return Page(views, page.next_cursor, page.previous_cursor)


def _view(actor: Actor, row: Any, entries: list[dict], names: dict[Key, str]) -> AuditView:
    private = json.loads(row.details) if row.details else None
    changes = tuple(_changes(actor, entries, private, names))
    subject = names.get((row.subject_kind, row.subject_id)) or _name_then(row, entries)
    knows_people = actor.may("people.read")
    return AuditView(
        id=row.id,
        at=row.at,
        actor_id=row.actor_id,
        actor=names.get(("actor", row.actor_id)),
        action=row.action,
        said=_said(row, changes, subject, _detail(entries, names)),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        subject=subject,
        request_id=row.request_id,
        changes=changes,
        address=row.address if knows_people else None,
        device=row.device if knows_people else None,
        is_erased=row.origin_id is not None and row.address is None,
    )


def _name_then(row: Any, entries: list[dict]) -> str | None:
    """What a thing that is gone was called, as its own row of the trail tells."""
    for entry in entries:
        if entry.get("kind") == row.subject_kind and entry.get("id") == str(row.subject_id):
            before, after = entry["changes"].get(_NAMED.get(row.subject_kind, "name"), (None, None))
            return after or before
    return None


def _detail(entries: list[dict], names: dict[Key, str]) -> dict[str, str]:
    """The item, and for a rule of a store the store too, that all of what changed belongs to. shape: {column: name}"""
    joined = [_joined(entry) for entry in entries if "note" not in entry]
    kinds = {entry["kind"] for entry in entries if "note" not in entry}
    if not joined or any(each != joined[0] for each in joined):
        return {}
    told = {name: names.get(key, "") for name, key in joined[0].items() if name == "item_id" or kinds == {"item_store"}}
    return {name: word for name, word in told.items() if word}


def _said(row: Any, changes: tuple[Change, ...], subject: str | None, detail: dict[str, str]) -> str:
    verb = words.verb(row.action).replace("{item}", detail.get("item_id", "items"))
    it = subject or (words.kind_word(row.subject_kind) if row.subject_kind else "something")
    if row.subject_kind == "movement":
        it = f"{it} {row.subject_id}"
    elif row.subject_kind == "inventory":
        it = "the settings"
    elif "store_id" in detail:
        it = f"{it} in {detail['store_id']}"
    fields = [each for each in changes if each.field]
    if verb != "changed {it}" or not fields:
        notes = [each.note for each in changes if each.note]
        return verb.replace("{it}", it) + (f": {notes[0]}" if notes and row.subject_kind != "movement" else "")
    labels = list(dict.fromkeys(each.label for each in fields))
    if len(labels) > 3:
        return f"changed {len(labels)} facts of {it}"
    what = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    said = f"changed the {what} of {it}"
    (first, *more) = fields
    if more or first.state:
        return said
    return f"{said}: {_short(first.before)} → {_short(first.after)}"


def _short(text: str | None) -> str:
    return "nothing" if text in (None, "") else text if len(text) <= 60 else f"{text[:59]}…"


def _changes(actor: Actor, entries: list[dict], private: dict | None, names: dict[Key, str]) -> Iterator[Change]:
    for entry in entries:
        kind, key = entry.get("kind", ""), entry.get("id", "")
        if "note" in entry:
            yield Change(kind, "", "", "", words.kind_word(kind), note=entry["note"])
            continue
        row = (kind, key, _row_name(entry, names))
        hidden = "costs" if kind in OF_COSTS and not _sees_costs(actor) else ""
        own = _own(entry)
        for field, (before, after) in entry["changes"].items():
            shown = (None, None) if hidden else (_text(field, before, names), _text(field, after, names))
            yield Change(*row, field, words.field_word(field), *shown, state=hidden, is_own=field in own)
        for field in entry.get("personal", ()):
            yield _personal(actor, row, field, hidden, private)
        for field in entry.get("secret", ()):
            yield Change(*row, field, words.field_word(field), state="secret")


def _own(entry: dict) -> set[str]:
    """The fields that say which row was added or removed; only its number, where it consists of nothing else."""
    fields = entry["changes"]
    if not all(before is None or after is None for before, after in fields.values()):
        return set()
    own = {"id", *_joined(entry)} & fields.keys()
    if own < fields.keys() or entry.get("personal") or entry.get("secret"):
        return own
    return {"id"} if {"id"} < fields.keys() else set()


def _personal(actor: Actor, row: tuple[str, str, str], field: str, hidden: str, private: dict | None) -> Change:
    label = words.field_word(field)
    if private is None:
        return Change(*row, field, label, state="erased")
    if hidden or not actor.may("people.read"):
        return Change(*row, field, label, state=hidden or "personal")
    before, after = private[f"{row[0]}:{row[1]}"][field]
    return Change(*row, field, label, _text(field, before, {}), _text(field, after, {}))


def _text(field: str, value: Any, names: dict[Key, str]) -> str | None:
    """A value as text, references by their names."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items()) or None
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    kind = _kind_of(field)
    if kind is not None and isinstance(value, int):
        return names.get((kind, value), str(value))
    if field in _MONEY:
        whole, _, fraction = str(value).partition(".")
        return f"{whole}.{fraction.ljust(2, '0')}"
    if field.endswith("_at"):
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"
    return str(value)


def _kind_of(field: str) -> str | None:
    if field in _POINTS_AT:
        return _POINTS_AT[field]
    kind = field.removesuffix("_id")
    return kind if kind != field and kind in _NAMED else None


def _keys(kind: str, key: str) -> list[Key]:
    """The things that a row's key names: itself, or those that it lies between, such as a store and an item."""
    if kind in _NAMED:
        return [(kind, int(key))] if key.isdecimal() else []
    table = Base.metadata.tables.get(kind)
    parts = key.split(":")
    if table is None or len(parts) < 2:
        return []
    columns = [column.key for column in table.primary_key if column.key != "inventory_id"]
    pairs = [(_kind_of(name), part) for name, part in zip(columns, parts, strict=False)]
    return [(of, int(part)) for of, part in pairs if of is not None and part.isdecimal()]


def _row_name(entry: dict, names: dict[Key, str]) -> str:
    keys = _keys(entry["kind"], entry["id"]) or list(_joined(entry).values())
    return ", ".join(names.get(each, str(each[1])) for each in keys)


def _joined(entry: dict) -> dict[str, Key]:
    """What a row is a part of, such as an offer of its supplier and its item. shape: {column: thing}"""
    values = {name: after or before for name, (before, after) in entry["changes"].items() if name.endswith("_id")}
    found = {name: (_kind_of(name), value) for name, value in (entry.get("of", {}) | values).items()}
    wanted = ("store_id", "supplier_id", "list_id", "item_id")
    return {name: found[name] for name in wanted if name in found and isinstance(found[name][1], int)}  # type: ignore[misc]


def _wanted(told: list[tuple[Any, list[dict]]]) -> set[Key]:
    """Everything that a page's rows mention and that has a name."""
    wanted: set[Key] = set()
    for row, entries in told:
        if row.actor_id is not None:
            wanted.add(("actor", row.actor_id))
        if row.subject_id is not None and row.subject_kind in _NAMED:
            wanted.add((row.subject_kind, row.subject_id))
        for entry in entries:
            if "note" in entry:
                continue
            wanted.update(_keys(entry["kind"], entry["id"]))
            wanted.update(_joined(entry).values())
            for field, values in entry["changes"].items():
                kind = _kind_of(field)
                if kind is not None:
                    wanted.update((kind, value) for value in values if isinstance(value, int))
    return wanted


def _names(session: Session, inventory_id: int, wanted: Iterable[Key]) -> dict[Key, str]:
    """What things are called now, in one statement. A page that mentions very many shows numbers for the last."""
    by_kind: dict[str, list[int]] = {}
    for kind, row_id in sorted(wanted, key=lambda each: (each[0] != "actor", each))[:MOST_NAMED]:
        by_kind.setdefault(kind, []).append(row_id)
    if not by_kind:
        return {}
    parts = []
    for kind, ids in by_kind.items():
        table = Base.metadata.tables[kind]
        named = cast(table.c[_NAMED[kind]], String)
        parts.append(
            select(literal(kind, String).label("kind"), table.c.id.label("id"), named.label("name")).where(
                table.c.inventory_id == inventory_id, table.c.id.in_(ids)
            )
        )
    found = session.connection().execute(union_all(*parts))
    return {(each.kind, each.id): each.name for each in found}
