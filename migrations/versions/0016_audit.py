"""The audit trail: one row for each use case, never changed; personal values and origins apart, so that they can go."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "origin",
        sa.Column("id", Id, nullable=False),
        sa.Column("inventory_id", Id, nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("device", sa.String(length=200), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_origin_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
    )
    op.create_index("ix_origin_address", "origin", ["inventory_id", "address"])
    # On PostgreSQL the references are checked by one trigger per statement (ADR 0014).
    references = (
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_audit_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "actor_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_audit_inventory_id_actor_id"),
        ),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("inventory_id", Id, nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("origin_id", Id, nullable=True),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("subject_kind", sa.String(length=40), nullable=True),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("private_digest", sa.String(length=64), nullable=True),
        *(references if is_sqlite else ()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_inventory", "audit", ["inventory_id", "id"])
    op.create_index("ix_audit_subject", "audit", ["inventory_id", "subject_kind", "subject_id"])
    op.create_index("ix_audit_request", "audit", ["request_id"])
    op.create_table(
        "audit_private",
        sa.Column("audit_id", Id, autoincrement=False, nullable=False),
        sa.Column("inventory_id", Id, nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_private_audit_id")),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_audit_private_inventory_id")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_private")),
    )
    if is_sqlite:
        guard_on_sqlite()
    else:
        guard_on_postgresql()


def guard_on_sqlite():
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER audit_never_{verb}d BEFORE {verb.upper()} ON audit"
            " BEGIN SELECT RAISE(ABORT, 'ledger: a posted audit never changes'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_never_replaced BEFORE INSERT ON audit"
        " WHEN EXISTS (SELECT 1 FROM audit a WHERE a.id = NEW.id)"
        " BEGIN SELECT RAISE(ABORT, 'ledger: a posted audit never changes'); END"
    )


def guard_on_postgresql():
    op.execute(
        "CREATE TRIGGER audit_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_never_changes()"
    )
    op.execute(
        """
        CREATE FUNCTION audit_refers() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.actor_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM actor t WHERE t.inventory_id = NEW.inventory_id AND t.id = NEW.actor_id) THEN
                RAISE foreign_key_violation USING MESSAGE = 'ledger: an audit names no actor of its inventory',
                    CONSTRAINT = 'fk_audit_inventory_id_actor_id', TABLE = 'audit', COLUMN = 'actor_id';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute("CREATE TRIGGER audit_refers AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_refers()")


def downgrade():
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER audit_refers ON audit")
        op.execute("DROP FUNCTION audit_refers()")
    for table in ("audit_private", "audit", "origin"):
        op.drop_table(table)
