"""The look's promises: one file holds every colour, and each pair of colours can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ventory

WEB = Path(ventory.__file__).parent / "web"
TOKENS = dict(
    re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), #[0-9a-f]{6}\)", (WEB / "static/css/tokens.css").read_text())
)
DARK = dict(
    re.findall(r"--([\w-]+): light-dark\(#[0-9a-f]{6}, (#[0-9a-f]{6})\)", (WEB / "static/css/tokens.css").read_text())
)
GROUNDS = ("canvas", "surface", "raised")
STATUSES = ("critical", "warning", "under-way", "done", "quiet", "held")
HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b(?![\w-])")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """source: WCAG 2.2, contrast ratio"""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_no_colour_stands_outside_the_tokens():
    files = [file for file in WEB.parent.rglob("*") if file.suffix in (".css", ".html", ".js", ".svg")]
    files = [file for file in files if "vendor" not in file.parts and file.name not in ("tokens.css", "mark.svg")]
    files = [file for file in files if "worker" not in file.parts]  # mail programs know no custom properties
    assert len(files) > 30
    found = [f"{file.name}: {match}" for file in files for match in HEX.findall(file.read_text())]
    assert found == []


@pytest.mark.parametrize("theme", [TOKENS, DARK], ids=["light", "dark"])
def test_inks_can_be_read_on_every_ground(theme):
    weak = [
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent")
        for ground in GROUNDS
        if contrast(theme[ink], theme[ground]) < 4.5
    ]
    assert weak == []


@pytest.mark.parametrize("theme", [TOKENS, DARK], ids=["light", "dark"])
def test_states_can_be_read_and_told_from_the_ground(theme):
    texts = {status: contrast(theme[f"{status}-ink"], theme[f"{status}-bg"]) for status in STATUSES}
    on_surface = {status: contrast(theme[status], theme["surface"]) for status in STATUSES}
    # Glyphs and lines need 3. The light amber reaches 3.95 on canvas, where only lists without cards would put it.
    on_canvas = {status: contrast(theme[status], theme["canvas"]) for status in STATUSES}
    fields = [contrast(theme["field"], theme[ground]) for ground in GROUNDS[:2]]
    assert min(texts.values()) >= 6.8
    assert min(on_surface.values()) >= 4.2
    assert min(on_canvas.values()) >= 3.9
    assert min(fields) >= 3


def test_pages_hold_no_inline_script_style_or_handler():
    inline = re.compile(r"<style|\sstyle=|\son\w+=\"|<script(?![^>]*\bsrc=)", re.I)
    pages = [file for file in WEB.parent.rglob("templates/**/*.html") if "worker" not in file.parts]
    assert len(pages) > 15
    assert [file.name for file in pages if inline.search(file.read_text())] == []
