"""The table of ASVS lines names tests, gates, settings and documents that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from dotenv import dotenv_values

from scripts.gates.__main__ import GATES

ROOT = Path(__file__).resolve().parents[2]
LINES = tomllib.loads((ROOT / "docs" / "reference" / "asvs.toml").read_text())["line"]


# What lines may wait for besides the features that attack cases wait for, and what is there once it is built.
WAITED_FOR = {"a hook for scanners": "ventory/blueprints/files/scanning.py", "a reference proxy": "devops"}


def proofs(kind: str) -> set[str]:
    """What the table names of one kind."""
    return {each.removeprefix(f"{kind} ") for line in LINES for each in line["proof"] if each.startswith(f"{kind} ")}


def marked() -> set[str]:
    """The numbers of attack cases that tests carry."""
    found = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.attack":
                found |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    return found


def test_every_line_is_held_by_something_that_is_there():
    known = {"attack", "test", "gate", "setting", "document", "waiting"}
    for line in LINES:
        assert line["proof"], line
        assert {each.partition(" ")[0] for each in line["proof"]} <= known, line
    assert proofs("gate") <= {gate.name for gate in GATES}
    assert proofs("setting") <= set(dotenv_values(ROOT / ".env.example"))
    for path in proofs("document"):
        assert (ROOT / path).is_file(), path
    for test in proofs("test"):
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), test
    cases = ROOT / "tests" / "attacks" / "cases.toml"
    numbers = set(tomllib.loads(cases.read_text())) if cases.exists() else {f"A{number}" for number in range(1, 144)}
    assert proofs("attack") <= numbers
    print(f"{len(LINES)} lines, {sum(len(line['proof']) for line in LINES)} proofs examined")
    assert len(LINES) >= 80


def awaited_by_cases() -> set[str]:
    """The features that attack cases wait for."""
    cases = tomllib.loads((ROOT / "tests" / "attacks" / "cases.toml").read_text())
    return {each["state"].removeprefix("waiting: ") for each in cases.values() if each["state"] != "tested"}


def waits_in_vain(waiting: set[str], awaited: set[str], root: Path) -> list[str]:
    """What is wrong with what lines wait for. waiting: "FEATURE: words" """
    features = {each.partition(":")[0] for each in waiting}
    unknown = [
        f"{each}: no attack case waits for it, and it is not listed" for each in features - awaited - {*WAITED_FOR}
    ]
    built = [f"{each}: {path} is there" for each, path in WAITED_FOR.items() if (root / path).exists()]
    return unknown + built + [f"{each}: no line waits for it" for each in WAITED_FOR if each not in features]


def test_no_line_waits_for_what_is_built():
    assert waits_in_vain(proofs("waiting"), awaited_by_cases(), ROOT) == []


def test_a_line_that_waits_for_what_is_built_is_found(tmp_path):
    """The second factor was there for weeks while three lines still waited for it."""
    listed = {f"{each}: words" for each in WAITED_FOR}
    assert waits_in_vain(listed | {"orders: words"}, {"orders"}, tmp_path) == []
    (found,) = waits_in_vain(listed | {"second factor"}, awaited_by_cases(), tmp_path)
    assert found.startswith("second factor: no attack case waits for it")
    (tmp_path / "devops").mkdir()
    assert waits_in_vain(listed, set(), tmp_path) == ["a reference proxy: devops is there"]
    assert waits_in_vain(set(), set(), tmp_path / "none") == [f"{each}: no line waits for it" for each in WAITED_FOR]


def test_every_requirement_stands_once():
    named = [each for line in LINES for each in line["asvs"]]
    assert len(named) == len(set(named)) >= 190
    assert all(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", each) for each in named)


def test_the_cases_about_files_exhaustion_business_and_operation_are_marked_where_they_are_relied_on():
    relied_on = {each for each in proofs("attack") if int(each[1:]) >= 93}
    assert relied_on <= marked()
    assert len(relied_on) > 25


def test_every_gate_holds_some_line():
    assert {gate.name for gate in GATES} - proofs("gate") == set()
