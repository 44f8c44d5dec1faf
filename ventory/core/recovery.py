"""Recovery codes: for the day when the authenticator app is gone."""

from __future__ import annotations

import hashlib
import secrets

COUNT = 10
# No i, l or o, which are read as 1 and 0, and no u, so that no code is a word.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_MEANT = str.maketrans("ilo", "110")
_LENGTH, _GROUP = 24, 4


def new_codes() -> tuple[str, ...]:
    """Ten codes of 120 random bits each, in groups of four: too many to guess, so that a plain digest may be kept.

    source: ASVS 5.0, 6.5.2: from 112 bits on no slow hash is needed
    """
    return tuple(_grouped("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))) for _ in range(COUNT))


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def normal(code: str) -> str | None:
    """A code as its digest is made of it, however it was typed; None for what cannot be one."""
    text = "".join(code.split()).replace("-", "").casefold().translate(_MEANT)
    return text if len(text) == _LENGTH and set(text) <= set(_LETTERS) else None


def digest(code: str) -> str | None:
    """What is kept of a code; None for what cannot be one."""
    text = normal(code)
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
