"""A role of PostgreSQL for the server and the worker: it owns nothing, what is in the ledger it can only add to, and it
sees the rows of one inventory at a time.

That last is a second wall behind the application's own (db/scope): a policy on each table shows and takes the rows of
the inventory that the transaction has named (db/engine), and none where it has named none.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, text

from ventory.db.base import Base

LEDGER = ("movement", "movement_line")
KEPT_BY_THE_OWNER = ("alembic_version",)
WITHOUT_WALLS = frozenset({"login_session"})
"""Tables that name an inventory and belong to a person, who moves from one to another."""
POLICY = "one_inventory"
WALLED_IN = (
    "The database shows this role one inventory at a time. Set VENTORY_RESTRICTED_ROLE=true, or use the role that owns"
    " the tables."
)
"""What a program is told that would not say which."""
# In subqueries, which are asked once a statement and not once a row.
_SEEN = """
    inventory_id = (SELECT nullif(nullif(current_setting('ventory.inventory', true), 'all'), '')::bigint)
    OR (SELECT current_setting('ventory.inventory', true)) = 'all'
"""
_OF_NO_INVENTORY = " OR inventory_id IS NULL"
_MORE_THAN_NEEDED = {
    "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles WHERE rolname = current_user": (
        "it is a superuser, or makes roles or databases"
    ),
    "SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND pg_get_userbyid(relowner) = current_user)": (
        "it owns tables"
    ),
    "SELECT has_schema_privilege(current_schema(), 'CREATE')": "it can make tables",
    "SELECT has_table_privilege('movement', 'UPDATE, DELETE, TRUNCATE')"
    " OR has_table_privilege('movement_line', 'UPDATE, DELETE, TRUNCATE')": "it can change the ledger",
    "SELECT has_table_privilege('alembic_version', 'INSERT, UPDATE, DELETE')": "it can say which migrations were run",
}


def grant(connection: Connection, role: str) -> int:
    """Let a role that exists do what the server does. Run by the tables' owner, after each upgrade. returns: tables"""
    name = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"))
    for table in Base.metadata.sorted_tables:
        rights = "SELECT, INSERT" if table.name in LEDGER else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(text(f"GRANT {rights} ON {table.name} TO {name}"))
    for kept in KEPT_BY_THE_OWNER:
        connection.execute(text(f"GRANT SELECT ON {kept} TO {name}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    for table in walled():
        _wall(connection, table)
    return len(Base.metadata.sorted_tables)


def walled() -> list[Table]:
    """The tables whose rows belong to inventories."""
    return [
        table for table in Base.metadata.sorted_tables if "inventory_id" in table.c and table.name not in WITHOUT_WALLS
    ]


def _wall(connection: Connection, table: Table) -> None:
    """Let everybody but the owner see and write only rows of the inventory that the transaction has named."""
    seen = _SEEN + (_OF_NO_INVENTORY if table.c.inventory_id.nullable else "")
    connection.execute(text(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"))
    connection.execute(text(f"DROP POLICY IF EXISTS {POLICY} ON {table.name}"))
    connection.execute(text(f"CREATE POLICY {POLICY} ON {table.name} USING ({seen})"))


def excess(connection: Connection) -> list[str]:
    """What the role of this connection may do and should not; on SQLite, which has no roles, nothing."""
    if connection.dialect.name == "sqlite":
        return []
    found = [said for asked, said in _MORE_THAN_NEEDED.items() if connection.execute(text(asked)).scalar_one()]
    if open_tables := without_walls(connection):
        found.append(f"it sees the rows of every inventory at once in {_some(open_tables)}")
    return found


def without_walls(connection: Connection) -> list[str]:
    """The tables in which no policy of ours alone says what this connection's role sees."""
    names = [table.name for table in walled()]
    return list(connection.execute(_WITHOUT_WALLS, {"tables": names, "policy": POLICY}).scalars())


_WITHOUT_WALLS = text(
    """
    SELECT c.relname FROM pg_class c
    WHERE c.relname = ANY(:tables) AND pg_table_is_visible(c.oid) AND NOT (row_security_active(c.oid) AND (
        SELECT count(*) = 1 AND bool_and(
            p.polname = :policy AND p.polcmd = '*' AND p.polwithcheck IS NULL
            AND pg_get_expr(p.polqual, p.polrelid) LIKE '%ventory.inventory%'
        )
        FROM pg_policy p
        WHERE p.polrelid = c.oid AND p.polpermissive AND p.polroles && (
            ARRAY[0::oid] || ARRAY(SELECT oid FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER'))
        )
    ))
    ORDER BY c.relname
    """
)


def is_walled_in(connection: Connection) -> bool:
    """Whether this connection's role sees one inventory's rows at a time: then each transaction must name it."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(connection.execute(text("SELECT row_security_active(to_regclass('movement'))")).scalar())


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more tables" if len(names) > 3 else "")
