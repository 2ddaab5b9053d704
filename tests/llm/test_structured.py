"""Schemas are closed as strict modes ask, and JSON is found in what models put around it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field
from tests.support.scripted_llm import ALL, scripted

from seedbed.errors import UsageError
from seedbed.llm.calling.request_digest import request_digest
from seedbed.llm.request import Request
from seedbed.llm.schemas.structured import fit_schema, schema_of, shared_schema


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


class Unfinished(BaseModel):
    word: "Nothing"  # type: ignore[name-defined]  # noqa: F821, UP037


def test_a_class_with_a_name_that_nobody_knows_is_named_with_its_place() -> None:
    with pytest.raises(UsageError, match="'Unfinished' has no JSON Schema") as caught:
        shared_schema(Unfinished)

    assert caught.value.advice[0].startswith(f"in {__file__}, line ")
    assert "import or define Nothing where Unfinished is defined" in caught.value.advice[1]


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


@pytest.mark.parametrize("seed", [0, 2**70])
def test_a_call_is_known_by_the_schema_of_a_class_as_by_the_same_schema_in_a_dictionary(seed: int) -> None:
    llm = scripted(offers=ALL)
    of_class = llm.request([{"role": "user", "content": "Go on."}], schema=Output)
    assert of_class.schema is not None
    plain = of_class._replace(schema=dict(reversed(of_class.schema.items())))

    assert request_digest(llm, of_class, seed) == request_digest(llm, plain, seed)
