"""What a run holds does not grow with its rows: items in flight are bounded, and memory is flat."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import PrivateAttr
from tests.support.memory import measured, peak_megabytes
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorStep, GeneratorTask, Task, run
from seedbed.engine.window import LOOKAHEAD


class Count(GeneratorStep):
    count: int

    def process(self, offset: int = 0):
        for n in range(self.count):
            yield {"n": n, "text": "x" * 500}


class Ask(Task):
    template: str = "{{ n }}"


def test_a_slow_head_holds_back_a_long_source():
    yielded = []

    class Long(Count):
        def process(self, offset: int = 0):
            for rows in super().process(offset):
                yielded.append(rows)
                yield rows

    async def answer(request):
        if prompt(request) != "0":
            return "yes"
        # The others go on until the window is full, and then nothing does.
        for _ in range(20_000):
            if len(llm.requests) == LOOKAHEAD:
                break
            await asyncio.sleep(0)
        for _ in range(200):
            await asyncio.sleep(0)
        seen.append((len(llm.requests), len(yielded)))
        return "yes"

    seen = []
    llm = scripted(answer)
    done = (Long(count=100_000) >> Ask(llm=llm)).run(LOOKAHEAD + 500)
    assert done.accepted == LOOKAHEAD + 500
    ((requests, taken),) = seen
    assert requests == LOOKAHEAD
    assert taken <= LOOKAHEAD + 100


def test_an_indexed_source_is_asked_for_no_more_variables_than_fit():
    class Endless(GeneratorTask):
        template: str = "{{ n }}"
        _sampled: list[int] = PrivateAttr(default_factory=list)

        def sample(self, index, rng):
            sampled.append(index)
            return {"n": index}

    async def answer(request):
        if prompt(request) == "0":
            for _ in range(200):
                await asyncio.sleep(0)
            seen.append(len(sampled))
        return "yes"

    sampled, seen = [], []
    assert run(Endless(llm=scripted(answer)), 3000, concurrency=2000).accepted == 3000
    assert seen == [LOOKAHEAD]
    assert len(sampled) == 3000


PROGRAM = """
import sys
from seedbed import GeneratorStep, Step

class Count(GeneratorStep):
    def process(self, offset: int = 0):
        for n in range(int(sys.argv[1])):
            yield {"n": n, "text": f"{n:0500}"}

class Cheap(Step):
    def process(self, row):
        return {**row, self.name: row["n"] + 1}

done = (Count() >> Cheap(name="one") >> Cheap(name="two") >> Cheap(name="three")).run(out=sys.argv[2])
assert done.accepted == int(sys.argv[1])
"""


@measured
@pytest.mark.parametrize(
    ("few", "many", "megabytes"),
    # The rows alone, each as text, would be 27 MB and 100 MB more.
    [(10_000, 60_000, 20), pytest.param(10_000, 200_000, 60, marks=pytest.mark.slow)],
)
def test_memory_does_not_grow_with_the_rows(tmp_path, few, many, megabytes):
    before, after = (peak_megabytes(PROGRAM, rows, tmp_path / f"{rows}.jsonl") for rows in (few, many))
    assert after - before < megabytes
