"""A column that a step promises and does not make is an error of that step, in its first row."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, GeneratorTask, GlobalStep, Step, Task, run


class Source(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> Any:
        return {"n": index}


class Typo(Source):
    outputs: ClassVar[list[str]] = ["joke"]

    def format_output(self, output: Any, input: Any) -> Any:
        return {"jok": output}


class TypoOfSeveralCalls(Source):
    @property
    def outputs(self) -> list[str]:
        return ["joke", "score"]

    async def generate_row(self, input: Any) -> Any:
        return {"joke": await self.ask("x")}


class TypoOfProcess(GeneratorTask):
    outputs: ClassVar[list[str]] = ["joke"]

    def process(self, offset: int = 0) -> Any:
        for _ in range(100):
            yield {"jok": self.llm.generate([[{"role": "user", "content": "x"}]])[0][0]}


class TypoOfAStep(Step):
    keeps = True
    outputs: ClassVar[list[str]] = ["words"]

    def process(self, row: Any) -> Any:
        return {**row, "word": 1}


class TypoOfAll(GlobalStep):
    outputs: ClassVar[list[str]] = ["rank"]

    def process(self, rows: Any) -> Any:
        for row in rows:
            yield {**row, "rnk": 1}


class TypoOfAGeneratorStep(GeneratorStep):
    outputs: ClassVar[list[str]] = ["n"]

    def process(self, offset: int = 0) -> Any:
        for n in range(100):
            yield {"m": n}


class Reads(Task):
    template: str = "{{ joke }} {{ words }}"


READS_WORDS = Task(template="{{ words }}", name="reads")
READS_N = Task(template="{{ n }}", name="reads")


@pytest.mark.parametrize(
    ("pipeline", "step", "column", "most"),
    [
        (Typo(), "typo", "joke", 60),
        (TypoOfSeveralCalls(), "typo-of-several-calls", "score", 60),
        (TypoOfProcess(), "typo-of-process", "joke", 1),
        (Source() >> TypoOfAStep(), "typo-of-a-step", "words", 60),
        (Source() >> TypoOfAStep() >> READS_WORDS, "typo-of-a-step", "words", 60),
        (TypoOfAGeneratorStep() >> READS_N, "typo-of-a-generator-step", "n", 0),
    ],
)
def test_it_is_an_error_of_the_step_that_promised(pipeline: Any, step: str, column: str, most: int) -> None:
    async def answer(request: Any) -> str:
        await asyncio.sleep(0.01)
        return "x"

    llm = scripted(answer)
    made = run(pipeline, 1000, llm=llm, concurrency=4)
    assert (made.outcome == "stopped") is (most > 1)
    assert made.accepted == 0
    (failure,) = made.failures
    assert (failure.step, failure.kind) == (step, "MissingColumnError")
    assert f"'{column}'" in failure.reason
    assert len(llm.requests) <= most


def test_a_step_over_all_rows_fails_alone() -> None:
    made = run(Source() >> TypoOfAll(), 3, llm=scripted("x"))
    assert (made.accepted, [one.kind for one in made.failures]) == (0, ["MissingColumnError"])


def test_an_answer_without_a_promised_column_is_asked_again() -> None:
    answers = iter(['{"a": 1}', '{"a": 1, "b": 2}'])

    class Parsed(Source):
        outputs: ClassVar[list[str]] = ["a", "b"]

        def format_output(self, output: Any, input: Any) -> Any:
            import json

            return json.loads(output)

    made = run(Parsed(), 1, llm=scripted(lambda request: next(answers)))
    assert [(row["a"], row["b"]) for row in made.rows()] == [(1, 2)]


def test_a_promised_column_may_come_with_the_row_hold_none_or_have_another_name() -> None:
    class Echo(Source):
        outputs: ClassVar[list[str]] = ["n", "text", "model_name"]

        def format_output(self, output: Any, input: Any) -> Any:
            return {"text": None}

    made = run(Echo(output_mappings={"text": "answer"}), 2, llm=scripted("x"))
    assert [(row["n"], row["answer"]) for row in made.rows()] == [(0, None), (1, None)]


def test_what_no_author_has_promised_is_no_promise() -> None:
    class Free(Source):
        def format_output(self, output: Any, input: Any) -> Any:
            return {"anything": output}

    assert run(Free(), 2, llm=scripted("x")).accepted == 2
