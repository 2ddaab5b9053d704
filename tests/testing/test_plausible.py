"""The default answers of contracts fit what is asked, and are the same for the same request."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from annotated_types import Gt
from pydantic import BaseModel, Field

from seedbed import Request
from seedbed.llm.schemas.structured import schema_of
from seedbed.testing.plausible import plausible_answer


class Kind(StrEnum):
    A = "a"
    B = "b"


class Part(BaseModel):
    size: Annotated[float, Gt(0.5)]


class Tree(BaseModel):
    name: str
    children: list[Tree]


class Everything(BaseModel):
    text: str = Field(min_length=200, max_length=210)
    short: str = Field(max_length=3)
    number: int = Field(ge=3, lt=5)
    negative: int = Field(le=-7)
    even: int = Field(multiple_of=2, ge=3, le=5)
    share: float = Field(ge=0, le=1)
    yes: bool
    kind: Kind
    word: Literal["one"]
    perhaps: int | None
    choices: list[str] = Field(min_length=4, max_length=4)
    pair: tuple[int, str]
    parts: list[Part]
    by_name: dict[str, Part]
    nothing: None


def request(schema: type[BaseModel] | None = None, **given: Any) -> Request:
    messages = ({"role": "user", "content": given.pop("text", "Write.")},)
    return Request(messages=messages, schema=schema_of(schema) if schema else None, **given)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("model", [Everything, Tree])
def test_an_answer_fits_its_schema(model: type[BaseModel], seed: int) -> None:
    asked = request(model, seed=seed)

    answer = plausible_answer(asked)

    jsonschema.validate(json.loads(answer), asked.schema)
    assert model.model_validate_json(answer)


def test_an_answer_without_a_schema_is_words_that_differ_from_request_to_request() -> None:
    answers = [plausible_answer(request(text=text, seed=seed)) for text in "ab" for seed in (None, 1, 2)]

    assert len(set(answers)) == 6
    assert {len(answer.split()) for answer in answers} == {12}
    assert plausible_answer(request(text="a")) == answers[0]
