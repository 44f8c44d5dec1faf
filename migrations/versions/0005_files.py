"""Files of items: pictures and attachments."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "file",
        sa.Column("id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=False),
        sa.Column("uploaded_by", Id, nullable=False),
        sa.Column("uploaded_at", UtcTime(), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("kind IN ('image', 'attachment')", name=op.f("ck_file_kind")),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_file_bytes")),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_file_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_file_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "uploaded_by"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_file_inventory_id_uploaded_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_file_inventory_id_id")),
        sa.UniqueConstraint("storage_key", name="uq_file_storage_key"),
    )
    op.create_index("ix_file_item", "file", ["inventory_id", "item_id", "kind", "position"], unique=False)
    op.create_index(
        "ix_file_removed",
        "file",
        ["removed_at"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NOT NULL"),
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )


def downgrade():
    op.drop_table("file")
