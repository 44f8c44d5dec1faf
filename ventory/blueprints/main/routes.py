"""Home and health."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template
from sqlalchemy import text

from ventory.web.auth import PUBLIC, SIGNED_IN, guard
from ventory.web.reading import autocommit_connection

main_bp = Blueprint("main", __name__, template_folder="templates")


@main_bp.get("/")
@guard(SIGNED_IN)
def home():
    """What needs this person now."""
    return render_template("main/home.html")


@main_bp.get("/healthz")
@guard(PUBLIC)
def alive():
    """The process answers."""
    return jsonify(status="ok")


@main_bp.get("/readyz")
@guard(PUBLIC)
def ready():
    """The process and its database answer."""
    with autocommit_connection() as connection:
        connection.execute(text("SELECT 1"))
    return jsonify(status="ready")
