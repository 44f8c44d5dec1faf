"""What differs between SQLite and PostgreSQL, and nothing else: one module per database, the same functions in both."""

from __future__ import annotations

from types import ModuleType

from ventory.db.dialect import postgresql, sqlite
from ventory.db.dialect.inherited import Scope

_MODULES: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def of(bind) -> ModuleType:
    """The module for an engine, a connection, or a session's connection."""
    return _MODULES[bind.dialect.name]


__all__ = ["Scope", "of", "postgresql", "sqlite"]
