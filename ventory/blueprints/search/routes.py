"""The search page: items by name, SKU and barcode, suppliers by name and code."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for

from ventory.blueprints.items import queries
from ventory.blueprints.suppliers import queries as suppliers
from ventory.web import reading
from ventory.web.auth import guard

search_bp = Blueprint("search", __name__, template_folder="templates")
MOST_SUPPLIERS = 10


@search_bp.get("/search")
@guard("catalogue.read")
def find():
    """Find items and suppliers; a SKU or barcode that is met exactly opens its item at once.

    So does a supplier's code where no item matches: "pen" should still list the pencils.
    """
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
    firms = ()
    if g.actor.may("suppliers.read") and page.previous_cursor is None:
        named = suppliers.id_by_code(session, text)
        if named is not None and not page.rows:
            return redirect(url_for("suppliers.show", supplier_id=named))
        firms = suppliers.list_suppliers(session, g.actor, search=text, limit=MOST_SUPPLIERS).rows
    return render_template("search/results.html", title="Search", text=text, page=page, suppliers=firms)
