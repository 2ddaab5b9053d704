"""Steps that want no more rows end the source: the dataset is as if all rows had been made."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PrivateAttr
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import (
    BrokenPluginError,
    DatasetError,
    GeneratorOutput,
    GeneratorStep,
    GeneratorTask,
    Pass,
    Reject,
    Request,
    Row,
    Run,
    RunReader,
    Step,
    Task,
    UsageError,
    otherwise,
    run,
    when,
)


class First(Step):
    """Keeps the first rows, and wants no more."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    rows: int

    _seen: int = PrivateAttr(default=0)

    @property
    def rows_wanted(self) -> int | None:
        return max(0, self.rows - self._seen)

    def load(self) -> None:
        self._seen = 0

    def process(self, row: Row) -> Row:
        self._seen += 1
        if self._seen > self.rows:
            raise Reject("enough")
        return row


class Late(First):
    """The same, and says nothing of it."""

    @property
    def rows_wanted(self) -> int | None:
        return None


class Deed(Step):
    """Does with a row what its number says."""

    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Any:
        match row["n"] % 5:
            case 1:
                raise Reject("not this one")
            case 2:
                raise ValueError("broken")
            case 3:
                return [{**row, "part": part} for part in range(3)]
            case 4:
                return None
        return row


class Line(Step):
    """Does the same in a line of steps whose rows are kept in blocks, to fewer rows."""

    repeatable: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    at: int = 0

    def process(self, row: Row) -> Any:
        return {**row, self.name: 1} if row["n"] % 11 != self.at else Deed().process({"n": row["n"] // 11})


class Asking(Task):
    """Asks a model for each row, after some turns of the loop."""

    inputs: ClassVar[list[str]] = ["n"]
    outputs: ClassVar[list[str]] = ["answer"]
    delays: list[int] = [0]

    async def generate_row(self, input: Row) -> Any:
        for _ in range(self.delays[input["n"] % len(self.delays)]):
            await asyncio.sleep(0)
        return {"answer": await self.ask(f"row {input['n']}")}


class Numbers(GeneratorStep):
    """Yields numbers without an end, and notes how many."""

    seekable: ClassVar[bool] = True

    _made: list[int] = PrivateAttr(default_factory=list)

    def process(self, offset: int = 0) -> GeneratorOutput:
        for number in itertools.count(offset):
            self._made.append(number)
            yield {"n": number}


class Writing(GeneratorTask):
    """Asks a model for any number of rows."""

    outputs: ClassVar[list[str]] = ["text"]

    async def generate_row(self, input: Row) -> Any:
        return {"text": await self.ask(f"text {input['index']}")}

    def sample(self, index: int, rng: Any) -> Row:
        return {"index": index}


def rows_of(numbers: list[int]) -> list[Row]:
    return [{"n": number} for number in numbers]


def as_text(done: Run) -> list[str]:
    return [json.dumps(row, sort_keys=True) for row in done.rows()]


def asked(llm: ScriptedLLM) -> list[str]:
    return [prompt(request) for request in llm.requests]


SOME = st.lists(st.integers(0, 30), max_size=40)


@pytest.mark.slow
@settings(deadline=None)
@given(
    SOME, st.integers(0, 8), st.lists(st.integers(0, 5), min_size=1, max_size=5), st.sampled_from([1, 3, 64])
)
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "shape",
    ["plain", "asked before", "asked after", "two", "routes", "lines", "after several", "fork", "join"],
)
def test_a_dataset_is_the_one_of_all_rows(
    shape: str, numbers: list[int], most: int, delays: list[int], concurrency: int
) -> None:
    def graph(limit: type[First]) -> Any:
        llm, first = scripted(prompt), limit(rows=most, name="first")
        match shape:
            case "plain":
                return first >> Pass()
            case "asked before":
                return Asking(llm=llm, delays=delays) >> Deed() >> first
            case "asked after":
                return Deed() >> first >> Asking(llm=llm, delays=delays)
            case "two":
                return limit(rows=most + 2, name="before") >> Deed() >> first
            case "lines":
                lines = [Line(name="one", at=1), first, Line(name="two", at=2), limit(rows=most, name="last")]
                return lines[0] >> lines[1] >> lines[2] >> lines[3]
            case "routes":
                ways = [
                    when("n % 2 == 0", first),
                    otherwise(Asking(llm=llm, delays=delays) >> limit(rows=2, name="others")),
                ]
                return Asking(llm=llm, delays=delays, name="all") >> ways >> Pass(name="union")
            case "after several":
                return Deed() >> first >> Pass()
            case "fork":
                return Asking(llm=llm, delays=delays) >> [first, limit(rows=most * 2, name="leaf")]
        join = Pass(name="join")
        return Asking(llm=llm, delays=delays) >> [first, Deed(name="other")] >> join

    leaf = "leaf" if shape == "fork" else None
    early = run(graph(First), input=rows_of(numbers), concurrency=concurrency, leaf=leaf, give_up_after=0)
    late = run(graph(Late), input=rows_of(numbers), concurrency=concurrency, leaf=leaf, give_up_after=0)
    assert as_text(early) == as_text(late)
    assert early.rejected <= late.rejected
    assert early.failed <= late.failed


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("most", [256, 1, 254, 255, 257, 600])
def test_blocks_of_rows_end_with_the_last_one_wanted(most: int, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps({'n': number})}\n" for number in range(1500)) + "no JSON")

    def made(limit: type[First], rows: int, **options: Any) -> Run:
        steps = Line(name="one", at=1) >> limit(rows=rows, name="first") >> Line(name="two", at=2)
        return run(steps, input=file, give_up_after=0, **options)

    early = made(First, most, name="it")
    assert "enough" not in early.rejections
    # The rows after the last one wanted aren't read: one of them can't be.
    with pytest.raises(DatasetError):
        raise made(Late, most).stopped_by or AssertionError
    file.write_text(file.read_text().removesuffix("no JSON"))
    assert as_text(early) == as_text(made(Late, most))
    for rows in (most + 300, max(0, most - 200), most):
        assert as_text(made(First, rows, name="it")) == as_text(made(Late, rows))


def test_no_row_is_asked_for_that_comes_after_the_last_one_wanted() -> None:
    llm = scripted(prompt)
    done = run(Asking(llm=llm) >> First(rows=7), input=rows_of(list(range(500))), concurrency=64)

    assert (done.outcome, done.accepted, done.rejected, done.failed) == ("complete", 7, 0, 0)
    assert sorted(asked(llm)) == sorted(f"row {number}" for number in range(7))


def test_rows_that_are_rejected_before_are_replaced() -> None:
    llm = scripted(prompt)
    done = run(Deed() >> Asking(llm=llm) >> First(rows=3), input=rows_of([1, 1, 0, 2, 5, 4, 10, 15, 20]))

    assert [row["n"] for row in done.rows()] == [0, 5, 10]
    assert (done.rejected, done.failed, len(asked(llm))) == (2, 1, 3)


def test_an_endless_generator_ends() -> None:
    done = run(Numbers() >> Deed() >> First(rows=4))
    assert [row["n"] for row in done.rows()] == [0, 3, 3, 3]
    # The failed row was before the last one wanted.
    assert (done.accepted, done.failed, done.outcome) == (4, 1, "incomplete")


def test_no_row_is_read_after_the_last_one_wanted() -> None:
    read: list[int] = []

    def rows() -> Iterator[Row]:
        for number in itertools.count():
            read.append(number)
            yield {"n": number}

    assert run(First(rows=3), input=rows()).outcome == "complete"
    assert read == [0, 1, 2]


def test_the_rows_of_several_generations_count() -> None:
    llm = scripted(prompt)
    task = Asking(llm=llm, num_generations=3)
    assert run(task >> First(rows=6), input=rows_of(list(range(50)))).accepted == 6
    assert {*asked(llm)} == {"row 0", "row 1"}


def test_branches_that_are_joined_end_with_the_first_of_them() -> None:
    llm = scripted(prompt)
    graph = Asking(llm=llm) >> [First(rows=2), Pass(name="other")] >> Pass(name="joined")
    assert run(graph, input=rows_of(list(range(50)))).accepted == 2
    assert len(llm.requests) == 2


def test_a_run_that_tries_in_vain_is_not_complete() -> None:
    class Zero(Step):
        def process(self, row: Row) -> Row | None:
            return row if row["text"] == "text 0" else None

    done = run(Writing(llm=scripted(prompt)) >> Zero() >> First(rows=2), give_up_after=0)
    assert (done.outcome, done.accepted, done.tried) == ("incomplete", 1, 20)


def test_a_generator_that_asks_a_model_needs_no_number() -> None:
    llm = scripted(prompt)
    done = run(Writing(llm=llm) >> First(rows=5))

    assert (done.outcome, done.accepted) == ("complete", 5)
    assert len(asked(llm)) == 5
    with pytest.raises(UsageError, match="any number of rows"):
        run(Writing(llm=llm) >> [First(rows=5), Pass()], leaf="first")


def test_tries_end_where_nothing_gets_through() -> None:
    class Never(Step):
        def process(self, row: Row) -> None:
            raise Reject("never")

    done = run(Writing(llm=scripted()) >> Never() >> First(rows=2), give_up_after=0)
    assert (done.outcome, done.tried, done.rejected) == ("incomplete", 20, 20)


def test_a_source_goes_on_for_another_leaf() -> None:
    done = run(Pass() >> [First(rows=2), Deed()], input=rows_of([0, 5, 10, 15]), leaf="deed", name="leaves")

    assert len([*done.rows()]) == 4
    assert done.folder is not None
    with RunReader.open(done.folder) as reader:
        assert reader.count_verdicts("first") == {"accepted": 2, "rejected": 2, "failed": 0}


def test_nothing_is_wanted_from_the_beginning() -> None:
    llm = scripted()
    done = run(Asking(llm=llm) >> First(rows=0), input=rows_of([1, 2]))
    assert (done.outcome, done.accepted, done.rejected, done.odd) == ("complete", 0, 0, [])
    assert not llm.requests


@pytest.mark.slow
@pytest.mark.parametrize("asks", [True, False])
def test_a_run_goes_on_to_more_rows_and_back_to_fewer(asks: bool) -> None:
    llm = scripted(prompt)

    def made(rows: int) -> list[int]:
        before: Step = Asking(llm=llm) if asks else Pass()
        done = run(before >> First(rows=rows), input=rows_of(list(range(600))), name="it")
        assert done.outcome == "complete"
        assert done.rejected == 0
        return [row["n"] for row in done.rows()]

    for count in (300, 560, 10, 0, 400):
        assert made(count) == list(range(count))
    assert len(set(asked(llm))) == len(asked(llm)) == (560 if asks else 0)


@pytest.mark.slow
def test_a_row_that_a_retry_makes_takes_its_place_among_the_first() -> None:
    is_down = True

    def answer(request: Request) -> str:
        if is_down and prompt(request) == "row 1":
            raise RuntimeError("down")
        return prompt(request)

    llm = scripted(answer)

    def made(**options: Any) -> Run:
        return run(Asking(llm=llm) >> First(rows=3), input=rows_of(list(range(9))), name="it", **options)

    done = made()
    assert [row["n"] for row in done.rows()] == [0, 2, 3]
    assert (done.outcome, done.failed) == ("incomplete", 1)
    is_down = False
    done = made(retry=True)
    assert [row["n"] for row in done.rows()] == [0, 1, 2]
    assert (done.outcome, done.failed, done.rejected) == ("complete", 0, 0)
    # The row that isn't needed any more is kept all the same: a larger number finds it.
    before = len(llm.requests)
    assert [
        row["n"]
        for row in run(Asking(llm=llm) >> First(rows=4), input=rows_of(list(range(9))), name="it").rows()
    ] == [0, 1, 2, 3]
    assert len(llm.requests) == before


def test_bounds_that_are_no_numbers_are_refused() -> None:
    class Odd(First):
        @property
        def rows_wanted(self) -> Any:
            return -1

    with pytest.raises(BrokenPluginError, match="not a number of rows, or None"):
        run(Odd(rows=1), input=rows_of([1]))


@pytest.mark.slow
def test_steps_in_threads_of_their_own_end_a_fork_together() -> None:
    before = threading.active_count()
    # Both note their last row at about the same time.
    for _ in range(5):
        graph = Pass() >> [First(rows=3, name="a"), First(rows=3, name="b")]
        done = run(graph, input=rows_of(list(range(200))), leaf="a")
        assert (done.accepted, done.rejected) == (3, 0)
    assert threading.active_count() < before + 50
