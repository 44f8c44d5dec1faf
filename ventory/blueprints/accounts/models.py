"""What people asked a code for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ventory.db.base import Base, Id
from ventory.db.trails import PERSONAL, SECRET
from ventory.db.types import UtcTime


class EmailCode(Base):
    """One code by mail, good for one purpose, one address and five tries. The code itself stands nowhere.

    purpose: sign_up, reset or address; a newer one of the same purpose and address replaces it
    user_id: whose password or address is to change; empty at sign-up: the account is made when the code is right
    is_decoy: no code opens it. Asking for an address that is known (sign-up) or unknown (reset) leaves the same trace
        and takes as long as any other
    nonce: what the code is worked out from, with the server's secret
    """

    __tablename__ = "email_code"
    __table_args__ = (Index("ix_email_code_newest", "email_key", "purpose", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(8))
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("user_account.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(120), info=PERSONAL)
    password_hash: Mapped[str | None] = mapped_column(String(200), info=SECRET)
    shop_kind: Mapped[str | None] = mapped_column(String(16))
    shop_name: Mapped[str | None] = mapped_column(String(120))
    is_decoy: Mapped[bool] = mapped_column(Boolean)
    nonce: Mapped[str] = mapped_column(String(32), info=SECRET)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
