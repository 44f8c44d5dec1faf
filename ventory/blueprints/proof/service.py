"""Asking for a proof, and calling it off; the worker does it."""

from __future__ import annotations

from dataclasses import dataclass

from ventory.blueprints.proof import queries
from ventory.blueprints.proof.models import STOPPED, WAITING, ProofRun
from ventory.blueprints.proof.queries import RunView
from ventory.core.errors import NotFound
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case


@dataclass(frozen=True, kw_only=True)
class OneRun(Command):
    run_id: int


@use_case
def ask(command: Command) -> RunView:
    """Ask for the inventory to be proven now. raises: ProofRunning while another run waits or runs"""
    with unit_of_work(command) as work:
        run = ProofRun(inventory_id=work.inventory_id, asked_by_id=work.actor.id, asked_at=work.now)
        work.session.add(run)
        work.session.flush()
        return work.result(_view(work, run.id))


@use_case
def stop(command: OneRun) -> RunView:
    """Call a run off; one that has begun stops within a second. One that has ended stays as it is. raises: NotFound"""
    with unit_of_work(command) as work:
        run = work.session.get(ProofRun, command.run_id, with_for_update=True)
        if run is None or run.inventory_id != work.inventory_id:
            raise NotFound("There is no such check.")
        if run.ended_at is None:
            run.is_unwanted = True
        if run.state == WAITING:
            run.state, run.ended_at = STOPPED, work.now
        work.session.flush()
        return work.result(_view(work, run.id))


def _view(work: UnitOfWork, run_id: int) -> RunView:
    view = queries.get_run(work.session, run_id)
    assert view is not None
    return view
