"""Schemas are closed as strict modes ask, and JSON is found in what models put around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from seedbed.errors import UsageError
from seedbed.llm.request import Request
from seedbed.llm.schemas.structured import fit_schema, json_text, schema_of, shared_schema


class Part(BaseModel):
    size: int = 3


class Output(BaseModel):
    default: str
    parts: list[Part]
    note: str | None = None
    counts: dict[str, int]


def test_every_property_is_required_and_no_other_allowed_at_every_level():
    schema = schema_of(Output)
    assert schema["required"] == ["default", "parts", "note", "counts"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Part"]["required"] == ["size"]
    assert schema["$defs"]["Part"]["additionalProperties"] is False
    assert schema["properties"]["counts"]["additionalProperties"] == {"type": "integer"}


def test_defaults_are_left_out_but_not_a_column_of_that_name():
    schema = schema_of(Output)
    assert "default" not in schema["properties"]["note"]
    assert "default" not in schema["$defs"]["Part"]["properties"]["size"]
    assert schema["properties"]["default"]["type"] == "string"


def test_a_schema_that_is_one_already_stays_as_it_is():
    schema = {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}
    assert schema_of(schema) == schema


AROUND = {
    "nothing": "{}",
    "spaces": "  {} \n",
    "a fence": "```json\n{}\n```",
    "a fence with words": "Here you are:\n```\n{}\n```\nAnything else?",
    "words before": "Sure! {}",
    "words after": "{}\n\nI hope this helps.",
}


@pytest.mark.parametrize("case", AROUND)
@given(value=st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), min_size=1))
def test_json_is_found_in_what_stands_around_it(case, value):
    for indent in (None, 2):
        assert json.loads(json_text(AROUND[case].replace("{}", json.dumps(value, indent=indent)))) == value


def test_a_fence_inside_of_a_value_is_part_of_it():
    value = {"code": "```python\nprint()\n```", "language": "```"}
    assert json.loads(json_text(f"```json\n{json.dumps(value)}\n```")) == value
    assert json.loads(json_text(json.dumps(value, indent=1))) == value


def test_what_is_no_json_stays_for_the_error_to_quote():
    assert json_text("I cannot.") == "I cannot."
    assert json_text('[{"a": 1}]') == '[{"a": 1}]'


class Unfinished(BaseModel):
    word: "Nothing"  # type: ignore[name-defined]  # noqa: F821, UP037


def test_a_class_with_a_name_that_nobody_knows_is_named_with_its_place() -> None:
    with pytest.raises(UsageError, match="'Unfinished' has no JSON Schema") as caught:
        shared_schema(Unfinished)

    assert caught.value.advice[0].startswith(f"in {__file__}, line ")
    assert "import or define Nothing where Unfinished is defined" in caught.value.advice[1]


def test_a_fence_inside_of_the_json_is_no_fence_around_it():
    answer = '{"code": "see", "text": "\n```json\n{}\n```\n"}'
    assert json_text(answer) == answer
    assert json_text("Here:\n```json\n{}\n```\nand so on") == "{}"


ASKED = Request(messages=({"role": "user", "content": "a"},), schema={"type": "object", "properties": {}})


def test_a_raw_prompt_goes_out_without_its_schema_and_that_is_noted():
    sent, note = fit_schema(ASKED._replace(raw_prompt=True), None)
    assert (sent.schema, note) == (None, "a raw prompt is sent without the schema")
    assert sent.messages == ASKED.messages


def test_a_backend_may_change_the_schema_that_it_gets():
    sent, _ = fit_schema(ASKED, None)
    sent.schema["properties"]["more"] = {}
    assert ASKED.schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize(("most", "kind"), [(2**64 - 1, int), (2**64, float), (-(2**63), int)])
def test_numbers_in_a_schema_are_such_as_json_encoders_take(most, kind):
    class Large(BaseModel):
        number: int = Field(le=most)

    maximum = schema_of(Large)["properties"]["number"]["maximum"]
    assert (type(maximum), maximum) == (kind, most)
