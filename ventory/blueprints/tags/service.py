"""Putting tags on items, renaming and merging them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, text, update

from ventory.blueprints.tags import queries
from ventory.blueprints.tags.models import ItemTag, Tag
from ventory.blueprints.tags.queries import TagView
from ventory.core.errors import BadInput, CodeTaken, InUse, NotFound
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

MOST = 30


@dataclass(frozen=True, kw_only=True)
class RenameTag(Command):
    tag_id: int
    name: str
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class MergeTags(Command):
    """into: the tag that stays"""

    tag_id: int
    into: int


@dataclass(frozen=True, kw_only=True)
class RemoveTag(Command):
    tag_id: int
    version: int | None = None


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def rename(command: RenameTag) -> TagView:
    """Rename a tag on all its items. 409 code_taken when another has the name: the two can be merged."""
    with unit_of_work(command) as work:
        tag = _locked(work, command.tag_id, command.version)
        key = _checked(command.name, "name").casefold()
        _make_room(work, tag, command.name, key)
        tag.name, tag.name_key = command.name, key
        tag.version += 1
        work.session.flush()
        return work.result(_view(work, tag.id))


@use_case
def merge(command: MergeTags) -> TagView:
    """Let every item that carries one tag carry the other instead. returns: the tag that stays"""
    with unit_of_work(command) as work:
        if command.tag_id == command.into:
            raise BadInput("A tag is merged into another one.", field="into")
        # Locked in key order: two merges that meet head-on would otherwise deadlock.
        for tag_id in sorted((command.tag_id, command.into)):
            try:
                _locked(work, tag_id, None)
            except NotFound:
                if tag_id == command.tag_id:
                    raise
                raise BadInput(f"There is no tag {command.into}.", field="into") from None
        both = select(ItemTag.item_id).where(ItemTag.tag_id == command.into)
        work.session.execute(
            delete(ItemTag).where(ItemTag.tag_id == command.tag_id, ItemTag.item_id.in_(both)),
            execution_options={"synchronize_session": False},
        )
        work.session.execute(
            update(ItemTag).where(ItemTag.tag_id == command.tag_id).values(tag_id=command.into),
            execution_options={"synchronize_session": False},
        )
        work.session.execute(update(Tag).where(Tag.id == command.tag_id).values(is_offered=False))
        return work.result(_view(work, command.into))


@use_case
def remove(command: RemoveTag) -> Removed:
    """Remove a tag that is offered and that no item carries. 409 in_use else."""
    with unit_of_work(command) as work:
        tag = _locked(work, command.tag_id, command.version, also_references=True)
        if queries.is_carried(work.session, tag.id):
            raise InUse(f"Items, perhaps archived ones, are tagged {tag.name}. Take it off them or merge it first.")
        work.session.delete(tag)
        work.session.flush()
        return work.result(Removed(command.tag_id))


def give(work: UnitOfWork, item_id: int, names: Sequence[str]) -> None:
    """Let the item carry these tags and no others; a name that is new becomes a tag.

    raises: BadInput naming the tag
    """
    if len(names) > MOST:
        raise BadInput(f"An item carries at most {MOST} tags.", field="tags")
    wanted = {_checked(name, f"tags.{index}").casefold(): name for index, name in enumerate(names)}
    ids = set(_ids(work, wanted).values())
    mine = ItemTag.item_id == item_id
    now = set(work.session.execute(select(ItemTag.tag_id).where(mine)).scalars())
    work.session.execute(delete(ItemTag).where(mine, ItemTag.tag_id.in_(now - ids)))
    if ids - now:
        rows = [{"inventory_id": work.inventory_id, "item_id": item_id, "tag_id": each} for each in sorted(ids - now)]
        work.session.execute(insert(ItemTag), rows)


def give_new(work: UnitOfWork, names: Mapping[int, Sequence[str]]) -> None:
    """Let items that carry no tag yet carry these. names: by the item's id. raises: BadInput as `give`"""
    wanted: dict[str, str] = {}
    for words in names.values():
        if len(words) > MOST:
            raise BadInput(f"An item carries at most {MOST} tags.", field="tags")
        for name in words:
            wanted.setdefault(_checked(name, "tags").casefold(), name)
    if not wanted:
        return
    ids = _ids(work, wanted)
    rows = [
        (work.inventory_id, item_id, tag_id)
        for item_id, words in names.items()
        for tag_id in sorted({ids[name.casefold()] for name in words})
    ]
    columns = ItemTag.__table__.c
    work.database.insert_rows(work.connection, [columns.inventory_id, columns.item_id, columns.tag_id], rows)


def _checked(name: str, field: str) -> str:
    if "," in name:
        raise BadInput("A tag holds no comma: commas stand between tags.", field=field)
    return name


_MAKE = text(
    "INSERT INTO tag (inventory_id, name, name_key, version) VALUES (:inventory_id, :name, :name_key, 1)"
    " ON CONFLICT DO NOTHING"
)


def _ids(work: UnitOfWork, wanted: dict[str, str]) -> dict[str, int]:
    """The ids of some tags by their casefolded names, new ones made. wanted: names by their casefolded form

    Two items may use a new tag at once: the second waits for the first and then finds its row.
    """
    found = _known(work, wanted)
    missing = [key for key in sorted(wanted) if key not in found]
    if missing:
        rows = [{"inventory_id": work.inventory_id, "name": wanted[key], "name_key": key} for key in missing]
        work.connection.execute(_MAKE, rows)
        work.trail.note("tag", f"{len(rows)} tags used for the first time")
        found = _known(work, wanted)
    return found


def _known(work: UnitOfWork, keys: Iterable[str]) -> dict[str, int]:
    rows = work.session.execute(select(Tag.name_key, Tag.id).where(Tag.name_key.in_(list(keys))))
    return {row.name_key: row.id for row in rows}


def _locked(work: UnitOfWork, tag_id: int, version: int | None, *, also_references: bool = False) -> Tag:
    tag = locked(work, Tag, tag_id, version, "tag", also_references=also_references)
    if not tag.is_offered and not queries.is_carried(work.session, tag_id):
        raise NotFound("There is no such tag.")
    return tag


def _make_room(work: UnitOfWork, tag: Tag, name: str, key: str) -> None:
    """Take away a tag of this name that nothing carries. raises: CodeTaken when something does"""
    other = work.session.execute(select(Tag).where(Tag.name_key == key, Tag.id != tag.id)).scalar_one_or_none()
    if other is None:
        return
    if queries.is_carried(work.session, other.id):
        raise CodeTaken(f"There is a tag {other.name} already. Merge {tag.name} into it instead.", field="name")
    tag.is_offered = tag.is_offered or other.is_offered
    work.session.delete(other)
    work.session.flush()


def _view(work: UnitOfWork, tag_id: int) -> TagView:
    view = queries.get_tag(work.session, tag_id)
    assert view is not None
    return view
