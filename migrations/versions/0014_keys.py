"""API keys, and what they asked lately."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "api_key",
        sa.Column("id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("created_by_id", Id, nullable=False),
        sa.Column("vouched_by_id", Id, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_api_key_inventory_id")),
        *(
            sa.ForeignKeyConstraint(
                ["inventory_id", column],
                ["actor.inventory_id", "actor.id"],
                name=op.f(f"fk_api_key_inventory_id_{column}"),
            )
            for column in ("actor_id", "created_by_id", "vouched_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_api_key_inventory_id_id")),
        sa.UniqueConstraint("public_id", name="uq_api_key_public"),
    )
    op.create_table(
        "key_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("key_id", Id, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_key_request_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "key_id"],
            ["api_key.inventory_id", "api_key.id"],
            name=op.f("fk_key_request_inventory_id_key_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_request")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_key_request_inventory_id_id")),
    )
    op.create_index("ix_key_request_key_id", "key_request", ["key_id", "id"])
    op.create_index("ix_key_request_at", "key_request", ["at"])


def downgrade():
    op.drop_table("key_request")
    op.drop_table("api_key")
