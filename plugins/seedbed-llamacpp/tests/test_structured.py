"""Structured output: schemas that become grammars, and those that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal

import orjson
import pytest
from pydantic import BaseModel, Field

from seedbed import BadRequestError
from seedbed_llamacpp import LlamaCppLLM


@pytest.fixture(scope="module")
def llm() -> Iterator[LlamaCppLLM]:
    model = LlamaCppLLM(model="smollm2-135m", threads=1, context=768, parallel=4, max_tokens=8)
    yield model
    model.unload()


ASK = [{"role": "user", "content": "Describe a small animal as JSON."}]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    count: int = Field(ge=3, le=12)
    kind: Literal["leg", "wing"]


class Animal(BaseModel):
    parts: list[Part] = Field(min_length=1, max_length=1)
    colour: Colour
    code: str = Field(pattern="^[a-z]{2,4}$")
    name: str = Field(max_length=6)
    parent: Part | None


class Branch(BaseModel):
    name: str = Field(max_length=4)
    branches: list[Branch] = Field(max_length=1)


@pytest.mark.slow
def test_an_answer_fits_nested_models_with_bounds_and_patterns(llm: LlamaCppLLM) -> None:
    (choice,) = llm.complete(ASK, schema=Animal, max_tokens=200, seed=1).choices
    assert choice.text is not None
    assert Animal.model_validate_json(choice.text)
    assert choice.finish_reason == "stop"


@pytest.mark.slow
def test_a_schema_may_refer_to_itself(llm: LlamaCppLLM) -> None:
    (choice,) = llm.complete(ASK, schema=Branch, max_tokens=8).choices
    assert choice.text
    assert choice.text.startswith("{")


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "maxItems": 3},
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "boolean"}]},
        {"type": "string", "format": "date"},
    ],
)
def test_a_schema_need_not_be_an_object(llm: LlamaCppLLM, schema: dict[str, Any]) -> None:
    (choice,) = llm.complete(ASK, schema=schema, max_tokens=64, seed=1).choices
    assert choice.text is not None
    assert isinstance(orjson.loads(choice.text), int | list | str)


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "unheard-of"},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "https://example.org/schema.json"},
        {"enum": []},
        {"type": "string", "not": {"const": "a"}},
        {"type": "array", "items": {"type": "integer"}, "minItems": 5000},
        {"type": "string", "minLength": 5000},
        {"type": "string", "pattern": "^(?!a).*$"},
    ],
    ids=str,
)
def test_what_cannot_be_part_of_a_grammar_is_asked_for_in_words(
    llm: LlamaCppLLM, schema: dict[str, Any]
) -> None:
    assert llm.complete(ASK, schema=schema, max_tokens=2).choices[0].finish_reason == "length"


def test_a_grammar_that_llama_cpp_refuses_says_what_to_do(llm: LlamaCppLLM) -> None:
    with pytest.raises(BadRequestError, match="make it simpler"):
        llm.complete(ASK, schema={"type": "string", "pattern": "^(a$"})


class Kinds(BaseModel):
    pair: tuple[int, Literal["a"]]
    counts: dict[Literal["x"], int] = Field(max_length=1)
    choice: Part | Animal = Field(description="One of the two.")
    ids: set[Literal[1, 2]] = Field(min_length=1, max_length=2)
    node: Branch = Field(description="A tree.")


@pytest.mark.slow
def test_tuples_open_objects_unions_and_sets_are_written_by_the_grammar(llm: LlamaCppLLM) -> None:
    (choice,) = llm.complete(ASK, schema=Kinds, max_tokens=200, seed=3, temperature=0.5).choices
    assert choice.text is not None
    assert choice.text.lstrip().startswith("{")
    if choice.finish_reason == "stop":
        assert Kinds.model_validate_json(choice.text)


@pytest.mark.slow
def test_the_model_reads_what_the_schema_says_of_a_column_unless_told_not_to(llm: LlamaCppLLM) -> None:
    class Described(BaseModel):
        name: bool = Field(description="Whether the animal is small enough for a matchbox, legs included.")

    unread = llm.model_copy(update={"schema_in_prompt": "never"})
    read, alone = (
        asked.complete(ASK, schema=Described, max_tokens=16).usage.input_tokens for asked in (llm, unread)
    )
    bare = llm.complete(ASK, max_tokens=1).usage.input_tokens
    assert read > alone + 40
    assert alone == bare
