"""The search page; it finds items for now."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for

from ventory.blueprints.items import queries
from ventory.web import reading
from ventory.web.auth import guard

search_bp = Blueprint("search", __name__, template_folder="templates")


@search_bp.get("/search")
@guard("catalogue.read")
def find():
    """Find items; a SKU or barcode that is met exactly opens its item at once."""
    text = request.args.get("q", "").strip()[:200]
    if not text:
        return render_template("search/results.html", title="Search", text="", page=None)
    session = reading.session()
    for exact in (queries.ItemFilter(barcode=text), queries.ItemFilter(sku=text)):
        found = queries.list_items(session, g.actor, exact, limit=2).rows
        if len(found) == 1:
            return redirect(url_for("stock.item", item_id=found[0].id))
    page = queries.list_items(
        session, g.actor, queries.ItemFilter(search=text), sort="name", cursor=request.args.get("cursor")
    )
    return render_template("search/results.html", title="Search", text=text, page=page)
