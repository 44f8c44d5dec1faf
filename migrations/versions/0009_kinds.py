"""Tags that are offered before an item carries them, as a kind of shop suggests."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("tag", sa.Column("is_offered", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade():
    op.drop_column("tag", "is_offered")
