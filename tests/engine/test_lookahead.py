"""How many rows are begun ahead of those that can be served."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import PrivateAttr
from tests.support.scripted_llm import ScriptedLLM, scripted

from seedbed import GeneratorTask, Task, run
from seedbed.engine.segments.item_window import AT_A_TIME, LOOKAHEAD
from seedbed.llm.limits.waiting import ENOUGH_WAITING


class Numbers(GeneratorTask):
    """Counts the rows that have been begun."""

    template: str = "{{ number }}"

    _begun: list[int] = PrivateAttr(default_factory=list)

    def sample(self, index, rng):
        self._begun.append(index)
        return {"number": index}


class Echo(Task):
    template: str = "{{ number }}"

    @property
    def outputs(self):
        return ["echo"]


class Sluice:
    """Holds calls back until so many rows have been begun, and the loop has nothing left to begin."""

    def __init__(self, task: Numbers) -> None:
        self._task = task
        self.most_ahead = 0
        self._answered = 0

    async def answer(self, _: Any) -> str:
        before = -1
        while before != len(self._task._begun):
            before = len(self._task._begun)
            for _ in range(5):
                await asyncio.sleep(0)
        self.most_ahead = max(self.most_ahead, before - self._answered)
        self._answered += 1
        return "yes"


def sluiced(task: Numbers) -> tuple[Sluice, ScriptedLLM]:
    sluice = Sluice(task)
    return sluice, scripted(sluice.answer)


@pytest.mark.slow
def test_no_more_rows_are_begun_than_calls_can_wait_for_a_permit() -> None:
    task = Numbers()
    sluice, llm = sluiced(task)

    made = run(task, 600, llm=llm, concurrency=4)

    assert made.accepted == 600
    # Those under way, those that wait, and those of the turn before that shows.
    assert 4 + ENOUGH_WAITING // 2 <= sluice.most_ahead <= 4 + ENOUGH_WAITING + AT_A_TIME


@pytest.mark.slow
def test_an_endpoint_with_nothing_to_do_gets_rows_though_calls_wait_at_another() -> None:
    task = Numbers()
    held = asyncio.Event()

    async def hold(_: Any) -> str:
        await held.wait()
        return "yes"

    def free(_: Any) -> str:
        if len(task._begun) >= LOOKAHEAD:
            held.set()
        return "yes"

    slow = scripted(hold, place="slow")
    task.llm = scripted(free, place="quick")

    made = run(task >> Echo(llm=slow), 2 * LOOKAHEAD, concurrency=2)

    assert made.accepted == 2 * LOOKAHEAD
