"""What a run holds does not grow with its rows: items in flight are bounded, and memory is flat."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar
from uuid import uuid4

import pytest
from pydantic import PrivateAttr
from tests.support.memory import grows_by_less, measured, peak_megabytes
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorStep, GeneratorTask, GlobalStep, Step, Task, run
from seedbed.engine.segments.item_window import LOOKAHEAD
from seedbed.engine.stopping.bounds import MaxFailures


class Count(GeneratorStep):
    count: int

    def process(self, offset: int = 0):
        for n in range(self.count):
            yield {"n": n, "text": "x" * 500}


class Ask(Task):
    template: str = "{{ n }}"


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@measured
@pytest.mark.parametrize(
    ("few", "many", "megabytes"),
    # The rows alone, each as text, would be 13 MB and 47 MB more, beside up to 13 MB that grow anyway. 18,000
    # fill the largest group of a commit.
    [(18_000, 42_000, 20), (10_000, 100_000, 40)],
)
def test_memory_does_not_grow_with_the_rows(tmp_path, few, many, megabytes):
    before, after = (partial(peak_of, PROGRAM, tmp_path, rows) for rows in (few, many))
    assert grows_by_less(megabytes, before, after)


def peak_of(program, folder, rows):
    """Return the peak of a run of its own."""
    return peak_megabytes(program, rows, folder / f"{uuid4().hex}.jsonl")


LARGE = """
import sys
from seedbed import GeneratorStep, Step

class Large(GeneratorStep):
    def process(self, offset: int = 0):
        for n in range(int(sys.argv[1])):
            yield {"n": n, "text": f"{n:01000000}"}

class Same(Step):
    def process(self, row):
        return dict(row)

pipeline = Large() >> Same(name="one") >> Same(name="two")
assert pipeline.run(out=sys.argv[2], max_bytes_in_flight=2**24).accepted == int(sys.argv[1])
"""


@pytest.mark.slow
@measured
def test_large_rows_take_no_more_memory_when_they_are_many(tmp_path):
    few, many = (partial(peak_of, LARGE, tmp_path, rows) for rows in (12, 70))
    # The 58 rows more are 58 MB, several times over where all are in flight.
    assert grows_by_less(75, few, many)


class Grown(Step):
    def process(self, row):
        return [{**row, "k": k} for k in range(3)]


class InOrder(Step):
    ordered: ClassVar[bool] = True

    def process(self, row):
        return row


class Sorted(GlobalStep):
    def process(self, rows):
        return sorted(rows, key=lambda row: (-row["n"], row["k"]))


class Other(Step):
    def process(self, row):
        return {**row, "other": row["n"] + 1}


@pytest.mark.slow
def test_rows_larger_than_the_bound_pass_one_at_a_time():
    a, b = Other(name="a"), Other(name="b", output_mappings={"other": "more"})
    pipeline = Count(count=12) >> Grown() >> [a, b] >> InOrder() >> Sorted() >> InOrder(name="again")
    made = pipeline.run(max_bytes_in_flight=1)
    rows = list(made.rows())
    assert [(row["n"], row["k"]) for row in rows] == [(n, k) for n in range(11, -1, -1) for k in range(3)]
    assert all(row["other"] == row["more"] == row["n"] + 1 for row in rows)


@pytest.mark.slow
def test_a_bound_on_bytes_holds_back_rows_and_changes_none():
    at_once, most = 0, 0

    async def answer(request):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(20):
            await asyncio.sleep(0)
        at_once -= 1
        return prompt(request)

    # Each row takes about 500 bytes, four times over, and half of the bound is for rows under way.
    made = (Count(count=50) >> Ask(llm=scripted(answer))).run(max_bytes_in_flight=20_000)
    assert [row["generation"] for row in made.rows()] == [str(n) for n in range(50)]
    assert 1 < most <= 6


@pytest.mark.parametrize(
    ("bound", "failed", "decided", "wanted", "exceeded"),
    [
        ("3", 3, 9, None, False),
        ("3", 4, 9, None, True),
        ("5%", 5, 9, 100, False),
        ("5%", 6, 9, 100, True),
        # 0.29 * 100 is less than 29 in binary.
        ("29%", 29, 30, 100, False),
        ("29%", 30, 30, 100, True),
        # A share of few rows says little: it is one of a hundred where nobody said how many are wanted.
        ("5%", 5, 9, None, False),
        ("5%", 6, 9, None, True),
        ("5%", 10, 200, None, False),
        ("5%", 11, 200, None, True),
        ("0%", 1, 9, 10, True),
        ("100%", 10, 10, 10, False),
    ],
)
def test_so_many_failures_are_too_many(bound, failed, decided, wanted, exceeded):
    assert MaxFailures.parse(bound).are_exceeded(failed, decided, wanted) is exceeded
