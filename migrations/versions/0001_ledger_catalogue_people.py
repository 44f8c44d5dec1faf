"""The first schema: people, catalogue, ledger and its guards, outbox."""

import sqlalchemy as sa
from alembic import op

from ventory.db.base import Id
from ventory.db.types import Money, Quantity, UnitPrice, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "inventory",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("lock_date", sa.Date(), nullable=True),
        sa.Column("default_store_id", Id, nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory")),
    )
    op.create_table(
        "kept_answer",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("inventory_id", "actor_id", "method", "path", "key", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_created_at"), "kept_answer", ["created_at"], unique=False)
    op.create_table(
        "outbox_reader",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("seq", Id, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outbox_reader")),
    )
    op.create_table(
        "category",
        sa.Column("id", Id, nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String(length=240), nullable=False),
        sa.Column("tint", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "parent_id"], ["category.inventory_id", "category.id"], name="fk_category_parent"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_category_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_category_inventory_id_id")),
    )
    op.create_index(
        "uq_category_name",
        "category",
        ["inventory_id", "parent_id", "name_key"],
        unique=True,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "uq_category_root_name",
        "category",
        ["inventory_id", "name_key"],
        unique=True,
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_table(
        "inventory_type",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("code_key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("keeps_stock", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_inventory_type_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_type")),
        sa.UniqueConstraint("inventory_id", "code_key", name="uq_inventory_type_code"),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_inventory_type_inventory_id_id")),
    )
    op.create_table(
        "item_group",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("option_names", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_group_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_group")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_item_group_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "name_key", name="uq_item_group_name"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("seq", Id, nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_outbox_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_waiting", "outbox", ["id"], unique=False, postgresql_where=sa.text("seq IS NULL"))
    op.create_index("uq_outbox_seq", "outbox", ["seq"], unique=True)
    op.create_table(
        "place",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("store_id", Id, nullable=True),
        sa.Column("may_go_negative", sa.Boolean(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "store_id"], ["place.inventory_id", "place.id"], name="fk_place_store"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_place_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_place_inventory_id_id")),
    )
    op.create_index("uq_place_of_store", "place", ["inventory_id", "store_id", "kind"], unique=True)
    op.create_index(
        "uq_place_virtual",
        "place",
        ["inventory_id", "kind"],
        unique=True,
        sqlite_where=sa.text("store_id IS NULL"),
        postgresql_where=sa.text("store_id IS NULL"),
    )
    op.create_table(
        "unit",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("code_key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("base_id", Id, nullable=True),
        sa.Column("ratio_numerator", Id, nullable=False),
        sa.Column("ratio_denominator", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("decimals BETWEEN 0 AND 6", name=op.f("ck_unit_decimals")),
        sa.CheckConstraint("ratio_numerator > 0 AND ratio_denominator > 0", name=op.f("ck_unit_ratio")),
        sa.ForeignKeyConstraint(["inventory_id", "base_id"], ["unit.inventory_id", "unit.id"], name="fk_unit_base"),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_unit_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("inventory_id", "code_key", name="uq_unit_code"),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_unit_inventory_id_id")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("email_verified_at", UtcTime(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_inventory_id", Id, nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_inventory_id"], ["inventory.id"], name=op.f("fk_user_account_last_inventory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email_key", name="uq_user_account_email"),
    )
    op.create_table(
        "actor",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_limited", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_actor_inventory_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_actor_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_actor_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "user_id", name="uq_actor_user"),
    )
    op.create_index("ix_actor_user", "actor", ["user_id"], unique=False)
    op.create_table(
        "item",
        sa.Column("id", Id, nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column(
            "sku_key",
            sa.String(length=128, collation="C").with_variant(sa.String(length=128), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=400, collation="C").with_variant(sa.String(length=400), "sqlite"),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("barcode", sa.String(length=64), nullable=True),
        sa.Column("category_id", Id, nullable=True),
        sa.Column("unit_id", Id, nullable=False),
        sa.Column("type_id", Id, nullable=False),
        sa.Column("group_id", Id, nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("price", UnitPrice(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "category_id"],
            ["category.inventory_id", "category.id"],
            name=op.f("fk_item_inventory_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "group_id"],
            ["item_group.inventory_id", "item_group.id"],
            name=op.f("fk_item_inventory_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "type_id"],
            ["inventory_type.inventory_id", "inventory_type.id"],
            name=op.f("fk_item_inventory_id_type_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "unit_id"], ["unit.inventory_id", "unit.id"], name=op.f("fk_item_inventory_id_unit_id")
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_item_inventory_id_id")),
    )
    op.create_index("ix_item_category", "item", ["inventory_id", "category_id"], unique=False)
    op.create_index("ix_item_group", "item", ["inventory_id", "group_id"], unique=False)
    op.create_index("ix_item_name", "item", ["inventory_id", "name_key", "id"], unique=False)
    op.create_index(
        "uq_item_barcode",
        "item",
        ["inventory_id", "barcode"],
        unique=True,
        sqlite_where=sa.text("archived_at IS NULL AND barcode IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NULL AND barcode IS NOT NULL"),
    )
    op.create_index(
        "uq_item_sku",
        "item",
        ["inventory_id", "sku_key"],
        unique=True,
        sqlite_where=sa.text("archived_at IS NULL"),
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_table(
        "login_session",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("inventory_id", Id, nullable=True),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_login_session_inventory_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_digest", name="uq_login_session_token"),
    )
    op.create_index("ix_login_session_user", "login_session", ["user_id"], unique=False)
    op.create_table(
        "store",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("code_key", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id", "id"], ["place.inventory_id", "place.id"], name="fk_store_place"),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_store_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
        sa.UniqueConstraint("inventory_id", "code_key", name="uq_store_code"),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_store_inventory_id_id")),
    )
    op.create_table(
        "actor_store",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "actor_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_actor_store_inventory_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "store_id"],
            ["store.inventory_id", "store.id"],
            name=op.f("fk_actor_store_inventory_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("inventory_id", "actor_id", "store_id", name=op.f("pk_actor_store")),
    )
    op.create_table(
        "balance",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("place_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("on_hand", Quantity(), nullable=False),
        sa.Column("reserved", Quantity(), nullable=False),
        sa.Column("incoming", Quantity(), nullable=False),
        sa.Column("value", Money(), nullable=False),
        sa.Column("last_cost", UnitPrice(), nullable=False),
        sa.Column("may_go_negative", sa.Boolean(), nullable=False),
        sa.Column("reorder_point", Quantity(), nullable=True),
        sa.Column(
            "state",
            sa.SmallInteger(),
            sa.Computed(
                "CASE WHEN on_hand - reserved <= 0 THEN 0 WHEN reorder_point IS NOT NULL AND on_hand - reserved < reorder_point THEN 1 ELSE 2 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "reserved >= 0 AND (may_go_negative OR (on_hand >= 0 AND reserved <= on_hand))",
            name=op.f("ck_balance_covered"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"], ["item.inventory_id", "item.id"], name=op.f("fk_balance_inventory_id_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "place_id"],
            ["place.inventory_id", "place.id"],
            name=op.f("fk_balance_inventory_id_place_id"),
        ),
        sa.PrimaryKeyConstraint("inventory_id", "place_id", "item_id", name=op.f("pk_balance")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_balance_item", "balance", ["inventory_id", "item_id"], unique=False)
    op.create_index(
        "ix_balance_short",
        "balance",
        ["inventory_id", "state", "place_id", "item_id"],
        unique=False,
        sqlite_where=sa.text("state < 2"),
        postgresql_where=sa.text("state < 2"),
    )
    op.create_table(
        "item_store",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("reorder_point", Quantity(), nullable=True),
        sa.Column("target_level", Quantity(), nullable=True),
        sa.Column("shelf", sa.String(length=40), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_item_store_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "store_id"],
            ["store.inventory_id", "store.id"],
            name=op.f("fk_item_store_inventory_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("inventory_id", "store_id", "item_id", name=op.f("pk_item_store")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_item_store_item", "item_store", ["inventory_id", "item_id"], unique=False)
    op.create_table(
        "lot",
        sa.Column("id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"], ["item.inventory_id", "item.id"], name=op.f("fk_lot_inventory_id_item_id")
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_lot_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_lot_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "item_id", "code", name="uq_lot_code"),
    )
    op.create_table(
        "movement",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("document_kind", sa.String(length=20), nullable=True),
        sa.Column("document_id", Id, nullable=True),
        sa.Column("external_reference", sa.String(length=120), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("reverses_id", Id, nullable=True),
        sa.Column("private_digest", sa.String(length=64), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "actor_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_movement_inventory_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "reverses_id"], ["movement.inventory_id", "movement.id"], name="fk_movement_reverses"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_movement_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_movement_inventory_id_id")),
    )
    op.create_index("ix_movement_date", "movement", ["inventory_id", "business_date"], unique=False)
    op.create_index("ix_movement_kind", "movement", ["inventory_id", "kind", "id"], unique=False)
    op.create_index(
        "uq_movement_reference",
        "movement",
        ["inventory_id", "kind", "external_reference"],
        unique=True,
        sqlite_where=sa.text("external_reference IS NOT NULL"),
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_index(
        "uq_movement_reverses",
        "movement",
        ["inventory_id", "reverses_id"],
        unique=True,
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "movement_line",
        sa.Column("id", Id, nullable=False),
        sa.Column("movement_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("from_place_id", Id, nullable=False),
        sa.Column("to_place_id", Id, nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("value", Money(), nullable=False),
        sa.Column("lot_id", Id, nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("from_place_id <> to_place_id", name=op.f("ck_movement_line_moves")),
        sa.CheckConstraint("quantity >= 0 AND value >= 0", name=op.f("ck_movement_line_not_negative")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "from_place_id"], ["place.inventory_id", "place.id"], name="fk_movement_line_from"
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_movement_line_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "lot_id"], ["lot.inventory_id", "lot.id"], name="fk_movement_line_lot"
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "movement_id"],
            ["movement.inventory_id", "movement.id"],
            name=op.f("fk_movement_line_inventory_id_movement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "to_place_id"], ["place.inventory_id", "place.id"], name="fk_movement_line_to"
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_movement_line_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_line")),
    )
    op.create_index("ix_movement_line_from", "movement_line", ["from_place_id", "item_id", "id"], unique=False)
    op.create_index("ix_movement_line_movement", "movement_line", ["movement_id"], unique=False)
    op.create_index("ix_movement_line_to", "movement_line", ["to_place_id", "item_id", "id"], unique=False)
    op.create_table(
        "movement_private",
        sa.Column("movement_id", Id, autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("counterparty", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "movement_id"],
            ["movement.inventory_id", "movement.id"],
            name=op.f("fk_movement_private_inventory_id_movement_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_movement_private_inventory_id")),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_movement_private")),
    )
    guard_the_ledger()


def downgrade():
    raise NotImplementedError("The first schema cannot be taken back without losing the ledger; restore a backup.")


LEDGER = ("movement", "movement_line")


def guard_the_ledger():
    """Let the database itself refuse to change what was posted."""
    if op.get_bind().dialect.name == "sqlite":
        guard_on_sqlite()
    else:
        guard_on_postgresql()


def guard_on_sqlite():
    for table in LEDGER:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_never_{verb}d BEFORE {verb.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'ledger: a posted {table} never changes'); END"
            )
    # INSERT OR REPLACE deletes without firing DELETE triggers unless recursive_triggers is on, so a connection
    # that is not Ventory's must be stopped at the insert.
    # The last two say what the unique indexes say, so that both ways in read alike.
    never = "ledger: a posted {} never changes"
    unique = "UNIQUE constraint failed: movement.inventory_id, movement."
    own = "m.inventory_id = NEW.inventory_id AND m."
    for name, table, condition, message in (
        ("replaced", "movement", "m.id = NEW.id", never.format("movement")),
        ("replaced", "movement_line", "m.id = NEW.id", never.format("movement_line")),
        ("reversed_twice", "movement", f"{own}reverses_id = NEW.reverses_id", f"{unique}reverses_id"),
        (
            "posted_twice",
            "movement",
            f"{own}kind = NEW.kind AND m.external_reference = NEW.external_reference",
            f"{unique}kind, movement.external_reference",
        ),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_never_{name} BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} m WHERE {condition})"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def guard_on_postgresql():
    op.execute(
        """
        CREATE FUNCTION ledger_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'ledger: a posted % never changes', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in LEDGER:
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_never_changes()"
        )
