"""The same request twice: one effect, one answer, also at once, also when the server dies in between."""

from __future__ import annotations

import time

import pytest

from tests.fire.servers import Client, at_once, running


def restock(quantity=5):
    return {"quantity": quantity, "store": "LEEDS", "unit_cost": "2.50"}


def test_fifty_copies_of_one_request_have_one_effect_and_one_answer(chain, database_url, tmp_path):
    item = chain.item("tea")
    path = f"/api/products/{item}/restock"
    with running(database_url, tmp_path / "home") as port:
        client = Client(port, chain.email)
        answers = at_once([lambda: client.post(path, restock(), key="delivery-1")] * 50)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert chain.on_hand("tea") == 5


def test_the_last_unit_sold_under_one_key_answers_every_copy_alike(chain, database_url, tmp_path):
    """A copy that loses the race meets a shortage; it must answer what the winner answered."""
    item = chain.item("tea", stock=1)
    body = {"kind": "sale", "lines": [{"item_id": item, "store": "LEEDS", "quantity": 1}]}
    with running(database_url, tmp_path / "home") as port:
        client = Client(port, chain.email)
        answers = at_once([lambda: client.post("/api/v1/movements", body, key="till-7")] * 30)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.attack("A127")
def test_one_key_for_two_bodies_is_refused(chain, database_url, tmp_path):
    item = chain.item("tea")
    path = f"/api/products/{item}/restock"
    with running(database_url, tmp_path / "home", processes=1) as port:
        client = Client(port, chain.email)
        assert client.post(path, restock(5), key="k").status == 201
        answer = client.post(path, restock(6), key="k")

    assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")
    assert chain.on_hand("tea") == 5


@pytest.mark.parametrize("twin", ["killed_after_commit", "killed_before_commit"])
def test_a_server_killed_around_the_commit_books_once(chain, database_url, tmp_path, twin):
    item = chain.item("tea")
    path = f"/api/products/{item}/restock"
    flag = tmp_path / "kill"
    with running(database_url, tmp_path / "home", twin=twin, environment={"KILL_WHEN": str(flag)}) as port:
        client = Client(port, chain.email)
        for number in range(1, 4):
            flag.touch()
            answer = client.until_answered(path, restock(), key=f"delivery-{number}")
            again = client.until_answered(path, restock(), key=f"delivery-{number}")

            assert not flag.exists()
            assert (answer.status, answer.body) == (201, again.body)
            assert chain.on_hand("tea") == 5 * number


def test_the_proof_notices_an_answer_that_is_kept_apart_from_its_effect(chain, engine, database_url, tmp_path):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite's one writer would wait for itself")
    item = chain.item("tea")
    flag = tmp_path / "kill"
    with running(
        database_url, tmp_path / "home", twin="answer_kept_apart", environment={"KILL_WHEN": str(flag)}
    ) as port:
        client = Client(port, chain.email)
        flag.touch()
        answer = client.until_answered(f"/api/products/{item}/restock", restock(), key="delivery-1")
        time.sleep(0.2)

    assert answer.status == 201
    assert chain.on_hand("tea") == 0, "the answer says booked, and nothing is: this twin must be caught"
