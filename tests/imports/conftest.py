"""Importing text as a file, and what was said about it."""

from __future__ import annotations

import dataclasses

import pytest

from ventory.blueprints.imports.command import import_file
from ventory.blueprints.imports.kind import Options

_OPTIONS = {each.name for each in dataclasses.fields(Options)}


@pytest.fixture
def bring_in(chain, tmp_path, capsys):
    """Import text as a file of a kind. returns: (exit code, the lines that were said)"""

    def run(kind: str, content: str | bytes, **more):
        file = tmp_path / f"{kind}.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        options = Options(**{name: more.pop(name) for name in _OPTIONS & more.keys()})
        code = import_file(kind, file, tmp_path, options=options, **more)
        return code, capsys.readouterr().out.strip().splitlines()

    return run
