"""Pictures made anew: decoded under limits, turned upright, stripped of all but their pixels, encoded as WebP.

What was uploaded is never stored: a file that is a picture and something else besides comes out as a picture.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps

from ventory.core import files
from ventory.core.errors import FileUnreadable, Overloaded, VentoryError

QUALITY = 82
# Method 4, the library's own choice, takes half as long again for one per cent.
METHOD = 2
# Those who wait hold a thread each, and a process has four or eight of them for everything else.
AT_ONCE, WAITING, WAIT_SECONDS = 2, 2, 10.0


@dataclass(frozen=True)
class Picture:
    """A picture made anew. objects: by name, each a whole WebP file; `full` is the largest"""

    width: int
    height: int
    objects: dict[str, bytes]


class Gate:
    """Lets a few in at once and a few more wait; the rest are told to come again."""

    def __init__(self, at_once: int, waiting: int, seconds: float):
        self._places = threading.BoundedSemaphore(at_once)
        self._queue = threading.BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextmanager
    def inside(self) -> Iterator[None]:
        """raises: Overloaded when too many wait, or for too long"""
        if not self._queue.acquire(blocking=False):
            raise Overloaded("Many pictures are being read at once. Nothing was stored; try again.")
        try:
            if not self._places.acquire(timeout=self._seconds):
                raise Overloaded("Many pictures are being read at once. Nothing was stored; try again.")
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._queue.release()


_decoding = Gate(AT_ONCE, WAITING, WAIT_SECONDS)


def made_anew(content: bytes, longest: int = files.LONGEST_SIDE, *, with_thumbnails: bool = True) -> Picture:
    """The picture in a file that somebody sent.

    longest: pixels that the longer side may keep
    raises: FileTypeRefused, FileUnreadable, Overloaded
    """
    kind = files.wanted_picture_format(content)
    with _decoding.inside():
        return encoded(_decoded(content, kind, longest), with_thumbnails=with_thumbnails)


def encoded(image: Image.Image, *, with_thumbnails: bool = True) -> Picture:
    """A decoded picture as the objects that are stored."""
    width, height = image.size
    objects = {"full": _webp(image)}
    for size in sorted(files.THUMBNAILS if with_thumbnails else (), reverse=True):
        name = files.object_name(size, width, height)
        if name != "full":
            image = image.resize(files.reduced(width, height, size), Image.Resampling.LANCZOS, reducing_gap=3)
            objects[name] = _webp(image)
    return Picture(width, height, objects)


def _decoded(content: bytes, kind: str, longest: int) -> Image.Image:
    """The first frame, upright, in RGB or RGBA, no larger than `longest`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(content), formats=[kind])
        _check_pixels(image)
        image.draft("RGB", (longest, longest))
        image.load()
        _check_pixels(image)
        image = _plain_colours(image)
        image = image.resize(files.reduced(*image.size, longest), Image.Resampling.LANCZOS, reducing_gap=3)
        image = ImageOps.exif_transpose(image)  # last: turning a large picture would hold it twice
    except VentoryError:
        raise
    # A decoder fails in whatever way the file is broken: a dozen kinds of error, all of them about the file.
    except Exception as error:
        raise FileUnreadable("This picture is broken or cut off.", field="file") from error
    image.info = {}
    return image


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > files.MOST_PIXELS:
        raise FileUnreadable(
            f"This picture has {image.width:,} × {image.height:,} pixels;"
            f" at most {files.MOST_PIXELS // 1_000_000} million are taken. Make it smaller and send it again.",
            field="file",
        )


def _plain_colours(image: Image.Image) -> Image.Image:
    """The picture in eight bits a colour, with transparency only where there was some."""
    if image.mode.startswith("I;16"):
        # A bare conversion would clip every grey above 255 to white.
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    has_holes = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    wanted = "RGBA" if has_holes else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _webp(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "WEBP", quality=QUALITY, method=METHOD, exif=b"", xmp=b"", icc_profile=None)
    return made.getvalue()
