"""What a call is: known by step, row, attempt, what is asked, and how often that was asked before."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.scripted_llm import ALL, ScriptedLLM, prompt, scripted

from seedbed import (
    Capabilities,
    Choice,
    ContentFilteredError,
    GeneratorTask,
    InvalidOutputError,
    LLMError,
    RateLimitedError,
    Response,
    RowError,
    Run,
    Step,
    Task,
    run,
)
from seedbed.store import Call, RunReader
from seedbed.tasks.rows import Row

ROWS = [{"n": n} for n in range(3)]


class Same(Task):
    """Asks every row the same."""

    template: str = "Tell me a joke."


class Twice(Task):
    """Asks two questions, then fails while `broken` says so."""

    template: str = "{{ n }}"
    broken: Any = None

    async def generate_row(self, input: Row) -> Row:
        first = await self.ask(f"{input['n']} first")
        second = await self.ask(f"{input['n']} second")
        if self.broken:
            self.broken(first, second)
        return {"first": first, "second": second}


def calls_of(made: Run, step: str, row: str) -> list[Call]:
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        return reader.calls(step, row)


def ids_of(made: Run, step: str) -> list[str]:
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        return [result.row for result in reader.results_of(step)]


def test_equal_prompts_of_different_rows_are_different_calls() -> None:
    llm = scripted(lambda request: str(request.seed), offers=ALL)
    made = run(Same(llm=llm), input=[{"n": 1}] * 3, name="same")

    assert len(llm.requests) == len({row["generation"] for row in made.rows()}) == 3
    keys = [calls_of(made, "same", row)[0] for row in ids_of(made, "same")]
    assert len({call.row for call in keys}) == 3
    assert len({(call.digest, call.k, call.attempt) for call in keys}) == 1


def test_a_question_that_is_asked_again_is_another_call_of_its_row() -> None:
    class Thrice(Task):
        async def generate_row(self, input: Row) -> Row:
            return {"texts": [await self.ask("Again?") for _ in range(3)]}

    made = run(Thrice(llm=scripted()), input=ROWS[:1], name="thrice")

    calls = calls_of(made, "thrice", ids_of(made, "thrice")[0])
    assert [call.k for call in calls] == [0, 1, 2]
    assert len({call.digest for call in calls}) == 1


def test_several_answers_are_several_calls_where_the_backend_gives_one_at_a_time() -> None:
    made = run(Same(llm=scripted(), num_generations=3), input=ROWS[:1], name="several")

    assert [call.k for call in calls_of(made, "same", ids_of(made, "same")[0])] == [0, 1, 2]


def test_several_answers_are_one_call_where_the_backend_gives_them_at_once() -> None:
    def answers(request: Any) -> Response:
        return Response(choices=tuple(Choice(text=str(number)) for number in range(request.n)))

    llm = scripted(answers, offers=Capabilities(n=True))
    made = run(Same(llm=llm, num_generations=3), input=ROWS[:1], name="at-once")
    again = run(Same(llm=llm, num_generations=3), input=ROWS[:2], name="at-once")

    assert [call.k for call in calls_of(made, "same", ids_of(made, "same")[0])] == [0]
    assert [row["generation"] for row in again.rows()] == ["0", "1", "2"] * 2
    assert len(llm.requests) == 2


def test_an_answer_that_does_not_fit_is_a_call_and_so_is_the_next() -> None:
    class Fussy(Same):
        def format_output(self, output: str | None, input: Row | None) -> Row:
            if output != "4":
                raise InvalidOutputError("no number")
            return {"number": 4}

    numbers = itertools.count()
    llm = scripted(lambda request: "4" if next(numbers) == 2 else "four")
    made = run(Fussy(llm=llm), input=ROWS[:1], name="fussy")

    calls = calls_of(made, "fussy", ids_of(made, "fussy")[0])
    first, second, third = (call.digest for call in calls)
    assert [call.k for call in calls] == [0, 0, 1]
    assert first != second == third


@pytest.mark.slow
def test_what_a_try_cost_is_no_call_where_it_brought_no_answer() -> None:
    tries = itertools.count()

    def answer(request: Any) -> str:
        if next(tries) < 2:
            raise RateLimitedError("slow down", retry_after=0.0)
        return "yes"

    made = run(Same(llm=scripted(answer)), input=ROWS[:1], name="tries")

    assert made.calls.retried == 2
    assert len(calls_of(made, "same", ids_of(made, "same")[0])) == 1


def broken_calls(error: Callable[[], Exception]) -> tuple[Any, list[str]]:
    """Return an answer to every prompt but `1 second`, which fails the first time, and what was answered."""
    answered: list[str] = []
    failed: list[str] = []

    def answer(request: Any) -> str:
        if prompt(request) == "1 second" and not failed:
            failed.append("1 second")
            raise error()
        answered.append(prompt(request))
        return prompt(request)

    return answer, answered


ALL_CALLS = [f"{n} {which}" for n in range(3) for which in ("first", "second")]


def test_a_failed_call_is_made_by_retry_and_no_answer_is_bought_again() -> None:
    answer, answered = broken_calls(lambda: LLMError("gone"))
    first = run(Twice(llm=scripted(answer)), input=ROWS, name="retry")
    assert (first.accepted, first.failed) == (2, 1)
    assert run(Twice(llm=scripted(answer)), input=ROWS, name="retry").failed == 1

    second = run(Twice(llm=scripted(answer)), input=ROWS, name="retry", retry=True)

    assert second.outcome == "complete"
    assert sorted(answered) == sorted(ALL_CALLS)
    assert {call.attempt for row in ids_of(second, "twice") for call in calls_of(second, "twice", row)} == {0}


def group_of(error: Exception) -> Exception:
    return ExceptionGroup("several", [error])


@pytest.mark.parametrize("wrapped", [lambda error: error, group_of], ids=["alone", "in a group"])
def test_errors_that_are_no_answers_raise_no_attempt(wrapped: Any) -> None:
    class Grouping(Twice):
        async def generate_row(self, input: Row) -> Row:
            try:
                made: Row = await super().generate_row(input)
            except LLMError as error:
                raise wrapped(error) from error
            return made

    answer, answered = broken_calls(lambda: LLMError("gone"))
    run(Grouping(llm=scripted(answer)), input=ROWS, name="group")
    run(Grouping(llm=scripted(answer)), input=ROWS, name="group", retry=True)

    assert sorted(answered) == sorted(ALL_CALLS)


def test_where_an_answer_was_the_cause_retry_asks_its_row_again_and_no_other() -> None:
    refused = ["1 second"]

    def broken(first: str, second: str) -> None:
        if second in refused:
            raise RowError("not this one")

    answered: list[str] = []

    def answer(request: Any) -> str:
        answered.append(prompt(request))
        return prompt(request)

    run(Twice(llm=scripted(answer), broken=broken), input=ROWS, name="anew")
    assert sorted(answered) == sorted(ALL_CALLS)
    refused.clear()
    made = run(Twice(llm=scripted(answer), broken=broken), input=ROWS, name="anew", retry=True)

    assert made.outcome == "complete"
    assert sorted(answered[6:]) == ["1 first", "1 second"]
    attempts = [call.attempt for row in ids_of(made, "twice") for call in calls_of(made, "twice", row)]
    assert sorted(attempts) == [0] * 6 + [1] * 2


def test_a_filtered_answer_is_an_answer() -> None:
    answer, answered = broken_calls(lambda: ContentFilteredError("declined"))
    run(Twice(llm=scripted(answer)), input=ROWS, name="filtered")
    run(Twice(llm=scripted(answer)), input=ROWS, name="filtered", retry=True)

    assert answered.count("1 first") == 2


@pytest.mark.slow
def test_a_row_asked_again_gets_other_seeds() -> None:
    class Never(Same):
        def format_output(self, output: str | None, input: Row | None) -> Row:
            raise RowError(f"not {output}")

    llm = scripted(lambda request: str(request.seed), offers=ALL)
    for _ in range(3):
        run(Never(llm=llm), input=ROWS[:1], name="never", retry=True)

    assert len({request.seed for request in llm.requests}) == 3


def test_two_models_of_one_prompt_are_asked_each() -> None:
    class Both(Step):
        one: ScriptedLLM
        other: ScriptedLLM

        def process(self, row: Row) -> Row:
            question = [[{"role": "user", "content": "?"}]]
            return {"texts": [llm.generate(question)[0][0] for llm in (self.one, self.other)]}

    step = Both(one=scripted("1", model="one"), other=scripted("2", model="other"))
    made = run(step, input=ROWS[:1], name="both")

    calls = calls_of(made, "both", ids_of(made, "both")[0])
    assert [call.k for call in calls] == [0, 0]
    assert len({call.digest for call in calls}) == 2
    assert [row["texts"] for row in made.rows()] == [["1", "2"]]


class Numbered(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}

    def format_output(self, output: str | None, input: Row | None) -> list[Row]:
        return [{"k": k} for k in range(2)]


class Halve(Step):
    def process(self, row: Row) -> Row | None:
        return row if row["k"] else None


def test_a_row_is_known_by_where_it_comes_from_and_not_by_when_it_came() -> None:
    async def answer(request: Any) -> str:
        for _ in range(9 - int(prompt(request))):
            await asyncio.sleep(0)
        return "yes"

    made = (Numbered(llm=scripted(answer)) >> Halve() >> Same(llm=scripted())).run(4, name="ids")

    assert ids_of(made, "numbered") == ["0", "1", "2", "3"]
    assert ids_of(made, "halve") == [f"{n}/{k}" for n in range(4) for k in range(2)]
    assert ids_of(made, "same") == ["0/1", "1/1", "2/1", "3/1"]
