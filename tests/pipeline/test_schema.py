from __future__ import annotations

from collections.abc import Callable

import jsonschema
import pytest
from pydantic import Field

from seedbed import LLM, Registry, Request, Response, Row, Step
from seedbed.pipeline.schema import pipeline_schema
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import default_registry


@pytest.fixture(scope="module")
def installed() -> jsonschema.Draft202012Validator:
    """The schema with everything that is installed, which takes a second to make and another to check."""
    schema = pipeline_schema(default_registry())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_valid_and_accepts_installed_steps_with_their_fields(
    installed: jsonschema.Draft202012Validator,
) -> None:
    installed.validate(
        {"llm": "openai/gpt-4.1-mini", "steps": [{"use": "qa-pairs", "with": {"topics": ["tax law"]}}]}
    )


def with_llm(llm: object) -> dict[str, object]:
    return {"llm": llm, "steps": [{"use": "qa-pairs", "llm": llm}]}


@pytest.mark.parametrize(
    "llm",
    [
        "openai/meta-llama/Llama-3.3-70B",
        "mine.py:Mine/any-name",
        None,
        {"use": "openai/gpt-4.1-mini", "with": {"temperature": 0.2, "base_url": "http://localhost:8000/v1"}},
        {"use": "llamacpp/smollm2-135m", "with": {"parallel": 2}},
        {"use": "mine.py:Mine/any-name", "with": {"anything": 1}},
    ],
)
def test_the_schema_accepts_llms_with_their_fields(
    llm: object, installed: jsonschema.Draft202012Validator
) -> None:
    installed.validate(with_llm(llm))


@pytest.mark.parametrize(
    "llm",
    [
        "gpt-4.1-mini",
        "opnai/gpt-4.1-mini",
        "openai/",
        3,
        {"use": "opnai/gpt-4.1-mini"},
        {"use": "openai/gpt-4.1-mini", "with": {"temprature": 0.2}},
        {"use": "openai/gpt-4.1-mini", "with": {"temperature": "hot"}},
        {"use": "openai/gpt-4.1-mini", "with": {"model": "gpt-4.1"}},
        {"use": "openai/gpt-4.1-mini", "with": {"parallel": 2}},
        {"with": {"temperature": 0.2}},
    ],
)
def test_the_schema_refuses_an_llm_that_the_loader_refuses(
    llm: object, installed: jsonschema.Draft202012Validator
) -> None:
    for place in ({"llm": llm, "steps": [{"use": "qa-pairs"}]}, {"steps": [{"use": "qa-pairs", "llm": llm}]}):
        with pytest.raises(jsonschema.ValidationError):
            installed.validate(place)


class ColdLLM(LLM):
    """Answers coldly.

    In all weathers.
    """

    temperature: float | None = 0.0
    shades: list[str] = Field(default_factory=lambda: ["blue"], description="Colours of its answers.")

    async def respond(self, request: Request) -> Response:
        return Response.of_text("brr")


class Call(Step):
    function: Callable[[str], str] | None = Field(default=None, description="What to call.")
    times: int = 1

    def process(self, row: Row) -> Row:
        return row


def test_descriptions_and_defaults_are_in_the_schema() -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(ColdLLM)
    schema = pipeline_schema(registry)

    fields = schema["$defs"]["llm:cold"]
    assert fields["description"].startswith("Answers coldly.")
    assert fields["properties"]["shades"]["default"] == ["blue"]
    assert fields["properties"]["temperature"]["default"] == 0.0
    assert "Randomness" in fields["properties"]["temperature"]["description"]
    assert "Answers coldly." in schema["$defs"]["llm:reference"]["description"]


@pytest.mark.slow
def test_a_field_that_json_lacks_leaves_the_others_checked() -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(Call)
    schema = pipeline_schema(registry)

    jsonschema.validate({"steps": [{"use": "call", "with": {"times": 2}}]}, schema)
    for fields in ({"times": "two"}, {"time": 2}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"steps": [{"use": "call", "with": fields}]}, schema)


def test_the_schema_accepts_graphs(installed: jsonschema.Draft202012Validator) -> None:
    steps = [
        {"use": "self-instruct"},
        {"use": "text-generation", "when": "instruction", "with": {"output_mappings": {"generation": "a"}}},
        {"use": "pass", "after": "self-instruct", "otherwise": True},
        {"use": "join", "after": ["text-generation", "pass"], "with": {"on": ["instruction"]}},
    ]

    installed.validate({"steps": steps})


def test_the_schema_accepts_typed_columns_and_code_of_ones_own(
    installed: jsonschema.Draft202012Validator,
) -> None:
    columns = {
        "score": {"type": "integer", "minimum": 1, "description": "How good."},
        "verdict": ["good", "bad"],
        "tags": "list[string?]?",
        "proof": {"fields": {"page": "integer"}},
        "rows": {"items": {"fields": {"copy": "boolean"}}},
    }
    steps = [{"use": "text-generation", "schema": columns}, {"use": "mine.py:Mine"}]
    installed.validate({"columns": ["a"], "steps": steps})


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
def test_the_schema_refuses_what_the_loader_refuses(
    steps: list[object], installed: jsonschema.Draft202012Validator
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        installed.validate({"steps": steps})
