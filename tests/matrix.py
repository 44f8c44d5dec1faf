"""The access matrix: every route, asked by everybody, for their own things, another inventory's and missing ones.

Routes, their arguments, their queries and their bodies are taken from the application itself, so a new route is in it
at once; an argument that it does not know stops it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.chain import PASSWORD
from tests.worlds import COSTS, FOREIGN, OTHER_STORE, SUPPLIERS, World
from ventory.core.access import permissions_of
from ventory.core.keys import permissions_in
from ventory.web.auth import PUBLIC, SIGNED_IN

MISSING_ID, MISSING_TEXT = 900_719_925_474, "nowhere"
PEOPLE = {
    "owner": ("owner", ()),
    "manager": ("manager", ()),
    "buyer": ("buyer", ()),
    "clerk": ("clerk", ()),
    "auditor": ("auditor", ()),
    "manager of Leeds": ("manager", ("LEEDS",)),
    "buyer of Leeds": ("buyer", ("LEEDS",)),
    "clerk of Leeds": ("clerk", ("LEEDS",)),
}
# Programs with a key of the owner's: their scopes, and the stores that they are limited to.
KEYS = {
    "key that sells in Leeds": (("products:read", "sales:write"), ("LEEDS",)),
    "key that reads products": (("products:read",), ()),
}
# What a name in an address, a query or a body stands for. Constants stand for themselves.
KINDS = {
    "item_id": "item", "product_id": "item", "item": "item", "category_id": "category", "category": "category",
    "field_id": "field", "type_id": "type", "unit_id": "unit", "tag_id": "tag", "into": "tag", "group_id": "group",
    "note_id": "note", "image_id": "image", "attachment_id": "attachment", "supplier_id": "supplier",
    "movement_id": "movement", "list_id": "list", "price_id": "price", "store_id": "store", "parent_id": "category",
    "inventory_id": "inventory", "actor_id": "actor", "code": "store_code", "store": "store_code",
    "to_store": "store_code", "source": "store_code", "copy_range_from": "store_code", "at": "store_code",
    "from": "store_code", "sku": "sku", "barcode": "barcode", "item_ids": "item", "tag": "tag_name",
    "list": "list_code",
    "type": "type_code", "unit": "unit_code", "uom": "unit_code", "base": "unit_code",
    "invitation_id": "invitation", "member_id": "actor", "stores": "store", "default_store": "store_code",
    "default_store_id": "store", "session_id": "session", "run_id": "run",
    "key_id": "program", "audit_id": "audit", "who": "actor",
}  # fmt: skip
CONSTANTS = {
    "size": "112",
    "table": "days",
    "kind": "sale",
    "role": "clerk",
    "token": "nobody-knows-this-token-of-an-invitation",
}
# Asked of every page; a page looks at those that it knows.
PAGE_QUERY = ("store", "category", "tag", "item", "list", "type", "at", "who")
MUTATING = ("POST", "PUT", "PATCH", "DELETE")
# These would end what all the others need: for one's own they are asked by tests of their own.
LEFT_OUT = {"POST /api/v1/auth/logout", "POST /auth/logout"}
ENDING = re.compile(r"/auth/|/users/me|(inventories/<int:inventory_id>|admin)/(leave|archive)$|/owner$")


@dataclass
class Report:
    """What was asked, and everything that should not have been answered so."""

    requests: int = 0
    done: int = 0
    routes: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """One request. sent: what it says of somebody else, which an answer may repeat"""

    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    sent: tuple[str, ...] = ()


class Person:
    """Somebody signed in at the pages and by a token; None for nobody."""

    def __init__(self, app, name: str, email: str | None):
        self.name, self.app = name, app
        self.role, self.stores = PEOPLE.get(name, (None, ()))
        self.pages, self.api = app.test_client(), app.test_client()
        self.headers = {}
        form = self.pages.get("/auth/login").text
        if email is None:
            self.csrf = _csrf(form)
            return
        sent = {"email": email, "password": PASSWORD, "csrf_token": _csrf(form)}
        assert self.pages.post("/auth/login", data=sent).status_code == 303
        self.csrf = _csrf(self.pages.get("/").text)
        token = self.api.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).json["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}

    def ask(self, method: str, asked: Asked):
        if asked.path.startswith("/api/"):
            more = {"json": asked.body} if method in MUTATING and asked.body is not None else {}
            return self.api.open(
                asked.path, method=method, query_string=asked.query, headers=self.headers, buffered=True, **more
            )
        headers = {"X-CSRFToken": self.csrf} if method in MUTATING else {}
        return self.pages.open(
            asked.path, method=method, query_string=asked.query, headers=headers, data=asked.body, buffered=True
        )

    @property
    def is_limited(self) -> bool:
        return bool(self.stores)


class Program(Person):
    """Somebody's key. It opens no page."""

    def __init__(self, app, name: str, owner: Person):
        scopes, self.stores = KEYS[name]
        self.name, self.app, self.role, self.api = name, app, "key", app.test_client()
        self.permissions = permissions_in(scopes)
        codes = {"LEEDS": "qzown-l"}
        body = {"name": name, "scopes": scopes, "stores": [codes[each] for each in self.stores]}
        made = owner.api.post("/api/v1/api-keys", json=body, headers=owner.headers)
        assert made.status_code == 201, made.text
        self.headers = {"Authorization": f"Bearer {made.json['secret']}", "If-Match": "*"}


def _without(sent: tuple[str, ...], text: str) -> str:
    """A text in which what was asked for is not told from anything else that might have been."""
    for each in sorted(sent, key=len, reverse=True):
        text = re.sub(rf"(?<![\w]){re.escape(each.casefold())}(?![\w])", "…", text)
    return text


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page
    return found.group(1)


class Matrix:
    """Asks everything of an application that holds two worlds."""

    def __init__(self, app, own: World, foreign: World):
        self.app, self.own, self.foreign = app, own, foreign
        self.document = app.test_client().get("/api/openapi.json").json
        emails = {name: self._email(role, stores) for name, (role, stores) in PEOPLE.items()}
        self.people = {name: Person(app, name, email) for name, email in emails.items()}
        self.people |= {name: Program(app, name, self.people["owner"]) for name in KEYS}
        self.nobody = Person(app, "nobody", None)

    def _email(self, role: str, stores: tuple[str, ...]) -> str:
        return self.own.chain.email if role == "owner" else self.own.chain.member(role, *stores)[1]

    def rules(self, methods: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        """(method, rule) of every guarded route, those that take something away last."""
        found = [
            (method, rule)
            for rule in self.app.url_map.iter_rules()
            for method in sorted(rule.methods & set(methods))
            if rule.endpoint != "static" and f"{method} {rule}" not in LEFT_OUT
        ]
        yield from sorted(found, key=lambda each: (_takes_away(*each), str(each[1]), each[0]))

    def run(self, people=None, methods=("GET", *MUTATING), paths: str = "") -> Report:
        """Ask. people, methods: only these; paths: only routes whose address it matches"""
        report = Report()
        chosen = [self.people[name] for name in people or self.people]
        for person in sorted(chosen, key=lambda each: list(self.people).index(each.name), reverse=True):
            for method, rule in self.rules(methods):
                is_theirs = not isinstance(person, Program) or str(rule).startswith("/api/")
                if is_theirs and re.search(paths, str(rule)):
                    self._ask_route(report, person, method, rule)
        if people is None:
            for method, rule in self.rules(methods):
                self._ask_nobody(report, method, rule)
        return report

    def _ask_nobody(self, report: Report, method: str, rule) -> None:
        asked = Asked(self._path(rule, dict.fromkeys(rule.arguments)))
        answer = self.nobody.ask(method, asked)
        report.requests += 1
        if self._needs(rule) == PUBLIC:
            self._search(report, f"nobody {method} {asked.path}", answer, asked, FOREIGN + OTHER_STORE + SUPPLIERS)
        elif answer.status_code not in ((401,) if asked.path.startswith("/api/") else (303, 403)):
            report.findings.append(f"nobody {method} {asked.path}: {answer.status_code}")

    def _needs(self, rule) -> str:
        return self.app.view_functions[rule.endpoint].permission

    def _ask_route(self, report: Report, person: Person, method: str, rule) -> None:
        report.routes.add(f"{method} {rule}")
        needs = self._needs(rule)
        is_api = str(rule).startswith("/api/")
        may = needs == PUBLIC or self._may(person, needs)
        own = Asked(self._path(rule, {}), body=self._body(method, rule))
        for strange, missing in self._pairs(person, method, rule):
            told = [self._told(report, person, method, each, may, is_api) for each in (strange, missing)]
            if told[0] != told[1] and not (told[0][0] == told[1][0] < 400 and method != "GET"):
                report.findings.append(
                    f"{person.name} {method} {strange.path} {strange.query} {strange.body}: {told[0][0]} is not what"
                    f" {missing.path} {missing.query} says: {told[1][0]}{_difference(told[0][1], told[1][1])}"
                )
        if method != "GET" and ENDING.search(str(rule)):
            return
        status, _ = self._told(report, person, method, own, may, is_api)
        if person.role == "owner" and needs != PUBLIC and method == "GET" and status >= 400:
            report.findings.append(f"{person.name} {method} {own.path}: {status} for one's own")
        report.done += may and method != "GET" and status < 400

    def _may(self, person: Person, needs: str) -> bool:
        if isinstance(person, Program):
            return needs in person.permissions
        return needs == SIGNED_IN or needs in permissions_of(person.role, is_limited=person.is_limited)

    def _told(self, report: Report, person: Person, method: str, asked: Asked, may: bool, is_api: bool):
        """The answer's status and its text without what differs between any two answers."""
        answer = person.ask(method, asked)
        report.requests += 1
        where = f"{person.name} {method} {asked.path} {asked.query or ''} {asked.body or ''}"
        if answer.status_code >= 500:
            report.findings.append(f"{where}: {answer.status_code}")
        if not may and answer.status_code != (403 if is_api else 404):
            report.findings.append(f"{where}: {answer.status_code} without the right")
        marks = FOREIGN
        if person.is_limited:
            marks += OTHER_STORE
        if person.role in ("clerk", "key"):
            marks += COSTS + SUPPLIERS
        return answer.status_code, self._search(report, where, answer, asked, marks)

    def _search(self, report: Report, where: str, answer, asked: Asked, marks: tuple[str, ...]) -> str:
        text = answer.get_data().decode("utf-8", "replace").casefold()
        text += " ".join(f"{name}: {value}" for name, value in answer.headers if name == "Location").casefold()
        # Tokens are letters at random: in 2,500 pages one says any five of them now and then.
        text = re.sub(r'(nonce|value|content)="[\w.-]{20,}"', "", text)
        told = _without(asked.sent, text)
        figures = re.sub(r"(?<=\d)[,.](?=\d)", "", told)
        report.findings += [f"{where}: says {mark}" for mark in marks if mark in told or mark in figures]
        # What was said after an earlier form, keys and tokens are new in every answer.
        text = re.sub(r'<div class="toasts".*?<div id="spoken"', "", text, flags=re.DOTALL)
        text = re.sub(r'(value|nonce)="[\w.\-]{20,}"|"request_id":"\w+"|request [0-9a-f]{16}', "", text)
        return _without(asked.sent, text)

    # What is asked ---------------------------------------------------------------------------------------------

    def _pairs(self, person: Person, method: str, rule) -> Iterator[tuple[Asked, Asked]]:
        """Requests that name what is not the caller's, each beside the same one that names what is missing."""
        others = [self.foreign.ids]
        if person.is_limited:
            others.append(self.own.other)
        for world in others:
            names = [name for name in rule.arguments if self._kind(rule, name) in world]
            every = [(name,) for name in names] + ([tuple(names)] if len(names) > 1 else [])
            for some in every:
                yield self._pair(rule, dict.fromkeys(some, world), self._body(method, rule))
            for name, kind in self._queries(rule) if method == "GET" else ():
                if kind in world:
                    yield tuple(
                        Asked(self._path(rule, {}), {name: value}, sent=(str(value), str(_none(kind))))
                        for value in (world[kind], _none(kind))
                    )
            if method == "GET" and not str(rule).startswith("/api/"):
                known = [name for name in PAGE_QUERY if KINDS[name] in world]
                yield tuple(
                    Asked(
                        self._path(rule, {}),
                        {name: source(KINDS[name]) for name in known},
                        sent=tuple(str(value(KINDS[n])) for n in known for value in (world.get, _none)),
                    )
                    for source in (world.get, _none)
                )
            if method in MUTATING:
                yield from self._strange_bodies(rule, method, world)

    def _pair(self, rule, worlds: dict, body: Any) -> tuple[Asked, Asked]:
        said = tuple(str(value) for name in worlds for value in self._values(rule, name, worlds[name]))
        strange = Asked(self._path(rule, worlds), body=body, sent=said)
        return strange, Asked(self._path(rule, dict.fromkeys(worlds)), body=body, sent=said)

    def _values(self, rule, name: str, world: dict) -> tuple:
        kind = self._kind(rule, name)
        return world[kind], _none(kind)

    def _kind(self, rule, name: str) -> str | None:
        if name in CONSTANTS:
            return None
        if name == "file_id":
            return (
                "image"
                if "image" in rule.endpoint or "kind" in rule.arguments or "place" in rule.endpoint
                else "attachment"
            )
        if name == "digest":
            return "image_digest" if "image" in rule.endpoint else "attachment_digest"
        if name == "store" and "<int:store>" in str(rule):
            return "store"
        assert name in KINDS, f"{rule} takes {name}: say in tests/matrix.py what that stands for"
        return KINDS[name]

    def _path(self, rule, worlds: dict) -> str:
        """The address for one's own things, or, by argument, another world's (None: missing ones)."""
        path = str(rule)
        for name in rule.arguments:
            kind = self._kind(rule, name)
            if kind is None:
                value = CONSTANTS[name]
                if name == "kind" and rule.endpoint.startswith("files."):
                    value = "images"
                elif name == "kind" and rule.endpoint.startswith("inventories."):
                    value = "grocery"
            elif name in worlds:
                value = _none(kind) if worlds[name] is None else worlds[name][kind]
            else:
                value = self.own.ids[kind]
            path = re.sub(rf"<(\w+:)?{name}>", str(value), path)
        return path

    def _operation(self, rule, method: str) -> dict:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule))
        return self.document["paths"].get(path, {}).get(method.lower(), {})

    def _queries(self, rule) -> list[tuple[str, str]]:
        names = [each["name"] for each in self._operation(rule, "GET").get("parameters", ()) if each["in"] == "query"]
        return [(name, KINDS[name]) for name in names if name in KINDS]

    def _schema(self, rule, method: str) -> dict | None:
        content = self._operation(rule, method).get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def _body(self, method: str, rule) -> Any:
        schema = self._schema(rule, method) if method in MUTATING else None
        return None if schema is None else _Body(self.document, self.own.ids).of(schema)

    def _strange_bodies(self, rule, method: str, world: dict) -> Iterator[tuple[Asked, Asked]]:
        """The body that a route takes, with one of its references turned elsewhere at a time."""
        schema = self._schema(rule, method)
        if schema is None:
            return
        path = self._path(rule, {})
        for at, kind in _Body(self.document, self.own.ids).references(schema):
            if kind not in world:
                continue
            said = (str(world[kind]), str(_none(kind)))
            yield tuple(
                Asked(path, body=_Body(self.document, self.own.ids, {at: value}).of(schema), sent=said)
                for value in (world[kind], _none(kind))
            )


def _none(kind: str) -> Any:
    return (
        MISSING_TEXT
        if kind.endswith(("_code", "_name", "_digest", "_key")) or kind in ("sku", "barcode")
        else MISSING_ID
    )


def _takes_away(method: str, rule) -> bool:
    return method == "DELETE" or bool(
        re.search("remove|archive|revoke|leave|owner|reverse|disable|withdraw", str(rule))
    )


def _difference(one: str, other: str) -> str:
    for at, (left, right) in enumerate(zip(one.splitlines(), other.splitlines(), strict=False)):
        if left != right:
            return f"; line {at}: {left[:300]!r} and {right[:300]!r}"
    return ""


_numbers = itertools.count(1)
# New things need a name that nothing has; these are left out, or filled although they need not be.
_NEW = ("name", "code", "label", "key", "sku")
_FILLED = ("quantity", "item_id", "item_ids", "amount")
_REFERRING = ("item_id", "sku", "barcode")
# Beside an item's id they name the item; by themselves they are what a thing is to be called.
_NAMES = ("sku", "barcode", "code")


class _Body:
    """A body that a schema allows, which names one's own things.

    put: instead of them, by path such as ("lines", 0, "item_id")
    """

    def __init__(self, document: dict, ids: dict, put: dict[tuple, Any] | None = None):
        self.document, self.ids, self.put = document, ids, put or {}

    def of(self, schema: dict, at: tuple = ()) -> Any:
        if at in self.put:
            return self.put[at]
        schema = self._plain(schema)
        if "properties" in schema:
            return {name: self.of(inner, (*at, name)) for name, inner in self._chosen(schema, at).items()}
        kind = KINDS.get(at[-1] if at and isinstance(at[-1], str) else "")
        if schema.get("type") == "array":
            if kind in self.ids:
                return [self.put.get((*at, 0), self.ids[kind])]
            return [self.of(schema["items"], (*at, 0))]
        if kind in self.ids and (at[-1] not in _NEW or self._is_reference(at)):
            return self.ids[kind]
        return _value(schema, at[-1] if at else "")

    def references(self, schema: dict, at: tuple = ()) -> Iterator[tuple[tuple, str]]:
        """(path, kind) of everything in a body that names something."""
        schema = self._plain(schema)
        for name, inner in schema.get("properties", {}).items():
            here, plain = (*at, name), self._plain(inner)
            if plain.get("type") == "array" and name in KINDS:
                yield (*here, 0), KINDS[name]
            elif plain.get("type") == "array":
                yield from self.references(plain.get("items", {}), (*here, 0))
            elif "properties" in plain:
                yield from self.references(plain, here)
            elif name in KINDS and (name not in _NAMES or "item_id" in schema["properties"]):
                yield here, KINDS[name]

    def _chosen(self, schema: dict, at: tuple) -> dict:
        """The fields to fill: those needed, those that make sense of the rest, and those on the way to `put`."""
        properties, needed = schema["properties"], set(schema.get("required", ()))
        names = needed | {name for name in _FILLED if name in properties}
        for path in self.put:
            if path[: len(at)] == at and len(path) > len(at):
                if path[len(at)] in _REFERRING:
                    names -= set(_REFERRING) - needed
                names.add(path[len(at)])
        return {name: inner for name, inner in properties.items() if name in names}

    def _is_reference(self, at: tuple) -> bool:
        return at in self.put

    def _plain(self, schema: dict) -> dict:
        while "$ref" in schema or "anyOf" in schema or "allOf" in schema:
            if "$ref" in schema:
                schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
            else:
                options = schema.get("anyOf") or schema["allOf"]
                schema = next((each for each in options if each.get("type") != "null"), {})
        return schema


def _value(schema: dict, name: Any) -> Any:
    if name == "role":
        return "clerk"
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    match schema.get("type"):
        case "boolean":
            return False
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "object":
            return {}
    if schema.get("format") == "date":
        return date.today().isoformat()
    if name in ("amount", "minimum_order"):
        return "1.00"
    if name in ("currency", "time_zone"):
        return {"currency": "GBP", "time_zone": "Europe/London"}[name]
    if name == "email":
        return f"somebody{next(_numbers)}@chain.example"
    return f"new {next(_numbers)}"
