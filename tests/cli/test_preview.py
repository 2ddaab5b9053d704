from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Result

Seedbed = Callable[..., Result]

ECHO = ("--llm", "t.py:Echo/m")


def test_each_row_is_shown_with_its_prompt_and_its_answer(seedbed: Seedbed) -> None:
    result = seedbed("preview", "t.py:Haiku", *ECHO, "-n", "2", "--set", "style=wild")
    assert result.status == 0
    assert result.out.count("── row ") == 2
    season = "spring" if "about spring" in result.out else "autumn"
    answer = f"A WILD HAIKU ABOUT {season.upper()}"
    block = rf"user\n  A wild haiku about {season}\n\nanswer · seed=\d+\n  {answer}\n\nrow\n"
    assert re.search(block, result.out)
    assert f"  haiku: A WILD HAIKU ABOUT {season.upper()}\n  model_name: m\n" in result.out


def test_a_row_that_fails_or_is_rejected_says_why_beside_its_answer(seedbed: Seedbed) -> None:
    failed = seedbed("preview", "t.py:Odd", *ECHO, "-n", "2")
    assert failed.status == 1
    assert "failed\n  ValueError: an odd one\n  and no other\n" in failed.out
    assert "rejected\n  too dull\n" in seedbed("preview", "t.py:Picky", *ECHO, "-n", "1").out


def test_three_rows_are_made_unless_told(seedbed: Seedbed) -> None:
    assert seedbed("preview", "t.py:Haiku", *ECHO).out.count("── row ") == 3


def test_json_holds_messages_answers_and_rows(seedbed: Seedbed) -> None:
    result = seedbed("preview", "t.py:Picky", *ECHO, "-n", "1", "--json")
    shown = json.loads(result.out)
    rejected, accepted = shown["rows"]
    assert rejected["rejections"] == [{"step": "picky", "reason": "too dull"}]
    assert accepted["id"] == "1"
    [call] = accepted["calls"]
    assert call["answers"][0]["text"] == call["messages"][0]["content"].upper()
    assert accepted["rows"][0]["haiku"] == call["answers"][0]["text"]
    assert shown["summary"]["accepted"] == 1


def test_a_preview_of_a_task_over_rows_shows_the_first_of_them(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text("".join(f'{{"question": "Q{i}?"}}\n' for i in range(9)))
    out = seedbed("preview", "t.py:Answer", *ECHO, "--input", "in.jsonl").out
    assert [f"Answer: Q{i}?" in out for i in range(4)] == [True, True, True, False]


def test_an_answer_that_is_asked_again_shows_only_what_is_new(seedbed: Seedbed) -> None:
    Path("typed.py").write_text(
        "from pydantic import BaseModel\n"
        "from seedbed import GeneratorTask\n"
        "class Typed(GeneratorTask):\n"
        "    template: str = 'a pair'\n"
        "    max_reasks: int = 1\n"
        "    class Output(BaseModel):\n"
        "        left: int\n"
    )
    result = seedbed("preview", "typed.py:Typed", *ECHO, "-n", "1")
    assert result.status == 1
    # Once for each index: the row and the two that were to replace it.
    assert result.out.count("\n  a pair\n") == 3
    assert "That cannot be used: the answer is not JSON" in result.out
    assert "rejected\n  the answer is not JSON" in result.out


def test_a_schema_that_went_into_the_prompt_is_told(seedbed: Seedbed) -> None:
    Path("counts.py").write_text(
        "from pydantic import BaseModel\n"
        "from seedbed import LLM, Capabilities, GeneratorTask, Response, SchemaDialect\n"
        "class Strict(LLM):\n"
        "    @property\n"
        "    def capabilities(self):\n"
        "        return Capabilities(structured_output=True, schema_dialect=SchemaDialect(name='Acme'))\n"
        "    async def respond(self, request):\n"
        "        assert request.schema is None\n"
        '        return Response.of_text(\'{"counts": {"a": 1}}\')\n'
        "class Counts(GeneratorTask):\n"
        "    template: str = 'Count.'\n"
        "    class Output(BaseModel):\n"
        "        counts: dict[str, int]\n"
    )
    command = ("preview", "counts.py:Counts", "--llm", "counts.py:Strict/m", "-n", "1")
    out = seedbed(*command).out
    assert "the schema is part of the prompt: Acme can't express an object of any keys, at 'counts'" in out
    assert '"additionalProperties":{"type":"integer"}' in out
    [call] = json.loads(seedbed(*command, "--json").out)["rows"][0]["calls"]
    assert "Acme" in call["note"]


def test_nothing_to_preview_is_a_usage_error(seedbed: Seedbed) -> None:
    assert "seedbed preview TASK --llm" in seedbed("preview").error


def test_the_parameters_that_are_sent_are_shown_and_secrets_among_them_are_not(seedbed: Seedbed) -> None:
    settings = (
        "llm.temperature=0",
        "llm.max_tokens=7",
        'llm.extra={"user": "me", "api_key": "CANARY-0123456789"}',
    )
    options = [word for setting in settings for word in ("--set", setting)]
    result = seedbed("preview", "t.py:Haiku", *ECHO, "-n", "1", *options)
    assert "temperature=0.0, max_tokens=7, seed=" in result.out
    assert "'user': 'me'" in result.out
    assert "CANARY" not in result.out
    shown = seedbed("preview", "t.py:Haiku", *ECHO, "-n", "1", *options, "--json")
    (call,) = json.loads(shown.out)["rows"][0]["calls"]
    assert (call["parameters"]["max_tokens"], call["parameters"]["temperature"]) == (7, 0)
    assert "CANARY" not in shown.out


def test_what_the_rows_have_taken_is_said_below_them(seedbed: Seedbed) -> None:
    result = seedbed("preview", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2")
    assert result.err.rstrip().endswith("2 calls · 20 input + 40 output tokens")
