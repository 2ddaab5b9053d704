"""Whatever an author gets wrong, the command says whose it is: no bug of ours, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

HEAD = """
from __future__ import annotations
import asyncio
import sys
from typing import Any, ClassVar
from pydantic import BaseModel, Field, field_validator, model_validator
from seedbed import LLM, GenerationParameters, GeneratorTask, GlobalStep, Response, Step

class Good(LLM):
    async def respond(self, request):
        return Response.of_text("fine")

class Word(GeneratorTask):
    template: str = "x"

class Same(Step):
    def process(self, row):
        return row

class Silent(Exception):
    def __str__(self):
        raise ValueError("says nothing")

"""

TASKS = [
    # Fields of the framework with defaults that it cannot work with.
    "name: str = 3",
    "output_mappings: dict = None",
    "output_mappings: dict = {1: 2}",
    "generation: GenerationParameters = None",
    "max_reasks: int | None = None",
    "llm: LLM = 5",
    # Methods that end the process, or return something else.
    "def format_output(self, output, input): sys.exit(3)",
    "def format_input(self, input): return None",
    "def sample(self, index, rng): sys.exit()",
    "def sample(self, index, rng): return [1]",
    "def process(self, offset=0): sys.exit(3)",
    "def process(self, offset=0): return 3",
    "async def generate_row(self, input): sys.exit(3)",
    "feedback = 2\n    def feedback_limit(self, index): return None\n"
    "    def sample(self, index, rng, accepted): return {}",
    "def sampling_parameters(self): return None",
    "def load(self): sys.exit(3)",
    # What pydantic lets pass.
    "def __init__(self, **given): pass",
    "def model_post_init(self, context): pass",
    "@model_validator(mode='after')\n    def check(self): return None",
    "x: int = Field(default_factory=lambda: 1 / 0)",
    "def note_reads(self, noted): raise KeyError('x')",
    # Exceptions that are none, or say nothing.
    "async def generate_row(self, input): raise GeneratorExit",
    "async def generate_row(self, input): raise Silent",
    "def admit(self, row, accepted): return False",
]
LLMS = [
    "timeout: float = None",
    "timeout: float = '3'",
    "api_key: str = 'sk-secret-1234'",
    "extra: dict = None",
    "def load(self): sys.exit(3)",
    "async def check(self): sys.exit(3)",
    "async def respond(self, request): sys.exit(3)",
    "async def respond(self, request): return None",
    "async def respond(self, request): raise GeneratorExit",
    "async def respond(self, request): raise Silent",
    "answer_settings = property(lambda self: {'x': object()})",
    "answer_settings = property(lambda self: {1: 2})",
    "def secrets(self): return None",
    "def resolve_key(self): raise KeyError('x')\n    key_env_var = 'X_KEY'",
]
STEPS = [
    "def process(self, row): sys.exit(3)",
    "def process(self, row): return (one for one in [row])",
    "def process(self, row): return {1: object()}",
    "def load(self): sys.exit(3)",
    "def process(self, row): raise Silent",
]
GLOBAL_STEPS = [
    "def process(self, rows): [row for row in rows]",
    "output_mappings: dict = {'a': 'b'}\n    def process(self, rows): pass",
    "def process(self, rows): return 3",
]
CASES = [
    *(("Word", body, ("t.py:Mine", "--llm", "t.py:Good/m", "-n", "2")) for body in TASKS),
    *(("Good", body, ("t.py:Word", "--llm", "t.py:Mine/m", "-n", "2")) for body in LLMS),
    *(("Same", body, ("t.py:Mine", "--input", "in.jsonl")) for body in STEPS),
    *(("GlobalStep", body, ("t.py:Mine", "--input", "in.jsonl")) for body in GLOBAL_STEPS),
]


@pytest.mark.parametrize(("base", "body", "args"), CASES, ids=lambda given: given if len(given) < 60 else "")
def test_a_fault_of_an_author_is_told_as_theirs(
    seedbed: Callable[..., Result], base: str, body: str, args: tuple[str, ...]
) -> None:
    Path("t.py").write_text(f"{HEAD}class Mine({base}):\n    {body}\n")
    Path("in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    result = seedbed("run", *args, "--give-up-after", "0")

    assert result.status in (1, 2), result.err
    assert "bug in seedbed" not in result.err
    assert "Traceback" not in result.err
    assert "sk-secret-1234" not in result.err
    assert "mine" in result.err.lower() or str(Path("t.py").resolve()) in result.err


@pytest.mark.parametrize("base", ["Word", "Good", "Same"])
@pytest.mark.parametrize(
    "body",
    [
        "def model_copy(self, **given): return None",
        "def __copy__(self): return None",
        "def __copy__(self): 1 / 0",
    ],
)
def test_a_class_that_cannot_copy_itself_makes_its_rows(
    seedbed: Callable[..., Result], base: str, body: str
) -> None:
    Path("t.py").write_text(f"{HEAD}class Mine({base}):\n    {body}\n")
    Path("in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    args = {
        "Word": ("t.py:Mine", "--llm", "t.py:Good/m", "-n", "2"),
        "Good": ("t.py:Word", "--llm", "t.py:Mine/m", "-n", "2"),
        "Same": ("t.py:Mine", "--input", "in.jsonl"),
    }
    result = seedbed("run", *args[base])
    assert (result.status, len(result.rows)) == (0, 2), result.err


@pytest.mark.parametrize(
    ("base", "body"),
    [
        ("Word", "async def generate_row(self, input): asyncio.current_task().cancel(); await self.ask('x')"),
        ("Good", "async def respond(self, request): asyncio.current_task().cancel(); await asyncio.sleep(0)"),
    ],
)
def test_a_row_that_cancels_itself_is_no_end_of_the_rows(
    seedbed: Callable[..., Result], base: str, body: str
) -> None:
    Path("t.py").write_text(f"{HEAD}class Mine({base}):\n    {body}\n")
    names = ("Mine", "Good") if base == "Word" else ("Word", "Mine")
    result = seedbed("run", f"t.py:{names[0]}", "--llm", f"t.py:{names[1]}/m", "-n", "2")
    assert result.status in (1, 2), result
    assert "cancelled the row that it was called for" in result.err


def test_a_row_whose_error_says_nothing_fails_alone(seedbed: Callable[..., Result]) -> None:
    body = "def process(self, row):\n        if row['text'] == 'a': raise Silent\n        return row"
    Path("t.py").write_text(f"{HEAD}class Mine(Step):\n    {body}\n")
    Path("in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    result = seedbed("run", "t.py:Mine", "--input", "in.jsonl")
    assert (result.status, len(result.rows)) == (1, 1), result.err
    assert "1 failed: Silent" in result.err


@pytest.mark.parametrize("body", ["def unload(self): raise OSError('gone')", "def unload(self): sys.exit(3)"])
def test_a_step_that_cannot_be_unloaded_has_made_its_rows(
    seedbed: Callable[..., Result], caplog: pytest.LogCaptureFixture, body: str
) -> None:
    Path("t.py").write_text(f"{HEAD}class Mine(Word):\n    {body}\n")
    result = seedbed("run", "t.py:Mine", "--llm", "t.py:Good/m", "-n", "2")

    assert (result.status, len(result.rows)) == (0, 2)
    assert "step 'mine' could not be unloaded" in caplog.text
    assert "t.py, line " in caplog.text
    assert "Traceback" not in caplog.text
