"""What a gate is, and what it finds."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Found:
    """What a gate saw. allowed: what may break the rule, by name, with the reason; a name that is met no more is wrong

    examined: how many things; skipped: why there was nothing to look at, or empty
    """

    allowed: dict[str, str] = field(default_factory=dict)
    examined: int = 0
    skipped: str = ""
    _broken: list[str] = field(default_factory=list)
    _met: set[str] = field(default_factory=set)

    def refuse(self, line: str, *, unless: str | None = None) -> None:
        """Something breaks the rule. line: says what and where; unless: the name by which it may be allowed"""
        if unless is not None:
            self._met.add(unless)
        if unless is None or unless not in self.allowed:
            self._broken.append(line)

    @property
    def wrong(self) -> tuple[str, ...]:
        """A line for each that breaks the rule, and for each allowance that nothing needs."""
        gone = sorted(set(self.allowed) - self._met)
        return (*self._broken, *(f"{each}: allowed, but not there any more" for each in gone))


@dataclass(frozen=True)
class Gate:
    """A rule. least: how much there is to examine at least, so that a gate that looks nowhere fails."""

    name: str
    unit: str
    least: int
    look: Callable[[Path], Found]


def programs(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package, by its path."""
    for file in sorted((root / "ventory").rglob("*.py")):
        yield str(file.relative_to(root)), _parsed(file, file.stat().st_mtime_ns)


@functools.cache
def _parsed(file: Path, _changed: int) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@functools.cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Everything within; walked once, for a dozen rules ask."""
    return tuple(ast.walk(tree))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in nodes(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """What is called, as it is written: `hashlib.sha256`, `execute`."""
    return written(call.func)


def written(node: ast.expr) -> str:
    """As ast.unparse, at a tenth of its time for names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{written(node.value)}.{node.attr}"
    return ast.unparse(node)
