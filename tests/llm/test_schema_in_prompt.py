"""A schema that a server holds the model to is also written where the model reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, Field
from tests.support.scripted_llm import ALL, ScriptedLLM, scripted

from seedbed import Capabilities, GeneratorTask, run
from seedbed.llm.calling.request_digest import request_digest
from seedbed.llm.request import Request
from seedbed.llm.schemas.dialects import SchemaDialect, SchemaInPrompt
from seedbed.llm.schemas.structured import fit_schema, schema_of

GRAMMAR = SchemaDialect(name="a grammar", in_prompt="described")
COLOUR = {
    "type": "object",
    "properties": {"colour": {"type": "string", "description": "That of the sky at noon."}},
    "required": ["colour"],
    "additionalProperties": False,
}
USER = {"role": "user", "content": "Which colour?"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}


def sent(*messages: dict[str, Any], dialect: SchemaDialect = GRAMMAR) -> tuple[dict[str, Any], ...]:
    """Return the messages that are sent, with the schema beside them."""
    request, note = fit_schema(Request(messages=messages, schema=COLOUR), dialect)
    assert (request.schema, note) == (COLOUR, "")
    return request.messages


@pytest.mark.parametrize("role", ["system", "developer"])
def test_it_stands_behind_what_the_system_message_says(role: str) -> None:
    first, *others = sent({"role": role, "content": "Be brief."}, USER)
    assert first["role"] == role
    assert first["content"].startswith("Be brief.\n\nAnswer with one JSON object")
    assert "That of the sky at noon." in first["content"]
    assert others == [USER]


def test_models_without_system_messages_read_it_in_the_first_of_the_user() -> None:
    # As when an answer didn't fit and is asked for again.
    again = ({"role": "assistant", "content": "blue"}, {"role": "user", "content": "Not JSON."})
    first, *others = sent(USER, *again)
    assert first["role"] == "user"
    assert first["content"].startswith("Which colour?\n\nAnswer with one JSON object")
    assert others == [*again]


def test_behind_pictures_it_is_a_part_of_its_own() -> None:
    ((picture, text),) = (message["content"] for message in sent({"role": "user", "content": [PICTURE]}))
    assert picture == PICTURE
    assert "That of the sky at noon." in text["text"]


def test_a_conversation_without_a_message_of_the_user_gets_a_system_message() -> None:
    opening = {"role": "assistant", "content": "Hello!"}
    system, rest = sent(opening)
    assert (system["role"], rest) == ("system", opening)


def test_servers_that_show_it_to_the_model_get_it_once() -> None:
    assert sent(USER, dialect=replace(GRAMMAR, in_prompt="never")) == (USER,)


UNDESCRIBED = {
    # As pydantic writes the docstrings of classes.
    "description": "What the model writes.",
    "type": "object",
    "$defs": {"Sky": {"description": "The sky.", "enum": ["blue", "grey"]}},
    "properties": {"description": {"type": "string"}, "sky": {"$ref": "#/$defs/Sky"}},
    "required": ["description", "sky"],
    "additionalProperties": False,
}
IN_A_LIST = {"$defs": {"Sky": COLOUR}, "type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Sky"}]}}


@pytest.mark.parametrize(
    ("schema", "in_prompt", "shown"),
    [
        (UNDESCRIBED, "described", False),
        (UNDESCRIBED, "always", True),
        (IN_A_LIST, "described", True),
        (IN_A_LIST, "never", False),
    ],
)
def test_names_and_types_alone_are_left_to_the_server(
    schema: dict[str, Any], in_prompt: SchemaInPrompt, shown: bool
) -> None:
    dialect = replace(GRAMMAR, in_prompt=in_prompt, constructs=frozenset({"any_root"}))
    request, _ = fit_schema(Request(messages=(USER,), schema=schema), dialect)
    assert (request.messages != (USER,)) is shown
    assert request.schema is not None


class Sky(GeneratorTask):
    """Skies, whose template doesn't say which columns are wanted."""

    class Output(BaseModel):
        colour: str = Field(description="That of the sky at noon.")

    template: str = "Describe a sky."
    other_template: str = "Describe it."


class ExplainedSky(Sky):
    explains_output = True


def prompt_of(task: GeneratorTask) -> str:
    """Return what a model that isn't shown schemas is asked."""
    llm = scripted('{"colour": "blue"}', offers=replace(ALL, schema_dialect=GRAMMAR))
    assert [row["colour"] for row in run(task, 1, llm=llm).rows()] == ["blue"]
    return str(llm.requests[0].messages[0]["content"])


def test_a_task_whose_template_says_it_all_is_taken_at_its_word() -> None:
    assert "That of the sky at noon." in prompt_of(Sky())
    assert prompt_of(ExplainedSky()) == "Describe a sky."


@pytest.mark.parametrize("field", ["template", "other_template"])
def test_but_not_for_a_template_of_the_user(field: str) -> None:
    assert "That of the sky at noon." in prompt_of(ExplainedSky(**{field: "A sky, please."}))


def test_a_single_call_can_say_so() -> None:
    llm = scripted('{"colour": "blue"}', offers=replace(ALL, schema_dialect=GRAMMAR))
    for explained in (True, False):
        llm.complete([USER], schema=COLOUR, explained=explained)
    said, shown = (request.messages for request in llm.requests)
    assert said == (USER,)
    assert shown != (USER,)


def test_answers_are_found_again_whether_it_is_said_or_not() -> None:
    request = Request(messages=(USER,), schema=COLOUR)
    assert request._replace(explained=True).told == request.told
    raw = request._replace(raw_prompt=True)
    assert raw._replace(explained=True).told == raw.told != request.told


class Kind(Enum):
    WARM = "warm"
    COLD = "cold"


class Title(BaseModel):
    title: str
    first_line: str = Field(title="As it begins")
    kinds: list[Kind]


ANSWER = '{"title": "a", "first_line": "b", "kinds": []}'
PLAIN = replace(ALL, structured_output=False)
ALWAYS = replace(ALL, schema_dialect=replace(GRAMMAR, in_prompt="always"))


def shown_to(llm: ScriptedLLM) -> dict[str, Any]:
    """Return the schema in the prompt of the last request."""
    text = llm.requests[-1].messages[0]["content"]
    return dict(json.loads(text[text.index("\n{") :]))


@pytest.mark.parametrize("offers", [PLAIN, ALWAYS])
def test_titles_that_pydantic_makes_of_names_are_not_shown(offers: Capabilities) -> None:
    llm = scripted(ANSWER, offers=offers)
    llm.complete([USER], schema=Title)
    shown = shown_to(llm)
    assert shown == {
        "$defs": {"Kind": {"enum": ["warm", "cold"], "type": "string"}},
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "first_line": {"type": "string", "title": "As it begins"},
            "kinds": {"type": "array", "items": {"$ref": "#/$defs/Kind"}},
        },
        "required": ["title", "first_line", "kinds"],
        "additionalProperties": False,
    }
    if offers.structured_output:
        assert llm.requests[-1].schema["title"] == "Title"


def test_answers_to_prompts_with_titles_are_found_again() -> None:
    class Poem(GeneratorTask):
        class Output(Title): ...

        template: str = "Write one."

    llm = scripted(ANSWER, offers=PLAIN)
    made = run(Poem(), 1, llm=llm, name="poems")
    (told,) = made.explain("0").chapters[0].calls
    sent = llm.requests[0]
    asked = "Answer with one JSON object that fits this JSON Schema, and with nothing else:\n"
    before = asked + orjson.dumps(schema_of(Poem.Output)).decode()
    earlier = sent._replace(seed=None, messages=({"role": "system", "content": before}, *sent.messages[1:]))
    assert told.call.digest == request_digest(llm, earlier, 0)
    assert sent.messages[0]["content"] != before
