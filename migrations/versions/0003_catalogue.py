"""What an item is known by: several barcodes, tags, custom fields, notes."""

import sqlalchemy as sa
from alembic import op

from ventory.core import barcodes
from ventory.db.base import Id
from ventory.db.types import Quantity, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "item_barcode",
        sa.Column("id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("barcode", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_item_barcode_quantity")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_item_barcode_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_barcode_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_barcode")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_item_barcode_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "item_id", "barcode", name="uq_item_barcode_of_item"),
    )
    op.create_index(
        "uq_item_barcode_active",
        "item_barcode",
        ["inventory_id", "barcode"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )
    op.create_index(
        "uq_item_barcode_primary",
        "item_barcode",
        ["inventory_id", "item_id"],
        unique=True,
        sqlite_where=sa.text("is_primary"),
        postgresql_where=sa.text("is_primary"),
    )
    op.create_index("ix_item_barcode_code", "item_barcode", ["inventory_id", "barcode"], unique=False)
    move_barcodes()
    op.drop_index("uq_item_barcode", "item")
    op.drop_column("item", "barcode")
    let_barcodes_follow_their_item()
    make_tags()
    make_custom_fields()
    make_notes()


def downgrade():
    raise NotImplementedError("An item's second barcode has no place in the schema before; restore a backup.")


def move_barcodes():
    """Every code so far becomes its item's primary barcode; one that fails the check is kept as an own code."""
    item = sa.table("item", *(sa.column(name) for name in ("id", "inventory_id", "barcode", "archived_at")))
    rows = op.get_bind().execute(
        sa.select(item.c.id, item.c.inventory_id, item.c.barcode, item.c.archived_at.is_(None).label("is_active"))
        .where(item.c.barcode.is_not(None))
        .order_by(item.c.id)
    )
    moved = plan_the_move([tuple(row) for row in rows if row.barcode.strip()])
    target = sa.table(
        "item_barcode",
        *(sa.column(name) for name in ("inventory_id", "item_id", "barcode", "kind")),
        sa.column("quantity", Quantity()),
        sa.column("is_primary", sa.Boolean()),
        sa.column("is_active", sa.Boolean()),
    )
    for start in range(0, len(moved), 1000):
        op.bulk_insert(target, moved[start : start + 1000])


def plan_the_move(rows):
    """rows: (item, inventory, code, whether the item is active). shape: one new row each, in the same order

    Two items may have had one UPC-A, once with 12 and once with 13 digits; the second keeps its text as an own code.
    """
    taken = {(inventory, code) for _, inventory, code, is_active in rows if is_active and barcodes.normal(code) == code}
    moved = []
    for item, inventory, code, is_active in rows:
        found = barcodes.read(code, is_own=True)
        if is_active and found.text != code:
            if (inventory, found.text) in taken:
                found = barcodes.Barcode(code, barcodes.OWN)
            taken.add((inventory, found.text))
        moved.append(
            {
                "inventory_id": inventory,
                "item_id": item,
                "barcode": found.text,
                "kind": found.kind,
                "quantity": 1,
                "is_primary": True,
                "is_active": bool(is_active),
            }
        )
    return moved


def let_barcodes_follow_their_item():
    """Archiving frees an item's codes, bringing it back claims them again, whoever writes archived_at."""
    follow = (
        "UPDATE item_barcode SET is_active = (NEW.archived_at IS NULL)"
        " WHERE inventory_id = NEW.inventory_id AND item_id = NEW.id;"
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER item_barcode_follows AFTER UPDATE OF archived_at ON item BEGIN {follow} END")
        return
    op.execute(
        "CREATE FUNCTION item_barcode_follows() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {follow} RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER item_barcode_follows AFTER UPDATE OF archived_at ON item FOR EACH ROW"
        " WHEN (OLD.archived_at IS DISTINCT FROM NEW.archived_at) EXECUTE FUNCTION item_barcode_follows()"
    )


def make_tags():
    op.create_table(
        "tag",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=120, collation="C").with_variant(sa.String(length=120), "sqlite"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_tag_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_tag_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "name_key", name="uq_tag_name"),
    )
    op.create_table(
        "item_tag",
        sa.Column("inventory_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("tag_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_tag_inventory_id")),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_item_tag_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "tag_id"], ["tag.inventory_id", "tag.id"], name=op.f("fk_item_tag_inventory_id_tag_id")
        ),
        sa.PrimaryKeyConstraint("inventory_id", "item_id", "tag_id", name=op.f("pk_item_tag")),
    )
    op.create_index("ix_item_tag_tag", "item_tag", ["inventory_id", "tag_id"], unique=False)


def make_custom_fields():
    op.create_table(
        "custom_field",
        sa.Column("id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=True),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "category_id"],
            ["category.inventory_id", "category.id"],
            name=op.f("fk_custom_field_inventory_id_category_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_custom_field_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_custom_field_inventory_id_id")),
        sa.UniqueConstraint("inventory_id", "key", name="uq_custom_field_key"),
    )
    op.create_index("ix_custom_field_category", "custom_field", ["inventory_id", "category_id"], unique=False)
    op.add_column("item", sa.Column("field_values", sa.JSON(), nullable=False, server_default="{}"))


def make_notes():
    op.create_table(
        "item_note",
        sa.Column("id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("inventory_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["inventory_id", "item_id"],
            ["item.inventory_id", "item.id"],
            name=op.f("fk_item_note_inventory_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inventory_id", "actor_id"],
            ["actor.inventory_id", "actor.id"],
            name=op.f("fk_item_note_inventory_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(["inventory_id"], ["inventory.id"], name=op.f("fk_item_note_inventory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_note")),
        sa.UniqueConstraint("inventory_id", "id", name=op.f("uq_item_note_inventory_id_id")),
    )
    op.create_index("ix_item_note_item", "item_note", ["inventory_id", "item_id", "id"], unique=False)
