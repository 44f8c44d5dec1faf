"""Starting: what works as the documents say, and mistakes that are one clear line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ventory.config import BadSetting, load
from ventory.db.engine import normal_url

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = len(list((ROOT / "migrations" / "versions").glob("[0-9]*.py")))


def call(arguments, home, timeout=60, **environment):
    environ = {key: value for key, value in os.environ.items() if key != "SQLALCHEMY_DATABASE_URI"}
    environ |= {"VENTORY_HOME": str(home)} | environment
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=timeout
    )


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def answers(port: str, path: str = "/healthz") -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).status == 200
    except OSError:
        return False


MISTAKES = [
    ({"SQLALCHEMY_DATABASE_URI": "postgresql://nobody@127.0.0.1:1/none"}, "The database does not answer"),
    ({"SQLALCHEMY_DATABASE_URI": "oracle+nothing://x"}, "SQLALCHEMY_DATABASE_URI cannot be used"),
    ({"VENTORY_HOME": "/proc/ventory"}, "cannot be written"),
    ({"SQLALCHEMY_DATABASE_URI": "sqlite://"}, "a database in memory ends with its process; name a file"),
    ({"SECRET_KEY": "change-this-in-production"}, "SECRET_KEY is a placeholder"),
    ({"FLASK_ENV": "production"}, "SECRET_KEY is not set"),
    ({"FLASK_ENV": "production", "SECRET_KEY": "short"}, "shorter than 32 bytes"),
    ({"JWT_ACCESS_TOKEN_EXPIRES": "999999999999999"}, "a whole number between 1 and 315360000 is needed"),
    ({"STORAGE_URL": "ftp://files"}, "STORAGE_URL: use file:///folder, s3://bucket"),
    ({"STORAGE_URL": "s3://bucket?colour=red"}, "STORAGE_URL takes no 'colour'"),
    ({"STORAGE_URL": "file:///proc/files"}, "Files cannot be kept in file:///proc/files"),
    (
        {
            "STORAGE_URL": "s3://bucket/files?endpoint=http://127.0.0.1:1&region=eu-west-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        },
        "Files cannot be kept in s3://bucket/files",
    ),
    ({"PORT": "many"}, "PORT is 'many'"),
    ({"HOST": "203.0.113.7"}, "HOST is '203.0.113.7', which is no IPv4 address of this machine"),
    ({"HOST": "no such machine"}, "HOST is 'no such machine', which is no IPv4 address of this machine"),
    ({"VENTORY_PUBLIC_URL": "nonsense"}, "VENTORY_PUBLIC_URL is 'nonsense'; an address such as https://"),
    ({"VENTORY_PUBLIC_URL": "https://a.example:none"}, "VENTORY_PUBLIC_URL is 'https://a.example:none'"),
    ({"VENTORY_PUBLIC_URL": "https://a.example/?x=1"}, "VENTORY_PUBLIC_URL is 'https://a.example/?x=1'"),
    ({"JWT_ACCESS_TOKEN_EXPIRES": "-1"}, "JWT_ACCESS_TOKEN_EXPIRES is -1"),
    ({"MAIL_USE_TLS": "perhaps"}, "MAIL_USE_TLS is 'perhaps'"),
    ({}, f"The database lacks {MIGRATIONS} migration(s)"),
]


@pytest.mark.attack("A44", "A57")
@pytest.mark.parametrize(("environment", "says"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_of_set_up_is_one_clear_line(tmp_path, environment, says):
    done = call(["-m", "ventory", "serve"], tmp_path, **({"PORT": free_port()} | environment))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = call(["-m", "ventory", "run"], tmp_path, PORT=port)
    assert done.returncode == 2
    assert f"Port {port} cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "written", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg2://u@h/d", "postgresql+psycopg://u@h/d"]
)
def test_every_spelling_of_postgresql_means_psycopg(written):
    assert normal_url(written).drivername == "postgresql+psycopg"


def test_secrets_are_made_once_and_kept_for_their_owner(tmp_path):
    first = load({"VENTORY_HOME": str(tmp_path)})
    second = load({"VENTORY_HOME": str(tmp_path)})
    assert first.secret_key == second.secret_key != first.jwt_secret_key
    assert (tmp_path / "secrets" / "secret_key").stat().st_mode & 0o077 == 0


def test_a_settings_file_that_is_no_text_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("MAIL_PASSWORD=grün".encode("cp1252"))

    with pytest.raises(BadSetting, match=r"\.env cannot be read"):
        load()


def test_logs_that_cannot_be_written_are_one_clear_line(tmp_path):
    (tmp_path / "logs").touch()

    with pytest.raises(BadSetting, match=r"logs cannot be written \(File exists\)"):
        load({"VENTORY_HOME": str(tmp_path)})


def test_a_secret_that_cannot_be_read_is_one_clear_line(tmp_path):
    (tmp_path / "secrets" / "secret_key").mkdir(parents=True)

    with pytest.raises(BadSetting, match=r"SECRET_KEY cannot be kept in .*/secrets/secret_key"):
        load({"VENTORY_HOME": str(tmp_path)})


@pytest.mark.attack("A44")
def test_a_placeholder_never_starts():
    with pytest.raises(BadSetting):
        load({"JWT_SECRET_KEY": "super-secret-jwt-key"})


WAYS = {
    "python app.py": ["app.py"],
    "flask run": ["-m", "flask", "run", "--port", "{port}"],
    "gunicorn app:create_app()": ["-m", "gunicorn", "-b", "127.0.0.1:{port}", "app:create_app()"],
    "gunicorn app:app": ["-m", "gunicorn", "-b", "127.0.0.1:{port}", "app:app"],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_server_starts_as_the_documents_say(tmp_path, way):
    made = call(["scripts/create_db.py"], tmp_path)
    assert made.returncode == 0, made.stderr
    port = free_port()
    environ = os.environ | {"VENTORY_HOME": str(tmp_path), "PORT": port}
    environ.pop("SQLALCHEMY_DATABASE_URI", None)
    server = subprocess.Popen(
        [sys.executable, *(part.format(port=port) for part in WAYS[way])],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert any(answers(port, "/readyz") or time.sleep(0.25) for _ in range(80)), way
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        assert server.wait(30) is not None


def test_flask_db_upgrade_works_on_an_empty_database(tmp_path):
    done = call(["-m", "flask", "db", "upgrade"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert call(["-m", "ventory", "verify"], tmp_path).returncode == 0


def test_verify_and_rebuild_by_command(tmp_path):
    import sqlite3

    call(["-m", "ventory", "demo", "--now", "2026-11-20T15:30"], tmp_path)
    right = call(["-m", "ventory", "verify"], tmp_path)
    assert (right.returncode, right.stdout.strip().splitlines()[-1].split(" (")[0].split(", ")[-1]) == (
        0, "0 differences",
    )  # fmt: skip
    with sqlite3.connect(tmp_path / "ventory.db") as connection:
        connection.execute("UPDATE balance SET on_hand = on_hand + 1000000 WHERE item_id = 5")
    wrong = call(["-m", "ventory", "verify"], tmp_path)
    assert wrong.returncode == 1
    assert "item 5: on_hand is" in wrong.stdout
    assert call(["-m", "ventory", "rebuild"], tmp_path).returncode == 0
    assert call(["-m", "ventory", "verify"], tmp_path).returncode == 0


PRODUCTION = {"FLASK_ENV": "production", "SECRET_KEY": "s" * 48, "JWT_SECRET_KEY": "j" * 48}


def test_production_gets_no_demo_chain(tmp_path):
    refused = call(["-m", "ventory", "demo"], tmp_path, **PRODUCTION)
    assert refused.returncode == 2
    assert refused.stderr.startswith("ventory: The demo chain is not for production")
    assert len(refused.stderr.strip().splitlines()) == 1
    environ = os.environ | {"VENTORY_HOME": str(tmp_path), "PORT": free_port()} | PRODUCTION
    environ.pop("SQLALCHEMY_DATABASE_URI", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "ventory", "run"], cwd=ROOT, env=environ, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said = []
        for line in server.stdout:
            said.append(line.strip())
            if line.startswith("Ventory listens"):
                break
        assert said[:2] == [
            "Preparing the database",
            "In production there is no demo chain: its password is published. Sign up for a shop of your own.",
        ]
        assert said[-1].startswith("Ventory listens on http://localhost:")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        server.stdout.close()


def calls_of_the_readme(port: str) -> str:
    """Its calls in their order, for a server on a port, ending at the first that is refused."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    calls = "\n".join(block for block in blocks if "curl" in block)
    here = calls.replace("http://localhost:5000", f"http://localhost:{port}")
    return 'set -eu\ncurl() { command curl --fail-with-body "$@"; }\nsleep() { command sleep 5; }\n' + here


def test_the_chain_comes_back_after_everything_was_killed_and_answers_the_readmes_calls(tmp_path):
    port = free_port()
    environ = os.environ | {"VENTORY_HOME": str(tmp_path / "var"), "PORT": port}
    environ.pop("SQLALCHEMY_DATABASE_URI", None)
    logins = []
    for signal_sent in (signal.SIGKILL, signal.SIGTERM):
        server = subprocess.Popen(
            [sys.executable, "-m", "ventory", "run"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        for line in server.stdout:
            if line.startswith("Demo login: "):
                logins.append(line)
                break
        assert any(answers(port) or time.sleep(0.25) for _ in range(40))
        if signal_sent == signal.SIGTERM:
            calls = ["bash", "-c", calls_of_the_readme(port)]
            said = subprocess.run(calls, cwd=tmp_path, capture_output=True, text=True, timeout=120)
            assert said.returncode == 0, said.stdout + said.stderr
        os.killpg(server.pid, signal_sent)
        server.wait(30)
        server.stdout.close()
        assert any(not answers(port) or time.sleep(0.25) for _ in range(40))
    assert logins[0] == logins[1]
    assert "owner@" in logins[0]


def test_a_python_without_the_environment_is_one_clear_line(tmp_path):
    done = call(["-S", "-m", "ventory", "verify"], tmp_path, PYTHONPATH="")
    assert done.returncode == 1
    assert done.stderr.strip().startswith("ventory: This Python lacks what Ventory needs.")
    assert len(done.stderr.strip().splitlines()) == 1
