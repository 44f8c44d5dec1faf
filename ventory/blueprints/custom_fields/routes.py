"""Pages of custom fields, reached from the categories."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.custom_fields import queries, service
from ventory.blueprints.custom_fields.forms import KIND_NAMES, FieldForm, NewFieldForm
from ventory.core.errors import NotFound
from ventory.db.paging import Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.requests import number_asked
from ventory.web.tables import Column, Empty, Table

custom_fields_bp = Blueprint("custom_fields", __name__, url_prefix="/categories/fields", template_folder="templates")
COLUMNS = (
    Column("label", "Field", role="main"),
    Column("category", "Asked of", drop=5),
    Column("kind", "Kind", role="state"),
    Column("options", "Options", drop=3),
    Column("key", "Key", drop=4),
    Column("is_required", "Needed", role="key"),
)
HINTS = {
    "options": "Of a choice: one on each line, in the order in which they are offered.",
    "category_id": "A category's fields are asked of all its items and of those in every category below.",
    "key": "What programs call it. Made from the label when left empty; it stays.",
    "kind": "It stays, so that values keep their meaning.",
    "is_required": "Items that lack one are asked for it when they are next edited.",
}


def _category() -> categories.CategoryView | None:
    """The category in the address."""
    number = number_asked("category")
    return None if number is None else categories.get(reading.session(), number)


def _crumbs():
    return (("Categories", url_for("categories.listing")), ("Fields", url_for(".listing")))


@custom_fields_bp.get("/")
@guard("catalogue.read")
def listing():
    """Every custom field, or those that are asked of an item in one category, inherited ones too."""
    category = _category()
    fields = queries.Fields(reading.session())
    page = Page(tuple(fields.of(category.id) if category else fields.all))
    new = url_for(".new", category=category.id if category else None)
    may_write = g.actor.may("chain.write")
    table = Table(
        "fields",
        "Custom fields",
        COLUMNS,
        page,
        Empty("No fields of your own yet.", ("New field", new) if may_write else None),
        api="/api/v1/custom-fields",
    )
    return render_template(
        "custom_fields/list.html",
        title=f"Fields of {category.path}" if category else "Fields",
        table=table,
        addresses=RowAddresses(lambda row: url_for(".edit", field_id=row.id) if may_write else url_for(".listing")),
        new=new if may_write else None,
        crumbs=_crumbs() if category else _crumbs()[:1],
        kinds=KIND_NAMES,
    )


@custom_fields_bp.route("/new", methods=["GET", "POST"])
@guard("chain.write")
def new():
    """Add a custom field."""
    category = _category()
    form = NewFieldForm(data={"category_id": category.id if category else 0})
    tree = categories.tree(reading.session())
    form.category_id.choices = {0: "All items"} | {each.id: each.path for each in tree}
    answer = submit(
        form,
        lambda: service.add(
            service.AddField(
                label=form.label.data,
                kind=form.kind.data,
                category_id=form.category_id.data or None,
                key=form.key.data or None,
                options=form.options.options,
                is_required=form.is_required.data,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.label} was added.", url_for(".listing", category=view.category_id)),
    )
    if answer is not None:
        return answer
    return form_page(
        form, title="New field", button="Add field", back=url_for(".listing"), crumbs=_crumbs(), hints=HINTS
    )


@custom_fields_bp.route("/<int:field_id>", methods=["GET", "POST"])
@guard("chain.write")
def edit(field_id):
    """Change a custom field."""
    view = queries.get_field(reading.session(), field_id)
    if view is None:
        raise NotFound("There is no such field.")
    data = {"label": view.label, "options": "\n".join(view.options), "is_required": view.is_required}
    form = FieldForm(data=data | {"version": view.version})
    if view.kind != "choice":
        del form.options
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeField(
                field_id=field_id,
                version=form.version.seen,
                label=form.label.data,
                options=form.options.options if "options" in form else None,
                is_required=form.is_required.data,
                **asked(),
            )
        ),
        lambda done: gone(f"{done.label} was changed.", url_for(".listing", category=done.category_id)),
    )
    if answer is not None:
        return answer
    removal = Removal(url_for(".remove", field_id=field_id), "A field in which no item has a value can go.", "Remove")
    return form_page(
        form, title=view.label, button="Save", back=url_for(".listing"), crumbs=_crumbs(), hints=HINTS, removal=removal
    )


@custom_fields_bp.post("/<int:field_id>/remove")
@guard("chain.write")
def remove(field_id):
    """Remove a custom field."""
    return press(
        lambda: service.remove(service.RemoveField(field_id=field_id, **asked())),
        lambda _: gone("The field was removed.", url_for(".listing")),
        url_for(".edit", field_id=field_id),
    )
