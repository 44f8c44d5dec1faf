"""Tags for programs. A tag comes into being on an item: send it there."""

from __future__ import annotations

from apiflask import APIBlueprint

from ventory.blueprints.tags import queries, service
from ventory.blueprints.tags.schemas import TagChange, TagMerge, TagOut
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, tagged, version_sent
from ventory.web.schemas import PageQuery

tags_api = APIBlueprint("tags", __name__, url_prefix="/tags", tag="Tags")


@tags_api.get("")
@guard("catalogue.read")
@tags_api.input(PageQuery, location="query")
@tags_api.output(list[TagOut])
def list_tags(query_data):
    """The tags that items carry or that are offered, by name."""
    return answer(queries.list_tags(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@tags_api.get("/<int:tag_id>")
@guard("catalogue.read")
@tags_api.output(TagOut)
def get_tag(tag_id):
    """Show one tag."""
    view = queries.get_tag(reading.session(), tag_id)
    if view is None:
        raise NotFound("There is no such tag.")
    return tagged(view)


@tags_api.patch("/<int:tag_id>")
@guard("chain.write")
@tags_api.input(TagChange)
@tags_api.output(TagOut)
def rename_tag(tag_id, json_data):
    """Rename a tag on all its items. Needs If-Match; 409 code_taken when another tag has the name."""
    version = version_sent(is_required=True)
    return tagged(service.rename(service.RenameTag(tag_id=tag_id, name=json_data.name, version=version, **asked())))


@tags_api.post("/<int:tag_id>/merge")
@guard("chain.write")
@tags_api.input(TagMerge)
@tags_api.output(TagOut)
def merge_tag(tag_id, json_data):
    """Let every item that carries this tag carry the other instead; the answer is the one that stays."""
    return tagged(service.merge(service.MergeTags(tag_id=tag_id, into=json_data.into, **asked())))


@tags_api.delete("/<int:tag_id>")
@guard("chain.write")
@tags_api.output({}, status_code=204)
def remove_tag(tag_id):
    """Remove a tag that is offered and that no item carries. 409 in_use when one does."""
    version = version_sent(is_required=False)
    service.remove(service.RemoveTag(tag_id=tag_id, version=version, **asked()))
    return ""
