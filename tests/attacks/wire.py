"""A server as `ventory serve` starts it, and talking to it byte by byte."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.chain import Chain
from ventory import server
from ventory.config import load
from ventory.processes import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Reply:
    """What came back. raw: all of it; status: 0 when the connection was closed without a word"""

    raw: bytes

    @property
    def status(self) -> int:
        first = self.raw.split(b"\r\n", 1)[0].split(b" ")
        return int(first[1]) if len(first) > 1 and first[1].isdigit() else 0

    @property
    def statuses(self) -> list[int]:
        """The status of every answer that came over the connection."""
        return [int(part[:3]) for part in self.raw.split(b"HTTP/1.1 ")[1:]]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")[1:]
        return {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}


@dataclass
class Served:
    """A running server."""

    port: int
    home: Path
    master: psutil.Process
    chain: Chain | None = None

    def connect(self, seconds: float = 10) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def send(self, raw: bytes, seconds: float = 10) -> Reply:
        """Send bytes as they are, and read until the server closes or says nothing for a moment."""
        with self.connect(seconds) as wire:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                wire.sendall(raw)
            return Reply(read_all(wire))

    def is_alive(self) -> bool:
        return self.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").status == 200

    def resident_bytes(self) -> int:
        """What the web processes hold in memory."""
        return sum(each.memory_info().rss for each in self.master.children(recursive=True))


def read_all(wire: socket.socket, quiet_seconds: float = 1.5) -> bytes:
    """Everything until the end, or until nothing more comes."""
    found = b""
    wire.settimeout(quiet_seconds)
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while part := wire.recv(65_536):
            found += part
    return found


@contextlib.contextmanager
def serving(home: Path, database_url: str, *, twin: str = "", **environment: str) -> Iterator[Served]:
    """The server's own settings, worker class and limits, on a free port. twin: another worker class"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        "VENTORY_HOME": str(home),
        "VENTORY_ENV": "testing",
        "SQLALCHEMY_DATABASE_URI": database_url,
        "PORT": str(port),
    } | environment
    arguments = [*server.settings(load(environ)), *([f"--worker-class={twin}"] if twin else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *arguments],
        cwd=ROOT, env=os.environ | environ, preexec_fn=die_with_parent, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    made = Served(port, home, psutil.Process(process.pid))
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                if made.is_alive():
                    break
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        else:
            raise AssertionError("the server did not answer")
        yield made
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
