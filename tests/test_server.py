"""New connections go to the web process that holds the fewest; each process has a seat, and a share of the machine."""

from __future__ import annotations

import contextlib
import os
import time
from types import SimpleNamespace

import psutil
import pytest
from gunicorn.workers.gthread import ThreadWorker

from tests.attacks.wire import serving
from ventory import server
from ventory.processes import share


@pytest.fixture
def accepted(monkeypatch):
    """Lets a process with so many connections take one more. returns: how long it hesitated, seconds"""
    waited: list[float] = []
    monkeypatch.setattr(server.time, "sleep", waited.append)
    monkeypatch.setattr(
        ThreadWorker, "accept", lambda worker, _listener: setattr(worker, "nr_conns", worker.nr_conns + 1)
    )

    def accept(seat: int, connections: int) -> float:
        process = object.__new__(server.FairWorker)
        process.seat, process.nr_conns = seat, connections
        process.accept(None)
        assert server._held[seat] == connections + 2
        return sum(waited)

    yield accept
    for seat in range(server.SEATS):
        server._held[seat] = 0


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
    for seat, held in enumerate(others, 2):
        server._held[seat] = held + 1
    assert accepted(1, mine) == pytest.approx(seconds)


def test_a_process_that_ended_holds_nobody_up(accepted):
    class Ended:
        seat = 2

    server._held[1], server._held[2] = 6, 1
    server.child_exit(None, Ended)
    assert accepted(1, 5) == 0


@pytest.mark.parametrize(("taken", "seat"), [([], 0), ([0], 1), ([1], 0), ([0, 1], 2), ([1, 2], 0)])
def test_a_new_process_takes_the_first_seat_that_is_free(taken, seat):
    master = SimpleNamespace(WORKERS={100 + each: SimpleNamespace(seat=each) for each in taken})
    new = SimpleNamespace()
    server.pre_fork(master, new)
    assert new.seat == seat


def test_each_web_process_keeps_to_its_processors_and_so_does_who_takes_its_seat(engine, tmp_path):
    processors = sorted(os.sched_getaffinity(0))
    shares = sorted(share(processors, seat, 2) for seat in range(2))
    with serving(tmp_path, engine.url.render_as_string(hide_password=False), WEB_PROCESSES="2") as served:
        assert seated(served.master, shares)
        for _ in range(2):
            ended = served.master.children()[-1]
            ended.kill()
            ended.wait(10)
            assert seated(served.master, shares)


def seated(master: psutil.Process, shares: list[list[int]]) -> bool:
    """Whether the web processes come to keep to these processors; one that was just forked has not asked yet."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if sorted(sorted(each.cpu_affinity()) for each in master.children()) == shares:
                return True
        time.sleep(0.05)
    return False
