"""Write docs/reference/security.md: every attack case, what is expected of it, and the tests that carry its number.

Usage: python scripts/list_attacks.py

The cases stand in tests/attacks/cases.toml; which test proves which is marked at the test, by @pytest.mark.attack.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "attacks" / "cases.toml"
PAGE = ROOT / "docs" / "reference" / "security.md"
LAST = 143
# The first number of each chapter.
CHAPTERS = {
    1: "Who may see and change what",
    25: "Signing in, codes, passwords, sessions",
    50: "Tokens",
    62: "Forms from elsewhere, origins, redirects, caches, frames",
    74: "Injection and output",
    93: "Files and outbound requests",
    110: "Exhaustion and protocol",
    122: "Business rules",
    134: "Operation and supply",
}
INTRODUCTION = """# Attack cases

Every case is a number that stands at the tests that prove it (`pytest tests -m attack`). *Refused* means: the status
that is named, a problem document without our insides, and nothing stored. This page is made by
`scripts/list_attacks.py` from `tests/attacks/cases.toml` and the marks at the tests; a test holds it to both.
"""


@dataclass(frozen=True)
class Case:
    """An attack. waits_for: the feature without which it cannot be tried, or empty"""

    number: int
    title: str
    expected: str
    waits_for: str

    @property
    def name(self) -> str:
        return f"A{self.number}"


def main() -> int:
    PAGE.write_text(page(cases(), marked(ROOT / "tests")), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {LAST} cases")
    return 0


def cases(text: str | None = None) -> list[Case]:
    """All cases as they stand in the table, in its order. raises: ValueError for a state that is none"""
    table = tomllib.loads(text or TABLE.read_text(encoding="utf-8"))
    return [
        Case(int(name.removeprefix("A")), entry["title"], entry["expected"], _waits_for(name, entry["state"]))
        for name, entry in table.items()
    ]


def _waits_for(name: str, state: str) -> str:
    if state == "tested":
        return ""
    waits_for = state.removeprefix("waiting: ")
    if waits_for == state or not waits_for:
        raise ValueError(f'{name} is "{state}": write "tested", or "waiting: " and the feature that it waits for')
    return waits_for


def marked(folder: Path) -> dict[str, list[str]]:
    """The tests that carry each number, as file::test, in order.

    Read from the source: importing a test asks for everything that it needs.
    """
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for name in _numbers(node):
                    found.setdefault(name, []).append(f"{file.relative_to(folder.parent)}::{node.name}")
    return found


def _numbers(test: ast.FunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack":
            yield from (ast.literal_eval(each) for each in mark.args)


def problems(every: list[Case], tests: dict[str, list[str]]) -> list[str]:
    """What is not right with the table and the marks."""
    numbers = [case.number for case in every]
    names = {case.name for case in every}
    wrong = [f"The table holds {len(numbers)} cases, not 1 to {LAST} in order."] * (numbers != [*range(1, LAST + 1)])
    wrong += [f"{name} is at {tests[name][0]} and not in the table." for name in tests if name not in names]
    for case in every:
        if not case.waits_for and case.name not in tests:
            wrong.append(f"{case.name} counts as tested and no test carries its number.")
        if case.waits_for and case.name in tests:
            wrong.append(f"{case.name} waits for {case.waits_for}, yet {tests[case.name][0]} carries its number.")
    return wrong


def page(every: list[Case], tests: dict[str, list[str]]) -> str:
    """The reference page."""
    waiting = [case for case in every if case.waits_for]
    lines = [
        INTRODUCTION,
        f"{len(every) - len(waiting)} cases are tested; {len(waiting)} wait for what is not built yet.",
    ]
    for case in every:
        if case.number in CHAPTERS:
            lines += ["", f"## {CHAPTERS[case.number]}", "", "| case | attack | expected | tests |"]
            lines.append("| --- | --- | --- | --- |")
        shown = _shown(tests.get(case.name, [])) if not case.waits_for else f"waits for: {case.waits_for}"
        lines.append(f"| {case.name} | {case.title} | {case.expected} | {shown} |")
    return "\n".join(lines) + "\n"


def _shown(tests: list[str]) -> str:
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests)


if __name__ == "__main__":
    sys.exit(main())
