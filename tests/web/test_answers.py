"""Answers are written in one step, and say the same as shapes do."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from flask import Flask
from pydantic import BaseModel, ConfigDict, Field

from ventory.web.answers import FastJson, Shaped
from ventory.web.schemas import Out


class Inner(Out):
    name: str
    amount: Decimal | None = None


class Outer(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: float = Field(serialization_alias="figure")
    inner: list[Inner] = []


@pytest.fixture
def written():
    class App(Flask):
        json_provider_class = FastJson

    made = App("test")

    def write(value) -> str:
        return made.json.response(value).get_data(as_text=True)

    return write


@pytest.mark.parametrize("many", [False, True])
def test_shapes_are_written_as_the_library_would(written, many):
    rows = [{"number": 0.1, "inner": [{"name": "“tea” é", "amount": Decimal("2.50"), "unknown": 1}]}, {"number": 12}]
    sent = rows if many else rows[0]
    plain = super(Shaped, Shaped(Outer)).serialize_output(sent, many)
    assert json.loads(written(Shaped(Outer).serialize_output(sent, many))) == plain


def test_numbers_keep_every_digit_that_they_have(written):
    assert written([0.3, 999999999.999999, 0.000001, 5]) == "[0.3,999999999.999999,1e-6,5]"


def test_half_a_character_that_a_refusal_quotes_is_written_all_the_same(written):
    assert json.loads(written({"detail": "There is no store \ud800."})) == {"detail": "There is no store \ud800."}


def test_a_wrong_name_with_half_a_character_is_refused_and_quoted(api, chain):
    item = chain.item("tea", stock=5)
    line = {"item_id": item, "store": "\ud800", "quantity": 1}
    body = json.dumps({"kind": "sale", "lines": [line]})
    refused = api.post("/api/v1/movements", data=body, content_type="application/json")
    assert refused.status_code == 422
    assert refused.json["errors"]
