from __future__ import annotations

import jsonschema
import pytest

from seedbed.pipeline.schema import pipeline_schema
from seedbed.plugins.registry import default_registry


def test_the_schema_is_valid_and_accepts_installed_steps_with_their_fields() -> None:
    schema = pipeline_schema(default_registry())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(
        {"llm": "openai/gpt-4.1-mini", "steps": [{"use": "qa-pairs", "with": {"topics": ["tax law"]}}]},
        schema,
    )


def test_the_schema_accepts_graphs() -> None:
    steps = [
        {"use": "self-instruct"},
        {"use": "text-generation", "when": "instruction", "with": {"output_mappings": {"generation": "a"}}},
        {"use": "pass", "after": "self-instruct", "otherwise": True},
        {"use": "join", "after": ["text-generation", "pass"], "with": {"on": ["instruction"]}},
    ]

    jsonschema.validate({"steps": steps}, pipeline_schema(default_registry()))


def test_the_schema_accepts_typed_columns_and_code_of_ones_own() -> None:
    columns = {
        "score": {"type": "integer", "minimum": 1, "description": "How good."},
        "verdict": ["good", "bad"],
        "tags": "list[string?]?",
        "proof": {"fields": {"page": "integer"}},
        "rows": {"items": {"fields": {"copy": "boolean"}}},
    }
    steps = [{"use": "text-generation", "schema": columns}, {"use": "mine.py:Mine"}]
    jsonschema.validate({"columns": ["a"], "steps": steps}, pipeline_schema(default_registry()))


@pytest.mark.parametrize(
    "steps",
    [
        [{"use": "text-generation", "schema": {"score": "intger"}}],
        [{"use": "text-generation", "schema": {"score": {"type": "integer", "minimun": 1}}}],
        [{"use": "text-generation", "schema": {"score": []}}],
        [{"use": "text-generation", "schema": {}}],
        [{"use": "qa-pears"}],
        [{"use": "qa-pairs", "with": {"topic": ["tax law"]}}],
        [{"use": "qa-pairs", "with": {"topics": "tax law"}}],
        [{"use": "join", "with": {"on": [], "how": "outer"}}],
        [{"use": "qa-pairs", "after": 3}],
        [{"use": "qa-pairs", "otherwise": "no"}],
        [],
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(steps: list[object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"steps": steps}, pipeline_schema(default_registry()))
