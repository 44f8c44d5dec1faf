"""Home and health."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, g, jsonify, render_template, url_for
from flask_login import current_user
from sqlalchemy import text

from ventory.blueprints.accounts import factor
from ventory.blueprints.analytics.glance import glance
from ventory.blueprints.items import queries as items
from ventory.blueprints.stock import queries as stock
from ventory.blueprints.stores import current
from ventory.blueprints.suppliers import queries as suppliers
from ventory.core.days import local_day
from ventory.web import reading
from ventory.web.auth import PUBLIC, guard

main_bp = Blueprint("main", __name__, template_folder="templates")
TASKS = 12
# What stands beside the tasks, by role: the heading, the kind of movement (None for any), what an empty list says.
LATEST: dict[str, tuple[str, str | None, str]] = {
    "auditor": ("Reversed last", "reversal", "Nothing was reversed yet."),
    "": ("What happened last", None, "Nothing moved yet."),
}
CHORES = (
    ("Receive", "restock", "stock.restock"),
    ("Sell", "sale", "stock.sell"),
    ("Adjust", "adjustment", "stock.adjust"),
)


@main_bp.get("/")
@guard("stock.read")
def home():
    """What needs this person now: what is out or low, in money's order; then the stores compared, or what happened.

    Who runs several stores has six figures above it, a buyer the suppliers of what is low.
    """
    session, store = reading.session(), current.store()
    store_id = store.id if store else None
    today = local_day(datetime.now(UTC), g.actor.time_zone)
    low = items.low_stock(session, g.actor, store_id=store_id, limit=TASKS)
    compared = stock.stores_compared(session, g.actor, today, store_id)
    runs_several = g.actor.role in ("owner", "manager") and len(compared) > 1
    heading, which, none = LATEST.get(g.actor.role, LATEST[""])
    latest = stock.movement_lines(session, g.actor, stock.MovementFilter(store_id=store_id, kind=which), limit=8)
    return render_template(
        "main/home.html",
        title="Home",
        store=store,
        low=low,
        needs=items.count_low(session, g.actor, store_id),
        out=sum(each.out for each in compared),
        compared=compared,
        latest=latest.rows,
        latest_heading=heading,
        latest_none=none,
        latest_query={"kind": which} if which else {},
        chores=[(label, url_for("stock.move", kind=kind)) for label, kind, needs in CHORES if g.actor.may(needs)]
        if g.actor.role == "clerk"
        else [],
        today=today,
        runs_several=runs_several,
        seen=glance(session, g.actor, today) if runs_several else None,
        waiting=suppliers.waiting_for(session, g.actor, store_id=store_id) if g.actor.role == "buyer" else None,
        offer_factor=factor.should_offer(session, g.actor, is_demo=current_user.is_demo),
    )


@main_bp.get("/healthz")
@guard(PUBLIC)
def alive():
    """The process answers."""
    return jsonify(status="ok")


@main_bp.get("/readyz")
@guard(PUBLIC)
def ready():
    """The process and its database answer."""
    with reading.autocommit_connection() as connection:
        connection.execute(text("SELECT 1"))
    return jsonify(status="ready")
