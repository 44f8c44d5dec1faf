"""Codes of an authenticator app: six digits that stand for half a minute each.

source: RFC 6238 with SHA-1, six digits and 30 seconds, which is what every such app makes
"""

from __future__ import annotations

from datetime import datetime

from pyotp import TOTP, random_base32

from ventory.core.codes import is_same

STEP_SECONDS = 30
DRIFT = 1
"""How many steps an app's clock may be ahead or behind."""


def new_secret() -> str:
    """160 random bits, as an app takes them."""
    return random_base32(32)


def address(secret: str, email: str) -> str:
    """What the picture that an app scans says."""
    return TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=email, issuer_name="Ventory")


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """What the app shows in a step."""
    return TOTP(secret, interval=STEP_SECONDS).generate_otp(step)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step that a code stands for, or None when it stands for none near this moment.

    Every step is compared, so that the time taken does not tell which it was.
    """
    here = step_at(now)
    found = [step for step in range(here - DRIFT, here + DRIFT + 1) if is_same(code_at(secret, step), code)]
    return found[-1] if found else None
