"""API keys for programs, and what they asked lately."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from ventory.blueprints.keys import queries, service
from ventory.blueprints.keys.schemas import KeyChange, KeyIn, KeyOut, KeyRequestOut, MadeKeyOut, RequestsQuery
from ventory.core.errors import NotFound
from ventory.core.unset import UNSET
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, tagged, version_sent
from ventory.web.schemas import PageQuery

keys_api = APIBlueprint("api_keys", __name__, url_prefix="/api-keys", tag="API keys")


@keys_api.get("")
@guard("keys.read")
@keys_api.input(PageQuery, location="query")
@keys_api.output(list[KeyOut])
def list_keys(query_data):
    """The keys of the inventory, revoked ones too, newest first."""
    return answer(queries.keys(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@keys_api.post("")
@guard("keys.write")
@keys_api.input(KeyIn)
@keys_api.output(MadeKeyOut, status_code=201)
def make_key(json_data):
    """Make a key. Its secret is in this answer and in no other.

    403 for a scope that the caller does not have; 409 when there are too many keys.
    """
    expires_at = json_data.expires_at
    if "expires_at" not in json_data.model_fields_set:
        expires_at = datetime.now(UTC) + service.OFFERED
    made = service.make(
        service.MakeKey(
            name=json_data.name,
            scopes=tuple(json_data.scopes),
            stores=tuple(json_data.stores),
            expires_at=expires_at,
            **asked(),
        )
    )
    shown = vars(made.key) | {"secret": made.secret}
    headers = {"ETag": f'"{made.key.version}"', "Location": url_for(".get_key", key_id=made.key.id)}
    return shown, 201, headers


@keys_api.get("/<int:key_id>")
@guard("keys.read")
@keys_api.output(KeyOut)
def get_key(key_id):
    """Show one key, without its secret."""
    return tagged(_found(key_id))


@keys_api.patch("/<int:key_id>")
@guard("keys.write")
@keys_api.input(KeyChange)
@keys_api.output(KeyOut)
def change_key(key_id, json_data):
    """Change a key; it holds at its next request, and the caller answers for it from then on. Needs If-Match.

    403 for a scope that the caller does not have; 409 for a revoked key.
    """
    version = version_sent(is_required=True)
    changes: dict[str, Any] = {
        name: tuple(value) for name in ("scopes", "stores") if (value := getattr(json_data, name)) is not None
    }
    changes["expires_at"] = json_data.expires_at if "expires_at" in json_data.model_fields_set else UNSET
    return tagged(
        service.change(service.ChangeKey(key_id=key_id, version=version, name=json_data.name, **changes, **asked()))
    )


@keys_api.delete("/<int:key_id>")
@guard("keys.write")
@keys_api.output({}, status_code=204)
def revoke_key(key_id):
    """Revoke a key for good; it opens nothing from its next request on."""
    service.revoke(service.OneKey(key_id=key_id, **asked()))
    return ""


@keys_api.get("/<int:key_id>/requests")
@guard("keys.read")
@keys_api.input(RequestsQuery, location="query")
@keys_api.output(list[KeyRequestOut])
def list_requests(key_id, query_data):
    """What a key asked lately, newest first: at most 1,000 requests of seven days, noted within a second or two."""
    view = _found(key_id)
    return answer(
        queries.requests(
            reading.session(),
            view.id,
            only_errors=query_data.errors,
            limit=query_data.limit,
            cursor=query_data.cursor,
        )
    )


def _found(key_id: int) -> queries.KeyView:
    view = queries.get_key(reading.session(), key_id)
    if view is None:
        raise NotFound("There is no such API key.")
    return view
