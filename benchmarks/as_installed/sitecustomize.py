"""Hides from the measured service what only developers install: the libraries that Ventory uses load some of it when
it is there (PyJWT cryptography, structlog rich), 12 MB in every process that a shop never sees."""

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

_REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


_installed = {
    _plain(line.split("==")[0]) for line in _REQUIREMENTS.read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)
} | {"ventory"}
for _module, _distributions in packages_distributions().items():
    if not {_plain(name) for name in _distributions} & _installed:
        sys.modules.setdefault(_module, None)  # type: ignore[arg-type]
