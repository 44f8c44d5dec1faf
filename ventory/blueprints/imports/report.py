"""What an import did, told as it goes: counts, what was wrong and where, and a file of the rows that stayed out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from ventory.blueprints.imports.kind import Notice, Outcome
from ventory.blueprints.imports.reading import Problem
from ventory.core.cells import neutral

SHOWN = 20
LONGEST_NAME = 200
"""Bytes; a folder takes names of 255."""


@dataclass
class Report:
    """The counts of a run. Every row is read, and then posted, non-stock, rejected or already there.

    header: the file's columns, for the file of rejected rows; folder: where that is written
    problems, notices: the first few; all problems are in the file
    """

    name: str
    header: Sequence[str]
    folder: Path
    read: int = 0
    posted: int = 0
    non_stock: int = 0
    rejected: int = 0
    already_there: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    notices: list[Notice] = field(default_factory=list)
    notice_counts: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    _rejects: _Sheet | None = None

    @property
    def last_line(self) -> str:
        return (
            f"read {self.read}, posted {self.posted}, non-stock {self.non_stock}, rejected {self.rejected},"
            f" already there {self.already_there}"
        )

    @property
    def exit_code(self) -> int:
        return 1 if self.rejected else 0

    @property
    def rejects_file(self) -> Path | None:
        return self._rejects.path if self._rejects else None

    def reject(self, problems: Sequence[Problem]) -> None:
        """One row stays out, for these reasons."""
        self.rejected += 1
        self.problem_count += len(problems)
        self.problems += problems[: max(0, SHOWN - len(self.problems))]
        if self._rejects is None:
            self._rejects = _Sheet(self._new_file(), ["line", "column", "code", "reason", *self.header])
        for each in problems:
            self._rejects.write([each.line, each.column or "", each.code, each.reason, *each.raw])

    def add(self, outcome: Outcome) -> None:
        """Count what became of some rows."""
        self.posted += outcome.posted
        self.non_stock += outcome.non_stock
        self.already_there += outcome.already_there
        self.told.update(outcome.told)
        for notice in outcome.notices:
            self.notice_counts[notice.code] += 1
            if len(self.notices) < SHOWN:
                self.notices.append(notice)
        for problem in outcome.problems:
            self.reject([problem])

    def close(self) -> None:
        if self._rejects is not None:
            self._rejects.close()

    def _new_file(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = self.name.encode()[:LONGEST_NAME].decode(errors="ignore")
        return self.folder / f"{begun}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-rejects.csv"


class _Sheet:
    """A CSV file that any spreadsheet opens without harm."""

    def __init__(self, path: Path, header: Sequence[str]):
        self.path = path
        # Bytes that were no text are written as they came; the BOM lets spreadsheets find the encoding.
        self._file: TextIO = path.open("w", encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._writer = csv.writer(self._file)
        self.write(header)

    def write(self, row: Sequence[Any]) -> None:
        self._writer.writerow([neutral(str(cell)) for cell in row])

    def close(self) -> None:
        self._file.close()
