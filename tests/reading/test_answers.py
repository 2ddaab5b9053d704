"""Answers in the manner of many models, each with the value that it must give, or the error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from seedbed import InvalidOutputError
from seedbed.reading import (
    is_refusal,
    read_choice,
    read_choices,
    read_json,
    read_labelled,
    read_list,
    read_rating,
    read_tags,
    split_reasoning,
)


class QA(BaseModel):
    question: str
    answer: str


class Scored(BaseModel):
    score: int
    reason: str


TYPES: dict[str, Any] = {
    "QA": QA,
    "Scored": Scored,
    "list[QA]": list[QA],
    "list[str]": list[str],
    "int": int,
    "str": str,
}


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    return [plain(item) for item in value] if isinstance(value, list) else value


READERS: dict[str, Any] = {
    "json": lambda text, *types: plain(read_json(text, *(TYPES[name] for name in types))),
    "reasoning": lambda text: split_reasoning(text).answer,
    "list": lambda text, options=None: read_list(text, **(options or {})),
    "tags": read_tags,
    "labelled": read_labelled,
    "rating": read_rating,
    "choice": lambda text, *labels: read_choice(text, labels),
    "choices": lambda text, *labels: read_choices(text, labels),
    "refusal": is_refusal,
}
CASES = [json.loads(line) for line in (Path(__file__).parent / "answers.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['reader']}: {case['name']}" for case in CASES])
def test_an_answer_gives_what_it_must(case):
    read, args = READERS[case["reader"]], case.get("args", [])
    if "error" in case:
        with pytest.raises(InvalidOutputError) as caught:
            read(case["answer"], *args)
        assert case["error"] in caught.value.fact
    else:
        value = read(case["answer"], *args)
        assert (value, type(value)) == (case["value"], type(case["value"]))
    if "reasoning" in case:
        assert split_reasoning(case["answer"]).reasoning == case["reasoning"]


def test_the_answers_are_in_many_manners():
    assert len(CASES) >= 200
    assert len({case["model"].split("-")[0] for case in CASES}) >= 11
