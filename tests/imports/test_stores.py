"""Stores from a file, whole or in part, again and again."""

from __future__ import annotations

import csv

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ventory.blueprints.imports.command import import_file
from ventory.blueprints.imports.kind import Options
from ventory.blueprints.stores.models import Store
from ventory.cli import ventory
from ventory.db.unit_of_work import engine

IOWA = """Store,Report Date,Name,Store Status,Address,State,Zip Code,latitude,longitude,City
3769,2022-11-01,"CORNER SHOP / AMES",A,1 MAIN ST.,IA,50010,,,AMES
4000,2022-11-01,OLD SHOP / AMES,I,2 MAIN ST.,IA,50010,,,AMES
"""


@pytest.fixture
def come_in(chain, tmp_path, capsys):
    """Import a file of stores. returns: (exit code, what was said)"""

    def run(text: str, **more):
        file = tmp_path / "stores.csv"
        file.write_text(text, newline="")
        options = Options(**{name: more.pop(name) for name in ("update", "dry_run") if name in more})
        code = import_file("stores", file, tmp_path, options=options, **more)
        return code, capsys.readouterr().out.strip().splitlines()

    return run


def stores() -> dict[str, tuple]:
    with engine().connect() as connection:
        rows = connection.execute(select(Store.__table__).order_by(Store.id))
        return {row.code: (row.name, row.kind, row.address, row.time_zone, row.closed_at) for row in rows}


def test_stores_of_iowas_format_come_in_open_and_a_second_run_adds_nothing(come_in):
    code, said = come_in(IOWA)

    assert code == 0
    assert said[-1] == "read 2, posted 2, non-stock 0, rejected 0, already there 0"
    assert "notice inactive_store: 1" in "\n".join(said)
    assert stores()["3769"] == (
        "CORNER SHOP / AMES",
        "shop",
        "1 MAIN ST., AMES, IA, 50010",
        "America/Chicago",
        None,
    )
    assert stores()["4000"][4] is None

    code, said = come_in(IOWA)
    assert said[-1] == "read 2, posted 0, non-stock 0, rejected 0, already there 2"
    assert len(stores()) == 4


def test_a_store_that_differs_stays_unless_it_is_to_be_updated(come_in):
    come_in("code,name\nBATH,Bath\n")

    code, said = come_in("code,name,kind\nbath,Bath Spa,warehouse\n")
    assert code == 0
    assert "notice differs: 1" in "\n".join(said)
    assert stores()["BATH"][:2] == ("Bath", "shop")

    code, said = come_in("code,name,kind\nbath,Bath Spa,warehouse\n", update=True)
    assert said[-1] == "read 1, posted 1, non-stock 0, rejected 0, already there 0"
    assert stores()["BATH"][:2] == ("Bath Spa", "warehouse")


BAD = """code,name,kind,time zone,status
BATH,Bath,,,
,Nameless,,,
RYE,,,,
HULL,Hull,castle,Mars/Olympus,dreaming
bath,Bath Spa,,,
=1+1,Sum,,,
DEAL,=1+1,,,
"""


def test_every_bad_row_is_named_and_good_ones_come_in(come_in, tmp_path):
    code, said = come_in(BAD)

    assert code == 1
    assert said[-1] == "read 7, posted 2, non-stock 0, rejected 5, already there 0"
    assert [line.split(":")[0] for line in said if line.startswith("line ")] == [
        "line 3, code",
        "line 4, name",
        "line 5, kind",
        "line 5, time zone",
        "line 5, status",
        "line 6, code",
        "line 7, code",
    ]
    assert stores()["DEAL"][0] == "=1+1"
    (file,) = (tmp_path / "imports").iterdir()
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rejects = list(csv.reader(handle))
    assert rejects[0] == ["line", "column", "code", "reason", "code", "name", "kind", "time zone", "status"]
    assert rejects[7][:3] == ["7", "code", "formula"]
    assert rejects[7][4] == "'=1+1"


def test_all_or_nothing_applies_nothing_when_a_row_is_wrong(come_in):
    code, said = come_in(BAD, all_or_nothing=True)

    assert code == 1
    assert said[-1] == "read 7, posted 0, non-stock 0, rejected 5, already there 0"
    assert set(stores()) == {"LEEDS", "YORK"}

    code, said = come_in("code,name\nBATH,Bath\nDEAL,Deal\n", all_or_nothing=True)
    assert said[-1] == "read 2, posted 2, non-stock 0, rejected 0, already there 0"


def test_a_dry_run_says_the_same_and_keeps_nothing(come_in):
    code, said = come_in(BAD, dry_run=True)

    assert code == 1
    assert said[-1] == "read 7, posted 2, non-stock 0, rejected 5, already there 0"
    assert set(stores()) == {"LEEDS", "YORK"}


def test_what_cannot_be_read_is_not_started(come_in, chain, tmp_path):
    code, said = come_in("name\nBath\n")
    assert (code, said) == (2, [])
    assert come_in("code,name\nBATH,Bath\n", inventory="Nobody's")[0] == 2
    assert come_in("code,name\nBATH,Bath\n", inventory="tea AND mugs")[0] == 0
    assert come_in("code,name\nBATH,Bath\n", inventory=str(chain.inventory_id))[0] == 0


def test_the_command_imports_and_explains_itself(chain, config, tmp_path, monkeypatch):
    monkeypatch.setenv("VENTORY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", config.database_url)
    monkeypatch.setenv("VENTORY_ENV", "testing")
    file = tmp_path / "stores.csv"
    file.write_text("code,name\nBATH,Bath\n")

    done = CliRunner().invoke(ventory, ["import", "stores", str(file)])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "read 1, posted 1, non-stock 0, rejected 0, already there 0"

    done = CliRunner().invoke(ventory, ["import", "castles", str(file)])
    assert done.exit_code == 2
    assert "castles is none of" in done.output

    help_page = CliRunner().invoke(ventory, ["import", "--help"]).output
    assert all(word in help_page for word in ("--map", "--dry-run", "--update", "--all-or-nothing", "--store"))
