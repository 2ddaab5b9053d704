"""Several generations of a row, by tasks that make them in one call, in several, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import GeneratorTask, LLMError, PartialRowsError, Reject, Row, Task, UsageError, run
from seedbed.testing import ScriptedLLM

ONE = [{"topic": "tides"}]


class Pair(Task):
    """Two calls for each row."""

    outputs: ClassVar[list[str]] = ["question", "answer"]

    async def generate_row(self, input: Row) -> Any:
        question = await self.ask(f"ask about {input['topic']}")
        return {"question": question, "answer": await self.ask(f"answer {question}")}


class Counting(GeneratorTask):
    """A plain generator."""

    finite: ClassVar[bool] = True

    def process(self, offset: int = 0) -> Iterator[Row]:
        yield {"number": offset}


def seeded(request: Any) -> str:
    return str(request.seed)


def test_a_task_of_several_calls_makes_each_generation_by_calls_of_its_own() -> None:
    llm = scripted(seeded, offers=ALL)
    made = run(Pair(llm=llm, num_generations=3), input=ONE)

    assert len({row["question"] for row in made.rows()}) == len({row["answer"] for row in made.rows()}) == 3
    assert len(llm.requests) == 6


def test_an_override_that_asks_as_the_default_does_makes_as_many_rows_and_no_more() -> None:
    class Shouted(Task):
        template: str = "{{ topic }}"

        async def generate_row(self, input: Row) -> Any:
            (row,) = await super().generate_row(input)
            return {"generation": row["generation"].upper()}

    assert run(Shouted(llm=ScriptedLLM("a", "b"), num_generations=2), input=ONE, concurrency=1).accepted == 2


def test_half_of_a_surrogate_pair_in_a_further_prompt_fails_its_row_alone() -> None:
    class Quoted(Pair):
        async def generate_row(self, input: Row) -> Any:
            question = json.loads(await self.ask(f"ask about {input['topic']}"))
            return {"question": "", "answer": await self.ask(f"answer {question}")}

    def answer(request: Any) -> str:
        return r'"\ud800"' if "tides" in prompt(request) else '"a"'

    made = run(Quoted(llm=ScriptedLLM(answer)), input=[*ONE, {"topic": "bees"}])

    assert (made.accepted, made.failed, made.stopped_by) == (1, 1, None)
    assert "not valid Unicode" in made.failures[0].reason


def test_a_generation_that_fails_leaves_the_others_in_the_dataset() -> None:
    class Picky(Pair):
        async def generate_row(self, input: Row) -> Any:
            if (text := await self.ask("?")) == "b":
                raise Reject("no b")
            if text == "c":
                raise PartialRowsError(
                    "half", rows=[{"question": text, "answer": ""}], errors=[Reject("no c")]
                )
            return {"question": text, "answer": ""}

    made = run(Picky(llm=ScriptedLLM("a", "b", "c"), num_generations=3), input=ONE, concurrency=1)

    assert sorted(row["question"] for row in made.rows()) == ["a", "c"]
    assert made.rejections == {"no b": 1, "no c": 1}


def test_without_any_row_the_error_of_the_first_generation_is_the_reason() -> None:
    def broken(request: Any) -> str:
        raise LLMError("gone")

    made = run(Pair(llm=scripted(broken), num_generations=2), input=ONE)
    assert (made.accepted, made.failed) == (0, 1)


def test_none_from_one_generation_fails_the_row() -> None:
    class Forgetful(Pair):
        async def generate_row(self, input: Row) -> Any:
            return {"question": "", "answer": ""} if await self.ask("?") == "a" else None

    made = run(Forgetful(llm=ScriptedLLM("a", "b"), num_generations=2), input=ONE, concurrency=1)
    assert (made.accepted, made.failed) == (1, 1)
    assert "generate_row of 'forgetful' returned None" in made.failures[0].reason


def test_a_generator_makes_them_of_the_same_variables() -> None:
    class Named(GeneratorTask):
        outputs: ClassVar[list[str]] = ["text"]

        def sample(self, index: int, rng: Any) -> dict[str, Any]:
            return {"number": index}

        async def generate_row(self, input: Row) -> Any:
            return {"text": await self.ask(f"number {input['number']}")}

    made = run(Named(llm=scripted(prompt), num_generations=2), 4)
    assert [row["text"] for row in made.rows()] == ["number 0", "number 0", "number 1", "number 1"]


def test_a_process_of_its_own_refuses_more_than_one_and_names_the_task() -> None:
    class Letters(Task):
        def process(self, row: Row) -> Any:
            return row

    for task in (Counting, Letters):
        with pytest.raises(UsageError, match=f"task '{task.__name__.lower()}' has a `process` of its own"):
            task(num_generations=2)
        assert task(num_generations=1).num_generations == 1


def test_a_process_that_uses_them_declares_the_field() -> None:
    class Twins(Counting):
        num_generations: int = 1

        def process(self, offset: int = 0) -> Iterator[Row]:
            yield from ({"number": number} for number in range(self.num_generations))

    assert run(Twins(llm=scripted(), num_generations=2)).accepted == 2
