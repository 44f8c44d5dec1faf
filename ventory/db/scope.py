"""Tenant walls for reads: every query of a tenant table is limited to one inventory, here and nowhere else.

Where PostgreSQL holds walls of its own (db/roles), a query that looks across inventories lifts them, for itself.
"""

from __future__ import annotations

import functools

from sqlalchemy import Result, event
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session, with_loader_criteria

from ventory.db import dialect
from ventory.db.base import Tenant


def scope(session: Session, inventory_id: int) -> Session:
    """Limit a session to one inventory."""
    session.info["inventory_id"] = inventory_id
    return session


@event.listens_for(Session, "do_orm_execute")
def _stay_inside(state: ORMExecuteState) -> Result | None:
    if not (state.is_select or state.is_update or state.is_delete):
        return None
    if state.execution_options.get("every_inventory"):
        connection = state.session.connection()
        with dialect.of(connection).seeing_everything(connection):
            return state.invoke_statement()
    if state.is_column_load or state.is_relationship_load:
        return None
    inventory_id = state.session.info.get("inventory_id")
    if inventory_id is None:
        tenant_tables = [mapper.class_ for mapper in state.all_mappers if issubclass(mapper.class_, Tenant)]
        assert not tenant_tables, f"a query of {tenant_tables} outside any inventory"
        return None
    state.statement = state.statement.options(_within(inventory_id))
    return None


@functools.lru_cache(maxsize=1_000)
def _within(inventory_id: int) -> LoaderCriteriaOption:
    """Making the option anew took a twentieth of a list's time."""
    return with_loader_criteria(Tenant, lambda table: table.inventory_id == inventory_id, include_aliases=True)
