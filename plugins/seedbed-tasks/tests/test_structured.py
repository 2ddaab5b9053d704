"""Rows of any JSON Schema or pydantic class."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from seedbed import Capabilities, UsageError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import Structured

TYPED = Capabilities(structured_output=True)
SHOP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "open": {"type": "array", "items": {"enum": ["mon", "tue"]}},
    },
    "required": ["name"],
}


class Shop(BaseModel):
    name: str
    staff: int = 1


def made(task: Structured, *answers: Any) -> tuple[list[dict[str, Any]], ScriptedLLM]:
    llm = ScriptedLLM(*(json.dumps(answer) for answer in answers), offers=TYPED)
    return list(run(task, 1, llm=llm).rows()), llm


def test_rows_fit_the_schema_and_the_model_is_told_why_not() -> None:
    rows, llm = made(Structured(json_schema=SHOP), {"name": "Al"}, {"name": "Alba", "open": ["mon"]})

    assert rows == [{"name": "Alba", "open": ["mon"], "model_name": "scripted"}]
    assert (llm.requests[0].schema or {})["properties"] == SHOP["properties"]
    assert "name: 'Al' is too short" in llm.requests[1].messages[-1]["content"]


def test_a_property_that_is_left_out_is_null() -> None:
    assert made(Structured(json_schema=SHOP), {"name": "Alba"})[0][0]["open"] is None


def test_a_pydantic_class_types_the_rows() -> None:
    task = Structured(json_schema=Shop)

    assert task.outputs == ["name", "staff"]
    assert made(task, {"name": "Alba", "staff": "many"}, {"name": "Alba", "staff": 4})[0][0]["staff"] == 4


def test_a_schema_without_properties_makes_one_column() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 2}

    assert made(Structured(json_schema=schema), [1], [1, 2])[0][0]["value"] == [1, 2]


def test_values_that_vary_are_columns_and_in_the_prompt() -> None:
    task = Structured(json_schema=SHOP, instructions="a shop", vary={"town": ["Ulm {{ x }}"], "size": [1, 2]})
    rows, llm = made(task, {"name": "Alba"})

    assert list(rows[0]) == ["town", "size", "name", "open", "model_name"]
    assert "Make up a shop." in llm.requests[0].messages[-1]["content"]
    assert "town: Ulm {{ x }}" in llm.requests[0].messages[-1]["content"]


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({}, "json_schema"),
        ({"json_schema": {"type": "objekt"}}, "no JSON Schema"),
        ({"json_schema": SHOP, "vary": {"town": []}}, "no values to draw from"),
    ],
)
def test_wrong_parameters_are_an_error_before_a_run(parameters: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        get_task("structured", **parameters)
