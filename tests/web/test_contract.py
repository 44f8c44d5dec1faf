"""Schemathesis over the whole OpenAPI document: no 500, no undocumented answer, nothing that its schema denies."""

from __future__ import annotations

import os
import shutil

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode, checks
from sqlalchemy import func, select

from tests.chain import found_chain
from tests.conftest import Api
from ventory.app import create_app
from ventory.config import load
from ventory.db import unit_of_work
from ventory.db.audit import Audit
from ventory.db.engine import autocommit, open_engine

EXAMPLES = int(os.environ.get("VENTORY_CONTRACT_EXAMPLES", "12"))
_made: dict = {}


def test_the_document_is_valid_openapi(app):
    document = app.test_client().get("/api/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) > 25
    for path in (
        "/api/products",
        "/api/products/{product_id}",
        "/api/products/{product_id}/restock",
        "/api/restocks",
        "/api/products/low-stock",
        "/api/products/analytics",
        "/api/v1/products",
        "/api/v1/movements",
        "/api/v1/analytics/overview",
        "/api/v1/analytics/trends",
    ):
        assert path in document["paths"]


def test_the_docs_page_asks_nobody_else(app):
    page = app.test_client().get("/api/docs").text
    assert "http://" not in page
    assert "https://" not in page


@pytest.fixture(scope="module")
def contract(sqlite_template, tmp_path_factory):
    """The application over a chain of its own, signed in as its owner."""
    folder = tmp_path_factory.mktemp("contract")
    shutil.copy(sqlite_template, folder / "ventory.db")
    url = f"sqlite:///{folder / 'ventory.db'}"
    engine = open_engine(url)
    unit_of_work.bind(engine)
    chain = found_chain()
    for number in range(3):
        chain.item(f"item{number}", stock=50, reorder_point=60, unit_cost="1.50")
    chain.move("sale", ("item0", 2))
    chain.supplier("PEN", item0={"unit_price": "1.20", "pack_size": 12})
    made = create_app(load({"VENTORY_ENV": "testing", "VENTORY_HOME": str(folder), "SQLALCHEMY_DATABASE_URI": url}))
    _made.update(headers=Api(made, chain.email).headers, engine=engine, odd=[])
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", made)
    engine.dispose()


ENDING = ("/auth/logout", "/auth/sessions/{session_id}", "/archive", "/leave", "/owner", "/sign-out")
MUTATING = ("POST", "PUT", "PATCH", "DELETE")
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def test_every_operation_keeps_its_contract(contract):
    operations = [found.ok() for found in contract.get_all_operations()]
    broken, asked = [], 0
    for operation in operations:
        if operation.path.endswith(ENDING):
            continue  # it would end the session of all the others; tested by itself
        for mode in GenerationMode:
            try:
                asked += hammer(operation, mode)
            except Exception as failure:
                broken.append(f"{operation.label} ({mode.value}): {failure}")
    assert not broken, "\n\n".join(broken)
    assert not _made["odd"], "\n".join(_made["odd"])
    assert len(operations) > 45
    assert asked > len(operations) * EXAMPLES


def last_row() -> int:
    with autocommit(_made["engine"]).connect() as connection:
        return connection.execute(select(func.max(Audit.id))).scalar_one()


def rows_after(row_id: int) -> list:
    with autocommit(_made["engine"]).connect() as connection:
        return list(connection.execute(select(Audit.request_id).where(Audit.id > row_id)).scalars())


def judge(case, answer, rows: list) -> None:
    """Whatever succeeded left one row of the audit trail, with its request; what was refused or only read, none."""
    asked = {**(case.query or {}), **(case.body if isinstance(case.body, dict) else {})}
    is_done = (
        case.method.upper() in MUTATING and answer.status_code < 300 and str(asked.get("dry_run")).lower() != "true"
    )
    (request_id,) = (
        answer.headers["x-request-id"]
        if isinstance(answer.headers["x-request-id"], list)
        else [answer.headers["x-request-id"]]
    )
    if rows != ([request_id] if is_done else []):
        _made["odd"].append(f"{case.method} {case.path} {answer.status_code}: {len(rows)} rows {rows} of {request_id}")


def hammer(operation, mode) -> int:
    """Call an operation with data that its schema allows, or does not. returns: how often"""
    count = 0
    if mode is GenerationMode.NEGATIVE and not list(operation.body) and not list(operation.query):
        return 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        nonlocal count
        case.headers = {**(case.headers or {}), **_made["headers"]}
        seen = last_row()
        answer = case.call_and_validate(checks=CHECKS)
        judge(case, answer, rows_after(seen))
        count += 1

    call()
    return count
