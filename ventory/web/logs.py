"""Structured logs: one JSON object a line, to stderr and to the data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

import structlog

LARGEST_BYTES = 20 * 1024 * 1024


class _Tee:
    """Writes each line whole to the log file, and warnings (or everything) to stderr as well."""

    def __init__(self, file: TextIO, is_loud: bool):
        self.file, self.is_loud = file, is_loud

    def write(self, line: str) -> int:
        self.file.write(line)
        if self.is_loud or '"level": "info"' not in line:
            sys.stderr.write(line)
            sys.stderr.flush()
        return len(line)

    def flush(self) -> None:
        self.file.flush()


def configure(home: Path, *, is_loud: bool) -> None:
    """Send logs to `home`/logs/ventory.log and stderr.

    is_loud: everything to stderr too, as production wants it; else only what needs somebody
    """
    folder = home / "logs"
    folder.mkdir(exist_ok=True)
    path = folder / "ventory.log"
    if path.exists() and path.stat().st_size > LARGEST_BYTES:
        path.replace(folder / "ventory.log.1")
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", buffering=1, encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=structlog.WriteLoggerFactory(file=_Tee(file, is_loud)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
