"""What page routes share: running a use case from a form, addresses of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template
from flask_wtf import FlaskForm

from ventory.core.errors import NotFound, Overloaded, VentoryError
from ventory.web.errors import status_of


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


def show_problem(form: FlaskForm, error: VentoryError) -> None:
    """Put an error beside the field it blames, or on top of the form."""
    for each in error.problems or [error]:
        name = (each.field or "").split(".")[-1]
        if name in form._fields:
            form._fields[name].errors = [*form._fields[name].errors, each.message]
        else:
            form.form_errors.append(each.message)
    form.refused_with = status_of(error)


def form_page(form: FlaskForm, *, title: str, button: str, back: str, crumbs=(), hints=None, removal=None):
    """The one-column page of a form, with the status that fits what is wrong."""
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
    )
    return page, status


def gone(message: str, address: str, undo: str | None = None):
    """After a success: say so, go on. undo: the address whose POST takes it back"""
    flash(message, f"undo:{undo}" if undo else "message")
    return redirect(address, 303)
