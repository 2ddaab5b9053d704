"""Rows leave a run in order, each when all that it follows from is durable."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, Task
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.store import RunReader


class Word(GeneratorTask):
    template: str = "{{ n }}"
    suffix: str = ""

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}

    def format_output(self, output: str | None, input: Any) -> dict[str, Any]:
        return {"generation": f"{output}{self.suffix}"}


class Watched(Word):
    """Notes how many additions the store has had when an answer is read."""

    note: Any = None

    def format_output(self, output: str | None, input: Any) -> dict[str, Any]:
        self.note()
        return super().format_output(output, input)


def test_an_answer_is_with_the_writer_before_its_task_reads_it() -> None:
    # One addition begins the session; then each answer is added, and behind it what its task makes of it.
    read: list[int] = []
    task = Watched(llm=scripted(), note=lambda: read.append(session._store.added))
    session = open_session(make_plan(task, n=3, concurrency=1), name="watched")
    session.execute()

    assert read[0] == 2
    assert read == sorted(set(read))


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the writer commit each addition by itself."""
    monkeypatch.setattr("seedbed.store.run_writer.MOST", 1)
    monkeypatch.setattr("seedbed.store.run_writer.MOST_WITHOUT_ANSWERS", 1)


def rows_and_what_was_durable(task: Any, n: int) -> list[tuple[Any, Any]]:
    """Run a task and return each row that left, beside the one that was durable then, with its verdict."""
    seen = []

    def emit(row: bytes) -> None:
        with RunReader.open(folder) as reader:
            number = str(orjson.loads(row)["n"])
            result = reader.result_of("word", number)
            is_there = result is not None and reader.verdict_of("word", number) is not None
        seen.append((orjson.loads(row), orjson.loads(result.data)[0] if is_there else None))

    session = open_session(make_plan(task, n=n, concurrency=1), name="words", emit=emit)
    folder = session._store.folder
    session.execute()
    return seen


def test_a_row_leaves_when_it_is_durable(one_by_one: None) -> None:
    seen = rows_and_what_was_durable(Word(llm=scripted()), 20)

    assert len(seen) == 20
    assert all(row == durable for row, durable in seen)


def test_a_row_that_takes_the_place_of_another_leaves_when_it_is_durable_itself(one_by_one: None) -> None:
    rows_and_what_was_durable(Word(llm=scripted()), 20)
    seen = rows_and_what_was_durable(Word(llm=scripted(), suffix="!"), 20)

    assert [row["generation"] for row, _ in seen] == ["yes!"] * 20
    assert all(row == durable for row, durable in seen)


class Several(Task):
    template: str = "{{ n }}"
    times: int = 3

    def format_output(self, output: str | None, input: Any) -> list[dict[str, Any]]:
        return [{"k": k} for k in range(self.times)]


def test_a_dataset_can_be_read_while_other_rows_take_the_place_of_those_in_it() -> None:
    rows = [{"n": n} for n in range(3)]
    open_session(make_plan(Several(llm=scripted()), input=rows), name="several").execute()
    read: list[list[bytes]] = []

    def read_when_the_rows_behind_are_made() -> None:
        with RunReader.open(folder) as reader:
            while any(len(orjson.loads(result.data)) > 1 for result in reader.results_of("several")):
                assert session.run.accepted == 0
            read.append([*reader.rows("several")])

    async def answer(request: Any) -> str:
        # The last row has its answer at once, before which nothing of the session is on disk.
        if request.messages[-1]["content"] == "7":
            await asyncio.to_thread(read_when_the_rows_behind_are_made)
        return "yes"

    task = Several(llm=scripted(answer), times=1)
    session = open_session(make_plan(task, input=[{"n": 7}, *rows, {"n": 8}]), name="several")
    folder = session._store.folder

    assert session.execute().accepted == 5
    assert read == [[]]
