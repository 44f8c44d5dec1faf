"""A role of PostgreSQL that `ventory grant` has fitted, and the configuration of a server that works by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from click.testing import CliRunner
from sqlalchemy import make_url, text

from ventory import cli
from ventory.config import Config
from ventory.db.engine import open_engine


@contextmanager
def granted(config: Config, role: str) -> Iterator[Config]:
    """The configuration by the role. config: by the owner of the tables"""
    owner = open_engine(config.database_url)
    with owner.begin() as connection:
        connection.execute(text(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'granted'"))
    grant(config, role)
    address = make_url(config.database_url).set(username=role, password="granted")
    try:
        yield replace(config, database_url=address.render_as_string(hide_password=False), restricted_role=True)
    finally:
        with owner.begin() as connection:
            connection.execute(text(f'DROP OWNED BY "{role}"'))
            connection.execute(text(f'DROP ROLE "{role}"'))
        owner.dispose()


def grant(config: Config, role: str) -> None:
    done = CliRunner().invoke(cli.ventory, ["grant", role], env=environ(config))
    assert done.exit_code == 0, done.output
    assert "may work with" in done.output


def environ(config: Config) -> dict[str, str]:
    """What a command needs to be told to work by a configuration."""
    return {
        "VENTORY_ENV": "testing",
        "VENTORY_HOME": str(config.home),
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "VENTORY_RESTRICTED_ROLE": str(config.restricted_role).lower(),
    }
