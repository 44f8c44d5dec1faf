"""Forgetting files: a day to change one's mind, then the row, then its objects; lost objects are swept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from tests import pictures as samples
from tests.rounds import step
from ventory import storage
from ventory.blueprints.files import service
from ventory.core.errors import NotFound
from ventory.models import FileRow
from ventory.worker import files
from ventory.worker.run import Reader

DAYS_LATER = timedelta(days=2)


def add(chain, item_id):
    content = samples.png((80, 80))
    command = service.AddFile(item_id=item_id, kind="image", name="a.png", content=content, by=chain.owner)
    return service.add(command).file


def remove(chain, item_id, file_id):
    service.remove(service.RemoveFile(item_id=item_id, kind="image", file_id=file_id, by=chain.owner))


def restore(chain, item_id, file_id):
    return service.restore(service.RestoreFile(item_id=item_id, kind="image", file_id=file_id, by=chain.owner))


def objects() -> list[str]:
    return sorted(each.key for each in storage.bound().below())


def rows(engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(select(FileRow.__table__.c.id)).scalars())


def work_off(engine):
    while step(engine, [Reader("files", files.forget)]):
        pass


def test_a_removed_file_can_be_brought_back_for_a_day_and_then_goes_with_its_objects(chain, engine):
    tea = chain.item("tea")
    kept, removed = add(chain, tea), add(chain, tea)
    remove(chain, tea, removed.id)
    assert files.purge(engine) == 0
    assert len(objects()) == 4

    with time_machine.travel(DAYS_LATER, tick=True):
        assert files.purge(engine) == 1
        assert rows(engine) == [kept.id]
        assert len(objects()) == 4, "the objects go after the commit, by way of the outbox"
        with pytest.raises(NotFound):
            restore(chain, tea, removed.id)
        work_off(engine)

    assert objects() == [f"{kept.storage_key}/56.webp", f"{kept.storage_key}/full"]


def test_what_was_brought_back_stays(chain, engine):
    tea = chain.item("tea")
    image = add(chain, tea)
    remove(chain, tea, image.id)
    restore(chain, tea, image.id)

    with time_machine.travel(DAYS_LATER, tick=True):
        assert files.purge(engine) == 0
        assert files.sweep(engine) == 0

    assert len(objects()) == 2


def test_forgetting_twice_after_a_crash_is_no_mistake(chain, engine):
    tea = chain.item("tea")
    remove(chain, tea, add(chain, tea).id)

    def crash_after(connection, events):
        files.forget(connection, events)
        raise KeyboardInterrupt

    with time_machine.travel(DAYS_LATER, tick=True):
        files.purge(engine)
        step(engine, [])
        with pytest.raises(KeyboardInterrupt):
            step(engine, [Reader("files", crash_after)])
        work_off(engine)

    assert objects() == []


def test_a_crash_between_object_and_row_leaves_what_the_sweep_finds(chain, engine, monkeypatch):
    tea = chain.item("tea")
    kept = add(chain, tea)

    def crash(_command):
        raise KeyboardInterrupt

    monkeypatch.setattr(service, "_record", crash)
    with pytest.raises(KeyboardInterrupt):
        add(chain, tea)
    assert len(objects()) == 4
    assert rows(engine) == [kept.id]

    assert files.sweep(engine) == 0, "young objects may belong to an upload that is under way"
    with time_machine.travel(DAYS_LATER, tick=True):
        assert files.sweep(engine) == 2
    assert objects() == [f"{kept.storage_key}/56.webp", f"{kept.storage_key}/full"]


def test_the_sweep_leaves_alone_what_is_not_ours(chain, engine):
    chain.item("tea")
    store = storage.bound()
    for key in ("photos/holiday.webp", "1/notes.txt", f"check/{'0' * 16}", f"1/{'a' * 32}/full"):
        store.put(key, b"x")

    with time_machine.travel(DAYS_LATER, tick=True):
        assert files.sweep(engine) == 2

    assert objects() == ["1/notes.txt", "photos/holiday.webp"]
