"""Imports: which lines of which document of a source have been applied."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "import_document",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=60), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_import_document_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_document")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_import_document_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "kind", "source", "document", name="uq_import_document"),
    )


def downgrade():
    op.drop_table("import_document")
