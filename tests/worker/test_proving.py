"""The worker seals in slices, and proves: once it can, each night, and whenever it is asked to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from tests.chain import seal_all
from tests.days import ago
from ventory.db.engine import autocommit, writing
from ventory.models import Audit, ProofRun, SealBlock
from ventory.worker import proof, proving, run
from ventory.worker.facts import Bookkeeper
from ventory.worker.proof import Notary, Prover
from ventory.worker.proving import Proving


@pytest.fixture
def prover(chain, engine, config) -> Prover:
    chain.item("tea", stock=10, unit_cost="2.50")
    chain.move("sale", ("tea", 3), counterparty="Ann")
    run.number(engine)
    Bookkeeper(engine).step()
    seal_all(engine, config)
    return Prover(engine, config)


def runs(engine):
    with autocommit(engine).connect() as connection:
        return connection.execute(select(ProofRun.__table__).order_by(ProofRun.id)).all()


@pytest.fixture
def proven(prover, engine, config):
    """Do the run that waits: proven(). returns: it"""

    def done():
        Proving(engine, config, *prover.claim()).run()
        return runs(engine)[-1]

    return done


def test_the_first_proof_comes_by_itself_and_finds_everything_right(prover, engine, chain, proven):
    prover.ask_for_the_night()
    done = proven()

    assert (done.state, done.asked_by_id, done.differences, done.findings) == ("done", None, 0, "[]")
    with autocommit(engine).connect() as connection:
        told = connection.execute(select(func.count()).select_from(Audit)).scalar_one()
        newest = select(SealBlock.seal).order_by(SealBlock.number.desc()).limit(1)
        assert connection.execute(newest).scalar_one() == done.seal
    assert (done.lines, done.lines_done, done.sealed, done.balances) == (2, 2, 4 + told, 1)


def test_the_night_has_one_proof_by_the_inventorys_own_clock(prover, engine, proven):
    zone = ZoneInfo("Europe/London")
    prover.ask_for_the_night(datetime(2026, 7, 1, 12, tzinfo=zone))
    proven()
    hours = [(2, 3), (2, 3, 9), (2, 3, 11), (2, 23), (3, 3, 9), (3, 3, 10)]
    asked = []
    for day, *time in hours:
        prover.ask_for_the_night(datetime(2026, 7, day, *time, tzinfo=zone))
        asked.append(len(runs(engine)))
        if prover_waits(engine):
            proven()

    assert asked == [1, 1, 2, 2, 2, 3]


def prover_waits(engine) -> bool:
    return runs(engine)[-1].state == "waiting"


def test_a_difference_is_kept_with_what_it_can_link_to(prover, engine, chain, proven):
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE balance SET incoming = 1000000"))
        connection.execute(text("UPDATE movement_private SET note = 'else'"))
    prover.ask_for_the_night()

    done = proven()

    assert done.differences == 2
    first, second = json.loads(done.findings)
    assert first["table"] == "movement_private"
    assert (second["item_id"], second["place_id"]) == (chain.items["tea"], chain.stores["LEEDS"])


def test_a_run_that_is_no_longer_wanted_stops(prover, engine, monkeypatch, proven):
    monkeypatch.setattr(proving, "TOLD_SECONDS", 0)
    prover.ask_for_the_night()
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE proof_run SET is_unwanted = true"))

    done = proven()

    assert (done.state, done.differences) == ("stopped", 0)
    assert done.ended_at is not None


def test_a_run_that_breaks_off_says_so_and_the_next_can_begin(prover, engine, monkeypatch, proven):
    monkeypatch.setattr(proving, "prove", lambda *_: 1 / 0)
    prover.ask_for_the_night()

    done = proven()

    assert done.state == "failed"
    assert json.loads(done.findings) == [{"text": "The check broke off; the worker's log says why."}]
    prover.ask_for_the_night(ago(-2))
    assert runs(engine)[-1].state == "waiting"


def test_a_run_whose_worker_is_gone_is_given_up(prover, engine):
    prover.ask_for_the_night()
    prover.claim()
    with writing(engine).begin() as connection:
        connection.execute(ProofRun.__table__.update().values(seen_at=datetime.now(UTC) - timedelta(minutes=3)))

    prover.give_up_lost()

    assert runs(engine)[-1].state == "failed"


@pytest.fixture
def environment(config, database_url, monkeypatch):
    """That of processes which the worker starts."""
    monkeypatch.setenv("VENTORY_HOME", str(config.home))
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", database_url)


def test_the_worker_proves_in_a_process_of_its_own(prover, engine, environment):
    prover.step()

    assert prover._process.wait(30) == 0
    assert (runs(engine)[-1].state, runs(engine)[-1].lines_done) == ("done", 2)


def test_a_worker_that_ends_takes_its_proof_along(prover, engine, environment):
    prover.step()
    prover.close()

    assert prover._process.poll() is not None
    assert runs(engine)[-1].state == "stopped"


def test_two_workers_do_not_take_the_same_run(prover, engine, config):
    prover.ask_for_the_night()

    assert [prover.claim() is None, Prover(engine, config).claim() is None] == [False, True]


def test_long_sealing_is_cut_into_slices(chain, engine, config, monkeypatch):
    monkeypatch.setattr(proof, "SLICE_SECONDS", 0)
    monkeypatch.setattr(proof, "REST", 10_000)
    chain.item("tea", stock=10)
    run.number(engine)
    notary = Notary(engine, config)

    assert notary.step() is True
    assert notary.step() is False  # somebody posted: it rests
    monkeypatch.setattr(proof, "SLICE_SECONDS", 60)
    notary._due_at = 0.0
    assert notary.step() is False
    with autocommit(engine).connect() as connection:
        of_movements = select(SealBlock.rows, SealBlock.parts).where(SealBlock.kind == "movement")
        assert connection.execute(of_movements).all() == [(1, 1)]
