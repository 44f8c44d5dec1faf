"""What page routes share: running a use case from a form, addresses of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template
from flask_wtf import FlaskForm
from wtforms import FieldList, FormField

from ventory.core.errors import NotFound, Overloaded, VentoryError
from ventory.web.errors import remember, status_of


@dataclass(frozen=True)
class RowAddresses:
    """Where a row of a list leads: its page, its peek (or None), its edit form (or None)."""

    open: Callable[[Any], str]
    peek: Callable[[Any], str] | None = None
    edit: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Removal:
    """The form under a form that takes the thing away."""

    address: str
    text: str
    label: str


def submit(form: FlaskForm, run: Callable[[], Any], done: Callable[[Any], Any]):
    """Run a use case for a form that came in; what it refuses stands beside its field.

    run: calls the use case; done: makes the answer from its result
    returns: the answer, or None when the form must be shown again
    """
    if not form.validate_on_submit():
        return None
    try:
        result = run()
    except (NotFound, Overloaded):
        raise
    except VentoryError as error:
        show_problem(form, error)
        return None
    return done(result)


def press(run: Callable[[], Any], done: Callable[[Any], Any], back: str):
    """Run a use case for a button; what it refuses is said at the address the button stands at.

    run: calls the use case; done: makes the answer from its result
    """
    try:
        result = run()
    except (NotFound, Overloaded):
        raise
    except VentoryError as error:
        return gone(error, back)
    return done(result)


def show_problem(form: FlaskForm, error: VentoryError) -> None:
    """Put an error beside the field it blames, or on top of the form."""
    for each in error.problems or [error]:
        field = _field_at(form, (each.field or "").split("."))
        if field is not None:
            field.errors = [*field.errors, each.message]
        else:
            form.form_errors.append(each.message)
    form.refused_with = status_of(error)
    remember(error)


def _field_at(form: FlaskForm, path: list[str]) -> Any:
    """The field that a path such as `barcodes.2.quantity` blames, by all of it, its last word or its first; or None."""
    field: Any = form._fields.get(path[0], form._fields.get("-".join(path)))
    for step in path[1:]:
        if path[0] not in form._fields:
            break
        if isinstance(field, FieldList):
            field = field.entries[int(step)] if step.isdecimal() and int(step) < len(field.entries) else None
        elif isinstance(field, FormField):
            field = field.form._fields.get(step)
        else:
            field = None
    for found in (field, form._fields.get(path[-1]), form._fields.get(path[0])):
        if found is not None:
            return found
    return None


def form_page(form: FlaskForm, *, title: str, button: str, back: str, crumbs=(), hints=None, removal=None, links=()):
    """The one-column page of a form, with the status that fits what is wrong.

    links: (label, address) of what else can be done with the thing
    """
    status = 200
    if form.is_submitted():
        status = getattr(form, "refused_with", 422)
    page = render_template(
        "form_page.html",
        form=form,
        title=title,
        button=button,
        back=back,
        crumbs=crumbs,
        hints=hints or {},
        removal=removal,
        links=links,
    )
    return page, status


def gone(message: str | VentoryError, address: str, undo: str | None = None):
    """After a success, or a refusal that needs no form: say so, go on. undo: the address whose POST takes it back"""
    if isinstance(message, VentoryError):
        remember(message)
        message = message.message
    flash(message, f"undo:{undo}" if undo else "message")
    return redirect(address, 303)
