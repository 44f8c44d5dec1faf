"""Daily facts summed by category, and what sold in the period before; the worker derives all facts anew."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import QuantitySum

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
FLOWS = ("received", "sold", "returned", "consumed", "adjusted", "transferred_in", "transferred_out")
BEFORE = ("before_30", "before_90", "before_365")


def upgrade():
    op.create_table(
        "daily_category",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("place_id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        *(sa.Column(name, QuantitySum(), nullable=False) for name in FLOWS),
        sa.ForeignKeyConstraint(
            ["inventory_id", "place_id"],
            ["place.inventory_id", "place.id"],
            name=op.f("fk_daily_category_inventory_id_place_id"),
        ),
        sa.PrimaryKeyConstraint(
            "inventory_id", "place_id", "category_id", "business_date", name=op.f("pk_daily_category")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "derived_item",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_derived_item_inventory_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("inventory_id", "item_id", name=op.f("pk_derived_item")),
        sqlite_with_rowid=False,
    )
    for name in BEFORE:
        op.add_column("recent_sales", sa.Column(name, QuantitySum(), server_default="0", nullable=False))
    op.execute("DELETE FROM derived_inventory")


def downgrade():
    for name in BEFORE:
        op.drop_column("recent_sales", name)
    op.drop_table("derived_item")
    op.drop_table("daily_category")
