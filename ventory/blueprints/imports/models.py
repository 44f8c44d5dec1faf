"""What was imported, so that nothing comes in twice."""

from __future__ import annotations

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.db.base import Base, Id, Tenant


class ImportDocument(Tenant, Base):
    """A document of a source of sales or orders, and which of its lines have been applied.

    done: ordinals in ranges (core/ordinals), written in the transaction that posts the lines. Only ever grows
    """

    __tablename__ = "import_document"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "kind", "source", "document", name="uq_import_document"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(40))
    document: Mapped[str] = mapped_column(String(60))
    done: Mapped[str] = mapped_column(Text, default="")
