"""Two real server processes over one database, and clients that hit them at once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chain import PASSWORD
from ventory.processes import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """One program; each of its threads has a connection of its own."""

    def __init__(self, port: int, email: str = ""):
        self.port = port
        self.local = threading.local()
        self.headers = {"Content-Type": "application/json"}
        if email:
            signed_in = self.post("/api/v1/auth/login", {"email": email, "password": PASSWORD})
            assert signed_in.status == 200, signed_in.body
            self.headers["Authorization"] = f"Bearer {signed_in.json['access_token']}"

    def request(self, method: str, path: str, body=None, headers=None) -> Answer:
        """raises: OSError or HTTPException when the server goes away in between"""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, self.headers | (headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        except (OSError, http.client.HTTPException):
            connection.close()
            self.local.connection = None
            raise

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body=None, key: str | None = None) -> Answer:
        return self.request("POST", path, body, {"Idempotency-Key": key} if key else None)

    def until_answered(self, path: str, body, key: str) -> Answer:
        """Send the same request until somebody answers, as a till does."""
        for _ in range(100):
            try:
                answer = self.post(path, body, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if answer.status != 503:
                return answer
        raise AssertionError("no answer")


def at_once(calls: Sequence[Callable[[], Answer]], clients: int = 64) -> list[Answer]:
    """Make many calls at the same time. returns: the answers, in the order of the calls"""
    gate = threading.Barrier(min(clients, len(calls)))

    def run(call):
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(min(clients, len(calls))) as pool:
        first = [pool.submit(run, call) for call in calls[:clients]]
        rest = [pool.submit(call) for call in calls[clients:]]
        return [each.result() for each in first + rest]


@contextlib.contextmanager
def running(
    database_url: str, home: Path, *, twin: str = "", processes: int = 2, environment: dict[str, str] | None = None
) -> Iterator[int]:
    """Server processes on a free port. yields: the port"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "VENTORY_HOME": str(home),
        "VENTORY_ENV": "testing",
        "SQLALCHEMY_DATABASE_URI": database_url,
        "TWIN": twin,
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "tests.fire.twins:create_app()",
        f"--bind=127.0.0.1:{port}",
        f"--workers={processes}",
        "--threads=4",
        "--worker-class=gthread",
        "--no-control-socket",
        "--log-level=critical",
        "--timeout=60",
        "--graceful-timeout=5",
        "--worker-tmp-dir=/dev/shm",
    ]
    server = subprocess.Popen(command, cwd=ROOT, env=environ | (environment or {}), preexec_fn=die_with_parent)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if Client(port).get("/readyz").status == 200:
                    break
            assert server.poll() is None, "the server ended"
            time.sleep(0.1)
        else:
            raise AssertionError("the server did not answer")
        yield port
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
