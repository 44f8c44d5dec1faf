"""Sessions for reading within a request: one unchanging view, limited to the actor's inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import g
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ventory.core.access import Actor
from ventory.db import engine as engines
from ventory.db.scope import scope
from ventory.db.unit_of_work import engine, finish_reading, is_disconnect, limit_reading

Found = TypeVar("Found")


LONGEST_SECONDS = 5.0


def briefly() -> None:
    """Let what this request reads be given up after LONGEST_SECONDS: figures over long ranges hold a connection, and
    whoever asks for them may ask again and again. Run before the requests of a blueprint."""
    g.reads_briefly = True


def session() -> Session:
    """The request's read session; it never commits, and the unit of work ends it before it writes."""
    if "read_session" not in g:
        g.read_session = _session(g.actor)
        if "reads_briefly" in g:
            limit_reading(g.read_session, LONGEST_SECONDS)
    return g.read_session


def _session(actor: Actor) -> Session:
    here = engines.within(engine(), actor.inventory_id)
    return scope(Session(engines.reading(here)), actor.inventory_id)


@contextmanager
def apart(actor: Actor) -> Iterator[Session]:
    """A read session that outlives its request: for what is read while it is sent."""
    session = _session(actor)
    try:
        yield session
    finally:
        finish_reading(session)


def end() -> None:
    """Give the read session's connection back."""
    if g and "read_session" in g:
        finish_reading(g.pop("read_session"))


@contextmanager
def autocommit_connection() -> Iterator[Connection]:
    """For reads that need no transaction, of whichever inventory."""
    with engines.autocommit(engines.everywhere(engine())).connect() as connection:
        yield connection


def asked_first(read: Callable[[Connection], Found]) -> Found:
    """What a request asks before anything else: who is asking. Once more on another connection when the first is dead.

    So it is this read that finds out after a restart of the server; what rested in the pool is then tested before use.

    read: prepared statements alone, which begin no transaction unless the database holds walls
    """
    try:
        with engines.everywhere(engine()).connect() as connection:
            return read(connection)
    except DBAPIError as error:
        if not is_disconnect(error):
            raise
    with engines.everywhere(engine()).connect() as connection:
        return read(connection)
