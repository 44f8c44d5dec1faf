"""Home and health."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, g, jsonify, render_template
from sqlalchemy import text

from ventory.blueprints.items import queries as items
from ventory.blueprints.stock import queries as stock
from ventory.blueprints.stores import current
from ventory.core.days import local_day
from ventory.web import reading
from ventory.web.auth import PUBLIC, guard

main_bp = Blueprint("main", __name__, template_folder="templates")
TASKS = 12


@main_bp.get("/")
@guard("stock.read")
def home():
    """What needs this person now: what is out or low, in money's order; then the stores compared, or what happened."""
    session, store = reading.session(), current.store()
    store_id = store.id if store else None
    today = local_day(datetime.now(UTC), g.actor.time_zone)
    low = items.low_stock(session, g.actor, store_id=store_id, limit=TASKS)
    compared = stock.stores_compared(session, g.actor, today, store_id)
    latest = stock.movement_lines(session, g.actor, stock.MovementFilter(store_id=store_id), limit=8)
    return render_template(
        "main/home.html",
        title="Home",
        store=store,
        low=low,
        needs=items.count_low(session, g.actor, store_id),
        out=sum(each.out for each in compared),
        compared=compared,
        latest=latest.rows,
        today=today,
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
