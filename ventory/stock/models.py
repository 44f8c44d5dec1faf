"""The ledger's tables: places, movements and lines that never change, balances derived from them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import AlreadyReversed, DuplicateReference
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.types import Money, Quantity, QuantitySum, UnitPrice, UtcTime

OUT, LOW, FINE = 0, 1, 2
"""Values of Balance.state."""


class Place(Tenant, Base):
    """Where stock can be. A store's own place has the store's id and names itself as its store.

    The kind never changes. Virtual places exist once per kind and inventory and have no balances.
    """

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(
            ["inventory_id", "store_id"], ["place.inventory_id", "place.id"], name="fk_place_store", use_alter=False
        ),
        Index(
            "uq_place_virtual",
            "inventory_id",
            "kind",
            unique=True,
            sqlite_where=text("store_id IS NULL"),
            postgresql_where=text("store_id IS NULL"),
        ),
        Index("uq_place_of_store", "inventory_id", "store_id", "kind", unique=True),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[int | None] = mapped_column(Id)
    may_go_negative: Mapped[bool] = mapped_column(Boolean, default=False)


class Lot(Tenant, Base):
    """A batch of one item that is kept apart: a code and, for what spoils, a last day."""

    __tablename__ = "lot"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "item_id", "code", name="uq_lot_code"),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id)
    code: Mapped[str] = mapped_column(String(80))
    expires_on: Mapped[date | None] = mapped_column(Date)


class Movement(Tenant, Base):
    """One fact about stock. Never updated or deleted: the database refuses it; a mistake is reversed.

    occurred_at is when it happened, recorded_at when Ventory heard of it, business_date the store's local day.
    """

    __tablename__ = "movement"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "actor_id"], ["actor.inventory_id", "actor.id"]),
        ForeignKeyConstraint(
            ["inventory_id", "reverses_id"], ["movement.inventory_id", "movement.id"], name="fk_movement_reverses"
        ),
        Index(
            "uq_movement_reverses",
            "inventory_id",
            "reverses_id",
            unique=True,
            sqlite_where=text("reverses_id IS NOT NULL"),
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        Index(
            "uq_movement_reference",
            "inventory_id",
            "kind",
            "external_reference",
            unique=True,
            sqlite_where=text("external_reference IS NOT NULL"),
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
        Index("ix_movement_kind", "inventory_id", "kind", "id"),
        Index("ix_movement_date", "inventory_id", "business_date"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    inventory_id: Mapped[int] = mapped_column(Id)  # no key of its own: the actor's implies it
    kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(String(40))
    document_kind: Mapped[str | None] = mapped_column(String(20))
    document_id: Mapped[int | None] = mapped_column(Id)
    external_reference: Mapped[str | None] = mapped_column(String(120))
    business_date: Mapped[date] = mapped_column(Date)
    occurred_at: Mapped[datetime] = mapped_column(UtcTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)
    reverses_id: Mapped[int | None] = mapped_column(Id)
    private_digest: Mapped[str | None] = mapped_column(String(64))


class MovementPrivate(Tenant, Base):
    """What people wrote about a movement: may name persons, so it can be erased; the movement keeps a salted digest."""

    __tablename__ = "movement_private"
    __table_args__ = (ForeignKeyConstraint(["inventory_id", "movement_id"], ["movement.inventory_id", "movement.id"]),)

    movement_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(String(32))
    counterparty: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)


class MovementLine(Tenant, Base):
    """An item going from one place to another. Never updated or deleted. Quantity 0 with a value is a late cost."""

    __tablename__ = "movement_line"
    __table_args__ = (
        CheckConstraint("quantity >= 0 AND value >= 0", name="not_negative"),
        CheckConstraint("from_place_id <> to_place_id", name="moves"),
        ForeignKeyConstraint(["inventory_id", "movement_id"], ["movement.inventory_id", "movement.id"]),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        ForeignKeyConstraint(
            ["inventory_id", "from_place_id"], ["place.inventory_id", "place.id"], name="fk_movement_line_from"
        ),
        ForeignKeyConstraint(
            ["inventory_id", "to_place_id"], ["place.inventory_id", "place.id"], name="fk_movement_line_to"
        ),
        ForeignKeyConstraint(["inventory_id", "lot_id"], ["lot.inventory_id", "lot.id"], name="fk_movement_line_lot"),
        Index("ix_movement_line_movement", "movement_id"),
        Index("ix_movement_line_from", "from_place_id", "item_id", "id"),
        Index("ix_movement_line_to", "to_place_id", "item_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    inventory_id: Mapped[int] = mapped_column(Id)  # no key of its own: the movement's implies it
    movement_id: Mapped[int] = mapped_column(Id)
    item_id: Mapped[int] = mapped_column(Id)
    from_place_id: Mapped[int] = mapped_column(Id)
    to_place_id: Mapped[int] = mapped_column(Id)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    value: Mapped[Decimal] = mapped_column(Money)
    lot_id: Mapped[int | None] = mapped_column(Id)


class Balance(Tenant, Base):
    """On hand, reserved, incoming and value of one item in one place that really holds stock.

    Derived: `ventory rebuild` can make every column again. may_go_negative is a copy of the place's; reorder_point and
    target_level are copies of the rule in force (core.reorder). state is computed by the database (0 out, 1 below the
    reorder point, 2 fine); an index on on_hand itself would cost PostgreSQL its cheap in-place updates, an index on
    state changes only when state does.
    """

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint(
            "reserved >= 0 AND (may_go_negative OR (on_hand >= 0 AND reserved <= on_hand))", name="covered"
        ),
        ForeignKeyConstraint(["inventory_id", "place_id"], ["place.inventory_id", "place.id"]),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        Index("ix_balance_item", "inventory_id", "item_id"),
        Index(
            "ix_balance_short",
            "inventory_id",
            "state",
            "place_id",
            "item_id",
            sqlite_where=text("state < 2"),
            postgresql_where=text("state < 2"),
        ),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    on_hand: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    reserved: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    incoming: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    value: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    last_cost: Mapped[Decimal] = mapped_column(UnitPrice, default=Decimal(0))
    may_go_negative: Mapped[bool] = mapped_column(Boolean, default=False)
    reorder_point: Mapped[Decimal | None] = mapped_column(Quantity)
    target_level: Mapped[Decimal | None] = mapped_column(Quantity)
    state: Mapped[int] = mapped_column(
        SmallInteger,
        Computed(
            "CASE WHEN on_hand - reserved <= 0 THEN 0"
            " WHEN reorder_point IS NOT NULL AND on_hand - reserved < reorder_point THEN 1 ELSE 2 END",
            persisted=True,
        ),
    )


class _Flows:
    """What came and went; see core.facts for what belongs to which figure."""

    received: Mapped[Decimal] = mapped_column(QuantitySum)
    sold: Mapped[Decimal] = mapped_column(QuantitySum)
    returned: Mapped[Decimal] = mapped_column(QuantitySum)
    consumed: Mapped[Decimal] = mapped_column(QuantitySum)
    adjusted: Mapped[Decimal] = mapped_column(QuantitySum)
    transferred_in: Mapped[Decimal] = mapped_column(QuantitySum)
    transferred_out: Mapped[Decimal] = mapped_column(QuantitySum)


class DailyFact(_Flows, Tenant, Base):
    """One item in one place that holds stock, on a day on which it moved.

    opening + received - sold + returned - consumed + adjusted + transferred_in - transferred_out = closing, exactly;
    the closing of a day is the opening of the next that has a row, and holds for the days between. Derived from the
    lines by the worker; `ventory rebuild` makes it again.
    """

    __tablename__ = "daily_fact"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "place_id"], ["place.inventory_id", "place.id"]),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        Index("ix_daily_fact_date", "inventory_id", "place_id", "business_date"),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)  # no key of its own: the place's implies it
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_date: Mapped[date] = mapped_column(Date, primary_key=True)
    opening: Mapped[Decimal] = mapped_column(QuantitySum)
    closing: Mapped[Decimal] = mapped_column(QuantitySum)
    lines: Mapped[int] = mapped_column(Integer)
    last_second: Mapped[int] = mapped_column(Integer)
    seconds_out: Mapped[int] = mapped_column(Integer)


class DailyTotal(_Flows, Tenant, Base):
    """All items of a place on one day: the sums of its daily facts."""

    __tablename__ = "daily_total"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "place_id"], ["place.inventory_id", "place.id"]),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_date: Mapped[date] = mapped_column(Date, primary_key=True)


class DailyCategory(_Flows, Tenant, Base):
    """The items of a category, not of those below it, in a place on one day: the sums of their daily facts.

    category_id: 0 for items that are in none; which category an item counts in is DerivedItem's to say
    """

    __tablename__ = "daily_category"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "place_id"], ["place.inventory_id", "place.id"]),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    category_id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_date: Mapped[date] = mapped_column(Date, primary_key=True)


class DerivedItem(Tenant, Base):
    """The category that an item's facts count in, 0 for none: the item's own, until it moves to another.

    The worker then moves its facts along; until it has, who asks for one of both sums the facts themselves.
    """

    __tablename__ = "derived_item"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    category_id: Mapped[int] = mapped_column(Id)


class RecentSales(Tenant, Base):
    """What an item sold, net of returns, and received in a place over the last 30, 90 and 365 days, and what it sold
    in as many days before those.

    place_id: 0 for all stores and what is between them, so that the whole chain is one row per item
    The days end with DerivedInventory.until. Only what was sold everywhere has an index: a store's rows are as many as
    its items, and three more entries for each line of every store would cost the worker more than they save.
    """

    __tablename__ = "recent_sales"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        *(
            Index(
                f"ix_recent_sales_{days}",
                "inventory_id",
                text(f"sold_{days} DESC"),
                "item_id",
                sqlite_where=text("place_id = 0"),
                postgresql_where=text("place_id = 0"),
            )
            for days in (30, 90, 365)
        ),
        {"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 80}},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    sold_30: Mapped[Decimal] = mapped_column(QuantitySum)
    sold_90: Mapped[Decimal] = mapped_column(QuantitySum)
    sold_365: Mapped[Decimal] = mapped_column(QuantitySum)
    received_30: Mapped[Decimal] = mapped_column(QuantitySum)
    received_90: Mapped[Decimal] = mapped_column(QuantitySum)
    received_365: Mapped[Decimal] = mapped_column(QuantitySum)
    before_30: Mapped[Decimal] = mapped_column(QuantitySum)
    before_90: Mapped[Decimal] = mapped_column(QuantitySum)
    before_365: Mapped[Decimal] = mapped_column(QuantitySum)


class DerivedPlace(Tenant, Base):
    """A place as far as its facts are derived: on hand of all items together."""

    __tablename__ = "derived_place"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "place_id"], ["place.inventory_id", "place.id"]),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    place_id: Mapped[int] = mapped_column(Id, primary_key=True)
    on_hand: Mapped[Decimal] = mapped_column(QuantitySum)


class DerivedInventory(Tenant, Base):
    """An inventory whose facts are complete up to where the outbox's reader `facts` came.

    until: the last day of recent sales; version: another number whenever they were derived anew
    """

    __tablename__ = "derived_inventory"

    inventory_id: Mapped[int] = mapped_column(Id, ForeignKey("inventory.id"), primary_key=True, autoincrement=False)
    until: Mapped[date] = mapped_column(Date)
    version: Mapped[int] = mapped_column(Integer, default=1)


class SealBlock(Tenant, Base):
    """Rows that were sealed together: a link of the inventory's one hash chain. Never updated or deleted.

    Holds every row of its kind (stock.sealed) with after_id < id <= until_id, and what belongs to them; the next block
    of the kind goes on there. total: rows and parts of the chain so far, with these; digests: of each row, so that one
    that was changed can be named; content: of all of them, whole; seal: of the block and the one before it, under a key
    that is not in the database.
    inventory_id: 0 for what belongs to accounts rather than to an inventory
    """

    __tablename__ = "seal_block"
    __table_args__ = (UniqueConstraint("inventory_id", "kind", "until_id", name="uq_seal_block_until"),)

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    after_id: Mapped[int] = mapped_column(Id)
    until_id: Mapped[int] = mapped_column(Id)
    rows: Mapped[int] = mapped_column(Integer)
    parts: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Id)
    digests: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16))
    sealed_at: Mapped[datetime] = mapped_column(UtcTime)


means(
    "movement",
    ["inventory_id", "reverses_id"],
    "uq_movement_reverses",
    AlreadyReversed,
    "This movement was reversed before.",
    None,
)
means(
    "movement",
    ["inventory_id", "kind", "external_reference"],
    "uq_movement_reference",
    DuplicateReference,
    "A movement of this kind with this external reference was posted before.",
    "external_reference",
)
