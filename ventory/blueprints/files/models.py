"""Files of items: pictures and attachments. The bytes lie in the object storage, the facts here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ventory.db.base import Base, Id, Tenant
from ventory.db.types import UtcTime

_REMOVED = text("removed_at IS NOT NULL")


class FileRow(Tenant, Base):
    """A file of an item. Its objects are there before the row is, and go after it went.

    kind: image or attachment; position: images in order, the first is the item's picture
    bytes, sha256: of the object that is given out whole; width, height: pixels, for pictures
    storage_key: what its objects' keys begin with
    removed_at: taken away by somebody, forgotten a day later unless it is brought back
    """

    __tablename__ = "file"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("storage_key", name="uq_file_storage_key"),
        CheckConstraint("kind IN ('image', 'attachment')", name="kind"),
        CheckConstraint("bytes > 0", name="bytes"),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        ForeignKeyConstraint(["inventory_id", "uploaded_by"], ["actor.inventory_id", "actor.id"]),
        Index("ix_file_item", "inventory_id", "item_id", "kind", "position"),
        Index("ix_file_removed", "removed_at", sqlite_where=_REMOVED, postgresql_where=_REMOVED),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(12))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(Integer)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(80))
    uploaded_by: Mapped[int] = mapped_column(Id)
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcTime)
