"""How the server gives its threads to connections."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

import pytest

from tests.attacks.wire import serving
from ventory import server

ALIVE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIGN_IN = b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
PIPELINED = 300


def answers(wire: socket.socket) -> int:
    """How many answers came until the other side says nothing more, or closes."""
    wire.settimeout(20)
    came = bytearray()
    while came.count(b"HTTP/1.1 200") < PIPELINED and (part := wire.recv(1 << 16)):
        came += part
    return came.count(b"HTTP/1.1 200")


@pytest.fixture
def waiting():
    """A web process, a connection that it holds, and the other end of it."""
    here, there = socket.socketpair()
    process = object.__new__(server.FairWorker)
    process.alive, process.in_hand, process.cfg = True, 1, SimpleNamespace(threads=4)
    parser = SimpleNamespace(unreader=SimpleNamespace(buf=SimpleNamespace(getvalue=lambda: b"")))
    with here, there:
        yield process, SimpleNamespace(sock=here, parser=parser), there


def test_a_thread_goes_on_with_a_request_that_follows_at_once(waiting):
    process, connection, caller = waiting
    assert not process._follows_at_once(connection)
    caller.sendall(ALIVE)
    assert process._follows_at_once(connection)


@pytest.mark.parametrize("sent", [ALIVE[:-2], SIGN_IN, b""], ids=["half a request", "a sign-in", "hung up"])
def test_it_leaves_to_others_what_would_hold_it_up(waiting, sent):
    process, connection, caller = waiting
    caller.sendall(sent)
    if not sent:
        caller.close()
    assert not process._follows_at_once(connection)


def test_it_leaves_a_connection_when_others_wait_or_the_server_stops(waiting):
    process, connection, caller = waiting
    caller.sendall(ALIVE)
    process.in_hand = 5
    assert not process._follows_at_once(connection)
    process.in_hand, process.alive = 4, False
    assert not process._follows_at_once(connection)


class Hog(server.FairWorker):
    """The twin: a thread stays with its connection whoever waits."""

    def _somebody_waits(self) -> bool:
        return False


def newcomer_is_served_first(served) -> bool:
    """While as many as there are threads send more and more: whether somebody else gets an answer before they end."""
    ended = threading.Event()
    busy = [served.connect() for _ in range(8)]

    def listen(wire: socket.socket) -> None:
        assert answers(wire) == PIPELINED
        ended.set()

    threads = [threading.Thread(target=listen, args=(wire,)) for wire in busy]
    for wire, thread in zip(busy, threads, strict=True):
        thread.start()
        wire.sendall(ALIVE * PIPELINED)
    with served.connect() as newcomer:
        newcomer.sendall(ALIVE)
        assert newcomer.recv(1 << 16).startswith(b"HTTP/1.1 200")
        first = not ended.wait(0.3)  # whoever ended before may tell a moment later
    for wire, thread in zip(busy, threads, strict=True):
        thread.join()
        wire.close()
    return first


def test_those_who_ask_without_end_leave_threads_to_others(sqlite_template, tmp_path):
    with serving(tmp_path, f"sqlite:///{sqlite_template}") as served:
        assert newcomer_is_served_first(served)


def test_a_thread_that_stays_with_its_connection_keeps_others_out(sqlite_template, tmp_path):
    with serving(tmp_path, f"sqlite:///{sqlite_template}", twin="tests.web.test_threads.Hog") as served:
        assert not newcomer_is_served_first(served)


def test_head_and_body_come_in_one_piece(sqlite_template, tmp_path):
    with serving(tmp_path, f"sqlite:///{sqlite_template}") as served, served.connect() as wire:
        wire.sendall(ALIVE)
        assert wire.recv(1 << 16).endswith(b'{"status":"ok"}')
