"""Adding, ordering and taking away the files of items."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from ventory import storage
from ventory.blueprints.files import pictures, queries
from ventory.blueprints.files.models import FileRow
from ventory.blueprints.files.queries import FileView
from ventory.core import files
from ventory.core.errors import NotFound, Stale, StorageFull, TooManyFiles, VentoryError
from ventory.core.events import ItemChanged
from ventory.core.files import ATTACHMENT, IMAGE
from ventory.db.unit_of_work import Command, OutcomeUnknown, UnitOfWork, unit_of_work, use_case

WORDS = {IMAGE: "picture", ATTACHMENT: "document"}


@dataclass(frozen=True, kw_only=True)
class AddFile(Command):
    """kind: image or attachment; name: as it was sent, not to be trusted; content: as it was sent"""

    item_id: int
    kind: str
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ArrangeFiles(Command):
    """order: ids that come first, in this order; the others follow as they stand. version: of the item"""

    item_id: int
    kind: str
    order: tuple[int, ...]
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveFile(Command):
    """version: of the item"""

    item_id: int
    kind: str
    file_id: int
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreFile(Command):
    item_id: int
    kind: str
    file_id: int


@dataclass(frozen=True)
class FileChanged:
    """A file that came or came back. version: of its item, after it"""

    file: FileView
    version: int


@dataclass(frozen=True)
class FilesOfItem:
    """The files of one kind, in their order. version: of their item, after the change"""

    files: tuple[FileView, ...]
    version: int


@dataclass(frozen=True)
class ReadyFile:
    """A file as it will be kept. objects: by the end of their key; `full` is what is given out whole"""

    name: str
    media_type: str
    objects: Mapping[str, bytes] = field(repr=False)
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, kw_only=True)
class _RecordFile(Command):
    item_id: int
    kind: str
    prepared: ReadyFile
    storage_key: str


def add(command: AddFile) -> FileChanged:
    """Keep a file: make it anew, store its objects, then record it.

    In this order a crash leaves objects that nobody names, which the worker sweeps, never a file without its objects.
    raises: FileTypeRefused, FileUnreadable, FileTooLarge, TooManyFiles, NotFound, StorageDown, Overloaded
    """
    prepared = prepare(command.kind, command.name, command.content)
    key = store(command.by.inventory_id, prepared)
    try:
        added = _record(
            _RecordFile(
                item_id=command.item_id,
                kind=command.kind,
                prepared=prepared,
                storage_key=key,
                by=command.by,
                once=command.once,
            )
        )
    except OutcomeUnknown:
        raise  # the row may be there: its objects must stay
    except VentoryError:
        _forget(key)
        raise
    if added.file.storage_key != key:  # sent before under the same key: the first one stands
        _forget(key)
    return added


def prepare(kind: str, name: str, content: bytes) -> ReadyFile:
    """A file as it will be kept; pictures are made anew, of other files only the kinds that are taken pass."""
    files.check_size(content)
    if kind == IMAGE:
        return _picture(name, pictures.made_anew(content))
    media_type = files.document_type(content, name)
    if media_type == files.WEBP:
        return _picture(name, pictures.made_anew(content, files.ATTACHED_SIDE, with_thumbnails=False))
    return ReadyFile(files.clean_name(name, media_type), media_type, {"full": content})


def _picture(name: str, made: pictures.Picture) -> ReadyFile:
    return ReadyFile(files.clean_name(name, files.WEBP), files.WEBP, made.objects, made.width, made.height)


def store(inventory_id: int, prepared: ReadyFile) -> str:
    """Write the objects of a file. returns: what their keys begin with, unguessable"""
    key = f"{inventory_id}/{secrets.token_hex(16)}"
    for name, content in prepared.objects.items():
        storage.bound().put(f"{key}/{name}", content)
    return key


def row_of(inventory_id: int, item_id: int, kind: str, prepared: ReadyFile, storage_key: str) -> FileRow:
    """The row of a file; position, uploader and time are the caller's."""
    content = prepared.objects["full"]
    return FileRow(
        inventory_id=inventory_id,
        item_id=item_id,
        kind=kind,
        name=prepared.name,
        media_type=prepared.media_type,
        bytes=len(content),
        width=prepared.width,
        height=prepared.height,
        sha256=hashlib.sha256(content).hexdigest(),
        storage_key=storage_key,
    )


def _forget(key: str) -> None:
    try:
        storage.bound().delete_below(key)
    except VentoryError:
        return  # the sweep will find them


@use_case
def _record(command: _RecordFile) -> FileChanged:
    with unit_of_work(command) as work:
        _locked_item(work, command.item_id)
        _refuse_too_many(work, command.item_id, command.kind)
        _refuse_when_full(work, len(command.prepared.objects["full"]))
        row = row_of(work.inventory_id, command.item_id, command.kind, command.prepared, command.storage_key)
        row.position = _last_position(work, command.item_id, command.kind) + 1
        row.uploaded_by, row.uploaded_at = work.actor.id, work.now
        work.session.add(row)
        work.session.flush()
        return work.result(_changed(work, row.id))


@use_case
def arrange(command: ArrangeFiles) -> FilesOfItem:
    """Put files in order; the first picture is the item's own. 412 stale when the item changed in between."""
    with unit_of_work(command) as work:
        _locked_item(work, command.item_id, command.version)
        present = [each.id for each in queries.files_of(work.session, command.item_id, command.kind)]
        for position, file_id in enumerate(files.arranged(present, command.order)):
            work.session.execute(update(FileRow).where(FileRow.id == file_id).values(position=position))
        return work.result(_all(work, command.item_id, command.kind))


@use_case
def remove(command: RemoveFile) -> FilesOfItem:
    """Take a file away. It can be brought back for a day, then the worker forgets it."""
    with unit_of_work(command) as work:
        _locked_item(work, command.item_id, command.version)
        row = _file(work, command, is_removed=False)
        row.removed_at = work.now
        work.session.flush()
        return work.result(_all(work, command.item_id, command.kind))


@use_case
def restore(command: RestoreFile) -> FileChanged:
    """Bring a file back where it was."""
    with unit_of_work(command) as work:
        _locked_item(work, command.item_id)
        row = _file(work, command, is_removed=True)
        _refuse_too_many(work, command.item_id, command.kind)
        row.removed_at = None
        work.session.flush()
        return work.result(_changed(work, row.id))


def _locked_item(work: UnitOfWork, item_id: int, version: int | None = None) -> None:
    """Lock the item whose files change. raises: NotFound, Stale"""
    head = queries.item_head(work.session, item_id, lock=True)
    if head is None or head.is_archived:
        raise NotFound("There is no such item.")
    if version is not None and head.version != version:
        raise Stale("Somebody changed this item in between. Load it again and repeat your change.")


def _file(work: UnitOfWork, command: RemoveFile | RestoreFile, *, is_removed: bool) -> FileRow:
    """The file, locked against the worker that forgets. raises: NotFound"""
    wanted = (FileRow.id == command.file_id, FileRow.item_id == command.item_id, FileRow.kind == command.kind)
    state = FileRow.removed_at.is_not(None) if is_removed else FileRow.removed_at.is_(None)
    row = work.session.execute(select(FileRow).where(*wanted, state).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound(f"There is no such {WORDS[command.kind]}.")
    return row


def _refuse_too_many(work: UnitOfWork, item_id: int, kind: str) -> None:
    mine = (FileRow.item_id == item_id, FileRow.kind == kind, FileRow.removed_at.is_(None))
    count = work.session.execute(select(func.count(FileRow.id)).where(*mine)).scalar_one()
    if count >= files.MOST_FILES[kind]:
        word = WORDS[kind]
        raise TooManyFiles(f"An item has at most {files.MOST_FILES[kind]} {word}s. Remove one first.", field="file")


def _refuse_when_full(work: UnitOfWork, more: int) -> None:
    most = storage.bound().most_bytes
    if most and work.session.execute(select(func.coalesce(func.sum(FileRow.bytes), 0))).scalar_one() + more > most:
        raise StorageFull(
            f"This inventory keeps {most // 2**20:,} MB of files, as many as it may."
            " Remove some; there is room a day later.",
            field="file",
        )


def _last_position(work: UnitOfWork, item_id: int, kind: str) -> int:
    mine = (FileRow.item_id == item_id, FileRow.kind == kind)
    last = work.session.execute(select(func.max(FileRow.position)).where(*mine)).scalar_one()
    return -1 if last is None else last


def _changed(work: UnitOfWork, file_id: int) -> FileChanged:
    view = queries.get_file(work.session, file_id)
    assert view is not None
    return FileChanged(view, _touch(work, view.item_id))


def _all(work: UnitOfWork, item_id: int, kind: str) -> FilesOfItem:
    return FilesOfItem(queries.files_of(work.session, item_id, kind), _touch(work, item_id))


def _touch(work: UnitOfWork, item_id: int) -> int:
    """The item changed, for its files are part of it. returns: its new version"""
    item = queries.ITEM
    mine = (item.c.inventory_id == work.inventory_id, item.c.id == item_id)
    work.connection.execute(update(item).where(*mine).values(version=item.c.version + 1, updated_at=work.now))
    work.emit(ItemChanged(item_id, "files"), item_id)
    return work.connection.execute(select(item.c.version).where(*mine)).scalar_one()
