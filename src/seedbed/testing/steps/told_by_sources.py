"""What sources say of their rows before these are made, compared with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seedbed.pipeline.types import json_types
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep

_JSON = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null", list: "array"}


def knows_types(step: BaseStep) -> bool:
    """Whether it's a source that knows the columns of its rows."""
    return isinstance(step, GeneratorStep) and step.column_types() is not None


def wrong_types(step: BaseStep, rows: Sequence[Row]) -> str:
    """Return the first column or value of rows that `column_types` doesn't allow; empty if there's none."""
    assert isinstance(step, GeneratorStep)
    types = step.column_types() or {}
    named = {step.output_mappings.get(name, name): kind for name, kind in types.items()}
    allowed = {name: json_types(kind) for name, kind in named.items() if kind is not None}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name not in named:
                return f"row {number} has a column {name!r}, and they don't name it"
            kinds = allowed.get(name, set())
            if kinds and "" not in kinds and _JSON.get(type(value), "object") not in kinds:
                return f"row {number} has {value!r} in {name!r}, and they say {' or '.join(sorted(kinds))}"
    return ""


def knows_places(step: BaseStep) -> bool:
    """Whether it's a source that says what its rows are called."""
    return isinstance(step, GeneratorStep) and type(step).place_of is not GeneratorStep.place_of


def shared_places(step: BaseStep, count: int) -> list[str]:
    """Return what a source calls more than one of its first `count` rows."""
    assert isinstance(step, GeneratorStep)
    step.load()
    try:
        places = Counter(step.place_of(number) for number in range(count))
    finally:
        step.unload()
    return [place for place, times in places.items() if place and times > 1]
