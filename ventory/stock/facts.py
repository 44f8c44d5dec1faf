"""Daily facts: derived from the ledger by a reader of the outbox, one batch of events at a time.

Facts hold every movement whose event the reader `facts` has passed, and those that were never announced because they
were loaded in bulk. What waits behind the reader (`waiting`) is added by whoever asks. See docs/explanation/facts.md.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union_all,
    update,
)

from ventory.core.days import local_day
from ventory.core.events import StockChanged, StockImported
from ventory.core.facts import FLOWS, WINDOWS, Entry, Fact, continued, flow_of, time_out
from ventory.core.ledger import HOLDING
from ventory.core.quantity import ZERO
from ventory.db import dialect
from ventory.db import engine as engines
from ventory.db.outbox import Outbox, OutboxReader, newest, place_of
from ventory.stock import derive
from ventory.stock.derive import FACT_FIGURES, RECENT_FIGURES, Where
from ventory.stock.models import (
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedInventory,
    DerivedItem,
    DerivedPlace,
    Movement,
    MovementLine,
    Place,
    RecentSales,
)

READER = "facts"
ANNOUNCING = (StockChanged.kind, StockImported.kind)
"""Events that name movements: one as their subject, or many in the payload's `movement_ids`."""
EVERYWHERE = 0
"""RecentSales.place_id of the row for all stores and what is between them."""
SHOWN = frozenset({"store", "transit"})
"""Kinds of place whose stock counts for the whole chain."""
BATCH = 1_000
MOVED_AT_ONCE = 20
"""Items whose facts change category in one transaction."""
CHUNK = 1_500
"""Facts that are written in one transaction while an inventory is derived: under 0.1 s on SQLite."""

_line, _movement, _place = MovementLine.__table__.c, Movement.__table__.c, Place.__table__.c
_fact, _total, _recent = DailyFact.__table__.c, DailyTotal.__table__.c, RecentSales.__table__.c
_of_category, _known = DailyCategory.__table__.c, DerivedItem.__table__.c
_reader, _state, _on_hand = OutboxReader.__table__.c, DerivedInventory.__table__.c, DerivedPlace.__table__.c
_FACT_COLUMNS = [_fact[name] for name in ("inventory_id", "place_id", "item_id", "business_date", *FACT_FIGURES)]
_TOTAL_COLUMNS = [_total[name] for name in ("inventory_id", "place_id", "business_date", *FLOWS)]
_CATEGORY_COLUMNS = [
    _of_category[name] for name in ("inventory_id", "place_id", "category_id", "business_date", *FLOWS)
]
_KNOWN_COLUMNS = [_known.inventory_id, _known.item_id, _known.category_id]
_RECENT_COLUMNS = [_recent[name] for name in ("inventory_id", "place_id", "item_id", *RECENT_FIGURES)]
_ON_HAND_COLUMNS = [_on_hand.inventory_id, _on_hand.place_id, _on_hand.on_hand]

Key = tuple[int, int]
"""(place id, item id)"""


class Overtaken(Exception):
    """Somebody derived the facts anew meanwhile; what was computed is worth nothing."""


def places_of(connection: Connection, inventory_id: int) -> tuple[dict[int, str], dict[int, Where]]:
    """The kind of every place of an inventory, and those that hold stock."""
    rows = connection.execute(_PLACES, {"inventory": inventory_id}).all()
    kinds = {row.id: row.kind for row in rows}
    return kinds, {row.id: Where(row.id, row.kind, row.time_zone) for row in rows if row.kind in HOLDING}


_PLACES = text(
    "SELECT p.id, p.kind, coalesce(s.time_zone, i.time_zone) AS time_zone FROM place p"
    " JOIN inventory i ON i.id = p.inventory_id LEFT JOIN store s ON s.inventory_id = p.inventory_id"
    " AND s.id = p.store_id WHERE p.inventory_id = :inventory ORDER BY p.id"
)


# --- where the reader is ----------------------------------------------------------------------------------------------


def position(connection: Connection) -> int:
    """How far the reader came."""
    return connection.execute(select(_reader.seq).where(_reader.name == READER)).scalar_one_or_none() or 0


def hold(connection: Connection) -> int:
    """Keep the reader where it is until the transaction ends. returns: how far it came"""
    connection.execute(_MAKE_READER, {"name": READER})
    return connection.execute(select(_reader.seq).where(_reader.name == READER).with_for_update()).scalar_one()


_MAKE_READER = text("INSERT INTO outbox_reader (name, seq) VALUES (:name, 0) ON CONFLICT DO NOTHING")


def waiting(connection: Connection, inventory_id: int, after: int | None = None) -> list[int]:
    """The ids of movements that facts do not hold yet: announced, but the reader has not come to them.

    Ask in the same view in which facts are read. after: where the reader is taken to be, None for where it is
    """
    is_later = place_of(connection) > (position(connection) if after is None else after)
    if dialect.of(connection).SEQUENCE == "seq":
        is_later = or_(is_later, Outbox.seq.is_(None))
    rows = connection.execute(
        select(Outbox.subject_id, _MANY).where(
            Outbox.inventory_id == inventory_id, Outbox.kind.in_(ANNOUNCING), is_later
        )
    )
    return _named(rows)


_MANY = case((Outbox.kind == StockImported.kind, Outbox.payload)).label("payload")


def _named(rows: Iterable) -> list[int]:
    """The movements that events name. rows: their subject and, for an import, the payload"""
    found: list[int] = []
    for subject_id, payload in rows:
        found += [subject_id] if payload is None else json.loads(payload)["movement_ids"]
    return found


def state_of(connection: Connection, inventory_id: int):
    """until and version of an inventory whose facts are complete, or None."""
    return connection.execute(
        select(_state.until, _state.version).where(_state.inventory_id == inventory_id)
    ).one_or_none()


# --- lines as places see them -----------------------------------------------------------------------------------------


def _seen(connection: Connection, *, inward: bool):
    """Lines as the place sees them that they join (inward) or leave."""
    here, other = _line.to_place_id, _line.from_place_id
    if not inward:
        here, other = other, here
    return (
        select(
            _line.id,
            _line.movement_id,
            here.label("place_id"),
            other.label("other_id"),
            _line.item_id,
            _line.quantity,
            literal(int(inward)).label("inward"),
            _movement.business_date,
            dialect.of(connection).epoch(_movement.occurred_at).label("epoch"),
            _movement.reverses_id,
        )
        .join_from(MovementLine.__table__, Movement.__table__, _movement.id == _line.movement_id)
        .where(_line.quantity > ZERO)
    ), here


def _entry(row, where: Where, kinds: dict[int, str]) -> Entry:
    flow = flow_of(kinds[row.other_id], inward=bool(row.inward), is_reversal=row.reverses_id is not None)
    second = where.second_of(row.business_date, row.epoch)
    return Entry(row.business_date, second, flow.name, row.quantity if flow.sign > 0 else -row.quantity)


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as a place sees it that it joins or leaves."""

    where: Where
    item_id: int
    entry: Entry


def seen(
    connection: Connection, movement_ids: Sequence[int], kinds: dict[int, str], places: dict[int, Where]
) -> list[Seen]:
    """The lines of some movements as each place that holds stock sees them.

    Two reads by key, joined here: joined by PostgreSQL, whose statistics know nothing of what was written a moment ago,
    1,500 movements of 6,000 took more than a minute.
    """
    database, ids = dialect.of(connection), list(movement_ids)
    movements = select(
        _movement.id, _movement.business_date, database.epoch(_movement.occurred_at), _movement.reverses_id
    )
    lines = select(_line.movement_id, _line.item_id, _line.from_place_id, _line.to_place_id, _line.quantity)
    about = {
        row[0]: row[1:]
        for row in connection.execute(movements.where(database.among(_movement.id, "ids")), {"ids": ids})
    }
    found = []
    for movement_id, item_id, source, target, quantity in connection.execute(
        lines.where(database.among(_line.movement_id, "ids"), _line.quantity > ZERO), {"ids": ids}
    ):
        day, epoch, reverses_id = about[movement_id]
        for place_id, other, inward in ((source, target, False), (target, source, True)):
            if (where := places.get(place_id)) is not None:
                flow = flow_of(kinds[other], inward=inward, is_reversal=reverses_id is not None)
                signed = quantity if flow.sign > 0 else -quantity
                found.append(Seen(where, item_id, Entry(day, where.second_of(day, epoch), flow.name, signed)))
    return found


def _in_time(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry[:2])


# --- what a batch or a derivation changes -----------------------------------------------------------------------------


@dataclass
class Sums:
    """What facts add to the sums of one inventory.

    until: the last day of recent sales; category_of: where the facts of each item count
    """

    inventory_id: int
    until: date
    category_of: dict[int, int]
    categories: dict[tuple[int, int, date], list[Decimal]] = field(default_factory=dict)
    totals: dict[tuple[int, date], list[Decimal]] = field(default_factory=dict)
    on_hand: dict[int, Decimal] = field(default_factory=dict)
    recent: dict[Key, list[Decimal]] = field(default_factory=dict)

    def add(self, where: Where, item_id: int, entry: Entry) -> None:
        """Count a line."""
        day = entry.business_date
        flows = [entry.quantity if name == entry.flow else ZERO for name in FLOWS]
        _add(self.totals, (where.id, day), flows)
        self.on_hand[where.id] = self.on_hand.get(where.id, ZERO) + entry.change
        _add(self.categories, (where.id, self.category_of[item_id], day), list(flows))
        figures = _recent_figures(flows, (self.until - day).days)
        if any(figures):
            _add(self.recent, (where.id, item_id), figures)
            if where.kind in SHOWN:
                _add(self.recent, (EVERYWHERE, item_id), list(figures))

    def write(self, connection: Connection) -> None:
        """Add them to what stands there."""
        database, own = dialect.of(connection), self.inventory_id
        database.save_rows(
            connection, _TOTAL_COLUMNS, [(own, *key, *flows) for key, flows in sorted(self.totals.items())], adds=True
        )
        database.save_rows(
            connection,
            _CATEGORY_COLUMNS,
            [(own, *key, *flows) for key, flows in sorted(self.categories.items())],
            adds=True,
        )
        database.save_rows(
            connection, _ON_HAND_COLUMNS, [(own, *row) for row in sorted(self.on_hand.items())], adds=True
        )
        database.save_rows(
            connection, _RECENT_COLUMNS, [(own, *key, *row) for key, row in sorted(self.recent.items())], adds=True
        )


def _recent_figures(flows: Sequence[Decimal], age: int) -> list[Decimal]:
    """What a day's flows add to recent sales. flows: as FLOWS; age: how many days before the last one it was"""
    received, sold, returned = flows[:3]
    net = sold - returned
    within = [0 <= age < days for days in WINDOWS]
    before = [days <= age < 2 * days for days in WINDOWS]
    return [
        amount if is_in else ZERO
        for amount, ways in ((net, within), (received, within), (net, before))
        for is_in in ways
    ]


def _add(sums: dict[Any, list[Decimal]], key: Any, more: list[Decimal]) -> None:
    found = sums.get(key)
    if found is None:
        sums[key] = more
        return
    for index, amount in enumerate(more):
        found[index] += amount


def _write_facts(connection: Connection, inventory_id: int, facts: dict[Key, list[Fact]]) -> None:
    figures = attrgetter(*FACT_FIGURES)
    rows = [
        (inventory_id, *key, fact.business_date, *figures(fact)) for key, days in sorted(facts.items()) for fact in days
    ]
    dialect.of(connection).save_rows(connection, _FACT_COLUMNS, rows)


# --- which category an item counts in ---------------------------------------------------------------------------------


def categories_of(connection: Connection, inventory_id: int, item_ids: Iterable[int]) -> dict[int, int]:
    """Where the facts of some items count. shape: {item id: category id, 0 for none}; unknown ones left out"""
    # Joined: of an array of a thousand ids PostgreSQL compared each with every item, 0.6 s a batch.
    wanted, parameters = dialect.of(connection).pairs("own", "item_id", ((inventory_id, item) for item in item_ids))
    rows = connection.execute(
        text(
            f"SELECT d.item_id, d.category_id FROM {wanted} w CROSS JOIN derived_item d"  # noqa: S608
            " WHERE d.inventory_id = w.own AND d.item_id = w.item_id"
        ),
        parameters,
    )
    return {row[0]: row[1] for row in rows}


def _new_items(connection: Connection, inventory_id: int, item_ids: Iterable[int]) -> dict[int, int]:
    """The categories of items of which nothing was derived yet. shape: as categories_of"""
    wanted = sorted(item_ids)
    if not wanted:
        return {}
    now = derive.categories(inventory_id).subquery().c
    rows = select(now.item_id, now.category_id).where(dialect.of(connection).among(now.item_id, "ids"))
    return {row[0]: row[1] for row in connection.execute(rows, {"ids": wanted})}


def have_moved(connection: Connection, inventory_id: int, category_ids: Sequence[int]) -> bool:
    """Whether an item came to one of some categories, or left one, and its facts have not followed yet."""
    moved = _moved(inventory_id).subquery().c
    of_them = or_(moved.before.in_(category_ids), moved.now.in_(category_ids))
    return connection.execute(select(moved.before).where(of_them).limit(1)).first() is not None


def _moved(inventory_id: int) -> Select:
    """Items that are in another category than their facts. shape: rows of item_id, before, now"""
    now = derive.categories(inventory_id).subquery().c
    return select(_known.item_id, _known.category_id.label("before"), now.category_id.label("now")).where(
        _known.inventory_id == inventory_id, now.item_id == _known.item_id, now.category_id != _known.category_id
    )


def move_facts(engine: Engine) -> int:
    """Let the facts of items that are in another category now count there. returns: how many items were moved"""
    with engines.autocommit(engine).connect() as connection:
        inventories = list(connection.execute(select(_state.inventory_id)).scalars())
        due = [each for each in inventories if connection.execute(_moved(each).limit(1)).first() is not None]
    moved = 0
    for inventory_id in due:
        while count := _move_some(engine, inventory_id):
            moved += count
    return moved


def _move_some(engine: Engine, inventory_id: int) -> int:
    """Move a few items that go the same way, in one short transaction. returns: how many"""
    with engines.writing(engine).begin() as connection:
        hold(connection)
        rows = connection.execute(_moved(inventory_id).order_by("before", "now").limit(MOVED_AT_ONCE)).all()
        if not rows:
            return 0
        before, now = rows[0].before, rows[0].now
        ids = [row.item_id for row in rows if (row.before, row.now) == (before, now)]
        database = dialect.of(connection)
        sums = (func.sum(_fact[name], type_=_fact[name].type) for name in FLOWS)
        of_them = (
            select(_fact.place_id, _fact.business_date, *sums)
            .where(_fact.inventory_id == inventory_id, _fact.place_id.in_(_holding(connection, inventory_id)))
            .where(database.among(_fact.item_id, "ids"))
            .group_by(_fact.place_id, _fact.business_date)
        )
        changes: list[tuple] = []
        for place_id, day, *flows in connection.execute(of_them, {"ids": ids}):
            changes.append((inventory_id, place_id, before, day, *(-amount for amount in flows)))
            changes.append((inventory_id, place_id, now, day, *flows))
        database.save_rows(connection, _CATEGORY_COLUMNS, changes, adds=True)
        database.save_rows(connection, _KNOWN_COLUMNS, [(inventory_id, item_id, now) for item_id in ids])
        _renew(connection, inventory_id)
        return len(ids)


def _holding(connection: Connection, inventory_id: int) -> list[int]:
    return list(places_of(connection, inventory_id)[1])


def _renew(connection: Connection, inventory_id: int) -> None:
    """Let whoever has computed on what stood there find that it was overtaken."""
    connection.execute(
        update(DerivedInventory.__table__).where(_state.inventory_id == inventory_id).values(version=_version())
    )


def _version() -> int:
    return time.time_ns() % 2**31


# --- following the outbox ---------------------------------------------------------------------------------------------


def follow(engine: Engine) -> int:
    """Take in the next events. returns: how many

    Facts and the reader's place are written in one transaction: after a crash a batch is either in or not. It is
    computed before, in an unchanging view, so that SQLite's only write lock is held for the writing alone.
    """
    with engines.reading(engine).connect() as connection:
        after = position(connection)
        events = _events(connection, after)
        if not events:
            return 0
        named = _by_inventory(events)
        states = {inventory_id: state_of(connection, inventory_id) for inventory_id in named}
        batches = [
            _Batch(connection, inventory_id, state, named[inventory_id], events[-1].seq)
            for inventory_id, state in states.items()
            if state is not None
        ]
    with engines.writing(engine).begin() as connection:
        _expect(connection, after, states)
        for batch in batches:
            batch.write(connection)
        _move(connection, events[-1].seq)
    return len(events)


def _events(connection: Connection, after: int) -> Sequence:
    """The next events; those of other kinds only count."""
    seq = place_of(connection).label("seq")
    return connection.execute(
        select(seq, Outbox.inventory_id, Outbox.kind, Outbox.subject_id, _MANY)
        .where(seq > after)
        .order_by(seq)
        .limit(BATCH)
    ).all()


def _by_inventory(events: Sequence) -> dict[int, list[int]]:
    """The movements that events name. shape: {inventory id: movement ids}"""
    found: dict[int, list] = defaultdict(list)
    for event in events:
        if event.kind in ANNOUNCING:
            found[event.inventory_id] += _named([(event.subject_id, event.payload)])
    return dict(sorted(found.items()))


def _expect(connection: Connection, after: int, states: dict[int, Any]) -> None:
    """Refuse to write on what is no longer there. raises: Overtaken"""
    if hold(connection) != after:
        raise Overtaken
    for inventory_id, state in states.items():
        if state_of(connection, inventory_id) != state:
            raise Overtaken


def _move(connection: Connection, seq: int) -> None:
    connection.execute(update(OutboxReader.__table__).where(_reader.name == READER).values(seq=seq))


class _Batch:
    """What movements of one inventory do to its facts. last_seq: where the reader stands after them"""

    def __init__(self, connection: Connection, inventory_id: int, state, movement_ids: Sequence[int], last_seq: int):
        self.connection, self.inventory_id, self.state, self.last_seq = connection, inventory_id, state, last_seq
        self.kinds, self.places = places_of(connection, inventory_id)
        self.facts: dict[Key, list[Fact]] = {}
        self._still_waiting: set[int] | None = None
        entries = self._entries(movement_ids)
        known = categories_of(connection, inventory_id, {item_id for _, item_id in entries})
        self.new_items = _new_items(connection, inventory_id, {item for _, item in entries} - known.keys())
        self.sums = Sums(inventory_id, state.until, known | self.new_items)
        last = self._last_facts(entries)
        for key, of_key in entries.items():
            where, latest = self.places[key[0]], last.get(key)
            for entry in of_key:
                self.sums.add(where, key[1], entry)
            if latest is not None and of_key[0][:2] < (latest.business_date, latest.last_second):
                self.facts[key] = self._again(key, of_key)
            else:
                self.facts[key] = continued(latest, of_key, where.seconds_of)

    def write(self, connection: Connection) -> None:
        _write_facts(connection, self.inventory_id, self.facts)
        new_items = [(self.inventory_id, *each) for each in sorted(self.new_items.items())]
        dialect.of(connection).save_rows(connection, _KNOWN_COLUMNS, new_items)
        self.sums.write(connection)

    def _entries(self, movement_ids: Sequence[int]) -> dict[Key, list[Entry]]:
        """The lines of movements as each place that holds stock sees them, in time."""
        found: dict[Key, list[Entry]] = defaultdict(list)
        for each in seen(self.connection, movement_ids, self.kinds, self.places):
            found[each.where.id, each.item_id].append(each.entry)
        return {key: _in_time(of_key) for key, of_key in found.items()}

    def _last_facts(self, keys: Iterable[Key]) -> dict[Key, Fact]:
        table, parameters = dialect.of(self.connection).pairs("place_id", "item_id", keys)
        own = "f.inventory_id = :inventory AND f.place_id = k.place_id AND f.item_id = k.item_id"
        # CROSS JOIN is SQLite's word for "in this order": without statistics it read every fact for every key.
        last_day = f"SELECT max(f.business_date) FROM daily_fact f WHERE {own}"  # noqa: S608
        statement = text(
            f"SELECT f.place_id, f.item_id, f.business_date, {', '.join(f'f.{name}' for name in FACT_FIGURES)}"  # noqa: S608
            f" FROM {table} k CROSS JOIN daily_fact f WHERE {own} AND f.business_date = ({last_day})"
        ).columns(_fact.place_id, _fact.item_id, _fact.business_date, *(_fact[name] for name in FACT_FIGURES))
        rows = self.connection.execute(statement, {"inventory": self.inventory_id, **parameters})
        return {(row.place_id, row.item_id): _fact_of(row) for row in rows}

    def _again(self, key: Key, entries: list[Entry]) -> list[Fact]:
        """The days of an item from the first that a late line belongs to, made anew from the lines."""
        first = entries[0].business_date
        of_key = and_(_fact.inventory_id == self.inventory_id, _fact.place_id == key[0], _fact.item_id == key[1])
        columns = select(_fact.business_date, *(_fact[name] for name in FACT_FIGURES)).where(of_key)
        before = self.connection.execute(
            columns.where(_fact.business_date < first).order_by(_fact.business_date.desc()).limit(1)
        ).one_or_none()
        known = self.connection.execute(
            select(func.sum(_fact.lines)).where(of_key, _fact.business_date >= first)
        ).scalar_one()
        lines = self._lines_since(key, first, (known or 0) + len(entries))
        return continued(_fact_of(before) if before else None, _in_time(lines), self.places[key[0]].seconds_of)

    def _lines_since(self, key: Key, first: date, count: int) -> list[Entry]:
        """The lines of an item from a day on. count: how many there are

        Read backwards until they are all found, so that an item's long history is not read for a late line of today.
        """
        if self._still_waiting is None:
            self._still_waiting = set(waiting(self.connection, self.inventory_id, self.last_seq))
        where = self.places[key[0]]
        found: list[Entry] = []
        before, page = None, count + 20
        while len(found) < count:
            rows = self._page(key, before, page)
            found += [
                _entry(row, where, self.kinds)
                for row in rows
                if row.business_date >= first and row.movement_id not in self._still_waiting
            ]
            if len(rows) < page:
                break
            before, page = rows[-1].id, page * 2
        assert len(found) == count, "facts counted lines that are not there"
        return found

    def _page(self, key: Key, before: int | None, page: int) -> Sequence:
        parts = []
        for inward in (True, False):
            statement, here = _seen(self.connection, inward=inward)
            statement = statement.where(here == key[0], _line.item_id == key[1])
            if before is not None:
                statement = statement.where(_line.id < before)
            parts.append(statement.order_by(_line.id.desc()).limit(page).subquery())
        both = union_all(*(select(part) for part in parts)).subquery()
        return self.connection.execute(select(both).order_by(both.c.id.desc()).limit(page)).all()


def _fact_of(row) -> Fact:
    return Fact(row.business_date, **{name: getattr(row, name) for name in FACT_FIGURES})


# --- out of stock -----------------------------------------------------------------------------------------------------


def seconds_out(
    connection: Connection, inventory_id: int, key: Key, first: date, last: date, moment: datetime
) -> int | None:
    """How long a place had none of an item, from the beginning of one of its days to the end of another, or to now.

    returns: None when nothing ever came in, and while the worker has to make days anew or has derived nothing yet
    """
    if state_of(connection, inventory_id) is None:
        return None
    kinds, places = places_of(connection, inventory_id)
    where = places[key[0]]
    known = _facts_since(connection, inventory_id, key, first)
    later = seen(connection, waiting(connection, inventory_id), kinds, {where.id: where})
    entries = _in_time(each.entry for each in later if each.item_id == key[1])
    if entries:
        if known and entries[0][:2] < (known[-1].business_date, known[-1].last_second):
            return None
        newest_known = known[-1] if known else None
        more = continued(newest_known, entries, where.seconds_of)
        known = [fact for fact in known if fact is not more[0]] + more
    today = local_day(moment, where.time_zone)
    now = (today, where.second_of(today, int(moment.timestamp())))
    return time_out(known, first, last, where.seconds_of, now=now)


def _facts_since(connection: Connection, inventory_id: int, key: Key, first: date) -> list[Fact]:
    """The facts of an item in a place from a day on, and the newest before it, by day."""
    columns = select(_fact.business_date, *(_fact[name] for name in FACT_FIGURES)).where(
        _fact.inventory_id == inventory_id, _fact.place_id == key[0], _fact.item_id == key[1]
    )
    before = columns.where(_fact.business_date < first).order_by(_fact.business_date.desc()).limit(1)
    since = columns.where(_fact.business_date >= first).order_by(_fact.business_date)
    return [_fact_of(row) for statement in (before, since) for row in connection.execute(statement)]


# --- deriving everything ----------------------------------------------------------------------------------------------


def underived(connection: Connection) -> list[int]:
    """Inventories whose facts are not derived yet."""
    rows = connection.execute(
        text("SELECT id FROM inventory WHERE id NOT IN (SELECT inventory_id FROM derived_inventory) ORDER BY id")
    )
    return list(rows.scalars())


def forget(connection: Connection, inventory_id: int) -> None:
    """Let the worker derive the facts of an inventory anew; until then its ledger answers."""
    connection.execute(delete(DerivedInventory.__table__).where(_state.inventory_id == inventory_id))


def begin(engine: Engine) -> None:
    """Give the reader its place before anything is derived: at the newest event, unless facts exist already."""
    with engines.writing(engine).begin() as connection:
        if connection.execute(select(_reader.seq).where(_reader.name == READER)).first() is not None:
            return
        is_new = connection.execute(select(_state.inventory_id).limit(1)).first() is None
        seq = newest(connection) if is_new else 0
        connection.execute(insert(OutboxReader.__table__).values(name=READER, seq=seq))


def derive_in_steps(engine: Engine, inventory_id: int) -> None:
    """Derive all facts of an inventory up to where the reader stands, in small transactions.

    Until it is complete, figures come from the ledger. A derivation that was cut off begins again.
    """
    with engines.reading(engine).connect() as connection:
        _derive(connection, inventory_id, engines.writing(engine).begin)


def derive_all(connection: Connection, inventory_id: int) -> None:
    """Derive all facts of an inventory in the caller's transaction."""
    hold(connection)
    with dialect.of(connection).in_bulk(connection):
        connection.execute(delete(DailyFact.__table__).where(_fact.inventory_id == inventory_id))
        _derive(connection, inventory_id, lambda: nullcontext(connection), at_once=True)


def _derive(
    connection: Connection,
    inventory_id: int,
    transaction: Callable[[], AbstractContextManager[Connection]],
    *,
    at_once: bool = False,
) -> None:
    until = today_of(connection, inventory_id)
    after = position(connection)
    kinds, places = places_of(connection, inventory_id)
    left_out = waiting(connection, inventory_id, after)

    @contextmanager
    def writing() -> Iterator[Connection]:
        with transaction() as written:
            if hold(written) != after:
                raise Overtaken
            yield written

    with writing() as written:
        for table in (*derive.SUMMED, DerivedInventory):
            written.execute(delete(table.__table__).where(table.__table__.c.inventory_id == inventory_id))
        derive.fill(written, DerivedItem, derive.categories(inventory_id))
    for where in places.values():
        found = derive.facts(connection, inventory_id, where, kinds, left_out)
        if found is None:
            continue
        rows = iter(()) if at_once else derive.rows(connection, found)
        chunk = list(islice(rows, CHUNK))
        if not chunk and not at_once:
            continue
        while len(chunk) == CHUNK:
            with writing() as written:
                dialect.of(written).save_rows(written, _FACT_COLUMNS, chunk, is_raw=True)
            chunk = list(islice(rows, CHUNK))
        with writing() as written:
            if at_once:
                derive.fill(written, DailyFact, found)
            dialect.of(written).save_rows(written, _FACT_COLUMNS, chunk, is_raw=True)
            derive.fill(written, DailyTotal, derive.totals(inventory_id, where.id))
            derive.fill(written, DailyCategory, derive.of_categories(inventory_id, where.id))
            derive.fill(written, DerivedPlace, derive.on_hand(inventory_id, where.id))
            derive.fill(written, RecentSales, derive.recent(inventory_id, where.id, until))
    with writing() as written:
        derive.fill(written, RecentSales, everywhere(inventory_id, places))
        written.execute(
            insert(DerivedInventory.__table__).values(inventory_id=inventory_id, until=until, version=_version())
        )


def everywhere(inventory_id: int, places: dict[int, Where]) -> Select:
    """The rows of recent sales for all stores and what is between them."""
    shown = [where.id for where in places.values() if where.kind in SHOWN]
    return derive.recent_everywhere(inventory_id, shown, EVERYWHERE)


def today_of(connection: Connection, inventory_id: int) -> date:
    """The day that it is by the inventory's clock."""
    zone = connection.execute(
        text("SELECT time_zone FROM inventory WHERE id = :inventory"), {"inventory": inventory_id}
    ).scalar_one()
    return local_day(datetime.now(UTC), zone)


# --- a new day --------------------------------------------------------------------------------------------------------


def turn_days(engine: Engine) -> int:
    """Let the days of recent sales end today, wherever it has become another day. returns: how many days were turned"""
    with engines.autocommit(engine).connect() as connection:
        rows = connection.execute(select(_state.inventory_id, _state.until)).all()
        due = [(row.inventory_id, row.until, today_of(connection, row.inventory_id)) for row in rows]
    turned = 0
    for inventory_id, until, today in due:
        while until < today:
            until += timedelta(days=1)
            with engines.writing(engine).begin() as connection:
                _turn(connection, inventory_id, until)
            turned += 1
    return turned


def _turn(connection: Connection, inventory_id: int, day: date) -> None:
    """Take in the facts of a day that has begun and let go of those that have become too old."""
    hold(connection)
    kinds = {row.id: row.kind for row in connection.execute(_PLACES, {"inventory": inventory_id})}
    sums: dict[Key, list[Decimal]] = {}
    ages = sorted({0, *WINDOWS, *(2 * days for days in WINDOWS)})
    for age in ages:
        rows = connection.execute(
            select(_fact.place_id, _fact.item_id, *(_fact[name] for name in FLOWS)).where(
                _fact.inventory_id == inventory_id,
                _fact.place_id.in_(kinds),
                _fact.business_date == day - timedelta(days=age),
            )
        )
        for place_id, item_id, *flows in rows:
            was, becomes = _recent_figures(flows, age - 1), _recent_figures(flows, age)
            figures = [new - old for new, old in zip(becomes, was, strict=True)]
            _add(sums, (place_id, item_id), figures)
            if kinds[place_id] in SHOWN:
                _add(sums, (EVERYWHERE, item_id), list(figures))
    dialect.of(connection).save_rows(
        connection, _RECENT_COLUMNS, [(inventory_id, *key, *row) for key, row in sorted(sums.items())], adds=True
    )
    connection.execute(update(DerivedInventory.__table__).where(_state.inventory_id == inventory_id).values(until=day))
