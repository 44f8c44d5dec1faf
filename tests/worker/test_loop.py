"""The worker's loop: one part that fails holds up no other."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from ventory.db.engine import autocommit
from ventory.stock import facts
from ventory.worker.run import Part, work


@pytest.fixture
def no_mail_server(config):
    """Settings that name a mail server which refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield replace(config, mail=config.mail | {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": taken.getsockname()[1]})


def test_daily_facts_are_kept_while_the_mail_server_is_away(chain, engine, no_mail_server):
    chain.item("tea", stock=10, reorder_point=5)
    chain.move("sale", ("tea", 6))
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(no_mail_server, engine, stop))

    worker.start()
    kept, give_up_at = False, time.monotonic() + 20
    while not kept and time.monotonic() < give_up_at:
        with autocommit(engine).connect() as connection:
            kept = facts.position(connection) > 0 and not facts.waiting(connection, chain.inventory_id)
        stop.wait(0.05)
    stop.set()
    worker.join()

    assert kept


def test_a_part_that_fails_rests_before_it_tries_again():
    tries = []

    def fail():
        tries.append(1)
        raise ConnectionRefusedError

    part = Part("mail", fail)

    assert [part.step(), part.step()] == [False, False]
    assert tries == [1]
    assert part.due_at > time.monotonic()


def test_a_part_of_every_hour_is_done_once_an_hour():
    done = []
    part = Part("tidying", lambda: done.append(1), every=3_600)

    assert [part.step(), part.step()] == [False, False]
    assert done == [1]
