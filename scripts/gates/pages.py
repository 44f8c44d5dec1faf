"""Gates on templates, scripts and styles: nothing of people's is markup, nothing comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.gates.found import Found, Gate

UNSAFE = {
    "marks a variable safe": re.compile(r"\|\s*safe\b|\bMarkup\(|\|\s*tojson\s*\|\s*safe"),
    "switches escaping off": re.compile(r"autoescape\s+false|autoescape=False"),
    "has an attribute without quotes": re.compile(r"<[^>{]*\s[\w-]+=\{\{"),
    "has a program in an attribute": re.compile(r"<[^>]*\son\w+\s*=", re.IGNORECASE),
    "has an address of a program": re.compile(
        r"(href|src|action)\s*=\s*[\"']\s*(javascript|data|vbscript):", re.IGNORECASE
    ),
}
SCRIPTS = re.compile(r"<script(?![^>]*\b(src|nonce)=)[^>]*>", re.IGNORECASE)
STYLES = re.compile(r"\sstyle\s*=", re.IGNORECASE)
SINKS = re.compile(
    r"\.(innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(|setTimeout\(\s*[\"']"
    r"|localStorage|postMessage\(|__proto__"
)
ELSEWHERE = re.compile(
    r"(src|href|action|srcset)\s*=\s*[\"'](https?:)?//|url\(\s*[\"']?(https?:)?//|@import|fetch\(\s*[\"'](https?:)?//"
)
# Scripts that may keep something in the browser, and what: never anything of the business.
KEEPING = {
    "ventory/web/static/js/menus.js: localStorage": "which menus are folded",
    "ventory/web/static/js/store.js: localStorage": "how tables and lists look",
    "ventory/web/static/js/theme.js: localStorage": "light or dark, wide or narrow",
}


def _files(root: Path, *endings: str) -> Iterator[tuple[str, str]]:
    for file in sorted((root / "ventory").rglob("*")):
        if file.suffix in endings and "vendor" not in file.parts:
            yield str(file.relative_to(root)), file.read_text(encoding="utf-8")


def templates_escape(root: Path) -> Found:
    """ASVS 1.2.1, 3.2.2, 3.4.3"""
    found = Found()
    for name, text in _files(root, ".html"):
        found.examined += 1
        rules = dict(UNSAFE)
        if "worker" not in name:  # letters have no stylesheet
            rules |= {"has a style in an attribute": STYLES, "has a script without a nonce": SCRIPTS}
        for what, pattern in rules.items():
            for hit in pattern.finditer(text):
                found.refuse(f"{name}:{text[: hit.start()].count(chr(10)) + 1}: {what}")
    return found


def scripts_write_no_markup(root: Path) -> Found:
    """ASVS 1.2.1, 14.3.3, 15.3.6"""
    found = Found(KEEPING)
    for name, text in _files(root, ".js", ".html"):
        found.examined += 1
        for hit in SINKS.finditer(text):
            where = f"{name}: {hit.group()}"
            found.refuse(where, unless=where)
    return found


def pages_ask_nobody_else(root: Path) -> Found:
    """ASVS 3.6.1, 14.2.3: no script, style, font, picture or form of another site"""
    found = Found()
    for name, text in _files(root, ".html", ".css", ".js"):
        found.examined += 1
        for hit in ELSEWHERE.finditer(text):
            found.refuse(f"{name}: {hit.group()}")
    return found


GATES = (
    Gate("templates escape", "templates", 60, templates_escape),
    Gate("scripts write no markup", "scripts and templates", 60, scripts_write_no_markup),
    Gate("pages ask nobody else", "files", 60, pages_ask_nobody_else),
)
