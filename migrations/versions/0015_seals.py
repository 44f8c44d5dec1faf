"""Sealed blocks of the ledger, which never change, and the runs that proved the figures."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")


def upgrade():
    op.create_table(
        "seal_block",
        sa.Column("inventory_id", Id, autoincrement=False, nullable=False),
        sa.Column("number", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("after_id", Id, nullable=False),
        sa.Column("until_id", Id, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("total", Id, nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("inventory_id", "number", name=op.f("pk_seal_block")),
        sa.UniqueConstraint("inventory_id", "kind", "until_id", name="uq_seal_block_until"),
    )
    guard("seal_block")
    op.create_table(
        "proof_run",
        sa.Column("id", Id, nullable=False),
        sa.Column("asked_by_id", Id, nullable=True),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("is_unwanted", sa.Boolean(), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=True),
        sa.Column("seen_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("lines", Id, nullable=False),
        sa.Column("lines_done", Id, nullable=False),
        sa.Column("sealed", Id, nullable=False),
        sa.Column("sealed_done", Id, nullable=False),
        sa.Column("balances", Id, nullable=False),
        sa.Column("facts", Id, nullable=False),
        sa.Column("differences", Id, nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_proof_run_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "asked_by_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_proof_run_inventory_id_asked_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_run")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_proof_run_inventory_id_id")),
    )
    op.create_index(
        "uq_proof_run_open", "proof_run", ["inventory_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def guard(table):
    """Let the database itself refuse to change what was sealed; as for movements, REPLACE is stopped at the insert."""
    never = f"ledger: a posted {table} never changes"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_never_changes()"
        )
        return
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_never_{verb}d BEFORE {verb.upper()} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{never}'); END"
        )
    same = (
        "s.inventory_id = NEW.inventory_id"
        " AND (s.number = NEW.number OR s.kind = NEW.kind AND s.until_id = NEW.until_id)"
    )
    op.execute(
        f"CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} s WHERE {same})"
        f" BEGIN SELECT RAISE(ABORT, '{never}'); END"
    )


def downgrade():
    op.drop_table("proof_run")
    op.drop_table("seal_block")
