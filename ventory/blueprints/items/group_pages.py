"""Pages of item groups: the grid of variants, and adding the combinations that it lacks."""

from __future__ import annotations

import json

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.items import grid, variants
from ventory.blueprints.items.variants import AddedVariants, AddVariants
from ventory.blueprints.stores import current
from ventory.core.errors import BadInput, Malformed, NotFound, Overloaded, VentoryError
from ventory.core.variants import suggested_pattern
from ventory.db.paging import DEFAULT_LIMIT
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.errors import status_of
from ventory.web.pages import RowAddresses, gone
from ventory.web.tables import Column, Empty, Table

groups_bp = Blueprint("groups", __name__, url_prefix="/items/groups", template_folder="templates")
COLUMNS = (
    Column("name", "Group", role="main"),
    Column("options", "Options", role="state"),
    Column("variants", "Variants", is_number=True, role="key"),
)


def _crumbs():
    return (("Items", url_for("items.catalogue")), ("Groups", url_for("groups.listing")))


@groups_bp.get("/")
@guard("catalogue.read")
def listing():
    """Every group of variants."""
    page = grid.list_groups(reading.session(), limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    empty = Empty("No groups yet. Give items a group of variants.", ("Items", url_for("items.catalogue")))
    return render_template(
        "items/groups.html",
        title="Groups",
        table=Table("groups", "Groups of variants", COLUMNS, page, empty, api="/api/v1/items/groups"),
        addresses=RowAddresses(lambda row: url_for("groups.group", group_id=row.id)),
    )


@groups_bp.get("/<int:group_id>")
@guard("catalogue.read")
def group(group_id):
    """A group's variants as a matrix of two options, with what is available of each."""
    store = current.store()
    return render_template(
        "items/group.html", crumbs=_crumbs(), grid=_grid(group_id), store=store, many=len(current.mine())
    )


def _grid(group_id: int) -> grid.Grid:
    """The grid by the options in the address; by the first two when the address names others."""
    store = current.store()
    chosen = {name: request.args.get(name) or None for name in ("rows", "columns")}
    for axes in (chosen, {}):
        try:
            view = grid.grid(reading.session(), g.actor, group_id, store_id=store.id if store else None, **axes)
        except Malformed:
            continue
        if view is None:
            break
        return view
    raise NotFound("There is no such group.")


@groups_bp.get("/<int:group_id>/add")
@guard("catalogue.write")
def add(group_id):
    """What would be added, before anything is."""
    return _form(group_id, request.args, None)


@groups_bp.post("/<int:group_id>/add")
@guard("catalogue.write")
def add_chosen(group_id):
    """Add the combinations that were ticked."""
    try:
        command = _command(group_id, request.form, _ticked())
        done = variants.add_missing(command)
    except (NotFound, Overloaded):
        raise
    except VentoryError as error:
        return _form(group_id, request.form, error), status_of(error)
    count = len(done.items)
    said = f"{done.items[0].name} was added." if count == 1 else f"{count} variants were added."
    return gone(said, url_for("groups.group", group_id=group_id))


def _form(group_id: int, sent, refused: VentoryError | None) -> str:
    """The page with what was typed and, where that can be, what it would add."""
    view = _grid(group_id)
    pattern = sent.get("pattern", suggested_pattern(view.name, view.option_names))
    plan, problem = None, refused
    try:
        plan = _rehearsed(group_id, {**sent.to_dict(), "pattern": pattern})
    except NotFound:
        raise
    except VentoryError as error:
        problem = problem or error
    return render_template(
        "items/group_add.html",
        title="Add missing combinations",
        crumbs=(*_crumbs(), (view.name, url_for("groups.group", group_id=group_id))),
        grid=view,
        pattern=pattern,
        more={name: sent.get(f"more-{index}", "") for index, name in enumerate(view.option_names)},
        plan=plan,
        problem=problem.message if problem else None,
        written=json.dumps,
    )


def _rehearsed(group_id: int, sent: dict[str, str]) -> AddedVariants:
    command = _command(group_id, sent, None)
    return variants.add_missing(AddVariants(**vars(command) | {"dry_run": True, "once": None}))


def _command(group_id: int, sent, ticked) -> AddVariants:
    names = _grid(group_id).option_names
    values = {
        name: tuple(word.strip()[:80] for word in sent.get(f"more-{index}", "").split(",") if word.strip())
        for index, name in enumerate(names)
    }
    pattern = sent.get("pattern", "")[:200]
    return AddVariants(group_id=group_id, pattern=pattern, values=values, combinations=ticked, **asked())


def _ticked() -> tuple[dict[str, str], ...]:
    """The combinations that were ticked. raises: BadInput when there are none, or what came is none"""
    ticked = request.form.getlist("combination")
    if not ticked:
        raise BadInput("Tick what should be added.")
    try:
        found = [json.loads(each) for each in ticked[:1000]]
    except (ValueError, RecursionError) as error:
        raise BadInput("These are no combinations of the group's options.") from error
    if not all(isinstance(each, dict) and all(isinstance(value, str) for value in each.values()) for each in found):
        raise BadInput("These are no combinations of the group's options.")
    return tuple(found)
