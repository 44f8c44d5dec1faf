"""`ventory import`: a file at the command line, its progress and its report."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ventory.blueprints.imports import mapping, service
from ventory.blueprints.imports.kind import Kind, Options
from ventory.blueprints.imports.kinds import KINDS
from ventory.blueprints.imports.mapping import NotStarted
from ventory.blueprints.imports.queries import system_actor
from ventory.blueprints.imports.reading import Table, open_table
from ventory.blueprints.imports.report import Report
from ventory.core.errors import Overloaded
from ventory.db import engine as engines
from ventory.db.unit_of_work import engine

SECONDS_BETWEEN_LINES = 5
STOPPED = 130


def import_file(
    kind: str,
    file: Path,
    home: Path,
    *,
    map_name: str | None = None,
    inventory: str | None = None,
    encoding: str | None = None,
    options: Options | None = None,
    all_or_nothing: bool = False,
) -> int:
    """Import a file into the bound database and say on the terminal what became of it. returns: the exit code"""
    try:
        reader = _reader(kind, file, map_name, inventory, encoding, options or Options())
    except NotStarted as error:
        click.echo(f"Not started: {error}", err=True)
        return 2
    report = Report(reader.table.name, reader.table.header, home / "imports")
    _say_reading(reader.table)
    try:
        with _shown_progress() as progress:
            service.run(reader, report, all_or_nothing=all_or_nothing, progress=progress)
    except NotStarted as error:
        click.echo(f"Stopped: {error}", err=True)
        return 2
    except (KeyboardInterrupt, Overloaded) as error:
        click.echo(f"Stopped: {error or 'by hand'}. Run it again to go on; what came in stays.", err=True)
        click.echo(report.last_line)
        return STOPPED
    finally:
        report.close()
    _say(report, reader.options.dry_run)
    return report.exit_code


def _reader(
    kind: str, file: Path, map_name: str | None, inventory: str | None, encoding: str | None, options: Options
) -> Kind:
    kind_of_file = KINDS[kind]
    with engines.autocommit(engine()).connect() as connection:
        actor = system_actor(connection, inventory)
    choose = functools.partial(mapping.choose, kind_of_file.shape, wanted=map_name)
    table = open_table(file, kind_of_file.shape, lambda header: choose(header), encoding=encoding)
    return kind_of_file(table, actor, options)


def _say_reading(table: Table) -> None:
    how = "" if table.survey.says_so or table.encoding == "utf-8" else ", which is a guess (--encoding says otherwise)"
    click.echo(f"Reading {table.name} as {table.encoding}{how}, columns by the mapping {table.mapping.name}")
    if table.unused:
        click.echo(f"Columns that are not used: {', '.join(table.unused)}")


@contextmanager
def _shown_progress() -> Iterator[service.Progress]:
    """A bar on a terminal, elsewhere a line every few seconds."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    bar = _Bar()
    try:
        yield bar.draw
    finally:
        bar.end()


class _Bar:
    """A progress bar for the stage under way."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def draw(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self.end()
            self._stage = stage
            self._bar = click.progressbar(length=max(total, 1), label=stage.title(), file=sys.stderr)
        self._bar.update(done - self._bar.pos)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None


def _lines() -> service.Progress:
    last = time.monotonic()

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{stage.title()}: {done * 100 // max(total, 1)} %", err=True)

    return tell


def _say(report: Report, dry_run: bool) -> None:
    for problem in report.problems:
        column = f", {problem.column}" if problem.column else ""
        click.echo(f"line {problem.line}{column}: {problem.reason} [{problem.code}]")
    more = report.problem_count - len(report.problems)
    if more > 0:
        click.echo(f"… and {more} more")
    if report.rejects_file:
        click.echo(f"Every problem, with its row: {report.rejects_file}")
    for code, count in report.notice_counts.most_common():
        example = next((each for each in report.notices if each.code == code), None)
        said = f", such as line {example.line}: {example.reason}" if example else ""
        click.echo(f"notice {code}: {count}{said}")
    for words, count in report.told.items():
        click.echo(f"{words}: {count}")
    if dry_run:
        click.echo("Dry run: nothing was kept. This is what would have happened:")
    click.echo(report.last_line)
