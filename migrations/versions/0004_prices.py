"""Reorder rules that are inherited from inventory, category and item."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import Quantity

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    inherit_rules()


def inherit_rules():
    op.create_table(
        "inventory_rule",
        sa.Column("inventory_id", Id, autoincrement=False, nullable=False),
        sa.Column("reorder_point", Quantity(), nullable=True),
        sa.Column("target_level", Quantity(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_inventory_rule_inventory_id")),
        sa.PrimaryKeyConstraint("inventory_id", name=op.f("pk_inventory_rule")),
    )
    for table in ("category", "item"):
        op.add_column(table, sa.Column("reorder_point", Quantity(), nullable=True))
        op.add_column(table, sa.Column("target_level", Quantity(), nullable=True))
    # Balances keep a copy of the whole rule in force, so that lists need not walk the category tree.
    op.add_column("balance", sa.Column("target_level", Quantity(), nullable=True))
    op.execute(
        "UPDATE balance SET target_level = (SELECT s.target_level FROM item_store s"
        " WHERE s.inventory_id = balance.inventory_id AND s.store_id = balance.place_id AND s.item_id = balance.item_id)"
    )


def downgrade():
    op.drop_column("balance", "target_level")
    for table in ("category", "item"):
        op.drop_column(table, "reorder_point")
        op.drop_column(table, "target_level")
    op.drop_table("inventory_rule")
