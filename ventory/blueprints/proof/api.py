"""The proof for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g, url_for

from ventory.blueprints.proof import queries, service
from ventory.blueprints.proof.schemas import ProofOut, RunDetailOut, RunOut
from ventory.core.errors import NotFound
from ventory.db.unit_of_work import Command
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer
from ventory.web.schemas import PageQuery

proof_api = APIBlueprint("proof", __name__, url_prefix="/proof", tag="Proof")


@proof_api.get("")
@guard("proof.read")
@proof_api.output(ProofOut)
def show_proof():
    """Whether the figures can be trusted: the last check, the one that runs, and the seals of the ledger."""
    return queries.proof(reading.session(), g.actor.inventory_id)


@proof_api.post("/verify")
@guard("proof.run")
@proof_api.output(RunOut, status_code=202)
def verify():
    """Have everything checked now; the worker does it. 409 proof_running while another check waits or runs."""
    view = service.ask(Command(**asked()))
    return view, 202, {"Location": url_for(".get_run", run_id=view.id)}


@proof_api.get("/runs")
@guard("proof.read")
@proof_api.input(PageQuery, location="query")
@proof_api.output(list[RunOut])
def list_runs(query_data):
    """Every check, newest first."""
    return answer(queries.runs(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@proof_api.get("/runs/<int:run_id>")
@guard("proof.read")
@proof_api.output(RunDetailOut)
def get_run(run_id):
    """Show one check with what it found."""
    view = queries.get_run(reading.session(), run_id)
    if view is None:
        raise NotFound("There is no such check.")
    return view


@proof_api.post("/runs/<int:run_id>/stop")
@guard("proof.run")
@proof_api.output(RunOut)
def stop(run_id):
    """Call a check off. One that has ended stays as it is."""
    return service.stop(service.OneRun(run_id=run_id, **asked()))
