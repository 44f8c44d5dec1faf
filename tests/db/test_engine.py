"""Engines: what is kept of a database goes with it."""

from __future__ import annotations

import gc
import weakref

from sqlalchemy import text

from ventory.db.engine import autocommit, open_engine, reading, writing


def test_an_engine_that_nobody_holds_is_gone_with_its_twins_and_all_that_they_compiled(database_url):
    engine = open_engine(database_url)
    for twin in (reading(engine), writing(engine), autocommit(engine)):
        with twin.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()
    seen = weakref.ref(engine)

    del engine, twin, connection
    gc.collect()

    assert seen() is None


def test_a_twin_is_made_once(database_url):
    engine = open_engine(database_url)
    assert reading(engine) is reading(engine)
    assert reading(engine).pool is writing(engine).pool
    engine.dispose()
