"""Reads of the ledger: movements newest first, the card of an item in a store, stock levels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.auth.models import ActorRow, Inventory
from ventory.blueprints.categories.models import Category
from ventory.blueprints.files import queries as files
from ventory.blueprints.files.queries import ImageView
from ventory.blueprints.items import references
from ventory.blueprints.items.models import Item, ItemStore
from ventory.blueprints.items.queries import category_and_below, matching, state_of
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.stores.models import Store
from ventory.blueprints.tags import queries as tags
from ventory.blueprints.uom.models import UnitRow
from ventory.core.access import Actor
from ventory.core.errors import Malformed
from ventory.core.ledger import Place as LedgerPlace
from ventory.core.ledger import PlannedLine
from ventory.core.quantity import ZERO
from ventory.db.paging import Page, SortKey, fetch, fetch_by_parents
from ventory.db.prepared import Prepared
from ventory.stock import places
from ventory.stock.models import Balance, Movement, MovementLine, MovementPrivate, Place

_From, _To = aliased(Place), aliased(Place)
_Reversal = aliased(Movement)


@dataclass(frozen=True)
class ToReverse:
    """A movement with all that its reversal needs."""

    kind: str
    reversed_by: int | None
    time_zone: str
    lock_date: date | None
    lines: tuple[PlannedLine, ...]
    places: dict[int, LedgerPlace]
    items: references.Items
    stores: references.Stores


def movement_to_reverse(session: Session, actor: Actor, movement_id: int) -> ToReverse | None:
    """The movement, or None when it does not exist here or touches a store outside the actor's limit."""
    head = session.execute(
        select(Movement.kind, _Reversal.id.label("reversed_by"), Inventory.time_zone, Inventory.lock_date)
        .join(Inventory, Inventory.id == Movement.inventory_id)
        .outerjoin(
            _Reversal,
            and_(_Reversal.inventory_id == Movement.inventory_id, _Reversal.reverses_id == Movement.id),
        )
        .where(Movement.id == movement_id)
    ).first()
    if head is None:
        return None
    rows = session.execute(
        select(MovementLine).where(MovementLine.movement_id == movement_id).order_by(MovementLine.id)
    ).scalars()
    lines = tuple(
        PlannedLine(line.item_id, line.from_place_id, line.to_place_id, line.quantity, line.value, line.lot_id)
        for line in rows
    )
    touched = {place_id for line in lines for place_id in (line.source_id, line.target_id)}
    known = places.of(session.execute(select(Place).where(Place.id.in_(touched))).scalars())
    if any(place.store_id is not None and not actor.sees(place.store_id) for place in known.values()):
        return None
    connection = session.connection()
    return ToReverse(
        head.kind,
        head.reversed_by,
        head.time_zone,
        head.lock_date,
        lines,
        known,
        references.items(connection, actor, (ItemRef(item_id=line.item_id) for line in lines)),
        references.stores(connection, actor),
    )


def posted_references(session: Session, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which (kind, external reference) pairs were posted before."""
    ordered = sorted(wanted)
    found: set[tuple[str, str]] = set()
    for start in range(0, len(ordered), 500):
        pairs = tuple_(Movement.kind, Movement.external_reference).in_(ordered[start : start + 500])
        rows = session.execute(select(Movement.kind, Movement.external_reference).where(pairs))
        found.update((row.kind, row.external_reference) for row in rows)
    return found


@dataclass(frozen=True)
class MovementFilter:
    """Which movements; None means any.

    store_id, item_id: that a line touches; since, until: business dates, inclusive; search: in the item's name, SKU
    """

    kind: str | None = None
    store_id: int | None = None
    item_id: int | None = None
    actor_id: int | None = None
    movement_id: int | None = None
    external_reference: str | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None


@dataclass(frozen=True)
class MovementLineRow:
    """One line of a movement with everything that a list shows.

    value: None for those who may not see costs; reversed_by: the movement that took this one back
    """

    line_id: int
    movement_id: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    item_id: int
    sku: str
    name: str
    unit: str
    unit_decimals: int
    quantity: Decimal
    value: Decimal | None
    from_kind: str
    from_store_id: int | None
    to_kind: str
    to_store_id: int | None
    reason: str | None
    external_reference: str | None
    document_kind: str | None
    document_id: int | None
    counterparty: str | None
    note: str | None
    actor_id: int
    actor: str
    reverses_id: int | None
    reversed_by: int | None
    on_hand_after: Decimal | None = None


def movement_lines(
    session: Session, actor: Actor, which: MovementFilter, *, limit: int = 50, cursor: str | None = None
) -> Page:
    """Lines of movements, newest first. shape: Page of MovementLineRow

    Two steps: which lines, from an index; then what stands on them. In one step PostgreSQL joined whole tables before
    it took fifty rows: 47 ms against 22 at 190,000 lines.
    """
    keys = [
        SortKey(MovementLine.movement_id, lambda row: row.movement_id, True),
        SortKey(MovementLine.id, lambda row: row.id, True),
    ]
    wanted = _lines_wanted(which, actor)
    if which.kind is None:
        page = fetch(session, wanted, keys, limit=limit, cursor=cursor)
    else:
        parents = select(Movement.id).where(Movement.kind == which.kind)
        page = fetch_by_parents(session, parents, wanted, keys, limit=limit, cursor=cursor)
    rows = _described(session, [row.id for row in page.rows])
    return Page(tuple(_row(row, actor) for row in rows), page.next_cursor, page.previous_cursor)


def _lines_wanted(which: MovementFilter, actor: Actor) -> Select:
    """The ids of the lines that a filter wants and the actor may see; a line between two stores shows to both."""
    statement = select(MovementLine.id, MovementLine.movement_id)
    of_movement = [
        condition
        for wanted, condition in (
            (which.kind, Movement.kind == which.kind),
            (which.actor_id, Movement.actor_id == which.actor_id),
            (which.external_reference, Movement.external_reference == which.external_reference),
            (which.since, Movement.business_date >= (which.since or date.min)),
            (which.until, Movement.business_date <= (which.until or date.max)),
        )
        if wanted is not None
    ]
    if of_movement:
        statement = statement.join(Movement, Movement.id == MovementLine.movement_id).where(*of_movement)
    if which.movement_id is not None:
        statement = statement.where(MovementLine.movement_id == which.movement_id)
    if which.item_id is not None:
        statement = statement.where(MovementLine.item_id == which.item_id)
    if which.search:
        statement = statement.where(MovementLine.item_id.in_(select(Item.id).where(matching(which.search))))
    if which.store_id is not None:
        statement = statement.where(_touches(Place.store_id == which.store_id))
    if actor.store_ids is not None:
        statement = statement.where(_touches(Place.store_id.in_(actor.store_ids)))
    return statement


def _touches(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = select(Place.id).where(condition)
    return or_(MovementLine.from_place_id.in_(mine), MovementLine.to_place_id.in_(mine))


def _described(session: Session, ids: list[int]) -> list[Any]:
    """What stands on some lines, in the order of their ids."""
    found = {row.line_id: row for row in _LINES.within(session, lines=ids)} if ids else {}
    return [found[line_id] for line_id in ids]


_DESCRIBED = (
    select(
        MovementLine.id.label("line_id"),
        MovementLine.movement_id,
        Movement.kind,
        Movement.occurred_at,
        Movement.recorded_at,
        Movement.business_date,
        MovementLine.item_id,
        Item.sku,
        Item.name,
        UnitRow.code.label("unit"),
        UnitRow.decimals.label("unit_decimals"),
        MovementLine.quantity,
        MovementLine.value,
        _From.kind.label("from_kind"),
        _From.store_id.label("from_store_id"),
        _To.kind.label("to_kind"),
        _To.store_id.label("to_store_id"),
        Movement.reason,
        Movement.external_reference,
        Movement.document_kind,
        Movement.document_id,
        MovementPrivate.counterparty,
        MovementPrivate.note,
        Movement.actor_id,
        ActorRow.name.label("actor"),
        Movement.reverses_id,
        _Reversal.id.label("reversed_by"),
    )
    .join(Movement, Movement.id == MovementLine.movement_id)
    .join(Item, Item.id == MovementLine.item_id)
    .join(UnitRow, UnitRow.id == Item.unit_id)
    .join(_From, _From.id == MovementLine.from_place_id)
    .join(_To, _To.id == MovementLine.to_place_id)
    .join(ActorRow, ActorRow.id == Movement.actor_id)
    .outerjoin(MovementPrivate, MovementPrivate.movement_id == Movement.id)
    .outerjoin(
        _Reversal,
        and_(_Reversal.inventory_id == Movement.inventory_id, _Reversal.reverses_id == Movement.id),
    )
    .where(MovementLine.inventory_id == bindparam("inventory"))
)
_LINES = Prepared(lambda database: _DESCRIBED.where(database.among(MovementLine.id, "lines")))


def _row(row: Any, actor: Actor, on_hand_after: Decimal | None = None) -> MovementLineRow:
    values = row._asdict()
    if not actor.may("costs.read"):
        values["value"] = None
    return MovementLineRow(**values, on_hand_after=on_hand_after)


@dataclass(frozen=True)
class Card:
    """The stock card of an item in a store: lines newest first, each with what was on hand after it."""

    on_hand: Decimal
    reserved: Decimal
    page: Page


def card(
    session: Session, actor: Actor, item_id: int, store_id: int, *, limit: int = 50, cursor: str | None = None
) -> Card:
    """The card, its running figure counted back from the balance; the cursor carries it to the next page.

    raises: Malformed for a cursor that is not a card's
    """
    balance = session.execute(
        select(Balance.on_hand, Balance.reserved).where(Balance.place_id == store_id, Balance.item_id == item_id)
    ).first()
    on_hand = balance.on_hand if balance else ZERO
    top, running = _card_cursor(cursor) if cursor else (None, on_hand)
    ways = [
        select(MovementLine.id)
        .where(place == store_id, MovementLine.item_id == item_id, *([MovementLine.id < top] if top else []))
        .order_by(MovementLine.id.desc())
        .limit(limit + 1)
        for place in (MovementLine.from_place_id, MovementLine.to_place_id)
    ]
    # Each way is the end of one index; an OR over both would read the item's whole history.
    ids = sorted((line_id for way in ways for line_id in session.execute(way).scalars()), reverse=True)
    rows = []
    for row in _described(session, ids[:limit]):
        rows.append(_row(row, actor, running))
        came = row.to_kind == "store" and row.to_store_id == store_id
        running += -row.quantity if came else row.quantity
    next_cursor = f"{rows[-1].line_id}:{running}" if len(ids) > limit else None
    return Card(on_hand, balance.reserved if balance else ZERO, Page(tuple(rows), next_cursor))


def _card_cursor(cursor: str) -> tuple[int, Decimal]:
    line_id, _, running = cursor.partition(":")
    try:
        top, figure = int(line_id), Decimal(running)
        if not 0 < top < 2**63 or not figure.is_finite():
            raise ValueError
    except (ValueError, ArithmeticError) as error:
        raise Malformed("This cursor is not one of this list's. Start again without it.", field="cursor") from error
    return top, figure


@dataclass(frozen=True)
class LevelRow:
    """An item as it stands in one store, or over all stores that the actor may see.

    in_stores, out_in, low_in: how many stores carry it, are out of it, are low on it; None for one store
    value: None for those who may not see costs
    """

    id: int
    sku: str
    name: str
    category: str | None
    tint: int | None
    unit: str
    decimals: int
    state: str
    available: Decimal
    on_hand: Decimal
    reserved: Decimal
    incoming: Decimal
    value: Decimal | None
    reorder_point: Decimal | None = None
    target_level: Decimal | None = None
    shelf: str = ""
    in_stores: int | None = None
    out_in: int | None = None
    low_in: int | None = None
    images: tuple[ImageView, ...] = ()


STATE_OF_WORD = {"out": 0, "low": 1}
SORTS_EVERYWHERE = {
    "name": (Item.name_key, lambda row: row.name_key),
    "sku": (Item.sku_key, lambda row: row.sku_key),
}
# Figures are sorted in one store only: a total over stores would have to be summed for every item first.
SORTS_IN_STORE = SORTS_EVERYWHERE | {
    "available": (Balance.on_hand - Balance.reserved, lambda row: row.on_hand - row.reserved),
    "on_hand": (Balance.on_hand, lambda row: row.on_hand),
    "incoming": (Balance.incoming, lambda row: row.incoming),
}


def _order(sort: str, sorts: dict[str, Any], otherwise: list[SortKey]) -> list[SortKey]:
    """The keys of a sort word ("-" before it for descending), or those that hold when there is none."""
    if not sort:
        return otherwise
    is_descending = sort.startswith("-")
    column, read = sorts[sort.removeprefix("-")]
    return [SortKey(column, read, is_descending), SortKey(Item.id, lambda row: row.id, is_descending)]


def _chosen(statement: Select, search: str, category_id: int | None, tag: str) -> Select:
    """Active items that a search, a category (with those below it) and a tag leave."""
    statement = statement.where(Item.archived_at.is_(None))
    if search:
        statement = statement.where(matching(search))
    if category_id is not None:
        statement = statement.where(Item.category_id.in_(category_and_below(category_id)))
    if tag:
        statement = statement.where(Item.id.in_(tags.items_with(tag)))
    return statement


def level_counts(
    session: Session,
    actor: Actor,
    store_id: int | None,
    *,
    search: str = "",
    category_id: int | None = None,
    tag: str = "",
) -> dict[str, int]:
    """How many rows each state of a levels list has. shape: {"": all, "out": n, "low": n}, "over" too in a store"""
    of_item = and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id)
    if store_id is not None:
        statement = (
            select(
                func.count().label("carried"),
                func.count().filter(Balance.state == 0).label("out"),
                func.count().filter(Balance.state == 1).label("low"),
                func.count().filter(Balance.on_hand - Balance.reserved > Balance.target_level).label("over"),
            )
            .select_from(Balance)
            .join(Item, of_item)
            .where(Balance.place_id == store_id)
        )
        row = session.execute(_chosen(statement, search, category_id, tag)).one()
        return {"": row.carried, "out": row.out, "low": row.low, "over": row.over}
    short = _in_stores(
        select(
            func.count(Balance.item_id.distinct()).filter(Balance.state == 0).label("out"),
            func.count(Balance.item_id.distinct()).filter(Balance.state == 1).label("low"),
        )
        .select_from(Balance)
        .join(Item, of_item)
        .where(Balance.state < 2),
        actor,
    )
    row = session.execute(_chosen(short, search, category_id, tag)).one()
    every = session.execute(_chosen(select(func.count()).select_from(Item), search, category_id, tag)).scalar_one()
    return {"": every, "out": row.out, "low": row.low}


def levels_in_store(
    session: Session,
    actor: Actor,
    store_id: int,
    *,
    state: str = "",
    search: str = "",
    category_id: int | None = None,
    tag: str = "",
    sort: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """What a store carries, worst state first, then by name, or by a word of SORTS_IN_STORE.

    state: "", out, low or over. shape: Page of LevelRow
    """
    figures = (
        select(
            Balance.state,
            Balance.on_hand,
            Balance.reserved,
            Balance.incoming,
            Balance.value,
            Balance.reorder_point,
            Balance.target_level,
            ItemStore.shelf,
        )
        .select_from(Balance)
        .join(Item, and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id))
        .join(
            ItemStore,
            and_(
                ItemStore.inventory_id == Balance.inventory_id,
                ItemStore.store_id == Balance.place_id,
                ItemStore.item_id == Balance.item_id,
            ),
        )
        .where(Balance.place_id == store_id)
    )
    statement = _with_words(figures)
    if state in STATE_OF_WORD:
        statement = statement.where(Balance.state == STATE_OF_WORD[state])
    elif state == "over":
        statement = statement.where(Balance.on_hand - Balance.reserved > Balance.target_level)
    worst_first = [
        SortKey(Balance.state, lambda row: row.state),
        SortKey(Item.name_key, lambda row: row.name_key),
        SortKey(Item.id, lambda row: row.id),
    ]
    keys = _order(sort, SORTS_IN_STORE, worst_first)
    page = fetch(session, _chosen(statement, search, category_id, tag), keys, limit=limit, cursor=cursor)
    images = files.images_by_item(session, [row.id for row in page.rows])
    rows = tuple(_store_row(row, actor, images.get(row.id, ())) for row in page.rows)
    return Page(rows, page.next_cursor, page.previous_cursor)


def _with_words(statement: Select) -> Select:
    """A select from items, with what a row of levels calls them."""
    return (
        statement.add_columns(
            Item.id,
            Item.sku,
            Item.name,
            Item.name_key,
            Item.sku_key,
            Category.name.label("category"),
            Category.tint,
            UnitRow.code.label("unit"),
            UnitRow.decimals,
        )
        .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
        .outerjoin(Category, and_(Category.inventory_id == Item.inventory_id, Category.id == Item.category_id))
    )


def _head(row: Any) -> tuple[int, str, str, str | None, int | None, str, int]:
    """The first fields of a LevelRow."""
    return row.id, row.sku, row.name, row.category, row.tint, row.unit, row.decimals


def _store_row(row: Any, actor: Actor, images: tuple[ImageView, ...]) -> LevelRow:
    return LevelRow(
        *_head(row),
        state_of(row.state),
        row.on_hand - row.reserved,
        row.on_hand,
        row.reserved,
        row.incoming,
        row.value if actor.may("costs.read") else None,
        row.reorder_point,
        row.target_level,
        row.shelf,
        images=images,
    )


def levels_everywhere(
    session: Session,
    actor: Actor,
    *,
    state: str = "",
    search: str = "",
    category_id: int | None = None,
    tag: str = "",
    sort: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Items by name, or a word of SORTS_EVERYWHERE, with their stock over all stores.

    state: "", out or low anywhere, or none (carried nowhere). shape: Page of LevelRow
    """
    statement = _with_words(select().select_from(Item))
    if state in STATE_OF_WORD:
        short = select(Balance.item_id).where(Balance.state == STATE_OF_WORD[state], Balance.state < 2)
        statement = statement.where(Item.id.in_(_in_stores(short, actor)))
    elif state == "none":
        statement = statement.where(Item.id.not_in(_in_stores(select(Balance.item_id), actor)))
    keys = _order(sort or "name", SORTS_EVERYWHERE, [])
    page = fetch(session, _chosen(statement, search, category_id, tag), keys, limit=limit, cursor=cursor)
    ids = [row.id for row in page.rows]
    totals, images = _totals(session, actor, ids), files.images_by_item(session, ids)
    rows = tuple(_total_row(row, totals.get(row.id), actor, images.get(row.id, ())) for row in page.rows)
    return Page(rows, page.next_cursor, page.previous_cursor)


def _in_stores(statement: Select, actor: Actor) -> Select:
    statement = statement.join(
        Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id)
    ).where(Place.kind == "store")
    if actor.store_ids is not None:
        statement = statement.where(Balance.place_id.in_(actor.store_ids))
    return statement


def _totals(session: Session, actor: Actor, ids: list[int]) -> dict[int, Any]:
    statement = select(
        Balance.item_id,
        func.sum(Balance.on_hand).label("on_hand"),
        func.sum(Balance.reserved).label("reserved"),
        func.sum(Balance.incoming).label("incoming"),
        func.sum(Balance.value).label("value"),
        func.count().label("in_stores"),
        func.count().filter(Balance.state == 0).label("out_in"),
        func.count().filter(Balance.state == 1).label("low_in"),
    ).group_by(Balance.item_id)
    rows = session.execute(_in_stores(statement, actor).where(Balance.item_id.in_(ids)))
    return {row.item_id: row for row in rows}


def _total_row(row: Any, total: Any, actor: Actor, images: tuple[ImageView, ...]) -> LevelRow:
    if total is None:
        return LevelRow(*_head(row), "ok", ZERO, ZERO, ZERO, ZERO, ZERO, in_stores=0, out_in=0, low_in=0, images=images)
    state = "out" if total.out_in else "low" if total.low_in else "ok"
    return LevelRow(
        *_head(row),
        state,
        total.on_hand - total.reserved,
        total.on_hand,
        total.reserved,
        total.incoming,
        total.value if actor.may("costs.read") else None,
        in_stores=total.in_stores,
        out_in=total.out_in,
        low_in=total.low_in,
        images=images,
    )


@dataclass(frozen=True)
class StoreFigures:
    """A store at a glance. sold_today, received_today: lines; value: None for those who may not see costs"""

    store_id: int
    code: str
    name: str
    carried: int
    out: int
    low: int
    sold_today: int
    received_today: int
    value: Decimal | None


def stores_compared(session: Session, actor: Actor, today: date, store_id: int | None = None) -> list[StoreFigures]:
    """Every store that the actor may see, those with most items out first."""
    figures = _in_stores(
        select(
            Balance.place_id,
            func.count().label("carried"),
            func.count().filter(Balance.state == 0).label("out"),
            func.count().filter(Balance.state < 2, Balance.on_hand > Balance.reserved).label("low"),
            func.sum(Balance.value).label("value"),
        ).group_by(Balance.place_id),
        actor,
    )
    stores = select(Store.id, Store.code, Store.name).where(Store.closed_at.is_(None)).order_by(Store.code_key)
    if actor.store_ids is not None:
        stores = stores.where(Store.id.in_(actor.store_ids))
    if store_id is not None:
        stores = stores.where(Store.id == store_id)
        figures = figures.where(Balance.place_id == store_id)
    now = {row.place_id: row for row in session.execute(figures)}
    trade = _trade_of_day(session, today)
    compared = []
    for store in session.execute(stores):
        row = now.get(store.id)
        compared.append(
            StoreFigures(
                store.id,
                store.code,
                store.name,
                row.carried if row else 0,
                row.out if row else 0,
                row.low if row else 0,
                trade.get((store.id, "sale"), 0),
                trade.get((store.id, "restock"), 0),
                (row.value if row else ZERO) if actor.may("costs.read") else None,
            )
        )
    return sorted(compared, key=lambda each: (-each.out, -each.low, each.name.casefold(), each.code))


def _trade_of_day(session: Session, day: date) -> dict[tuple[int, str], int]:
    """Lines sold and received on a business date; quantities of several units do not add up.

    shape: {(store id, kind): lines}
    """
    store = case((Movement.kind == "sale", MovementLine.from_place_id), else_=MovementLine.to_place_id)
    rows = session.execute(
        select(store.label("store_id"), Movement.kind, func.count().label("lines"))
        .join(Movement, Movement.id == MovementLine.movement_id)
        .where(Movement.business_date == day, Movement.kind.in_(("sale", "restock")))
        .group_by(store, Movement.kind)
    )
    return {(row.store_id, row.kind): row.lines for row in rows}


@dataclass(frozen=True)
class History:
    """On hand at the end of each day, and what came in on it. shape: one entry per day, oldest first"""

    days: tuple[tuple[date, Decimal, Decimal], ...]


def history(session: Session, item_id: int, store_ids: Collection[int], last_day: date, days: int) -> History:
    """The level of an item over some stores, counted back from today's balances."""
    quantity = MovementLine.quantity
    into, out_of = MovementLine.to_place_id.in_(store_ids), MovementLine.from_place_id.in_(store_ids)
    first = last_day - timedelta(days=days - 1)
    rows = session.execute(
        select(
            Movement.business_date,
            func.sum(case((into, quantity), else_=ZERO), type_=quantity.type).label("came"),
            func.sum(case((out_of, quantity), else_=ZERO), type_=quantity.type).label("went"),
        )
        .join(Movement, Movement.id == MovementLine.movement_id)
        .where(MovementLine.item_id == item_id, into | out_of, Movement.business_date >= first)
        .group_by(Movement.business_date)
    )
    per_day = {row.business_date: row for row in rows}
    level = (
        session.execute(
            select(func.sum(Balance.on_hand)).where(Balance.item_id == item_id, Balance.place_id.in_(store_ids))
        ).scalar_one()
        or ZERO
    )
    for day in per_day:
        if day > last_day:
            level -= per_day[day].came - per_day[day].went
    series = []
    for back in range(days):
        day = last_day - timedelta(days=back)
        row = per_day.get(day)
        series.append((day, level, row.came if row else ZERO))
        if row:
            level -= row.came - row.went
    return History(tuple(reversed(series)))


def stock_value(session: Session, actor: Actor, store_id: int | None, category_id: int | None = None) -> Decimal | None:
    """What stock is worth now, on its way between stores too; None for those who may not see costs."""
    if not actor.may("costs.read"):
        return None
    statement = (
        select(func.sum(Balance.value))
        .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
        .where(Place.kind.in_(("store", "transit")))
    )
    if store_id is not None:
        statement = statement.where(Place.id == store_id)
    if actor.store_ids is not None:
        statement = statement.where(Place.store_id.in_(actor.store_ids))
    if category_id is not None:
        # Named one by one: of a query in a query PostgreSQL expects too little, and reads a million balances by key.
        categories = list(session.execute(category_and_below(category_id)).scalars())
        within = select(Item.id).where(Item.category_id.in_(categories))
        statement = statement.where(Balance.item_id.in_(within))
    return session.execute(statement).scalar_one() or ZERO


@dataclass(frozen=True)
class OutRow:
    """A carried item that a store has none of. left_at: when something last left; left_on: the store's day of it"""

    item_id: int
    sku: str
    name: str
    store_id: int
    store: str
    store_name: str
    left_at: datetime
    left_on: date


def out_longest(
    session: Session, actor: Actor, store_id: int | None = None, category_id: int | None = None, *, limit: int = 10
) -> tuple[OutRow, ...]:
    """What open stores have run out of, longest first. What a store carries but never had is not among it.

    The last line that left is read from the end of an index; history is not summed.
    """
    last_line = (
        select(func.max(MovementLine.id))
        .where(
            MovementLine.inventory_id == Balance.inventory_id,
            MovementLine.from_place_id == Balance.place_id,
            MovementLine.item_id == Balance.item_id,
        )
        .scalar_subquery()
    )
    short = (
        select(Balance.inventory_id, Balance.place_id, Balance.item_id, last_line.label("line_id"))
        .join(Item, and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id))
        .join(Store, and_(Store.inventory_id == Balance.inventory_id, Store.id == Balance.place_id))
        .where(Balance.state == STATE_OF_WORD["out"], Balance.state < 2, Balance.on_hand <= ZERO)
        .where(Store.closed_at.is_(None))
    )
    if store_id is not None:
        short = short.where(Balance.place_id == store_id)
    if actor.store_ids is not None:
        short = short.where(Balance.place_id.in_(actor.store_ids))
    # An OFFSET keeps it apart: behind PostgreSQL's walls a join by a subquery reads every line there is.
    found = _chosen(short, "", category_id, "").offset(0).subquery()
    rows = session.execute(
        select(
            Item.id.label("item_id"),
            Item.sku,
            Item.name,
            Store.id.label("store_id"),
            Store.code.label("store"),
            Store.name.label("store_name"),
            Movement.occurred_at.label("left_at"),
            Movement.business_date.label("left_on"),
        )
        .select_from(found)
        .join(MovementLine, MovementLine.id == found.c.line_id)
        .join(Movement, Movement.id == MovementLine.movement_id)
        .join(Item, and_(Item.inventory_id == found.c.inventory_id, Item.id == found.c.item_id))
        .join(Store, and_(Store.inventory_id == found.c.inventory_id, Store.id == found.c.place_id))
        .order_by(found.c.line_id)
        .limit(limit)
    )
    return tuple(OutRow(**row._mapping) for row in rows)
