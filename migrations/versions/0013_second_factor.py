"""The second factor of accounts, and whether an inventory asks for it."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("inventory", sa.Column("second_factor", sa.String(8), server_default="offered", nullable=False))
    op.add_column("user_account", sa.Column("factor_hint_closed_at", UtcTime(), nullable=True))
    op.create_table(
        "second_factor",
        sa.Column("user_id", Id, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("confirmed_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_second_factor_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("user_id", "digest", name="uq_recovery_code_digest"),
    )


def downgrade():
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_column("user_account", "factor_hint_closed_at")
    op.drop_column("inventory", "second_factor")
