"""A rush of sign-ins: one password is checked at a time, one waits, the rest is asked to come back."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import select

from tests.chain import PASSWORD
from ventory.blueprints.auth import service
from ventory.db.attempts import AttemptCount
from ventory.db.unit_of_work import transaction


@pytest.fixture
def held(monkeypatch):
    """Passwords are checked only when released. shape: how many at once, the release"""
    state = {"now": 0, "most": 0}
    lock, release = threading.Lock(), threading.Event()
    real = service._hasher

    class Held:
        @staticmethod
        def verify(stored, given):
            with lock:
                state["now"] += 1
                state["most"] = max(state["most"], state["now"])
            release.wait(20)
            with lock:
                state["now"] -= 1
            return real.verify(stored, given)

    monkeypatch.setattr(service, "_hasher", Held)
    yield state, release
    release.set()


def test_of_eight_at_once_six_are_sent_away_and_use_up_no_tries(app, chain, held):
    state, release = held
    answered = []

    def sign_in(_):
        answer = app.test_client().post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
        answered.append(answer)
        if len([each for each in answered if each.status_code == 503]) == 6:
            release.set()
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(sign_in, range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 6
    assert state["most"] == 1
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["Retry-After"] == "1"
    with transaction() as session:
        assert set(session.execute(select(AttemptCount.tries)).scalars()) == {0}


def test_the_room_is_free_again_afterwards(app, chain):
    statuses = [
        app.test_client().post("/api/v1/auth/login", json={"email": chain.email, "password": password}).status_code
        for password in (PASSWORD, "wrong") * 4
    ]
    assert statuses == [200, 401] * 4


def test_another_process_that_hashes_is_waited_for_and_one_that_died_is_not(app, chain, config):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(config.home / "hash.lock")], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with ThreadPoolExecutor(1) as pool:
        sent = {"email": chain.email, "password": PASSWORD}
        answer = pool.submit(lambda: app.test_client().post("/api/v1/auth/login", json=sent))
        assert wait([answer], timeout=0.5).not_done
        holder.kill()
        holder.communicate()
        assert answer.result(20).status_code == 200


HOLD = """
import fcntl, sys, time
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""
