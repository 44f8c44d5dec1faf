"""The audit trail for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.audit import queries
from ventory.blueprints.audit.schemas import AuditOut, AuditQuery
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import guard
from ventory.web.lists import answer

audit_api = APIBlueprint("audit", __name__, url_prefix="/audit", tag="Audit")


@audit_api.get("")
@guard("audit.read")
@audit_api.input(AuditQuery, location="query")
@audit_api.output(list[AuditOut])
def list_audit(query_data):
    """Who changed what, newest first: one row for each thing that was done, with each field before and after."""
    session = reading.session()
    which = queries.looked_up(session, g.actor, query_data.filter())
    page = queries.rows(session, g.actor, which, limit=query_data.limit, cursor=query_data.cursor)
    return answer(page)


@audit_api.get("/<int:audit_id>")
@guard("audit.read")
@audit_api.output(AuditOut)
def get_audit(audit_id):
    """Show one row of the audit trail."""
    view = queries.row(reading.session(), g.actor, audit_id)
    if view is None:
        raise NotFound("There is no such row in the audit trail.")
    return view
