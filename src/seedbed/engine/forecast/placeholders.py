"""Stand-ins for answers that nobody has paid for yet: texts that name the step whose answer goes there."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from seedbed.llm.messages import Message
from seedbed.llm.messages import parts as parts_of
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row

MADE_UP = "⟦made up⟧"
"""A column of rows that hold a placeholder, or that were made with one. No step sees it."""

_PLACEHOLDER = re.compile(r"⟦([^⟧.]+?)(?:\.([^⟧]*?))?(?: #(\d+))?⟧")
_DEEPEST = 6

Schema = Mapping[str, Any]
Text = Callable[[str], str]


def placeholder(step: str, column: str = "", number: int = 1) -> str:
    """Return the text that stands for answer `number` of a step to a row, or for a column of it.

    placeholder("draft", "title")     # "⟦draft.title⟧"
    placeholder("draft", "title", 2)  # "⟦draft.title #2⟧"
    """
    # Answers to one row differ: a task may ask a judge about different answers only.
    which = f" #{number}" if number > 1 else ""
    return f"⟦{step}.{column}{which}⟧" if column else f"⟦{step}{which}⟧"


def holds_placeholder(step: str, encoded: bytes) -> bool:
    """Whether a row as JSON holds a placeholder of a step."""
    return f"⟦{step}".encode() in encoded


def made_up_answer(step: str, schema: Schema | None, number: int = 1) -> str:
    """Return a placeholder for answer `number` to a row; if a schema is asked for, JSON of that form."""
    if schema is None:
        return placeholder(step, number=number)
    value = _value(schema, partial(placeholder, step, number=number), "", schema.get("$defs", {}), 0)
    return json.dumps(value, ensure_ascii=False)


def made_up_row(step: BaseStep, row: Row) -> Row:
    """Return a row with placeholders in the columns that a step makes."""
    return {**row, **{column: placeholder(step.name, column) for column in step.columns}, MADE_UP: True}


def placeholders_in(messages: Sequence[Message]) -> tuple[Counter[str], int]:
    """Return how often the answer of each step goes into a prompt, and the characters of the placeholders.

    Columns of one answer count once: together they're as long as the answer.
    """
    columns: Counter[tuple[str, str, str]] = Counter()
    length = 0
    for message in messages:
        for part in parts_of(message):
            for found in _PLACEHOLDER.finditer(part.get("text", "")):
                columns[found[1], found[3] or "", found[2] or ""] += 1
                length += len(found[0])
    most: Counter[tuple[str, str]] = Counter()
    for (step, number, _), count in columns.items():
        most[step, number] = max(most[step, number], count)
    answers: Counter[str] = Counter()
    for (step, _), count in most.items():
        answers[step] += count
    return answers, length


def _value(schema: Schema, text: Text, name: str, definitions: Mapping[str, Schema], depth: int) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], text, name, definitions, depth)
    for combined in ("anyOf", "oneOf", "allOf"):
        if schema.get(combined):
            return _value(schema[combined][0], text, name, definitions, depth)
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        # JSON Schema takes several types; pydantic writes anyOf.
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        inner = schema.get("properties", {}) if depth < _DEEPEST else {}
        return {key: _value(part, text, key, definitions, depth + 1) for key, part in inner.items()}
    if kind == "array":
        count = max(1, schema.get("minItems", 0)) if depth < _DEEPEST else 0
        item = schema.get("items") or {}
        return [_value(item, text, name, definitions, depth + 1) for _ in range(count)]
    return _scalar(kind, schema, text, name)


def _scalar(kind: Any, schema: Schema, text: Text, name: str) -> Any:
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        return min(max(low, 1), schema.get("maximum", schema.get("exclusiveMaximum", low + 2) - 1))
    return {"boolean": True, "null": None}.get(kind, text(name))
