"""Gates on what is built in: no version that is known to be weak, no import that the lock does not hold."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.version import Version

from scripts.gates.found import Found, Gate, nodes, programs

TABLE = "docs/reference/minimum-versions.toml"
LOCKS = ("requirements.txt", "requirements-dev.txt")


def locked(root: Path) -> list[tuple[str, str, str]]:
    """(lock, package, version) of everything that is installed."""
    found = []
    for lock in LOCKS:
        for line in (root / lock).read_text().splitlines():
            pinned = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", line)
            if pinned:
                found.append((lock, pinned[1].lower().replace("_", "-"), pinned[2]))
    packages = json.loads((root / "package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        if path:
            found.append(("package-lock.json", path.rpartition("node_modules/")[2], package["version"]))
    return found


def versions_are_safe(root: Path) -> Found:
    """ASVS 15.2.1: what is locked is no older than the table says, and the table names nothing that is gone."""
    least = tomllib.loads((root / TABLE).read_text())
    found, seen = Found(), set()
    for lock, package, version in locked(root):
        found.examined += 1
        if package in least:
            seen.add(package)
            if Version(version) < Version(least[package]["version"]):
                found.refuse(f"{lock}: {package} {version} is older than {least[package]['version']}")
    for package in sorted(set(least) - seen):
        found.refuse(f"{TABLE}: {package} is not locked any more")
    return found


def imports_are_locked(root: Path) -> Found:
    """ASVS 15.1.2: what the package imports is its own, Python's, or in the lock file."""
    found = Found()
    installed = packages_distributions()
    known = {package for lock, package, _ in locked(root) if lock == "requirements.txt"}
    for name, tree in programs(root):
        for node in nodes(tree):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module or ""]
            for module in {each.split(".")[0] for each in modules} - {"ventory"}:
                found.examined += 1
                if module in sys.stdlib_module_names:
                    continue
                owners = {each.lower().replace("_", "-") for each in installed.get(module, [module])}
                if not owners & known:
                    found.refuse(f"{name}:{node.lineno}: {module} is in no lock")
    return found


GATES = (
    Gate("versions are safe", "locked packages", 100, versions_are_safe),
    Gate("imports are locked", "imports", 400, imports_are_locked),
)
