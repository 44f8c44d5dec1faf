"""Pages of the audit trail."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.audit import queries, words
from ventory.blueprints.audit.queries import AuditFilter, AuditView
from ventory.blueprints.audit.schemas import subject_of
from ventory.blueprints.auth import devices
from ventory.core.access import Actor
from ventory.core.errors import Malformed, NotFound
from ventory.db.paging import DEFAULT_LIMIT
from ventory.web import reading
from ventory.web.auth import SIGNED_IN, guard
from ventory.web.csv_files import csv_file
from ventory.web.pages import RowAddresses
from ventory.web.requests import day_asked, number_asked
from ventory.web.tables import Column, Empty, Filter, Tab, Table
from ventory.web.turns import one_at_a_time

audit_bp = Blueprint("audit", __name__, template_folder="templates")
audit_bp.context_processor(lambda: {"kind_word": words.kind_word, "device_name": devices.name_of})
COLUMNS = (
    Column("said", "What", role="main"),
    Column("about", "About", drop=4),
    Column("request", "Request", drop=1, is_off=True),
    Column("at", "When", role="state"),
)
HEADER = ("when", "who", "what", "action", "about", "number", "row", "field", "before", "after", "request", "address")
PAGES_OF = {
    "item": ("stock.item", "item_id", "catalogue.read"),
    "store": ("stores.edit", "store_id", "stores.write"),
    "supplier": ("suppliers.show", "supplier_id", "suppliers.read"),
    "category": ("categories.edit", "category_id", "chain.write"),
    "actor": ("admin.member", "member_id", "people.write"),
    "item_group": ("groups.group", "group_id", "catalogue.read"),
    "movement": ("stock.movements", "movement", "stock.read"),
}


@audit_bp.get("/admin/audit")
@guard("audit.read")
def listing():
    """Who changed what."""
    session = reading.session()
    which = queries.looked_up(session, g.actor, _filter())
    page = queries.rows(session, g.actor, which, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    table = Table(
        "audit",
        "Audit",
        COLUMNS,
        page,
        Empty("Nothing was changed yet."),
        filters=_filters(session, which),
        tabs=[Tab("All", ""), Tab("Changes", "changes"), Tab("Goods moved", "stock")],
        tab_name="view",
        api="/api/v1/audit",
    )
    addresses = RowAddresses(lambda row: url_for(".show", audit_id=row.id))
    return render_template(
        "audit/list.html",
        title="Audit",
        table=table,
        addresses=addresses,
        place=_place,
        export=_export_address(),
        searched_since=which.searched_since,
        most_searched=queries.MOST_SEARCHED,
    )


def _filters(session, which: AuditFilter) -> tuple[Filter, ...]:
    people = [(str(actor_id), name) for actor_id, name in queries.people(session)]
    actions = sorted(
        (words.verb(action).replace("{it}", "…").replace("{item}", "an item"), action) for action in words.VERBS
    )
    return (
        Filter("q", "Text or request"),
        Filter("who", "Who", people),
        Filter("kind", "What", list(words.KINDS.items())),
        Filter("since", "From", kind="date"),
        Filter("until", "Until", kind="date"),
        Filter("action", "Action", [(action, f"{said} · {action.partition('.')[0]}") for said, action in actions]),
        Filter("subject", "Only about"),
    )


@audit_bp.get("/admin/audit/<int:audit_id>")
@guard("audit.read")
def show(audit_id):
    """One thing that was done: each field before and after, and where it came from."""
    view = queries.row(reading.session(), g.actor, audit_id)
    if view is None:
        raise NotFound("There is no such row in the audit trail.")
    return render_template("audit/row.html", title="What was done", row=view, place=_place)


@audit_bp.get("/admin/audit.csv")
@guard("audit.read")
@one_at_a_time
def export():
    """The rows that the filters leave, as a file: a line for each field that changed."""
    return csv_file("audit", HEADER, _every_line(g.actor, _filter()))


@audit_bp.get("/auth/activity")
@guard(SIGNED_IN)
def activity():
    """What happened to one's own account."""
    page = queries.of_account(reading.session(), g.actor, cursor=request.args.get("cursor"))
    return render_template("audit/activity.html", title="Recent security activity", page=page)


def _every_line(actor: Actor, which: AuditFilter):
    with reading.apart(actor) as session:
        for row in queries.every_row(session, actor, which):
            yield from _lines(row)


def _lines(row: AuditView):
    head = (row.at, row.actor, row.said, row.action, row.subject_kind, row.subject_id)
    tail = (row.request_id, row.address)
    if not row.changes:
        yield (*head, "", "", "", "", *tail)
    for each in row.changes:
        before, after = (each.before, each.after) if not each.state else (each.state, each.state)
        yield (*head, each.name or each.kind, each.label if each.field else each.note, before, after, *tail)


def _filter() -> AuditFilter:
    try:
        subject = subject_of(request.args["subject"]) if request.args.get("subject") else None
    except Malformed:
        subject = ("", 0)  # nothing is about it
    view = request.args.get("view", "")
    return AuditFilter(
        view=view if view in ("changes", "stock") else "",
        actor_id=number_asked("who"),
        kind=request.args.get("kind") or None,
        action=request.args.get("action") or None,
        subject=subject,
        since=day_asked("since"),
        until=day_asked("until"),
        search=request.args.get("q", "").strip()[:200] or None,
    )


def _export_address() -> str:
    asked = urlencode({name: value for name, value in request.args.items() if name != "cursor"})
    return f"{url_for('.export')}?{asked}" if asked else url_for(".export")


def _place(row: AuditView) -> str | None:
    """The address of what a row is about, if there is one that this reader may open."""
    endpoint, name, needs = PAGES_OF.get(row.subject_kind or "", (None, "", ""))
    if endpoint is None or row.subject_id is None or not g.actor.may(needs):
        return None
    return url_for(endpoint, **{name: row.subject_id})
