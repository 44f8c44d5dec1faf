"""The proof page: can these numbers be trusted?"""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.proof import queries, service
from ventory.core.errors import NotFound, ProofRunning
from ventory.db.unit_of_work import Command
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, gone
from ventory.web.tables import Column, Empty, Table

proof_bp = Blueprint("proof", __name__, url_prefix="/admin/proof", template_folder="templates")
RUNS = (
    Column("asked", "Checked", role="main"),
    Column("state", "Result", role="state"),
    Column("lines", "Lines", is_number=True, role="key"),
    Column("sealed", "Sealed rows", is_number=True, drop=3),
    Column("differences", "Differences", is_number=True),
    Column("seconds", "Took", is_number=True, drop=2),
    Column("by", "Asked by", drop=4),
)


@proof_bp.get("")
@guard("proof.read")
def page():
    """What was checked last, what is sealed, and every check before."""
    session = reading.session()
    view = queries.proof(session, g.actor.inventory_id)
    table = Table(
        "proof",
        "Checks",
        RUNS,
        queries.runs(session, cursor=request.args.get("cursor")),
        Empty("Nothing was checked yet. The worker does it the first time by itself, within a minute."),
        api="/api/v1/proof/runs",
    )
    addresses = RowAddresses(lambda row: url_for(".run", run_id=row.id))
    return render_template("proof/page.html", title="Proof", proof=view, table=table, addresses=addresses)


@proof_bp.get("/runs/<int:run_id>")
@guard("proof.read")
def run(run_id):
    """One check with what it found."""
    view = queries.get_run(reading.session(), run_id)
    if view is None:
        raise NotFound("There is no such check.")
    return render_template("proof/run.html", title="Check", run=view)


@proof_bp.get("/running")
@guard("proof.read")
def running():
    """How far the check came that runs; empty when none does. The page asks for it once a second."""
    g.frameless = True
    view = queries.proof(reading.session(), g.actor.inventory_id)
    return render_template("proof/running.html", run=view.running) if view.running else ("", 204)


@proof_bp.post("/verify")
@guard("proof.run")
def verify():
    """Have everything checked now."""
    try:
        service.ask(Command(**asked()))
    except ProofRunning:
        return gone("A check is under way already; it is as good.", url_for(".page"))
    return gone("The check begins within a second or two.", url_for(".page"))


@proof_bp.post("/runs/<int:run_id>/stop")
@guard("proof.run")
def stop(run_id):
    """Call a check off."""
    service.stop(service.OneRun(run_id=run_id, **asked()))
    return gone("The check stops. Nothing was changed by it.", url_for(".page"))
