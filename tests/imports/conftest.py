"""Files that come in, and what the ledger says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Said:
    """What an import answered. told: every line of it"""

    code: int
    told: list[str] = field(default_factory=list)

    @property
    def last(self) -> str:
        return self.told[-1]

    def reasons(self) -> list[str]:
        """Of the rows that stayed out: `line 3, quantity: why [code]`."""
        return [line for line in self.told if line.startswith("line ")]


@pytest.fixture
def bring_in(chain, tmp_path, capsys):
    """Import rows: bring_in("sales", text, …)."""

    def run(kind: str, text: str | Path, **more) -> Said:
        file = text if isinstance(text, Path) else tmp_path / f"{kind}.csv"
        if isinstance(text, str):
            file.write_text(text, newline="")
        options = Options(**{name: more.pop(name) for name in ("store", "update", "dry_run") if name in more})
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
