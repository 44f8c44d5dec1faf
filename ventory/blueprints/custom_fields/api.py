"""Custom fields for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from ventory.blueprints.custom_fields import queries, service
from ventory.blueprints.custom_fields.schemas import FieldChange, FieldIn, FieldOut, FieldQuery
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import tagged, version_sent

custom_fields_api = APIBlueprint("custom_fields", __name__, url_prefix="/custom-fields", tag="Custom fields")


@custom_fields_api.get("")
@guard("catalogue.read")
@custom_fields_api.input(FieldQuery, location="query")
@custom_fields_api.output(list[FieldOut])
def list_fields(query_data):
    """Every custom field, or those that are asked of an item in a category."""
    fields = queries.Fields(reading.session())
    return fields.all if query_data.category_id is None else fields.of(query_data.category_id)


@custom_fields_api.get("/<int:field_id>")
@guard("catalogue.read")
@custom_fields_api.output(FieldOut)
def get_field(field_id):
    """Show one custom field."""
    view = queries.get_field(reading.session(), field_id)
    if view is None:
        raise NotFound("There is no such field.")
    return tagged(view)


@custom_fields_api.post("")
@guard("chain.write")
@custom_fields_api.input(FieldIn)
@custom_fields_api.output(FieldOut, status_code=201)
def add_field(json_data):
    """Add a custom field. 409 code_taken when another has the key."""
    given = json_data.model_dump() | {"options": tuple(json_data.options)}
    view = service.add(service.AddField(**given, **asked()))
    return tagged(view, 201, url_for(".get_field", field_id=view.id))


@custom_fields_api.patch("/<int:field_id>")
@guard("chain.write")
@custom_fields_api.input(FieldChange)
@custom_fields_api.output(FieldOut)
def change_field(field_id, json_data):
    """Change a custom field. Needs If-Match; 409 in_use when an option goes that an item has."""
    command = service.ChangeField(
        field_id=field_id,
        version=version_sent(is_required=True),
        label=json_data.label,
        options=None if json_data.options is None else tuple(json_data.options),
        is_required=json_data.is_required,
        **asked(),
    )
    return tagged(service.change(command))


@custom_fields_api.delete("/<int:field_id>")
@guard("chain.write")
@custom_fields_api.output({}, status_code=204)
def remove_field(field_id):
    """Remove a custom field. 409 in_use while items have a value in it."""
    version = version_sent(is_required=False)
    service.remove(service.RemoveField(field_id=field_id, version=version, **asked()))
    return ""
