"""An authenticator app for tests: it shows the codes of a secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from tests.chain import PASSWORD
from ventory.core import totp


class App:
    """What somebody has on the phone. codes: of recovery, when it was set up"""

    def __init__(self, secret: str, codes: list[str]):
        self.secret, self.codes = secret, codes

    def shows(self, *, steps: int = 0) -> str:
        """The code of this moment, or of some steps later or earlier."""
        return totp.code_at(self.secret, totp.step_at(datetime.now(UTC)) + steps)


def set_up(api) -> App:
    """Set a second factor up for whoever a program is signed in as."""
    begun = api.post("/api/v1/users/me/second-factor", {"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    secret = begun.json["secret"]
    code = totp.code_at(secret, totp.step_at(datetime.now(UTC)))
    done = api.post("/api/v1/users/me/second-factor/confirm", {"code": code})
    assert done.status_code == 200, done.text
    return App(secret, done.json["codes"])


def later(**more):
    """Travel on by some time."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**more), tick=False)
