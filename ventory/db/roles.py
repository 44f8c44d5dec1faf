"""A role of PostgreSQL for the server and the worker: it owns nothing, and what is in the ledger it can only add to."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ventory.db.base import Base

LEDGER = ("movement", "movement_line")
KEPT_BY_THE_OWNER = ("alembic_version",)
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
    return len(Base.metadata.sorted_tables)


def excess(connection: Connection) -> list[str]:
    """What the role of this connection may do and should not; on SQLite, which has no roles, nothing."""
    if connection.dialect.name == "sqlite":
        return []
    return [said for asked, said in _MORE_THAN_NEEDED.items() if connection.execute(text(asked)).scalar_one()]
