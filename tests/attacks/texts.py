"""Every text that the API stores: where it is sent, how much fits, and whether pages show it as what it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from tests.attacks.conftest import Stage, shown
from tests.attacks.payloads import CALCULATED, MARK
from tests.matrix import Asked, _Body

# These send mail to addresses, prove them or end accounts; the names that they store are stored by others, too.
BESIDES = re.compile(r"/auth/|/users/me/|/owner$|/invitations|/leave|/archive$")
# Changes of what is there take every payload; new things are made a few times only.
APPENDING = re.compile(r"/notes$|/movements$|/restock$|/reversal$")
MOST_ROUNDS = 24
_words = itertools.count(1)


@dataclass
class Text:
    """A field of a request. at: its path in the body; most: its characters; number: what tells it from the others"""

    at: tuple
    most: int
    number: int = field(default_factory=lambda: next(_words))

    def packed(self, payloads: list[str]) -> list[str]:
        """The payloads in as few texts as hold them, marked with the field's number.

        A short field takes those that fit by themselves, and not all of them: others of its kind take the rest.
        """
        turned = payloads[self.number % len(payloads) :] + payloads[: self.number % len(payloads)]
        texts: list[str] = []
        for payload in (each.replace(MARK, f"{MARK}{self.number}") for each in turned):
            room = next((at for at, text in enumerate(texts) if len(text) + len(payload) < self.most), None)
            if room is not None:
                texts[room] += f" {payload}"
            elif len(payload) <= self.most:
                texts.append(payload)
        return texts[:MOST_ROUNDS]


class Texts:
    """The fields of every operation in which any words may stand; those that refuse words are references."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.fields: list[tuple[str, Any, list[Text]]] = []
        for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH")):
            schema = stage.matrix._schema(rule, method)
            if schema is None or not str(rule).startswith("/api/v1/") or BESIDES.search(str(rule)):
                continue
            found = [Text(at, most) for at, most in self._free(schema)]
            taking = [each for each in found if self.write(method, rule, {each.at: f"words {each.number}"}) < 300]
            if taking:
                self.fields.append((method, rule, taking))

    def _free(self, schema: dict, at: tuple = ()) -> Iterator[tuple[tuple, int]]:
        schema = _Body(self.stage.document, {})._plain(schema)
        if "properties" in schema:
            for name, inner in schema["properties"].items():
                yield from self._free(inner, (*at, name))
        elif schema.get("type") == "array":
            yield from self._free(schema["items"], (*at, 0))
        elif schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & schema.keys():
            yield at, schema.get("maxLength", 200)
        elif at and at[-1] in ("options", "fields"):
            yield at, 40

    def write(self, method: str, rule: Any, put: dict[tuple, str]) -> int:
        """Send texts, in a body that is right otherwise. returns: the status"""
        values = {at: self._placed(at, text) for at, text in put.items()}
        body = _Body(self.stage.document, self.stage.own.ids, values).of(self.stage.matrix._schema(rule, method))
        return self.stage.owner.ask(method, Asked(self.stage.matrix._path(rule, {}), body=body)).status_code

    def _placed(self, at: tuple, text: str) -> Any:
        """A text as it stands in a body: custom fields by their key, options by a name that is an attack itself."""
        if at[-1] == "fields":
            return {self.stage.own.ids["field_key"]: text}
        return {text[:40]: text} if at[-1] == "options" else text

    def rounds(self, payloads: list[str]) -> Iterator[int]:
        """Write the payloads, as many at a time as fit. yields: how many texts were stored in this round"""
        texts = {each.number: each.packed(payloads) for *_, fields in self.fields for each in fields}
        for number in range(max(map(len, texts.values()))):
            stored = 0
            for method, rule, fields in self.fields:
                if number < 2 or method != "POST" or APPENDING.search(str(rule)):
                    put = {each.at: texts[each.number][number] for each in fields if number < len(texts[each.number])}
                    stored += len(put) * (bool(put) and self.write(method, rule, put) < 300)
            yield stored


class Page(HTMLParser):
    """Looks for anything in a page that somebody's text has become: a tag, an attribute, a script, an address."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kinds = dict(attrs)
        self._in = "data" if "json" in (kinds.get("type") or "") else tag
        names = [name for name, _ in attrs]
        self.wrong += [f"<{tag}>"] * (MARK in tag)
        self.wrong += [f"<{tag} {name}>" for name in names if MARK in name or name.startswith("on") or name == "srcdoc"]
        for name, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", value or "").casefold()
            if name in ("href", "src", "action", "formaction", "data", "content") or name.startswith("hx-"):
                bad = address.startswith(("javascript:", "vbscript:", "data:text", f"//{MARK}"))
                self.wrong += [f"<{tag} {name}={value}>"] * (bad or (name.startswith("hx-") and MARK in address))

    def handle_data(self, data: str) -> None:
        self.wrong += [f"in {self._in}: {data[:80]}"] * (self._in in ("script", "style") and MARK in data)

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_comment(self, data: str) -> None:
        self.wrong += [f"comment: {data[:80]}"] * (MARK in data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def wrong_in(html: str, payloads: list[str]) -> list[str]:
    """What of the payloads is more than text in a page."""
    plain = re.sub(rf"{MARK}\d+", MARK, html)
    raw = [each for each in payloads if re.search("[<>\"'&]", each) and each in plain]
    return Page(html).wrong + [f"raw: {each}" for each in raw] + [each for each in CALCULATED if each in html]


def crawled(stage: Stage, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(address, body) of every page among them that is HTML, signed in as the owner."""
    for path in paths:
        answer = stage.owner.pages.get(path)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            yield path, shown(answer)


def pages_of(stage: Stage) -> list[str]:
    """All pages for one's own things, with what search finds of the texts."""
    found = [path for path in stage.addresses() if not path.startswith("/api/")]
    return found + [f"{path}?q={MARK}" for path in ("/search", "/items/", "/stock")]


def marks_in(html: str) -> set[str]:
    """Which fields a page shows, by their marks."""
    return set(re.findall(rf"{MARK}\d+", unescape(html)))


def that_show_more(marks: dict[str, set[str]]) -> list[str]:
    """The pages that show more than the frame around every page does."""
    frame = set.intersection(*marks.values())
    return [path for path, found in marks.items() if found - frame]
