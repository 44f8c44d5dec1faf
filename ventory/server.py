"""How gunicorn runs Ventory: the web processes, and the worker beside them under the same master."""

from __future__ import annotations

import gc
import itertools
import mmap
import os
import re
import select
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from email.utils import formatdate
from functools import lru_cache, partial
from urllib.parse import unquote_to_bytes

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from ventory import security_log
from ventory.processes import die_with_parent, keep_to_a_share, use_large_pages
from ventory.web.proxies import client_of

# A request goes to the database eight times, and each time its thread must get the interpreter back. At Python's 5 ms
# it waited behind the others: 194 restocks a second with eight clients, 219 at 0.5 ms.
SWITCH_SECONDS = 0.0005
# What was loaded at start stays; looking through it every 700 allocations cost a request a twentieth of its time.
GC_THRESHOLD = 20_000
# How long a small request may take to arrive, and how long a thread waits for the next part of a large one, or for
# somebody who does not take an answer.
ARRIVAL_SECONDS = 15.0
STALL_SECONDS = 20
# Past so many that wait, the oldest gives way: whoever sends a request at once is never the oldest.
MOST_AWAITED = 400
ENDING_SECONDS = 2.0
LOOK_SECONDS = 0.05
PEEKED_BYTES = 64 * 1024
# How long a thread waits for a connection's next request before it serves another.
FOLLOWS_SECONDS = 0.001
# Sign-ins that wait for the one before; more are told at once that too many do. A turn takes a moment longer than a
# sign-in, and those that are refused without a hash come no faster.
LONGEST_LINE = 100
TURN_SECONDS = 0.05
_POSTED = re.compile(rb"POST ([^ ?]*)")
_SIGN_IN = re.compile(rb".*/auth/(?:login|signup|reset/confirm)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)


def settings(config) -> list[str]:
    """gunicorn's arguments for this configuration.

    One process on SQLite, which has one writer; two on PostgreSQL. Four threads each: with eight, threads fought for
    the interpreter lock and a restock was a third slower.
    """
    processes = config.web_processes or (1 if config.is_sqlite else 2)
    threads = 8 if processes == 1 and not config.web_processes else config.web_threads
    host = os.environ.get("HOST", "127.0.0.1")
    return [
        "--config=python:ventory.server",
        f"--bind={host}:{config.port}",
        f"--workers={processes}",
        f"--threads={threads}",
        "--worker-class=ventory.server.FairWorker",
        "--forwarded-allow-ips=",  # who is believed is our own setting, TRUSTED_PROXIES
        "--worker-tmp-dir=/dev/shm",
        "--keep-alive=30",
        "--backlog=512",
        "--timeout=60",
        "--graceful-timeout=25",
        "--no-control-socket",
        "--limit-request-fields=64",
        "--log-level=warning",
        "ventory.app:create_app()",
    ]


SEATS = 64
_held = memoryview(mmap.mmap(-1, SEATS * 4)).cast("i")
"""How many connections the web process in each seat holds, plus one; 0 for none. Shared, as made before they fork."""


class FairWorker(ThreadWorker):
    """Lets the process with the fewest connections take a new one, and gives a thread only to a request that is there.

    Whoever woke first took it, and a connection stays: of eight callers six or seven often sat in one process while
    the other was idle, which halved what a chain got out of two processors. It hesitates only, and never refuses.

    A thread that waits for the rest of a request serves nobody: eight clients that sent a byte and nothing more held
    up everybody. So requests arrive in the kernel's buffer, looked at and not taken; those of more than 64 kB are
    begun with their first part, and those in chunks with their head: their senders have shown who they are before the
    rest is read (web/hooks).

    Those who sign in stand in line here and have one thread between them. A sign-in takes three times a list's time
    of the interpreter, besides the hash: eight who signed in again and again made a list's p99 eleven times as long.
    """

    seat: int

    def __init__(self, *args, **more) -> None:
        super().__init__(*args, **more)
        self.awaited: dict[TConn, float] = {}
        self.begun: set[TConn] = set()
        self.ending: dict[socket.socket, float] = {}
        self.signing_in: TConn | None = None
        self.line: deque[TConn] = deque()
        self.turn_at = 0.0
        self.looked_at = 0.0
        self.in_hand = 0

    def enqueue_req(self, conn: TConn) -> None:
        if conn.parser is None and conn not in self.awaited:
            _bound_waits(conn.sock)
            conn.close = partial(self._end, conn)
        there = what_arrived(conn)
        if there is not None:
            self.awaited.pop(conn, None)
            self.begun.discard(conn)
            conn.data_ready = True
            if not self._stands_in_line(conn, there):
                self._hand_on(conn)
        elif conn not in self.awaited:
            self.awaited[conn] = time.monotonic() + ARRIVAL_SECONDS
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._begins, conn))
            if len(self.awaited) > MOST_AWAITED:
                self._give_up(next(iter(self.awaited)))

    def handle(self, conn: TConn):
        """Serve a connection for as long as its next request follows at once and nobody waits for a thread.

        Handing it back and forth between the thread that listens and one that serves took a twentieth of a restock.
        """
        while (goes_on := super().handle(conn)) is True and self._follows_at_once(conn):
            pass
        return goes_on

    def _follows_at_once(self, conn: TConn) -> bool:
        if not self.alive or self._somebody_waits():
            return False
        has_more = bool(conn.parser.unreader.buf.getvalue())
        if not has_more and not select.select([conn.sock], [], [], FOLLOWS_SECONDS)[0]:
            return False
        there = what_arrived(conn)
        if not there:
            return False
        return not is_sign_in(there)

    def _somebody_waits(self) -> bool:
        return self.in_hand > self.cfg.threads

    def _stands_in_line(self, conn: TConn, there: bytes) -> bool:
        if len(self.line) == LONGEST_LINE or not is_sign_in(there):
            return False
        self.line.append(conn)
        self._next_in_line()
        return True

    def _next_in_line(self) -> None:
        now = time.monotonic()
        if self.line and self.signing_in is None and now >= self.turn_at:
            self.signing_in, self.turn_at = self.line.popleft(), now + TURN_SECONDS
            self._hand_on(self.signing_in)

    def _hand_on(self, conn: TConn) -> None:
        self.in_hand += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs) -> None:
        self.in_hand -= 1
        if conn is self.signing_in:
            self.signing_in = None
        super().finish_request(conn, fs)

    def _begins(self, conn: TConn, _sock) -> None:
        if conn not in self.awaited:
            return  # given up in the same breath
        # From now on it is looked at by the clock: a part of a request would wake the poller again and again.
        self.poller.unregister(conn.sock)
        self.begun.add(conn)
        self.enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        if self.begun or self.ending:
            timeout = min(timeout, LOOK_SECONDS)
        if self.line and self.signing_in is None:
            timeout = min(timeout, max(0.0, self.turn_at - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        self._next_in_line()
        now = time.monotonic()
        if now < self.looked_at + LOOK_SECONDS:
            return
        self.looked_at = now
        for conn in list(self.begun):
            self.enqueue_req(conn)
        for conn, deadline in list(self.awaited.items()):
            if deadline < now or not (self.alive or conn in self.begun):
                self._give_up(conn)
        for ended, deadline in list(self.ending.items()):
            if deadline < now or _has_hung_up(ended):
                del self.ending[ended]
                ended.close()

    def _end(self, conn: TConn, graceful: bool = False) -> None:
        """Say that this was all, and let the other side hang up first, so that it gets the end of its answer.

        The library waits for that here, where nobody else is served meanwhile: sixty callers that do not hang up
        stopped the server for two minutes.
        """
        connection = conn.sock
        try:
            connection.setblocking(False)
            if graceful:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            graceful = False  # it is gone
        if graceful:
            self.ending[connection] = time.monotonic() + ENDING_SECONDS
        else:
            connection.close()

    def _give_up(self, conn: TConn) -> None:
        del self.awaited[conn]
        if conn in self.begun:
            self.begun.discard(conn)
            security_log.note("protocol_refused", source=client_of((conn.client or ("",))[0]), cause="TooSlow")
        else:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def notify(self) -> None:
        super().notify()
        _held[self.seat % SEATS] = self.nr_conns + 1

    def accept(self, listener) -> None:
        fewest = min((held for held in _held if held), default=0)
        ahead = self.nr_conns + 1 - fewest
        if ahead > 0:
            time.sleep(0.002 * min(ahead, 5))
        super().accept(listener)
        _held[self.seat % SEATS] = self.nr_conns + 1

    def handle_error(self, req, client, addr, exc) -> None:
        """A connection that speaks no proper HTTP reaches no application: it is noted here."""
        event = "protocol_refused" if isinstance(exc, ParseException) else "unexpected_error"
        security_log.note(event, source=client_of((addr or ("",))[0]), cause=type(exc).__name__)
        super().handle_error(req, client, addr, exc)


def what_arrived(conn: TConn) -> bytes | None:
    """What there is of a connection's next request; None while it cannot be read without waiting for its sender.

    One that is too large for that is read as it comes. Nothing is there of one whose sender hung up.
    """
    there = conn.parser.unreader.buf.getvalue() if conn.parser is not None else b""
    try:
        more = conn.sock.recv(PEEKED_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        if not more:
            return b""
        there += more
    except BlockingIOError:
        pass
    except OSError:
        return b""
    head, body, length = _parts(there)
    if len(head) == len(there):
        return there if len(there) >= PEEKED_BYTES else None
    return there if len(body) >= min(length or 0, PEEKED_BYTES - len(head) - 4) else None


def is_sign_in(there: bytes) -> bool:
    """Whether a request has a password hashed, and is whole: what is still to come might hold up the line."""
    posted = _POSTED.match(there)
    if posted is None or not _SIGN_IN.fullmatch(unquote_to_bytes(posted[1])):
        return False
    _, body, length = _parts(there)
    return length is not None and len(body) >= length


def _parts(there: bytes) -> tuple[bytes, bytes, int | None]:
    """A request's head, what there is of its body, and how long that will be, where the head says so."""
    head, _, body = there.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    return head, body, int(length[1]) if length else None


def _has_hung_up(connection: socket.socket) -> bool:
    try:
        return not connection.recv(PEEKED_BYTES)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _bound_waits(connection: socket.socket) -> None:
    """Let no thread wait for ever for one connection; most answers fit into the buffer whole."""
    seconds = struct.pack("ll", STALL_SECONDS, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)


class NamelessResponse(wsgi.Response):
    """An answer that does not say which server made it, and ends the connection when the application asks for that."""

    headers_sent: bool

    def process_headers(self, headers) -> None:
        if ("Connection", "close") in headers:
            self.force_close()
        super().process_headers(headers)

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]

    def write(self, arg: bytes) -> None:
        """Head and body in one piece where both are there: one packet, for which the caller wakes up once."""
        if self.headers_sent or self.chunked or self._omits_body or len(arg) != self.response_length:
            super().write(arg)
            return
        lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
        self.headers_sent = True
        self.sent = len(arg)
        self.sock.sendall("".join(lines).encode("latin-1") + arg)


@lru_cache(2)
def _date(second: int) -> str:
    """As the header says it, written once a second."""
    return formatdate(second, usegmt=True)


def child_exit(_server, web_process) -> None:
    _held[web_process.seat % SEATS] = 0


class _Worker:
    """The worker process, started again when it ends before the server does."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.is_stopping = False

    def run(self) -> None:
        while not self.is_stopping:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ventory", "worker"], preexec_fn=die_with_parent, stdin=subprocess.DEVNULL
            )
            self.process.wait()
            if not self.is_stopping:
                time.sleep(1)

    def stop(self) -> None:
        self.is_stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()


_worker = _Worker()


def when_ready(_server) -> None:
    """The port is open: start the worker, say where to go."""
    if os.environ.get("VENTORY_WITH_WORKER"):
        threading.Thread(target=_worker.run, daemon=True).start()
    welcome = os.environ.pop("VENTORY_WELCOME", "")
    if welcome:
        print(welcome, flush=True)


def pre_fork(server, web_process) -> None:
    """Give a new web process the first seat that is free: another one's after it ended, not while it still serves."""
    taken = {each.seat for each in server.WORKERS.values()}
    web_process.seat = next(seat for seat in itertools.count() if seat not in taken)


def post_fork(server, web_process) -> None:
    die_with_parent()
    keep_to_a_share(web_process.seat, server.cfg.workers)
    wsgi.Response = NamelessResponse
    util.http_date = lambda timestamp=None: _date(int(timestamp or time.time()))
    sys.setswitchinterval(SWITCH_SECONDS)


def post_worker_init(_web_process) -> None:
    """The application is loaded: most of what it consists of stays as it is and where it is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)
    use_large_pages()


def on_exit(_server) -> None:
    _worker.stop()
