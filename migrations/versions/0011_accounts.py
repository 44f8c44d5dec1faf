"""Accounts: codes by mail, counted tries, refresh tokens that change, events that belong to no inventory."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OUTBOX = "id, seq, inventory_id, kind, subject_id, payload, created_at"


def upgrade():
    op.add_column("user_account", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("login_session", sa.Column("previous_digest", sa.String(length=64)))
    op.add_column("login_session", sa.Column("rotated_at", UtcTime()))
    op.create_table(
        "attempt_count",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt_count")),
    )
    op.create_index(op.f("ix_attempt_count_began_at"), "attempt_count", ["began_at"])
    op.create_table(
        "email_code",
        sa.Column("id", Id, nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("shop_kind", sa.String(length=16), nullable=True),
        sa.Column("shop_name", sa.String(length=120), nullable=True),
        sa.Column("is_decoy", sa.Boolean(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_email_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_code")),
    )
    op.create_index("ix_email_code_newest", "email_code", ["email_key", "purpose", "id"])
    op.create_index(op.f("ix_email_code_user_id"), "email_code", ["user_id"])
    op.create_index(op.f("ix_email_code_created_at"), "email_code", ["created_at"])
    let_events_belong_to_nobody(nullable=True)


def downgrade():
    op.execute("DELETE FROM outbox WHERE inventory_id IS NULL")
    let_events_belong_to_nobody(nullable=False)
    op.drop_table("email_code")
    op.drop_table("attempt_count")
    op.drop_column("login_session", "rotated_at")
    op.drop_column("login_session", "previous_digest")
    op.drop_column("user_account", "version")


def let_events_belong_to_nobody(*, nullable):
    """SQLite changes no column: the table is written anew. Its last event stays, so the sequence grows from there."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("outbox", "inventory_id", existing_type=sa.BigInteger(), nullable=nullable)
        return
    op.execute("ALTER TABLE outbox RENAME TO outbox_before")
    op.drop_index("ix_outbox_waiting", "outbox_before")
    op.drop_index("uq_outbox_seq", "outbox_before")
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("seq", Id, nullable=True),
        sa.Column("inventory_id", Id, nullable=nullable),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_outbox_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_waiting", "outbox", ["id"])
    op.create_index("uq_outbox_seq", "outbox", ["seq"], unique=True)
    op.execute(f"INSERT INTO outbox ({OUTBOX}) SELECT {OUTBOX} FROM outbox_before")
    op.drop_table("outbox_before")
