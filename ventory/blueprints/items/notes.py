"""Writing notes on items, and taking one's own away."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ventory.blueprints.items import queries
from ventory.blueprints.items.models import Item, ItemNote
from ventory.blueprints.items.queries import NoteView
from ventory.core.errors import Forbidden, NotFound
from ventory.db.unit_of_work import Command, unit_of_work, use_case


@dataclass(frozen=True, kw_only=True)
class WriteNote(Command):
    item_id: int
    text: str


@dataclass(frozen=True, kw_only=True)
class RemoveNote(Command):
    item_id: int
    note_id: int


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def write(command: WriteNote) -> NoteView:
    """Write a note on an item, archived or not."""
    with unit_of_work(command) as work:
        if work.session.execute(select(Item.id).where(Item.id == command.item_id)).first() is None:
            raise NotFound("There is no such item.")
        note = ItemNote(
            inventory_id=work.inventory_id,
            item_id=command.item_id,
            actor_id=work.actor.id,
            text=command.text,
            created_at=work.now,
        )
        work.session.add(note)
        work.session.flush()
        view = queries.get_note(work.session, note.id)
        assert view is not None
        return work.result(view)


@use_case
def remove(command: RemoveNote) -> Removed:
    """Take one's own note away. 403 forbidden for somebody else's."""
    with unit_of_work(command) as work:
        wanted = select(ItemNote).where(ItemNote.id == command.note_id, ItemNote.item_id == command.item_id)
        note = work.session.execute(wanted.with_for_update()).scalar_one_or_none()
        if note is None:
            raise NotFound("There is no such note.")
        if note.actor_id != work.actor.id:
            raise Forbidden("Only who wrote a note can remove it.")
        work.session.delete(note)
        work.session.flush()
        return work.result(Removed(command.note_id))
