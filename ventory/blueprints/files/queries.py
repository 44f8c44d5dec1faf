"""Reads of files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, column, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow
from ventory.blueprints.files.models import FileRow
from ventory.core.files import IMAGE
from ventory.db.prepared import Prepared
from ventory.db.types import UtcTime

DIGEST_LETTERS = 16
# Files lie below the items and must not know their tables; a name and its columns are enough.
ITEM = table(
    "item",
    column("id"),
    column("inventory_id"),
    column("name"),
    column("version"),
    column("updated_at", UtcTime()),
    column("archived_at", UtcTime()),
)


@dataclass(frozen=True)
class ImageView:
    """A picture of an item, as lists show it. digest: of its content, so that an address never changes its picture"""

    id: int
    name: str
    width: int
    height: int
    digest: str


@dataclass(frozen=True)
class FileView:
    """A file of an item. width, height: None for what is no picture"""

    id: int
    item_id: int
    kind: str
    position: int
    name: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    sha256: str
    storage_key: str
    uploaded_by_id: int
    uploaded_by: str
    uploaded_at: datetime

    @property
    def digest(self) -> str:
        return self.sha256[:DIGEST_LETTERS]


@dataclass(frozen=True)
class ItemHead:
    """The item that files belong to. version: of the item, which its files are part of"""

    id: int
    name: str
    version: int
    is_archived: bool


_FILES = (
    select(
        FileRow.id,
        FileRow.item_id,
        FileRow.kind,
        FileRow.position,
        FileRow.name,
        FileRow.media_type,
        FileRow.bytes,
        FileRow.width,
        FileRow.height,
        FileRow.sha256,
        FileRow.storage_key,
        FileRow.uploaded_by.label("uploaded_by_id"),
        ActorRow.name.label("uploaded_by"),
        FileRow.uploaded_at,
    )
    .join(ActorRow, and_(ActorRow.inventory_id == FileRow.inventory_id, ActorRow.id == FileRow.uploaded_by))
    .where(FileRow.removed_at.is_(None))
)
_OF_ITEM = _FILES.where(FileRow.item_id == bindparam("item"), FileRow.kind == bindparam("kind")).order_by(
    FileRow.position, FileRow.id
)
_ONE = _FILES.where(FileRow.id == bindparam("file"))
_IMAGES = Prepared(
    lambda database: (
        select(FileRow.item_id, FileRow.id, FileRow.name, FileRow.width, FileRow.height, FileRow.sha256)
        .where(
            FileRow.inventory_id == bindparam("inventory"),
            database.among(FileRow.item_id, "items"),
            FileRow.kind == IMAGE,
            FileRow.removed_at.is_(None),
        )
        .order_by(FileRow.item_id, FileRow.position, FileRow.id)
    )
)


def files_of(session: Session, item_id: int, kind: str) -> tuple[FileView, ...]:
    """The files of an item, in their order."""
    return tuple(FileView(**row._mapping) for row in session.execute(_OF_ITEM, {"item": item_id, "kind": kind}))


def get_file(session: Session, file_id: int) -> FileView | None:
    row = session.execute(_ONE, {"file": file_id}).first()
    return FileView(**row._mapping) if row else None


def images_by_item(session: Session, item_ids: Collection[int]) -> dict[int, tuple[ImageView, ...]]:
    """The pictures of some items, the item's own picture first; items without any are left out."""
    if not item_ids:
        return {}
    found: dict[int, tuple[ImageView, ...]] = {}
    for row in _IMAGES.within(session, items=item_ids):
        image = ImageView(row.id, row.name, row.width, row.height, row.sha256[:DIGEST_LETTERS])
        found[row.item_id] = (*found.get(row.item_id, ()), image)
    return found


def item_head(session: Session, item_id: int, *, lock: bool = False) -> ItemHead | None:
    """The item, archived or not, or None; locked so that its files change one after the other."""
    statement = select(ITEM.c.name, ITEM.c.version, ITEM.c.archived_at).where(
        ITEM.c.inventory_id == session.info["inventory_id"], ITEM.c.id == item_id
    )
    row = session.connection().execute(statement.with_for_update() if lock else statement).first()
    return ItemHead(item_id, row.name, row.version, row.archived_at is not None) if row else None
