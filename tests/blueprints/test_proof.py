"""The proof by API and pages: who may see it, asking for one, calling it off, and what it says."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from tests.chain import seal_all
from ventory.db.engine import autocommit, writing
from ventory.models import Audit, Origin
from ventory.worker import run
from ventory.worker.facts import Bookkeeper
from ventory.worker.proof import Prover
from ventory.worker.proving import Proving


@pytest.fixture
def worker(engine, config, chain):
    """Lets the worker seal and do the check that waits."""
    chain.item("tea", stock=10, unit_cost="2.50", name="Green tea")
    chain.move("sale", ("tea", 3), counterparty="Ann")
    run.number(engine)
    Bookkeeper(engine).step()
    prover = Prover(engine, config)

    def work():
        seal_all(engine, config)
        Proving(engine, config, *prover.claim()).run()

    return work


def told(engine) -> int:
    """How many rows the trail has, with where they came from."""
    with autocommit(engine).connect() as connection:
        return sum(
            connection.execute(select(func.count()).where(table.inventory_id.is_not(None))).scalar_one()
            for table in (Audit, Origin)
        )


def test_a_check_is_asked_for_done_and_shown(api, worker, chain, engine):
    so_far = told(engine)
    before = api.get("/api/v1/proof").json
    asked = api.post("/api/v1/proof/verify")
    while_it_waits = api.get("/api/v1/proof").json
    worker()
    after = api.get("/api/v1/proof").json

    assert before == {
        "sealed": {"blocks": 0, "rows": 0, "waiting": 4 + so_far, "seal": None, "sealed_at": None},
        "last": None,
        "running": None,
    }
    assert asked.status_code == 202
    assert asked.headers["Location"] == f"/api/v1/proof/runs/{asked.json['id']}"
    assert while_it_waits["running"]["state"] == "waiting"
    assert after["running"] is None
    last = after["last"]
    assert (last["state"], last["lines"], last["sealed"], last["differences"]) == ("done", 2, 4 + told(engine), 0)
    assert last["asked_by"].startswith("Owner ")
    assert last["findings"] == []
    sealed = after["sealed"]
    assert (sealed["blocks"], sealed["rows"], sealed["waiting"]) == (3, 4 + told(engine), 0)
    assert sealed["seal"] == last["seal"]


@pytest.mark.attack("A121")
def test_one_check_runs_at_a_time(api, worker):
    first = api.post("/api/v1/proof/verify", headers={"Idempotency-Key": "a"})
    again = api.post("/api/v1/proof/verify", headers={"Idempotency-Key": "a"})
    second = api.post("/api/v1/proof/verify")

    assert again.json == first.json
    assert (second.status_code, second.json["code"]) == (409, "proof_running")
    worker()
    assert api.post("/api/v1/proof/verify").status_code == 202


def test_a_check_that_waits_is_called_off_at_once(api, worker):
    run_id = api.post("/api/v1/proof/verify").json["id"]

    stopped = api.post(f"/api/v1/proof/runs/{run_id}/stop")

    assert (stopped.status_code, stopped.json["state"]) == (200, "stopped")
    assert [each["state"] for each in api.get("/api/v1/proof/runs").json] == ["stopped"]
    assert api.post("/api/v1/proof/runs/99/stop").status_code == 404


def test_differences_are_named_with_what_they_are_about(api, browser, worker, engine, chain):
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE balance SET incoming = 2000000"))
    run_id = api.post("/api/v1/proof/verify").json["id"]
    worker()

    (found,) = api.get(f"/api/v1/proof/runs/{run_id}").json["findings"]

    assert (found["item_id"], found["item"], found["store"]) == (chain.items["tea"], "Green tea", "Leeds")
    assert "incoming is 2" in found["text"]
    assert found["text"].endswith("the ledger says 0")
    for page in ("/admin/proof", f"/admin/proof/runs/{run_id}"):
        shown = browser.get(page).text
        assert "1 difference was found" in shown
        assert f'href="/items/{chain.items["tea"]}"' in shown


def test_the_page_says_what_was_checked_and_begins_a_check(browser, worker, config, engine):
    empty = browser.get("/admin/proof").text
    sent = browser.post("/admin/proof/verify", {}, page="/admin/proof")
    waiting = browser.get("/admin/proof").text
    polled = browser.get("/admin/proof/running")
    again = browser.post("/admin/proof/verify", {}, page="/admin/invite")
    worker()
    done = browser.get("/admin/proof").text

    assert "Not checked yet" in empty
    assert sent.status_code == again.status_code == 303
    assert "Waiting for the worker" in waiting
    assert "Waiting for the worker" in polled.text
    assert "<html" not in polled.text
    assert "Verify now" not in waiting
    assert "Everything matched" in done
    assert f"{4 + told(engine)} in 3 blocks" in done
    assert browser.get("/admin/proof/running").status_code == 204


def test_the_page_stops_a_check(browser, worker):
    browser.post("/admin/proof/verify", {}, page="/admin/proof")

    browser.post("/admin/proof/runs/1/stop", {}, page="/admin/proof")

    page = browser.get("/admin/proof").text
    assert "Stopped" in page
    assert "Verify now" in page


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("manager", 403), ("buyer", 403), ("clerk", 403)])
def test_the_proof_is_for_owners_and_auditors(chain, sign_in, role, status):
    _, email = chain.member(role)
    person = sign_in(email)

    assert person.get("/api/v1/proof").status_code == status
    assert person.post("/api/v1/proof/verify").status_code == (202 if status == 200 else 403)
