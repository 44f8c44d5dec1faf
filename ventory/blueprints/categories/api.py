"""Categories for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from ventory.blueprints.categories import queries, service
from ventory.blueprints.categories.schemas import CategoryChange, CategoryIn, CategoryOut
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import tagged, version_sent
from ventory.web.schemas import In

categories_api = APIBlueprint("categories", __name__, url_prefix="/categories", tag="Categories")


@categories_api.get("")
@guard("catalogue.read")
@categories_api.input(In, location="query")
@categories_api.output(list[CategoryOut])
def list_categories(query_data):
    """The whole tree, parents before children."""
    return queries.tree(reading.session())


@categories_api.get("/<int:category_id>")
@guard("catalogue.read")
@categories_api.output(CategoryOut)
def get_category(category_id):
    """Show one category."""
    view = queries.get(reading.session(), category_id)
    if view is None:
        raise NotFound("There is no such category.")
    return tagged(view)


@categories_api.post("")
@guard("chain.write")
@categories_api.input(CategoryIn)
@categories_api.output(CategoryOut, status_code=201)
def add_category(json_data):
    """Add a category. 409 code_taken when a sibling has the name."""
    view = service.add(service.AddCategory(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_category", category_id=view.id))


@categories_api.patch("/<int:category_id>")
@guard("chain.write")
@categories_api.input(CategoryChange)
@categories_api.output(CategoryOut)
def change_category(category_id, json_data):
    """Rename or move a category, or set its reorder rule; absent fields stay. Needs If-Match."""
    command = service.ChangeCategory(
        category_id=category_id,
        version=version_sent(is_required=True),
        moves="parent_id" in json_data.model_fields_set,
        **json_data.model_dump(exclude_unset=True),
        **asked(),
    )
    return tagged(service.change(command))


@categories_api.delete("/<int:category_id>")
@guard("chain.write")
@categories_api.output({}, status_code=204)
def remove_category(category_id):
    """Remove an empty category. 409 in_use when something is in it."""
    version = version_sent(is_required=False)
    service.remove(service.RemoveCategory(category_id=category_id, version=version, **asked()))
    return ""
