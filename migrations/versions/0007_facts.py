"""Daily facts of items, sums of them per place, and what sold lately; the worker fills them when it starts."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import QuantitySum

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
FLOWS = ("received", "sold", "returned", "consumed", "adjusted", "transferred_in", "transferred_out")


def upgrade():
    make(
        "daily_fact",
        ["place_id", "item_id"],
        [sa.Column("business_date", sa.Date(), nullable=False)],
        ["opening", "closing", *FLOWS],
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("last_second", sa.Integer(), nullable=False),
        sa.Column("seconds_out", sa.Integer(), nullable=False),
    )
    op.create_index("ix_daily_fact_date", "daily_fact", ["inventory_id", "place_id", "business_date"])
    make("daily_total", ["place_id"], [sa.Column("business_date", sa.Date(), nullable=False)], FLOWS)
    make(
        "recent_sales",
        ["item_id"],
        [sa.Column("place_id", Id, nullable=False)],
        [f"{name}_{days}" for name in ("sold", "received") for days in (30, 90, 365)],
        postgresql_with={"fillfactor": 80},
    )
    everywhere = sa.text("place_id = 0")
    for days in (30, 90, 365):
        op.create_index(
            f"ix_recent_sales_{days}",
            "recent_sales",
            ["inventory_id", sa.text(f"sold_{days} DESC"), "item_id"],
            sqlite_where=everywhere,
            postgresql_where=everywhere,
        )
    make("derived_place", ["place_id"], [], ["on_hand"])
    op.create_table(
        "derived_inventory",
        sa.Column("inventory_id", Id, autoincrement=False, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_derived_inventory_inventory_id")),
        sa.PrimaryKeyConstraint("inventory_id", name=op.f("pk_derived_inventory")),
    )


def make(table, references, keys, quantities, *more, **options):
    """A derived table of one inventory. references: key columns that name a row; keys: further key columns"""
    key = sorted(["inventory_id", *references, *(column.name for column in keys)], key=KEY_ORDER.index)
    op.create_table(
        table,
        sa.Column("inventory_id", Id, nullable=False),
        *(sa.Column(name, Id, nullable=False) for name in references),
        *keys,
        *(sa.Column(name, QuantitySum(), nullable=False) for name in quantities),
        *more,
        *(
            sa.ForeignKeyConstraint(
                ["inventory_id", name],
                [f"{name.removesuffix('_id')}.inventory_id", f"{name.removesuffix('_id')}.id"],
                name=op.f(f"fk_{table}_inventory_id_{name}"),
            )
            for name in references
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
        **options,
    )


KEY_ORDER = ["inventory_id", "place_id", "item_id", "business_date"]


def downgrade():
    for table in ("derived_inventory", "derived_place", "recent_sales", "daily_total", "daily_fact"):
        op.drop_table(table)
