"""Invitations; versions of members and of an inventory's settings."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPEN = sa.text("accepted_at IS NULL AND revoked_at IS NULL")


def upgrade():
    op.add_column("inventory", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("actor", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "invitation",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_limited", sa.Boolean(), nullable=False),
        sa.Column("invited_by_id", Id, nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("sent_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("accepted_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_invitation_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "invited_by_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_invitation_inventory_id_invited_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_invitation_inventory_id_id")),
        sa.UniqueConstraint("token_digest", name="uq_invitation_token"),
    )
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["inventory_id", "email_key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "invitation_store",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("invitation_id", Id, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_invitation_store_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "invitation_id"],
            ["invitation.inventory_id", "invitation.id"],
            name=op.f("fk_invitation_store_inventory_id_invitation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "store_id"],
            ["store.inventory_id", "store.id"],
            name=op.f("fk_invitation_store_inventory_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("inventory_id", "invitation_id", "store_id", name=op.f("pk_invitation_store")),
    )


def downgrade():
    op.drop_table("invitation_store")
    op.drop_table("invitation")
    op.drop_column("actor", "version")
    op.drop_column("inventory", "version")
