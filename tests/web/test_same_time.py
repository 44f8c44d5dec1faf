"""A35: signing in takes as long for an unknown address as for a known one with a wrong password."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest

from ventory.blueprints.auth import service
from ventory.core.errors import Unauthenticated
from ventory.db.attempts import AttemptCount
from ventory.db.unit_of_work import transaction

pytestmark = pytest.mark.usefixtures("real_hashes")
ROUNDS = 40


def seconds(email: str) -> float:
    asked = service.SignIn(email=email, password="wrong", channel="api", device="", lifetime=timedelta(days=1))
    started = perf_counter()
    with pytest.raises(Unauthenticated):
        service.sign_in(asked)
    took = perf_counter() - started
    with transaction() as session:
        session.execute(AttemptCount.__table__.delete())
    return took


@pytest.mark.attack("A35")
def test_a35_the_time_does_not_tell_whether_an_address_is_known(chain):
    seconds(chain.email), seconds("warm@up.example")
    pairs = [(seconds(chain.email), seconds(f"nobody{number}@chain.example")) for number in range(ROUNDS)]
    known, unknown = (sorted(times) for times in zip(*pairs, strict=True))

    # The quickest half of each: what else this machine does is noise, and would hide a difference as well as make one.
    ratio = median(known[: ROUNDS // 2]) / median(unknown[: ROUNDS // 2])

    assert 0.8 < ratio < 1.25
    assert median(unknown) > 0.005  # a password was really checked


@pytest.mark.attack("A35")
def test_a35_the_same_work_is_done_for_both(chain, monkeypatch):
    checked: list[str] = []
    real = service._hasher

    class Counting:
        @staticmethod
        def verify(stored, given):
            checked.append(stored)
            return real.verify(stored, given)

    monkeypatch.setattr(service, "_hasher", Counting)
    seconds(chain.email)
    seconds("nobody@chain.example")

    cost = "$argon2id$v=19$m=19456,t=2,p=1$"
    assert [stored.startswith(cost) for stored in checked] == [True, True]
