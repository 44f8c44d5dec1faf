"""Mounting: every slice's endpoints at /api/v1, and those that the retail document names at /api as well."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Flask, current_app, jsonify, render_template

from ventory.blueprints.accounts.api import account_api, me_api
from ventory.blueprints.analytics.api import analytics_api, insight_api
from ventory.blueprints.api.openapi import complete
from ventory.blueprints.audit.api import audit_api
from ventory.blueprints.auth.api import auth_api
from ventory.blueprints.categories.api import categories_api
from ventory.blueprints.custom_fields.api import custom_fields_api
from ventory.blueprints.files.api import files_api
from ventory.blueprints.inventories.api import inventories_api, invitations_api, members_api
from ventory.blueprints.inventory_types.api import types_api
from ventory.blueprints.items.api import items_api, products_api
from ventory.blueprints.keys.api import keys_api
from ventory.blueprints.prices.api import prices_api
from ventory.blueprints.proof.api import proof_api
from ventory.blueprints.ranges.api import ranges_api
from ventory.blueprints.stock.api import movements_api, stock_api
from ventory.blueprints.stores.api import stores_api
from ventory.blueprints.suppliers.api import suppliers_api
from ventory.blueprints.tags.api import tags_api
from ventory.blueprints.uom.api import uom_api
from ventory.web.auth import PUBLIC, guard

EVERYWHERE = (products_api, analytics_api)
VERSIONED = (
    auth_api,
    insight_api,
    account_api,
    me_api,
    items_api,
    files_api,
    suppliers_api,
    prices_api,
    ranges_api,
    inventories_api,
    members_api,
    invitations_api,
    keys_api,
    proof_api,
    audit_api,
    stores_api,
    categories_api,
    uom_api,
    types_api,
    tags_api,
    custom_fields_api,
    movements_api,
    stock_api,
)


def register(app: Flask) -> None:
    """Mount the API on the application."""
    versioned = APIBlueprint("api_v1", __name__, url_prefix="/api/v1")
    retail = APIBlueprint("api", __name__, url_prefix="/api")
    for endpoints in EVERYWHERE:
        versioned.register_blueprint(endpoints)
        retail.register_blueprint(endpoints)
    for endpoints in VERSIONED:
        versioned.register_blueprint(endpoints)
    app.register_blueprint(versioned)
    app.register_blueprint(retail)
    app.add_url_rule("/api/openapi.json", "openapi", _document)
    app.add_url_rule("/api/docs", "api_docs", _swagger)
    app.spec_processor(complete)  # type: ignore[attr-defined]


@guard(PUBLIC)
def _document():
    """The OpenAPI document."""
    return jsonify(current_app.spec)  # type: ignore[attr-defined]


@guard(PUBLIC)
def _swagger():
    """Swagger UI, from our own files."""
    return render_template("api_docs.html")
