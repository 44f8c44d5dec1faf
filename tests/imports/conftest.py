"""Importing text as a file, what was said about it, and what the ledger says then."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import select

from ventory.blueprints.imports.command import import_file
from ventory.blueprints.imports.kind import Options
from ventory.blueprints.items.models import Item
from ventory.db.engine import reading
from ventory.db.unit_of_work import engine
from ventory.models import Movement, MovementLine, MovementPrivate
from ventory.stock.verify import verify

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


@dataclasses.dataclass(frozen=True)
class Said:
    """What an import answered. told: every line of it"""

    code: int
    told: list[str]

    @property
    def last(self) -> str:
        return self.told[-1]

    def reasons(self) -> list[str]:
        """Of the rows that stayed out: `line 3, quantity: why [code]`."""
        return [line for line in self.told if line.startswith("line ")]


@pytest.fixture
def take_in(chain, tmp_path, capsys):
    """Import rows of the past: take_in("sales", text, …)."""

    def run(kind: str, content: str | Path, **more) -> Said:
        file = content if isinstance(content, Path) else tmp_path / f"{kind}.csv"
        if isinstance(content, str):
            file.write_text(content, newline="")
        options = Options(**{name: more.pop(name) for name in _OPTIONS & more.keys()})
        capsys.readouterr()
        code = import_file(kind, file, tmp_path, options=options, **more)
        said = capsys.readouterr()
        return Said(code, [*said.err.strip().splitlines(), *said.out.strip().splitlines()])

    return run


@pytest.fixture
def ledger(chain):
    """Every line of the ledger but first stock by hand: (kind, reason, reference, SKU, quantity, value, who, note)."""

    def lines() -> list[tuple]:
        with engine().connect() as connection:
            rows = connection.execute(
                select(
                    Movement.kind,
                    Movement.reason,
                    Movement.external_reference,
                    Item.sku,
                    MovementLine.quantity,
                    MovementLine.value,
                    MovementPrivate.counterparty,
                    MovementPrivate.note,
                )
                .join(MovementLine, MovementLine.movement_id == Movement.id)
                .join(Item, Item.id == MovementLine.item_id)
                .outerjoin(MovementPrivate, MovementPrivate.movement_id == Movement.id)
                .order_by(MovementLine.id)
            ).all()
        return [tuple(row) for row in rows]

    yield lines
    with reading(engine()).connect() as connection:
        assert verify(connection).differences == ()
