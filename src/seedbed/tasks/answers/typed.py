"""Typed rows: a model's JSON answer validated against the task's `Output` class."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from seedbed.reading.json_value import read_json
from seedbed.tasks.values import dumped


def parse_output(model: type[BaseModel], answer: str) -> dict[str, Any]:
    """Return the JSON values of an answer, validated by `model`; raise InvalidOutputError otherwise."""
    return dumped(read_json(answer, model))
