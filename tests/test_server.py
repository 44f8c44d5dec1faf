"""New connections go to the web process that holds the fewest."""

from __future__ import annotations

import pytest
from gunicorn.workers.gthread import ThreadWorker

from ventory import server


@pytest.fixture
def accepted(monkeypatch):
    """Lets a process with so many connections take one more. returns: how long it hesitated, seconds"""
    waited: list[float] = []
    monkeypatch.setattr(server.time, "sleep", waited.append)
    monkeypatch.setattr(
        ThreadWorker, "accept", lambda worker, _listener: setattr(worker, "nr_conns", worker.nr_conns + 1)
    )

    def accept(age: int, connections: int) -> float:
        process = object.__new__(server.FairWorker)
        process.age, process.nr_conns = age, connections
        process.accept(None)
        assert server._held[age] == connections + 2
        return sum(waited)

    yield accept
    for slot in range(server.SLOTS):
        server._held[slot] = 0


@pytest.mark.parametrize(
    ("mine", "others", "seconds"),
    [
        (0, [0], 0),
        (3, [3], 0),
        (1, [4], 0),
        (2, [1], 0.002),
        (7, [0], 0.01),
        (50, [0], 0.01),
        (5, [], 0),
        (3, [9, 1], 0.004),
    ],
)
def test_who_holds_more_hesitates_for_a_moment(accepted, mine, others, seconds):
    server._held[1] = mine + 1
    for slot, held in enumerate(others, 2):
        server._held[slot] = held + 1
    assert accepted(1, mine) == pytest.approx(seconds)


def test_a_process_that_ended_holds_nobody_up(accepted):
    class Ended:
        age = 2

    server._held[1], server._held[2] = 6, 1
    server.child_exit(None, Ended)
    assert accepted(1, 5) == 0
