"""Indexes of the audit trail for what is asked of it, and none more for the rows of sales."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_audit_request", "audit")
    op.create_index("ix_audit_request", "audit", ["inventory_id", "request_id"])
    op.drop_index("ix_audit_subject", "audit")
    for name, columns in (
        ("ix_audit_kind", ["inventory_id", "subject_kind", "at", "id"]),
        ("ix_audit_subject", ["inventory_id", "subject_kind", "subject_id", "at", "id"]),
    ):
        op.create_index(
            name,
            "audit",
            columns,
            postgresql_where=sa.text("subject_kind IS DISTINCT FROM 'movement'"),
            sqlite_where=sa.text("subject_kind IS NOT 'movement'"),
        )
    is_rare = sa.text("action NOT IN ('items.restock', 'stock.record', 'stock.record_many')")
    op.create_index(
        "ix_audit_action",
        "audit",
        ["inventory_id", "action", "at", "id"],
        postgresql_where=is_rare,
        sqlite_where=is_rare,
    )


def downgrade():
    for name in ("ix_audit_action", "ix_audit_subject", "ix_audit_kind", "ix_audit_request"):
        op.drop_index(name, "audit")
    op.create_index("ix_audit_request", "audit", ["request_id"])
    op.create_index("ix_audit_subject", "audit", ["inventory_id", "subject_kind", "subject_id"])
