"""A rush of sign-ins: two passwords are checked at once, a third waits, the rest is asked to come back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.chain import PASSWORD
from ventory.blueprints.auth import service
from ventory.db.attempts import AttemptCount
from ventory.db.unit_of_work import transaction


@pytest.fixture
def held(monkeypatch):
    """Passwords are checked only when released, the first two together. shape: how many at once, the release"""
    state = {"now": 0, "most": 0, "begun": 0}
    lock, release, both = threading.Lock(), threading.Event(), threading.Barrier(2)
    real = service._hasher

    class Held:
        @staticmethod
        def verify(stored, given):
            with lock:
                state["now"] += 1
                state["most"] = max(state["most"], state["now"])
                state["begun"] += 1
                is_early = state["begun"] <= 2
            if is_early:
                both.wait(20)
            release.wait(20)
            with lock:
                state["now"] -= 1
            return real.verify(stored, given)

    monkeypatch.setattr(service, "_hasher", Held)
    yield state, release
    release.set()


def test_of_eight_at_once_five_are_sent_away_and_use_up_no_tries(app, chain, held):
    state, release = held
    answered = []

    def sign_in(_):
        answer = app.test_client().post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
        answered.append(answer)
        if len([each for each in answered if each.status_code == 503]) == 5:
            release.set()
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(sign_in, range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 5
    assert state["most"] == 2
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
