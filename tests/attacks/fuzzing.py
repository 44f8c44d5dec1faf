"""Random inputs, guided by what they led to: an input whose outcome is new is kept and changed further."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

SECONDS = 1.0
SLOWEST_SECONDS = 1.0
MOST_KEPT = 2_000
ODD = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"'", b",", b";", b"=", b"-", b"+", b".", b"e9", b"NaN",
    b"{", b"[", b"\\ud800", b"\\u0000", "٣".encode(), "\u202e".encode(), "e\u0301".encode(), b"9" * 40,
    b"\x7f", b"\x1b",
)  # fmt: skip


def runs() -> int | None:
    """How many runs VENTORY_FUZZ_RUNS asks for; None for as many as a second allows."""
    return int(os.environ["VENTORY_FUZZ_RUNS"]) if os.environ.get("VENTORY_FUZZ_RUNS") else None


@dataclass(frozen=True)
class Told:
    """runs: how many; outcomes: how many different ones; slowest: seconds of the processor that the slowest took"""

    runs: int
    outcomes: int
    slowest: float

    def __str__(self) -> str:
        return f"{self.runs} runs, {self.outcomes} outcomes, the slowest took {self.slowest * 1000:.1f} ms"


def attack(read: Callable[[bytes], Hashable], samples: Sequence[bytes], seed: int = 1) -> Told:
    """Read changed samples until the time is over, or as often as is asked for; the same seed gives the same inputs.

    read: gives what an input led to, and raises nothing that it does not expect
    raises: AssertionError with the input that broke the reader, or took too long
    """
    chance, kept, seen, wanted = random.Random(seed), list(samples), set(), runs()
    ends_at, slowest, number = time.monotonic() + SECONDS, 0.0, 0
    while number < wanted if wanted is not None else time.monotonic() < ends_at:
        number += 1
        content = changed(chance, kept)
        began = time.process_time()
        try:
            outcome = read(content)
        except Exception as mistake:
            raise AssertionError(f"run {number} of seed {seed}: {content!r}") from mistake
        took = time.process_time() - began
        slowest = max(slowest, took)
        assert took < SLOWEST_SECONDS, f"run {number} of seed {seed} took {took:.1f} s: {content!r}"
        if outcome not in seen and len(kept) < MOST_KEPT:
            seen.add(outcome)
            kept.append(content)
    return Told(number, len(seen), slowest)


def changed(chance: random.Random, kept: Sequence[bytes]) -> bytes:
    """One of the inputs, changed in up to eight places."""
    content = bytearray(chance.choice(kept))
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(content))
        match chance.randrange(6):
            case 0:
                content[place:place] = chance.choice(ODD)
            case 1 if content:
                content[place % len(content)] = chance.randrange(256)
            case 2:
                del content[place : place + chance.randint(1, 16)]
            case 3:
                content[place:place] = content[: chance.randint(1, 64)]
            case 4:
                other = chance.choice(kept)
                content[place:] = other[chance.randint(0, len(other)) :]
            case _:
                content[place:place] = chance.randbytes(chance.randint(1, 4))
    return bytes(content[:4_096])
