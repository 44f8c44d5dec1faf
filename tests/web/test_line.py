"""Those who sign in stand in line, outside of the threads that serve everybody else."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks.wire import Served, serving
from tests.chain import PASSWORD
from ventory import server

HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"email": "a@a.example", "password": "x"}'
LENGTH = b"Content-Length: 41\r\n\r\n"


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/auth/login",
        b"/api/auth/login?next=/",
        b"/auth/login",
        b"/auth/signup",
        b"/api/v1/auth/reset/confirm",
        b"/shop/auth/login",
        b"http://localhost/auth/login",
        b"/api/v1/auth/%6Cogi%6e",
    ],
)
def test_what_hashes_a_password_for_strangers_stands_in_line(path):
    assert server.is_sign_in(HEAD % path + LENGTH + BODY)


@pytest.mark.parametrize(
    "there",
    [
        b"",
        HEAD % b"/api/v1/auth/refresh" + LENGTH + BODY,
        HEAD % b"/api/v1/movements?next=/auth/login" + LENGTH + BODY,
        HEAD.replace(b"POST", b"GET") % b"/auth/login" + LENGTH + BODY,
        HEAD % b"/auth/login" + LENGTH + BODY[:-1],
        HEAD % b"/auth/login" + b"Content-Length: 400000\r\n\r\n" + BODY,
        HEAD % b"/auth/login" + b"Transfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["nothing", "refresh", "query", "a page", "not whole", "large", "chunks"],
)
def test_what_might_hold_up_the_line_does_not_stand_in_it(there):
    assert not server.is_sign_in(there)


class Crowd(server.FairWorker):
    """The twin: every sign-in takes a thread at once."""

    def _stands_in_line(self, conn, there) -> bool:
        return False


def rush(served: Served, email: str, people: int = 16) -> list[int]:
    """Sign in all at once. returns: the statuses"""
    gate = threading.Barrier(people)
    sent = json.dumps({"email": email, "password": PASSWORD}).encode()
    request = HEAD % b"/api/v1/auth/login" + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent

    def sign_in(_) -> int:
        gate.wait(20)
        return served.send(request, seconds=30).status

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(sign_in, range(people)))


@pytest.fixture
def address(engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_sixteen_who_sign_in_at_once_all_come_in(tmp_path, chain, address):
    with serving(tmp_path, address) as served:
        assert rush(served, chain.email) == [200] * 16


def test_without_a_line_most_are_sent_away(tmp_path, chain, address):
    with serving(tmp_path, address, twin="tests.web.test_line.Crowd") as served:
        assert 503 in rush(served, chain.email)


def test_a_longer_line_than_can_be_waited_for_is_no_line(monkeypatch):
    process = object.__new__(server.FairWorker)
    process.line = [object()] * server.LONGEST_LINE
    assert not process._stands_in_line(None, HEAD % b"/auth/login" + LENGTH + BODY)


def test_whoever_hung_up_in_the_line_does_not_hold_it_up(tmp_path, chain, address):
    request = HEAD % b"/api/v1/auth/login" + LENGTH + BODY
    with serving(tmp_path, address) as served:
        gone = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(5)]
        for wire in gone:
            wire.sendall(request)
            wire.close()
        assert rush(served, chain.email, 2) == [200, 200]
