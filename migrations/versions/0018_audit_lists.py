"""Indexes by which the audit trail is read: by time, by person, without the movements of goods, and of one account."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_audit_at", "audit", ["inventory_id", "at", "id"])
    op.create_index("ix_audit_actor", "audit", ["inventory_id", "actor_id", "at", "id"])
    op.create_index(
        "ix_audit_changed",
        "audit",
        ["inventory_id", "at", "id"],
        postgresql_where=sa.text("subject_kind IS DISTINCT FROM 'movement'"),
        sqlite_where=sa.text("subject_kind IS NOT 'movement'"),
    )
    of_account = sa.text("inventory_id IS NULL")
    op.create_index(
        "ix_audit_account", "audit", ["user_id", "at", "id"], postgresql_where=of_account, sqlite_where=of_account
    )


def downgrade():
    for name in ("ix_audit_account", "ix_audit_changed", "ix_audit_actor", "ix_audit_at"):
        op.drop_index(name, "audit")
