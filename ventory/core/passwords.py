"""Which passwords are taken: long ones that are hard to guess. No rule about what they are made of.

source: NIST SP 800-63B-4, section 3.1.1.2: 15 characters where the password is all that is asked, no composition rules,
refused when common, repetitive or made of what everybody knows about the account
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ventory.core.errors import WeakPassword

SHORTEST = 15
LONGEST = 1024
# Of the demo chain's people: who opens a demo on the street opens its door. Nobody else may have it.
PUBLISHED = "open-the-doors-at-nine"
EASY_GUESSES = 10**8
LOOKED_AT = 48  # as far as the estimate looks: its time grows with the square of the length, to 45 ms here


def normal(password: str) -> str:
    """A password as it is hashed: the same text typed on another keyboard is the same password."""
    return unicodedata.normalize("NFC", password)


def refuse_weak(password: str, known: Iterable[str] = (), *, field: str = "password") -> None:
    """Refuse what is too short or easily guessed.

    known: what others know of the account: name, mail address, shop
    raises: WeakPassword
    """
    password = normal(password)
    if "\x00" in password:
        raise WeakPassword("A password holds no NUL character.", field=field)
    if len(password) < SHORTEST:
        raise WeakPassword(
            f"A password has at least {SHORTEST} characters. Four or five words that do not belong together are easy"
            " to remember.",
            field=field,
        )
    if len(password) > LONGEST:
        raise WeakPassword(f"A password has at most {LONGEST} characters.", field=field)
    if _guesses(password, known) < EASY_GUESSES:
        raise WeakPassword(
            "This password is among the first that somebody would guess: it is common, repeats itself or is made of"
            " your name, address or shop. Choose other words.",
            field=field,
        )


def _guesses(password: str, known: Iterable[str]) -> float:
    # Loaded when the first password is chosen: its 94,000 common passwords, names and words take 10 MB.
    from zxcvbn import zxcvbn

    words = {word for text in ("Ventory", PUBLISHED, *known) for word in _words(text)}
    return float(zxcvbn(password[:LOOKED_AT], user_inputs=sorted(words))["guesses"])


def _words(text: str) -> list[str]:
    text = text.casefold()
    parts = [part for part in re.split(r"[\W_]+", text) if len(part) > 2]
    return [*parts[:20], "".join(parts), text, text.partition("@")[0]]
