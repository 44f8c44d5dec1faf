"""Finishing the OpenAPI document: what every operation may answer, how to sign in, one name per operation."""

from __future__ import annotations

from ventory.core.keys import SCOPES
from ventory.web.errors import TITLES
from ventory.web.schemas import Problem

ALWAYS = (400, 413, 429, 500, 503)
SIGNED_IN = (401, 403)
WITH_BODY = (409, 412, 415, 422, 428)


def complete(spec: dict) -> dict:
    """Add to the generated document what holds for all operations."""
    components = spec.setdefault("components", {})
    components.setdefault("schemas", {}).pop("HTTPError", None)
    components["schemas"].pop("ValidationError", None)
    schema = Problem.model_json_schema(ref_template="#/components/schemas/Problem.{model}")
    for name, inner in schema.pop("$defs", {}).items():
        components["schemas"][f"Problem.{name}"] = inner
    components["schemas"]["Problem"] = schema
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A person's token."},
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "vty_…", "description": _about_keys()},
    }
    for page in ("/api/docs", "/api/openapi.json"):
        spec["paths"].pop(page, None)
    names = sorted({tag["name"] for tag in spec.get("tags", [])} - {"Api", "Api_V1"})
    spec["tags"] = [{"name": name} for name in names]
    for path, operations in spec.get("paths", {}).items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            _complete_operation(path, method, operation)
    return spec


def _about_keys() -> str:
    scopes = "\n".join(f"- `{name}`: {scope.meaning}." for name, scope in SCOPES.items())
    return f"An API key. It needs the scope that stands beside an operation, or one that includes it.\n\n{scopes}"


def _complete_operation(path: str, method: str, operation: dict) -> None:
    responses = operation["responses"] = {
        status: answer for status, answer in operation.get("responses", {}).items() if int(status) < 400
    }
    statuses = list(ALWAYS)
    if operation.get("security"):
        statuses += SIGNED_IN
    else:
        statuses.append(401)
    if "{" in path:
        statuses += (404, 405)
    if method != "get":
        statuses += WITH_BODY
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Makes a retry safe: one effect, one answer.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )
    for status in statuses:
        responses[str(status)] = {
            "description": TITLES[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
