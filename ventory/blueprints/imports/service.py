"""An import run: look through the whole file, say all that is wrong, then apply what is right, chunk by chunk."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ventory.blueprints.imports.kind import Kind, Outcome
from ventory.blueprints.imports.reading import Problem, Row
from ventory.blueprints.imports.report import Report
from ventory.core.errors import Overloaded, VentoryError
from ventory.db import engine as engines
from ventory.db.unit_of_work import Command, UnitOfWork, database, engine, unit_of_work, use_case

FEWEST, MOST = 20, 5_000
FIRST_LEARNT = 300
"""After so many rows, and again after four times as many, the planner hears how full the tables are."""

Progress = Callable[[str, int, int], None]
"""Called with what is done ("checking", "applying"), the bytes behind and the bytes in all."""


@dataclass(frozen=True, kw_only=True)
class _Apply(Command):
    """Some right rows, or what a kind does before the first and after the last."""

    kind: Kind
    step: Callable[[UnitOfWork], Outcome]


class _TakenBack(Exception):
    """Ends a transaction that should leave nothing; carries what it would have done."""

    def __init__(self, outcome: Outcome):
        super().__init__()
        self.outcome = outcome


@use_case
def _apply(command: _Apply) -> Outcome:
    with unit_of_work(command) as work:
        outcome = command.step(work)
        work.trail.note("import", _in_short(command.kind, outcome))
        work.finish()
        if command.kind.options.dry_run:
            raise _TakenBack(outcome)
        return outcome


def _in_short(kind: Kind, outcome: Outcome) -> str:
    """What the audit trail says of a chunk: the file and its counts."""
    counts = {"applied": outcome.posted, "there already": outcome.already_there, "refused": len(outcome.problems)}
    told = [f"{count} {word}" for word, count in (counts | outcome.told).items() if count]
    return f"{kind.table.name}: {', '.join(told) or 'nothing to do'}"


def run(kind: Kind, report: Report, *, all_or_nothing: bool = False, progress: Progress | None = None) -> None:
    """Check every row of the kind's file; then apply the right ones. Every row ends up in the report.

    A dry run goes the same way and takes every transaction back.
    all_or_nothing: apply nothing when a row is wrong, and all rows in one transaction
    raises: NotStarted, Overloaded (what was applied by then stays, and is there already next time)
    """
    tell = progress or (lambda *_: None)
    for each in _checked(kind, tell, "checking"):
        report.read += 1
        if isinstance(each, list):
            report.reject(each)
    if all_or_nothing:
        if not report.rejected:
            _apply_whole(kind, report, tell)
        return
    if report.rejected < report.read:
        _apply_chunks(kind, report, tell)


def _checked(kind: Kind, tell: Progress, stage: str) -> Iterator[tuple[Row, Any] | list[Problem]]:
    """Every row with its plain values, or with what is wrong with it."""
    with engines.reading(engines.within(engine(), kind.actor.inventory_id)).connect() as connection:
        kind.begin(connection)
    table = kind.table
    for number, row in enumerate(table.rows()):
        if number % 500 == 0:
            tell(stage, table.done, table.survey.size)
        if isinstance(row, Problem):
            kind.unreadable(row)
            yield [row]
            continue
        found = kind.check(row)
        yield found if isinstance(found, list) else (row, found)
    tell(stage, table.survey.size, table.survey.size)


def _right(kind: Kind, tell: Progress) -> Iterator[tuple[Row, Any]]:
    for each in _checked(kind, tell, "applying"):
        if not isinstance(each, list):
            yield each


def _apply_chunks(kind: Kind, report: Report, tell: Progress) -> None:
    rows, bound = _right(kind, tell), database()
    for step in kind.steps_before():
        report.add(_step(kind, step))
        time.sleep(bound.PAUSE_SECONDS)
    size, applied, learn_at = kind.rows_per_chunk, 0, FIRST_LEARNT
    while chunk := _take(rows, size):
        started = time.monotonic()
        report.add(_apply_chunk(kind, chunk))
        applied += len(chunk)
        if kind.fills and applied >= learn_at and not kind.options.dry_run:
            _step(kind, lambda work: _learn(kind, work))
            learn_at *= 4
            continue
        size = max(kind.fewest_rows, _next_size(size, (time.monotonic() - started) / bound.WRITE_SECONDS))
        time.sleep(bound.PAUSE_SECONDS)
    report.add(_step(kind, kind.after))


def _learn(kind: Kind, work: UnitOfWork) -> Outcome:
    work.database.learn(work.connection, kind.fills)
    return Outcome()


def _take(rows: Iterator[tuple[Row, Any]], size: int) -> list[tuple[Row, Any]]:
    return list(itertools.islice(rows, size))


def _next_size(size: int, taken: float) -> int:
    """Half again or half as many rows at most. taken: of the time that a transaction should take, 1 is right"""
    factor = min(1.5, max(0.5, 1 / max(taken, 0.01)))
    return min(MOST, max(FEWEST, int(size * factor)))


def _apply_chunk(kind: Kind, chunk: Sequence[tuple[Row, Any]]) -> Outcome:
    """Apply rows together; where the facts refuse them, one by one, so that only those to blame stay out."""
    plain = [each for _, each in chunk]
    try:
        outcome = _step(kind, lambda work: kind.apply(work, plain))
    except Overloaded:
        raise
    except VentoryError as error:
        if len(chunk) == 1:
            row = chunk[0][0]
            column = kind.table.column_of(error.field) if error.field else None
            return Outcome(problems=[Problem(row.line, column, error.code, error.message, row.raw)])
        outcome = Outcome()
        for each in chunk:
            outcome.add(_apply_chunk(kind, [each]))
        return outcome
    return _with_cells(outcome, chunk)


def _with_cells(outcome: Outcome, chunk: Sequence[tuple[Row, Any]]) -> Outcome:
    """Problems found while applying know their line; the report wants the cells too."""
    raw = {row.line: row.raw for row, _ in chunk}
    outcome.problems = [
        Problem(each.line, each.column, each.code, each.reason, each.raw or raw.get(each.line, ()))
        for each in outcome.problems
    ]
    return outcome


def _apply_whole(kind: Kind, report: Report, tell: Progress) -> None:
    """Everything in one transaction; a row that the facts refuse takes all of it back."""

    def whole(work: UnitOfWork) -> Outcome:
        total = Outcome()
        for step in kind.steps_before():
            total.add(step(work))
        rows = _right(kind, tell)
        while chunk := _take(rows, MOST):
            total.add(_with_cells(_applied(kind, work, chunk), chunk))
            if total.problems:
                raise _TakenBack(Outcome(problems=total.problems))
        total.add(kind.after(work))
        return total

    report.add(_step(kind, whole))


def _applied(kind: Kind, work: UnitOfWork, chunk: Sequence[tuple[Row, Any]]) -> Outcome:
    try:
        return kind.apply(work, [each for _, each in chunk])
    except Overloaded:
        raise
    except VentoryError as error:
        first, last = chunk[0][0].line, chunk[-1][0].line
        return Outcome(problems=[Problem(first, None, error.code, f"{error.message} (lines {first} to {last})")])


def _step(kind: Kind, step: Callable[[UnitOfWork], Outcome]) -> Outcome:
    try:
        return _apply(_Apply(by=kind.actor, kind=kind, step=step))
    except _TakenBack as nothing:
        return nothing.outcome
