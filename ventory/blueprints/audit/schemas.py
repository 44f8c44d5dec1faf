"""Shapes of the audit trail."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from ventory.blueprints.audit.queries import AuditFilter
from ventory.core.errors import Malformed
from ventory.web.requests import number_in
from ventory.web.schemas import Out, PageQuery, QueryId, QueryText


def subject_of(written: str) -> tuple[str, int]:
    """What `item:12` names. raises: Malformed"""
    kind, _, number = written.partition(":")
    row_id = number_in(number)
    if not kind or row_id is None:
        raise Malformed("A subject is a kind and a number, such as item:12.", field="subject")
    return kind, row_id


class AuditQuery(PageQuery):
    view: Annotated[
        Literal["changes", "stock"] | None, Field(description="Without movements of goods, or movements alone.")
    ] = None
    actor_id: QueryId | None = None
    kind: Annotated[QueryText | None, Field(description="What rows are about, such as item, store or supplier.")] = None
    action: Annotated[QueryText | None, Field(description="What was done, such as items.change.")] = None
    subject: Annotated[QueryText | None, Field(description="One thing: its kind and its id, such as item:12.")] = None
    since: Annotated[date | None, Field(description="First day, by the inventory's clock.")] = None
    until: Annotated[date | None, Field(description="Last day.")] = None
    q: Annotated[
        QueryText | None,
        Field(
            description="A request id, or text that one of the newest 20,000 changes holds, counted back from `until`."
        ),
    ] = None

    def filter(self) -> AuditFilter:
        return AuditFilter(
            view=self.view or "",
            actor_id=self.actor_id,
            kind=self.kind,
            action=self.action,
            subject=subject_of(self.subject) if self.subject else None,
            since=self.since,
            until=self.until,
            search=self.q,
        )


class ChangeOut(Out):
    kind: str
    row_id: str
    name: str
    field: str
    label: str
    before: str | None
    after: str | None
    state: Annotated[
        Literal["", "secret", "personal", "costs", "erased"], Field(description="Why before and after are not shown.")
    ]
    note: str


class AuditOut(Out):
    id: int
    at: datetime
    actor_id: int | None
    actor: str | None
    action: str
    said: str
    subject_kind: str | None
    subject_id: int | None
    subject: str | None
    request_id: str | None
    changes: list[ChangeOut]
    address: str | None
    device: str | None
