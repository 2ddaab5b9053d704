"""A row whose calls are made at the same time waits for all of them, whichever of them fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from seedbed import LLMError, Request, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import BestOfN, Glan, MajorityVote, MathProblems, MathShepherd, MixtureOfAgents
from seedbed_tasks.table import Table, Text

PROBLEM = {"instruction": "How many?", "answer": "7"}
COLUMNS = {name: Text(prompt=name) for name in "abc"}
STEPS = "Step 1: 3\nStep 2: 4\nThe answer is 7"


def answer(request: Request) -> str:
    """Return a list of subjects or a problem where one is asked for, and else a solution."""
    prompt = str(request.messages)
    if "List the subjects" in prompt:
        return json.dumps({"subjects": [{"name": "Bread", "level": "basic"}]})
    return "I have 3 pears and want 7. How many do I buy?" if "Write the problem only" in prompt else STEPS


class Server:
    """Breaks one of its calls, by number; those sent with it are answered later."""

    def __init__(self, broken: int) -> None:
        self.broken = broken
        self.asked = self.answered = 0

    async def __call__(self, request: Request) -> str:
        self.asked += 1
        is_broken = self.asked == self.broken
        await asyncio.sleep(0.01)
        if is_broken:
            raise LLMError("the server broke the call", fatal=False)
        await asyncio.sleep(0.05)
        self.answered += 1
        return answer(request)


@pytest.mark.parametrize(
    ("task", "row", "broken", "calls"),
    [
        (MajorityVote(samples=3), PROBLEM, 1, 3),
        (BestOfN(samples=3), PROBLEM, 1, 3),
        (MixtureOfAgents(samples=3), PROBLEM, 1, 3),
        (MathShepherd(samples=2), PROBLEM, 2, 3),
        (MathProblems(samples=3), None, 2, 4),
        (Glan(taxonomy={"crafts": ["baking"]}, subject_lists=3), None, 1, 3),
        # The fourth column isn't asked for: it reads the third, and by then the row is lost.
        (Table(columns={"d": Text(prompt="{{ c }}"), **COLUMNS}), None, 1, 3),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_a_failed_row_waits_for_the_answers_that_are_paid_for(
    task: Any, row: dict[str, str] | None, broken: int, calls: int
) -> None:
    server = Server(broken)
    wanted = {"n": 1} if row is None else {"input": [row]}
    named = {"name": "run", "llm": ScriptedLLM(server), "max_failures": 1, **wanted}

    assert run(task, **named).failed == 1
    assert (server.asked, server.answered) == (calls, calls - 1)
