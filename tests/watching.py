"""What the security log says of a stretch of a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ventory.security_log import EVENTS, NAME


def records(home: Path) -> list[dict]:
    """Every line of a data folder's security log, each seen to be as the reference says."""
    file = home / "logs" / "security.log"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for line in lines:
        assert line["logger"] == NAME
        assert line["event"] in EVENTS
        assert line["time"].endswith("+00:00")
    return lines


@contextmanager
def watched(home: Path) -> Iterator[list[dict]]:
    """yields: a list that holds, after the block, what was noted within it"""
    before = len(records(home))
    found: list[dict] = []
    yield found
    found += records(home)[before:]
