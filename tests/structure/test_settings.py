"""The example of settings names what the configuration reads, and starts as it stands."""

from __future__ import annotations

import ast
from pathlib import Path

from dotenv import dotenv_values

from ventory.config import load

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
# Other names for settings that the example already holds.
SYNONYMS = {"FLASK_ENV", "DATABASE_URL"}


def names_read() -> set[str]:
    """Every name in capitals that config.py hands to a function that looks it up."""
    tree = ast.parse((ROOT / "ventory" / "config.py").read_text())
    handed = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ]
    return {name for name in handed if isinstance(name, str) and name.isupper()}


def test_the_example_names_every_setting_and_no_other():
    shown = set(dotenv_values(EXAMPLE))

    assert shown == names_read() - SYNONYMS


def test_the_example_starts_as_it_stands(tmp_path):
    written = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}

    config = load(written | {"VENTORY_HOME": str(tmp_path)})

    assert config == load({"VENTORY_HOME": str(tmp_path)})
