"""A load generator that leaves the cores to the service: one thread, bare sockets, one request a connection at a time.

A generator of one http.client thread per connection took about a fifth of two cores from the service it measured.
"""

from __future__ import annotations

import itertools
import json
import random
import selectors
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

Call = tuple[str, str, dict | None, bool]
"""Method, path, body and whether it carries an Idempotency-Key."""


@dataclass
class _Client:
    socket: socket.socket
    dice: random.Random
    number: int
    started: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    expected: int = -1


def rate(
    port: int, token: str, clients: int, seconds: float, make: Callable[[random.Random, int], Call]
) -> tuple[float, float]:
    """Ask as fast as answers come. make: (dice, number of the client) → what it asks next

    returns: answers per second and the 95th percentile of their durations in milliseconds
    raises: RuntimeError on an answer that is no success
    """
    head = _head(port, token)
    keys = (f"{uuid.uuid4().hex}-{number}" for number in itertools.count())
    durations: list[float] = []
    with selectors.DefaultSelector() as ready:
        opened = [_open(port, number) for number in range(clients)]
        started = time.perf_counter()
        end = started + seconds
        for client in opened:
            ready.register(client.socket, selectors.EVENT_READ, client)
            _send(client, _request(head, keys, make(client.dice, client.number)))
        while opened:
            for key, _ in ready.select(30):
                client = key.data
                if not _receive(client):
                    continue
                now = time.perf_counter()
                durations.append(now - client.started)
                if now < end:
                    _send(client, _request(head, keys, make(client.dice, client.number)))
                else:
                    ready.unregister(client.socket)
                    client.socket.close()
                    opened.remove(client)
        spent = time.perf_counter() - started
    durations.sort()
    return len(durations) / spent, durations[int(len(durations) * 0.95)] * 1000


def now_and_then(port: int, token: str, seconds: float, call: Call) -> float:
    """Ask again and again, five milliseconds after each answer. returns: the 99th percentile, in milliseconds"""
    client = _open(port, 0)
    request = _request(_head(port, token), iter(()), call)
    durations = []
    end = time.perf_counter() + seconds
    with client.socket:
        while time.perf_counter() < end:
            _send(client, request)
            while not _receive(client):
                pass
            durations.append(time.perf_counter() - client.started)
            time.sleep(0.005)
    durations.sort()
    return durations[int(len(durations) * 0.99)] * 1000


def _open(port: int, number: int) -> _Client:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Client(connection, random.Random(number), number)


def _head(port: int, token: str) -> str:
    return f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"


def _request(head: str, keys, call: Call) -> bytes:
    method, path, body, has_key = call
    more = f"Idempotency-Key: {next(keys)}\r\n" if has_key else ""
    if body is None:
        return f"{method} {path} {head}{more}\r\n".encode()
    sent = json.dumps(body, separators=(",", ":"))
    more += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
    return f"{method} {path} {head}{more}\r\n{sent}".encode()


def _send(client: _Client, request: bytes) -> None:
    client.received.clear()
    client.expected = -1
    client.started = time.perf_counter()
    client.socket.sendall(request)


def _receive(client: _Client) -> bool:
    """Take what came. returns: whether the answer is whole"""
    part = client.socket.recv(1 << 18)
    if not part:
        raise RuntimeError("the service closed the connection")
    client.received += part
    if client.expected < 0:
        end = client.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        client.expected = end + 4 + _length(bytes(client.received[:end]))
    return len(client.received) >= client.expected


def _length(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"the service answered {head[:200]!r}")
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0
