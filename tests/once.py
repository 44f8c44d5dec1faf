"""What is the same for every test is made once in a run: a process of the product has one engine and one application,
every test has its own.
"""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any

import sqlalchemy
from argon2 import PasswordHasher
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule

from ventory.app import Ventory
from ventory.blueprints.auth import service
from ventory.db import engine as engines

REAL_HASHER, REAL_NOBODY = service._hasher, service._nobody

_patterns: dict[str, Engine] = {}


def share() -> None:
    """Let applications share what was compiled for the first of them, and passwords be hashed at next to no cost."""
    Ventory.jinja_options = Ventory.jinja_options | {"bytecode_cache": _Templates()}
    Rule._compile_builder = _builder
    service._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service._nobody = service._hasher.hash("nobody signs in with this")


def share_engine(pattern: Engine) -> None:
    """Let engines for the same kind of database use what was compiled for this one, which has been connected."""
    _patterns[pattern.dialect.name] = pattern
    engines.create_engine = _alike


def _alike(*address: Any, **options: Any) -> Engine:
    made = sqlalchemy.create_engine(*address, **options)
    pattern = _patterns.get(made.dialect.name)
    if pattern is not None:
        # What the server is like was asked when the pattern connected.
        made.dialect.initialize = lambda _connection: None
        made.dialect = made.pool._dialect = pattern.dialect
        made._compiled_cache = pattern._compiled_cache
    return made


class _Templates(BytecodeCache):
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


_compile_builder = Rule._compile_builder
_builders: dict[tuple, Any] = {}


@functools.wraps(_compile_builder)
def _builder(rule: Rule, append_unknown: bool = True) -> Any:
    """What writes a rule's addresses; of the rule itself it holds nothing."""
    key = (rule.rule, tuple(rule._trace), append_unknown)
    if rule.defaults:
        return _compile_builder(rule, append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]
