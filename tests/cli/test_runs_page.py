"""The commands of the page on runs are ones that work."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

from seedbed import Step, run

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "runs.md"
FENCE = re.compile(r"^```(?:text|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)

SOURCE = """
from seedbed import GeneratorTask

class QA(GeneratorTask):
    template: str = "{{ question }}"

    def sample(self, index, rng):
        return {"question": f"Why {index}?"}

    def format_output(self, output, input):
        return {"answer": output}
"""


class OneStep(Step):
    def process(self, row):
        return row


class OtherStep(OneStep): ...


def blocks() -> list[list[str]]:
    """Return the commands on runs in each block of the page."""
    found = []
    for text in FENCE.findall(PAGE.read_text()):
        lines = [line.removeprefix("$ ") for line in text.splitlines()]
        found.append([line for line in lines if line.startswith("seedbed runs")])
    return [commands for commands in found if commands]


@pytest.fixture
def kept(seedbed: Callable[..., Result]) -> None:
    """The runs that the page tells of."""
    Path("qa.py").write_text(SOURCE)
    seedbed("run", "qa.py:QA", "--llm", "t.py:Echo/m", "-n", "12", "-o", "qa.jsonl")
    Path("questions.jsonl").write_text("\n".join(f'{{"n": {n}}}' for n in range(9)))
    run(OneStep(), input="questions.jsonl", name="answers")
    (OneStep() >> [OneStep(name="first"), OtherStep()]).run(input=[{"n": 1}], name="pipeline", leaf="first")


@pytest.mark.parametrize("commands", blocks(), ids="; ".join)
def test_the_commands_of_the_page_work(
    seedbed: Callable[..., Result], kept: None, commands: list[str]
) -> None:
    for command in commands:
        _, *args = shlex.split(command, comments=True)
        result = seedbed(*args)
        assert (result.status, "error" in result.err) == (0, False), result.err


def test_there_are_commands_to_try() -> None:
    assert sum(map(len, blocks())) >= 8
