"""Picture files for tests, made on the spot: honest ones, and ones that are something else besides."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image, ImageDraw


def picture(size=(800, 600), colour="#c8553d", mode="RGB") -> Image.Image:
    """A plain picture whose upper left quarter is blue."""
    image = Image.new(mode, size, colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1] // 2 - 1), fill="#0000ff")
    return image


def written(image: Image.Image, kind: str = "JPEG", **more) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **more)
    return made.getvalue()


def jpeg(size=(800, 600), **more) -> bytes:
    return written(picture(size), "JPEG", quality=90, **more)


def png(size=(800, 600), **more) -> bytes:
    return written(picture(size), "PNG", **more)


def gif_with_a_script() -> bytes:
    """A picture whose comment makes the file a program as well."""
    return written(picture((40, 40)).convert("P"), "GIF", comment=b"*/=1;alert('planted');/*")


def png_with_an_archive() -> bytes:
    """A picture with an archive behind its end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("planted.html", "<script>alert('planted')</script>")
    return png((64, 64)) + packed.getvalue()


def huge_png(width=50_000, height=50_000) -> bytes:
    """A few bytes that promise two and a half thousand million pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(10_000))) + _chunk(b"IEND")
    )


def _chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def gif_with_a_huge_frame() -> bytes:
    """A screen of one pixel with a frame of four thousand million."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x4c\x01\x00"
    return screen + frame + b";"


def endless_gif(frames=2000) -> bytes:
    first = Image.new("P", (200, 200), 1)
    rest = [Image.new("P", (200, 200), number % 7) for number in range(frames)]
    return written(first, "GIF", save_all=True, append_images=rest, duration=10, optimize=False)


def workbook(extra: dict[str, bytes] | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return made.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert("planted")</script></svg>'
