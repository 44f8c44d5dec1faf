"""Reorder rules that are inherited from inventory, category and item; price lists."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import Quantity, UnitPrice, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    inherit_rules()
    list_prices()


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


def list_prices():
    op.create_table(
        "price_list",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("code_key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("store_id", Id, nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("NOT is_default OR store_id IS NULL", name=op.f("ck_price_list_default_is_everywhere")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "store_id"],
            ["store.inventory_id", "store.id"],
            name=op.f("fk_price_list_inventory_id_store_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_price_list_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("inventory_id", "code_key", name="uq_price_list_code"),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_price_list_inventory_id_id")),
    )
    for name, columns, condition in (
        ("uq_price_list_default", ["inventory_id"], "is_default"),
        ("uq_price_list_store", ["inventory_id", "store_id"], "store_id IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "price_list", columns, unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "price",
        sa.Column("id", Id, nullable=False),
        sa.Column("list_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("amount", UnitPrice(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_price_amount")),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_price_days")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"], ["item.inventory_id", "item.id"], name=op.f("fk_price_inventory_id_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "list_id"],
            ["price_list.inventory_id", "price_list.id"],
            name=op.f("fk_price_inventory_id_list_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_price_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_price_inventory_id_id")),
    )
    op.create_index("ix_price_list_item", "price", ["inventory_id", "list_id", "item_id", "valid_from"])
    op.create_index("ix_price_item", "price", ["inventory_id", "item_id"])
    op.create_index("ix_price_from", "price", ["inventory_id", "valid_from"])
    op.create_index("ix_price_until", "price", ["inventory_id", "valid_until"])
    forbid_overlaps()


def forbid_overlaps():
    """No two prices of one list and item share a day, whoever writes them."""
    if op.get_bind().dialect.name == "postgresql":
        # Ranges of one number stand for equality: they need no extension.
        op.execute(
            "ALTER TABLE price ADD CONSTRAINT ex_price_days EXCLUDE USING gist ("
            " int8range(list_id, list_id, '[]') WITH &&, int8range(item_id, item_id, '[]') WITH &&,"
            " daterange(valid_from, valid_until, '[]') WITH &&)"
        )
        return
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER price_days_{verb.lower()} BEFORE {verb} ON price WHEN EXISTS (SELECT 1 FROM price p"
            " WHERE p.inventory_id = NEW.inventory_id AND p.list_id = NEW.list_id AND p.item_id = NEW.item_id"
            f"{' AND p.id <> NEW.id' if verb == 'UPDATE' else ''}"
            " AND p.valid_from <= coalesce(NEW.valid_until, '9999-12-31')"
            " AND coalesce(p.valid_until, '9999-12-31') >= NEW.valid_from)"
            " BEGIN SELECT RAISE(ABORT, 'EXCLUSION constraint failed: price.valid_from'); END"
        )


def downgrade():
    op.drop_table("price")
    op.drop_table("price_list")
    op.drop_column("balance", "target_level")
    for table in ("category", "item"):
        op.drop_column(table, "reorder_point")
        op.drop_column(table, "target_level")
    op.drop_table("inventory_rule")
