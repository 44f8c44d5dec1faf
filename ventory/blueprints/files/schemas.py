"""Shapes of files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator

from ventory.core.files import THUMBNAILS
from ventory.web.schemas import Id, In, Out, QueryText

ADDRESS = "/api/v1/files"


def image_address(file_id: int, digest: str, size: int | str = "full") -> str:
    """Where a program fetches a picture; the digest makes it one that never changes."""
    return f"{ADDRESS}/{file_id}/{digest}/{size}.webp"


class ImageOut(Out):
    """A picture of an item. Fetch its addresses with the same token; what they answer never changes."""

    id: int
    name: str
    width: int
    height: int
    url: Annotated[str, Field(description="The picture, at most 1600 pixels on its longer side, as WebP.")]
    thumbnails: Annotated[dict[str, str], Field(description="By the longer side in pixels: 56, 112 and 480.")]

    @model_validator(mode="before")
    @classmethod
    def _with_addresses(cls, image: Any) -> dict:
        return {name: getattr(image, name) for name in cls.model_fields if hasattr(image, name)} | {
            "url": image_address(image.id, image.digest),
            "thumbnails": {str(size): image_address(image.id, image.digest, size) for size in THUMBNAILS},
        }


class ImageFileOut(ImageOut):
    """A picture with what is known about its coming."""

    bytes: int
    sha256: str
    uploaded_by_id: int
    uploaded_by: str
    uploaded_at: datetime


class AttachmentOut(Out):
    """A document of an item, given out to be saved, never shown."""

    id: int
    name: str
    media_type: str
    bytes: int
    sha256: str
    url: str
    uploaded_by_id: int
    uploaded_by: str
    uploaded_at: datetime

    @model_validator(mode="before")
    @classmethod
    def _with_address(cls, attachment: Any) -> dict:
        return {name: getattr(attachment, name) for name in cls.model_fields if hasattr(attachment, name)} | {
            "url": f"{ADDRESS}/{attachment.id}/{attachment.digest}"
        }


class OrderIn(In):
    order: Annotated[
        list[Id], Field(max_length=100, description="Ids that come first, in this order; the others follow.")
    ]


class NameQuery(In):
    name: Annotated[QueryText | None, Field(description="The file's name, when the body is the file itself.")] = None
