"""Suppliers, their contacts, and what each of them sells."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import Money, Quantity, UnitPrice, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "supplier",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column(
            "code_key", sa.String(length=60, collation="C").with_variant(sa.String(length=60), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=600, collation="C").with_variant(sa.String(length=600), "sqlite"),
            nullable=False,
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), nullable=True),
        sa.Column("minimum_order", Money(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("cutoff_weekdays", sa.SmallInteger(), nullable=True),
        sa.Column("cutoff_time", sa.Time(), nullable=True),
        sa.Column("order_email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint(
            "payment_terms_days >= 0 AND lead_time_days >= 0 AND minimum_order >= 0", name=op.f("ck_supplier_terms")
        ),
        sa.CheckConstraint(
            "(cutoff_weekdays IS NULL AND cutoff_time IS NULL)"
            " OR (cutoff_weekdays BETWEEN 1 AND 127 AND cutoff_time IS NOT NULL)",
            name=op.f("ck_supplier_cutoff"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_supplier_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_supplier_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "code_key", name="uq_supplier_code"),
    )
    op.create_index("ix_supplier_name", "supplier", ["inventory_id", "name_key", "id"], unique=False)
    op.create_table(
        "supplier_contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("supplier_id", Id, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "supplier_id"], ["supplier.inventory_id", "supplier.id"], name="fk_supplier_contact_of"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_supplier_contact_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_contact")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_supplier_contact_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "supplier_id", "position", name="uq_supplier_contact_position"),
    )
    op.create_table(
        "item_supplier",
        sa.Column("id", Id, nullable=False),
        sa.Column("supplier_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("supplier_sku", sa.String(length=64), nullable=False),
        sa.Column("pack_size", Quantity(), nullable=False),
        sa.Column("unit_price", UnitPrice(), nullable=True),
        sa.Column("minimum_quantity", Quantity(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("is_preferred", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint(
            "pack_size > 0 AND unit_price >= 0 AND minimum_quantity >= 0 AND lead_time_days >= 0",
            name=op.f("ck_item_supplier_terms"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"], ["item.inventory_id", "item.id"], name="fk_item_supplier_item"
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "supplier_id"], ["supplier.inventory_id", "supplier.id"], name="fk_item_supplier_supplier"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_supplier_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_supplier")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_item_supplier_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "supplier_id", "item_id", name="uq_item_supplier_item"),
    )
    op.create_index("ix_item_supplier_item", "item_supplier", ["inventory_id", "item_id"], unique=False)
    op.create_index(
        "uq_item_supplier_preferred",
        "item_supplier",
        ["inventory_id", "item_id"],
        unique=True,
        sqlite_where=sa.text("is_preferred"),
        postgresql_where=sa.text("is_preferred"),
    )


def downgrade():
    for table in ("item_supplier", "supplier_contact", "supplier"):
        op.drop_table(table)
