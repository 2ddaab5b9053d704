"""Schemas are sent as strict mode takes them, and in the prompt where it takes none."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, RootModel
from tests.support.fault_server import FaultServer, Reply
from tests.support.strict_servers import openai_problem
from tests.support.typed_models import NARROWED, PLAIN, SPECIAL, Colour, models

from seedbed import GeneratorTask, Request, run
from seedbed.llm.schemas.in_prompt import without_titles
from seedbed.llm.schemas.structured import fit_schema, schema_of
from seedbed.testing.plausible import fitting
from seedbed_openai import OpenAILLM
from seedbed_openai.dialects import GRAMMAR, STRICT

USER = {"role": "user", "content": "x"}


def strict(model: Any) -> Any:
    """Return the schema that is sent for a class, or None where it goes into the prompt."""
    request, note = fit_schema(Request(messages=(USER,), schema=schema_of(model)), STRICT)
    assert (request.schema is None) == bool(note) == (len(request.messages) == 2)
    return request.schema


@settings(deadline=None)
@given(model=models())
def test_what_is_sent_is_what_strict_mode_takes(model: type[BaseModel]) -> None:
    sent = strict(model)
    if sent is not None:
        assert openai_problem(sent) is None


@settings(deadline=None)
@given(model=models(PLAIN + NARROWED))
def test_types_without_special_constructs_are_sent_by_the_servers_own_means(model: type[BaseModel]) -> None:
    assert strict(model) is not None


@settings(deadline=None)
@given(model=models(PLAIN + SPECIAL), random=st.randoms(use_true_random=False))
def test_where_the_sdks_schema_is_taken_ours_allows_the_same_answers(
    model: type[BaseModel], random: Any
) -> None:
    from openai.lib._pydantic import to_strict_json_schema

    theirs = to_strict_json_schema(model)
    if openai_problem(theirs) is not None:
        return
    ours = strict(model)
    for one, other in ((ours, theirs), (theirs, ours)):
        Draft202012Validator(other).validate(fitting(one, random))


class Described(BaseModel):
    color: Colour = Field(description="The colour of it.")


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Tagged(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


class Counts(BaseModel):
    counts: dict[str, int]


class Pair(BaseModel):
    pair: tuple[int, str]


class Anything(BaseModel):
    value: Any


class Words(RootModel[list[str]]):
    """An answer that is no object."""


def nested(depth: int) -> type[BaseModel]:
    model: Any = str
    for _ in range(depth):
        model = type("Level", (BaseModel,), {"__annotations__": {"inner": model}})
    result: type[BaseModel] = model
    return result


SENT = {
    "a described reference": (Described, {"color": "red"}),
    "a discriminated union": (Tagged, {"pet": {"kind": "cat"}}),
}
PROMPTED = {
    "an open object": (Counts, {"counts": {"a": 1}}),
    "a tuple": (Pair, {"pair": [1, "a"]}),
    "any value": (Anything, {"value": [1]}),
    "11 levels": (nested(11), json.loads('{"inner":' * 11 + '"x"' + "}" * 11)),
}


def asked(server: FaultServer, output: type[BaseModel], answer: Any, **fields: Any) -> tuple[Any, Any]:
    """Make one row of an answer, and return the row and the body that asked for it."""
    choice = {"message": {"role": "assistant", "content": json.dumps(answer)}, "finish_reason": "stop"}
    server.answer_with(Reply(body=json.dumps({"choices": [choice]}).encode()))

    class Typed(GeneratorTask):
        Output: ClassVar[type[BaseModel]] = output
        template: str = "x"

    llm = OpenAILLM(**{"model": "m", "base_url": server.url, "api_key": "k"} | fields)
    (row,) = run(Typed(), 1, llm=llm).rows()
    return row, server.received[-1].json()


@pytest.mark.parametrize("case", SENT)
def test_what_pydantic_writes_of_references_and_unions_is_sent_in_the_strict_form(
    case: str, fault_server: FaultServer
) -> None:
    model, answer = SENT[case]
    row, body = asked(fault_server, model, answer)
    assert row.items() >= answer.items()
    schema = body["response_format"]["json_schema"]["schema"]
    assert openai_problem(schema) is None
    Draft202012Validator(schema).validate(answer)


@pytest.mark.parametrize("case", PROMPTED)
def test_what_cannot_be_said_goes_into_the_prompt_and_is_validated_all_the_same(
    case: str, fault_server: FaultServer
) -> None:
    model, answer = PROMPTED[case]
    row, body = asked(fault_server, model, answer)
    assert row.items() >= answer.items()
    assert "response_format" not in body
    system = body["messages"][0]
    assert system["role"] == "system"
    shown = json.dumps(without_titles(schema_of(model)), separators=(",", ":"))
    assert '"title"' not in shown
    assert shown in system["content"]


@pytest.mark.parametrize("case", PROMPTED)
def test_servers_that_make_a_grammar_take_it_by_their_own_means(case: str, fault_server: FaultServer) -> None:
    model, answer = PROMPTED[case]
    row, body = asked(fault_server, model, answer, schemas="grammar")
    assert row.items() >= answer.items()
    Draft202012Validator(body["response_format"]["json_schema"]["schema"]).validate(answer)
    assert OpenAILLM(model="m", preset="vllm").capabilities.schema_dialect == GRAMMAR


def test_json_mode_is_not_asked_for_an_answer_that_is_no_object(fault_server: FaultServer) -> None:
    fault_server.answer_with(
        Reply(body=b'{"choices": [{"message": {"content": "[]"}, "finish_reason": "stop"}]}')
    )
    llm = OpenAILLM(model="m", base_url=fault_server.url, api_key="k", structured_output="json_object")
    llm.complete([USER], schema=Words)
    assert "response_format" not in fault_server.received[-1].json()


class Sky(BaseModel):
    colour: str = Field(description="That of the sky at noon.")


READ_FROM_THE_PROMPT = {
    "vLLM": ({"preset": "vllm"}, True),
    "a server at an address": ({}, True),
    "Together": ({"preset": "together"}, True),
    "JSON mode": ({"preset": "groq"}, True),
    "Mistral, which shows it": ({"preset": "mistral"}, False),
    "when the user says no": ({"preset": "vllm", "schema_in_prompt": "never"}, False),
    "when the user says yes": ({"preset": "mistral", "schema_in_prompt": "always"}, True),
}


@pytest.mark.parametrize("case", READ_FROM_THE_PROMPT)
def test_models_that_their_server_does_not_show_a_schema_read_it_in_the_prompt(
    case: str, fault_server: FaultServer
) -> None:
    fields, shown = READ_FROM_THE_PROMPT[case]
    row, body = asked(fault_server, Sky, {"colour": "blue"}, **fields)
    assert row["colour"] == "blue"
    assert ("That of the sky at noon." in body["messages"][0]["content"]) is shown
    assert body["response_format"]["type"] == ("json_object" if case == "JSON mode" else "json_schema")


def test_openai_itself_gets_it_once() -> None:
    assert OpenAILLM(model="gpt-4.1-mini").capabilities.schema_dialect.in_prompt == "never"
