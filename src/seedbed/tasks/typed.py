"""Typed rows: a model's JSON answer validated against the task's `Output` class."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from seedbed.errors import InvalidOutputError
from seedbed.llm.schemas.structured import json_text
from seedbed.tasks.values import dumped

Model = TypeVar("Model", bound=BaseModel)


def parse_output(model: type[BaseModel], answer: str) -> dict[str, Any]:
    """Return the JSON values of an answer, validated by `model`; raise InvalidOutputError otherwise."""
    return dumped(validated(model, answer))


def validated(model: type[Model], answer: str) -> Model:
    """Return an answer as an instance of `model`; raise InvalidOutputError if it doesn't fit."""
    try:
        return model.model_validate_json(json_text(answer))
    except ValidationError as error:
        raise InvalidOutputError(describe(error), text=answer) from error


def describe(error: ValidationError) -> str:
    """Return one line on why an answer doesn't fit, for the model and for the report."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return f"the answer is not JSON ({problems[0]['msg'].removeprefix('Invalid JSON: ')})"
    listed = "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'answer'}: {item['msg']}" for item in problems[:5]
    )
    return f"the answer does not fit ({listed})"
