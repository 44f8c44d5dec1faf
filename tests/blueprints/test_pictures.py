"""Pictures made anew: upright, without metadata, never larger than is taken, never anything but a picture."""

from __future__ import annotations

import io
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import pictures as samples
from ventory.blueprints.files import pictures
from ventory.core.errors import FileTypeRefused, FileUnreadable, Overloaded
from ventory.core.files import ENDINGS, document_type


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def is_blue(colour) -> bool:
    red, green, blue = colour[:3]
    return blue > 200 and red < 60 and green < 60


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_every_kind_becomes_webp_in_four_sizes(kind):
    made = pictures.made_anew(samples.written(samples.picture((2000, 1000)), kind))

    assert (made.width, made.height) == (1600, 800)
    assert {name: opened(each).size for name, each in made.objects.items()} == {
        "full": (1600, 800),
        "480.webp": (480, 240),
        "112.webp": (112, 56),
        "56.webp": (56, 28),
    }
    for each in made.objects.values():
        image = opened(each)
        assert image.format == "WEBP"
        assert is_blue(image.getpixel((image.width // 4, image.height // 4)))
        assert not is_blue(image.getpixel((image.width * 3 // 4, image.height * 3 // 4)))


def test_a_small_picture_is_not_enlarged():
    made = pictures.made_anew(samples.png((100, 80)))
    assert {name: opened(each).size for name, each in made.objects.items()} == {"full": (100, 80), "56.webp": (56, 45)}


def test_a_picture_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn it a quarter to the right
    made = pictures.made_anew(samples.jpeg((800, 600), exif=exif))

    image = opened(made.objects["full"])
    assert image.size == (600, 800)
    assert is_blue(image.getpixel((450, 200)))
    assert not is_blue(image.getpixel((150, 200)))


@pytest.mark.attack("A108")
def test_nothing_but_the_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "planted description"
    exif.get_ifd(0x8825)[1] = "N"
    content = samples.jpeg((300, 200), exif=exif, comment=b"planted comment", icc_profile=b"planted profile" * 20)
    assert b"planted" in content

    made = pictures.made_anew(content)

    for each in made.objects.values():
        assert b"planted" not in each
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(opened(each).info)


@pytest.mark.attack("A101")
@pytest.mark.parametrize("content", [samples.gif_with_a_script(), samples.png_with_an_archive()])
def test_a_file_that_is_two_things_comes_out_as_a_picture_only(content):
    made = pictures.made_anew(content)

    for each in made.objects.values():
        assert b"planted" not in each
        assert b"PK\x03\x04" not in each
        assert b"alert" not in each
        assert each.startswith(b"RIFF")
        assert int.from_bytes(each[4:8], "little") + 8 == len(each)


@pytest.mark.parametrize(
    "content", [samples.SVG, b"<?xml version='1.0'?><svg/>", b"<html>", b"%PDF-1.7", b"GIF88a", b"II*\x00tiff", b"BM"]
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(FileTypeRefused, match="Send a picture as JPEG, PNG, WebP, GIF or AVIF"):
        pictures.made_anew(content)


def test_a_photo_from_an_iphone_says_how_to_take_the_next():
    with pytest.raises(FileTypeRefused, match=r"HEIC photo.*Save it as JPEG"):
        pictures.made_anew(b"\x00\x00\x00\x18ftypheic" + bytes(100))


@pytest.mark.parametrize(("mode", "kind"), [("L", "JPEG"), ("CMYK", "JPEG"), ("1", "PNG"), ("P", "PNG"), ("LA", "PNG")])
def test_every_way_of_writing_colours_is_read(mode, kind):
    dark_on_light = Image.new("L", (200, 200), 255)
    dark_on_light.paste(0, (0, 0, 100, 100))
    inked = dark_on_light.convert("RGB").convert(mode) if mode == "CMYK" else dark_on_light.convert(mode)

    made = opened(pictures.made_anew(samples.written(inked, kind)).objects["full"])

    dark, light = made.getpixel((50, 50)), made.getpixel((150, 150))
    assert max(dark[:3]) < 70
    assert min(light[:3]) > 190


@pytest.mark.attack("A103")
@pytest.mark.parametrize(
    "content", [samples.huge_png(), samples.gif_with_a_huge_frame(), samples.huge_png(40_001, 1000)]
)
def test_more_pixels_than_are_taken_are_refused_before_they_are_unpacked(content):
    started = time.monotonic()
    with pytest.raises(FileUnreadable, match=r"pixels|broken"):
        pictures.made_anew(content)
    assert time.monotonic() - started < 1


@pytest.mark.attack("A103")
def test_of_an_animation_only_the_first_frame_is_unpacked():
    content = samples.endless_gif()
    started = time.monotonic()
    made = pictures.made_anew(content)
    assert time.monotonic() - started < 1
    assert getattr(opened(made.objects["full"]), "n_frames", 1) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_picture_that_is_cut_off_is_refused(kind):
    noise = Image.effect_noise((600, 400), 80).convert("RGB")
    content = samples.written(noise, kind)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises((FileUnreadable, FileTypeRefused)):
            pictures.made_anew(content[: int(len(content) * share)])


SAMPLES = {kind: samples.written(samples.picture((60, 40)), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")}


@pytest.mark.attack("A109")
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=20))
def test_whatever_is_changed_in_a_file_it_is_a_picture_or_refused(kind, changes):
    content = bytearray(SAMPLES[kind])
    for place, value in changes:
        content[place % len(content)] = value
    try:
        made = pictures.made_anew(bytes(content))
    except (FileUnreadable, FileTypeRefused):
        return
    assert opened(made.objects["full"]).size == (made.width, made.height)


@pytest.mark.attack("A109")
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.sampled_from([b"", b"%PDF-", b"PK\x03\x04", b"a,b", samples.workbook()]), st.binary(max_size=300))
def test_whatever_is_attached_is_of_a_known_kind_or_refused(start, rest):
    try:
        media_type = document_type(start + rest, "x.csv")
    except (FileUnreadable, FileTypeRefused):
        return
    assert media_type in ENDINGS


def test_fine_greys_and_holes_survive():
    grey = Image.new("I;16", (64, 64), 30_000)
    middle = opened(pictures.made_anew(samples.written(grey, "PNG")).objects["full"]).getpixel((32, 32))
    assert all(110 <= channel <= 124 for channel in middle[:3])
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert opened(pictures.made_anew(samples.written(clear, "PNG")).objects["full"]).getpixel((32, 32))[3] == 0


def test_a_full_gate_sends_the_rest_away():
    gate = pictures.Gate(at_once=1, waiting=1, seconds=0.2)
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with gate.inside():
            entered.set()
            leave.wait(10)

    first = threading.Thread(target=stay)
    first.start()
    entered.wait(10)
    refused: list[float] = []

    def wait_in_vain():
        started = time.monotonic()
        with pytest.raises(Overloaded), gate.inside():
            pass
        refused.append(time.monotonic() - started)

    second = threading.Thread(target=wait_in_vain)
    second.start()
    time.sleep(0.05)
    wait_in_vain()
    second.join()
    leave.set()
    first.join()

    assert refused[0] < 0.1, "the third found the queue full"
    assert refused[1] >= 0.2, "the second waited its time"
    with gate.inside():
        pass
