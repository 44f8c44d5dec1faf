"""PostgreSQL: what the ledger refers to is checked once per statement, and is never deleted (ADR 0014)."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEYS = {
    "movement": [("fk_movement_inventory_id_actor_id", "actor_id", "actor")],
    "movement_line": [
        ("fk_movement_line_inventory_id_movement_id", "movement_id", "movement"),
        ("fk_movement_line_inventory_id_item_id", "item_id", "item"),
        ("fk_movement_line_from", "from_place_id", "place"),
        ("fk_movement_line_to", "to_place_id", "place"),
    ],
}
KEPT = ("item", "place", "actor")
LOOK = """
    IF EXISTS (SELECT 1 FROM added a WHERE NOT EXISTS (
        SELECT 1 FROM {target} t WHERE t.inventory_id = a.inventory_id AND t.id = a.{column})) THEN
        RAISE foreign_key_violation USING MESSAGE = 'ledger: a {table} names no {target} of its inventory',
            CONSTRAINT = '{name}', TABLE = '{table}', COLUMN = '{column}';
    END IF;"""


def upgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_constraint("fk_outbox_inventory_id", "outbox", type_="foreignkey")
    for table, keys in KEYS.items():
        for name, _, _ in keys:
            op.drop_constraint(name, table, type_="foreignkey")
        looks = "".join(
            LOOK.format(table=table, name=name, column=column, target=target) for name, column, target in keys
        )
        op.execute(
            f"CREATE FUNCTION {table}_refers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {looks} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_refers AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_refers()"
        )
    op.execute(
        """
        CREATE FUNCTION ledger_refers_to_it() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'ledger: % rows stay, movements refer to them', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF id, inventory_id ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refers_to_it()"
        )


def downgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in KEPT:
        op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    op.execute("DROP FUNCTION ledger_refers_to_it()")
    for table, keys in KEYS.items():
        op.execute(f"DROP TRIGGER {table}_refers ON {table}")
        op.execute(f"DROP FUNCTION {table}_refers()")
        for name, column, target in keys:
            op.create_foreign_key(name, table, target, ["inventory_id", column], ["inventory_id", "id"])
    op.create_foreign_key("fk_outbox_inventory_id", "outbox", "inventory", ["inventory_id"], ["id"])
