"""Suppliers from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from ventory.blueprints.imports.kind import Kind, Notice, Outcome, longest
from ventory.blueprints.imports.mapping import Field, Shape
from ventory.blueprints.imports.reading import Problem, Row
from ventory.blueprints.suppliers import service
from ventory.blueprints.suppliers.models import Supplier, SupplierContact
from ventory.blueprints.suppliers.queries import Contact
from ventory.blueprints.suppliers.service import LONGEST_DAYS, SupplierFields
from ventory.core import cells
from ventory.core.cells import CellError
from ventory.core.currencies import check_currency
from ventory.core.errors import BadInput, VentoryError
from ventory.core.quantity import ZERO
from ventory.core.unset import UNSET
from ventory.db.unit_of_work import UnitOfWork
from ventory.web.schemas import mail_address

LONGEST_NOTES = 4_000


@dataclass(frozen=True, slots=True)
class PlainSupplier:
    """fields: what the file says, UNSET where its cell is empty"""

    line: int
    fields: SupplierFields

    @property
    def key(self) -> str:
        return str(self.fields.code).casefold()


class Suppliers(Kind):
    """One row per supplier, known by its code."""

    shape = Shape(
        "suppliers",
        (
            Field("code", "the supplier's code, at most 20 characters", is_required=True),
            Field("name", "its name", is_required=True),
            Field("currency", "such as EUR; the inventory's when it is empty"),
            Field("payment_terms_days", "days after the invoice"),
            Field("lead_time_days", "days from order to delivery"),
            Field("minimum_order", "in its currency"),
            Field("order_email", "where orders go"),
            Field("phone", "a telephone number"),
            Field("address", "the postal address", is_long=True),
            Field("notes", "anything else", is_long=True),
            Field("contact", "the name of somebody who answers there"),
            Field("contact_email", "their mail address"),
            Field("contact_phone", "their telephone number"),
        ),
    )

    def begin(self, connection: Connection) -> None:
        self._seen: dict[str, PlainSupplier] = {}

    def check(self, row: Row) -> PlainSupplier | list[Problem]:
        given = self.given(row)
        facts: dict[str, Any] = {
            "code": given.code("code", longest(Supplier.code), required=True),
            "name": given.line("name", longest(Supplier.name), required=True),
            "currency": given.read("currency", _currency),
            "payment_terms_days": given.whole("payment_terms_days", least=0, most=LONGEST_DAYS),
            "lead_time_days": given.whole("lead_time_days", least=0, most=LONGEST_DAYS),
            "minimum_order": given.money("minimum_order", least=ZERO),
            "order_email": given.read("order_email", _mail),
            "phone": given.line("phone", longest(Supplier.phone)),
            "address": given.line_of_block("address", longest(Supplier.address)),
            "notes": given.block("notes", LONGEST_NOTES),
        }
        contact = given.line("contact", longest(SupplierContact.name))
        contact_email = given.read("contact_email", _mail)
        contact_phone = given.line("contact_phone", longest(SupplierContact.phone))
        if contact:
            facts["contacts"] = (Contact(contact, "", contact_email, contact_phone or ""),)
        elif contact_email or contact_phone:
            given.wrong("contact", "empty", "The contact has no name.")
        if given.problems:
            return given.problems
        said = {name: value for name, value in facts.items() if value is not None}
        supplier = PlainSupplier(row.line, SupplierFields(**said))
        first = self._seen.setdefault(supplier.key, supplier)
        if first.fields != supplier.fields and replace(first.fields, code=supplier.fields.code) != supplier.fields:
            given.wrong("code", "duplicate", f"Line {first.line} has this code already, and says something else.")
        return given.problems or supplier

    def apply(self, work: UnitOfWork, rows: Sequence[PlainSupplier]) -> Outcome:
        outcome = Outcome()
        locking = select(Supplier).where(Supplier.code_key.in_([row.key for row in rows])).with_for_update()
        known = {supplier.code_key: supplier for supplier in work.session.execute(locking).scalars()}
        for row in rows:
            there = known.get(row.key)
            if there is None:
                known[row.key] = service.added(work, row.fields)
                outcome.posted += 1
            elif _differs(there, row.fields) and self.options.update:
                self._change(work, there, row, outcome)
            else:
                outcome.already_there += 1
                if _differs(there, row.fields):
                    reason = f"{there.code} is there already and differs; --update would change it."
                    outcome.notices.append(Notice(row.line, "differs", reason))
        return outcome

    def _change(self, work: UnitOfWork, there: Supplier, row: PlainSupplier, outcome: Outcome) -> None:
        try:
            # The people who answer there were typed in by somebody; one contact of a file would replace them all.
            service.change_within(work, there, replace(row.fields, code=UNSET, contacts=UNSET))
            outcome.posted += 1
        except VentoryError as error:
            column = self.table.column_of(error.field or "code")
            outcome.problems.append(Problem(row.line, column, error.code, error.message))


def _differs(there: Supplier, fields: SupplierFields) -> bool:
    said = {name: value for name, value in vars(fields).items() if value is not UNSET}
    return any(getattr(there, name) != value for name, value in said.items() if name not in ("code", "contacts"))


def _currency(written: str) -> str:
    try:
        return check_currency(cells.line(written, 3).upper())
    except BadInput as error:
        raise CellError("unknown_currency", error.message) from None


def _mail(written: str) -> str:
    try:
        return mail_address(cells.line(written, longest(Supplier.order_email)))
    except CellError:
        raise
    except ValueError as error:
        raise CellError("not_a_mail_address", str(error)) from None
