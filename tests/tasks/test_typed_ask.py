"""An answer that is asked for with a class is an instance of it, or is asked for again on its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, RootModel
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import Choice, GeneratorTask, Reject, Request, Response, Task, UsageError, run


class Verdict(BaseModel):
    winner: Literal["a", "b"]
    score: int = Field(ge=1, le=5)


GOOD = '{"winner": "a", "score": 3}'
UNFIT = {
    "no JSON": "a wins",
    "a wrong value": '{"winner": "c", "score": 3}',
    "cut": Response(choices=(Choice(text=GOOD, finish_reason="length"),)),
    "empty": Response(choices=(Choice(text=" "),)),
}


class Judged(Task):
    template: str = "{{ text }}"

    async def generate_row(self, input: dict[str, Any]) -> Any:
        essay = await self.ask("Write.")
        verdict = await self.ask(f"Judge: {essay}", schema=Verdict, max_tokens=50)
        assert type(verdict) is Verdict
        return {"essay": essay, **verdict.model_dump()}


def test_the_answer_is_an_instance_of_the_class_whose_schema_was_sent() -> None:
    llm = scripted(lambda request: GOOD if request.schema else "An essay.", offers=ALL)
    (row,) = Judged(llm=llm).process({"text": "x"})
    assert (row["winner"], row["score"]) == ("a", 3)
    assert [bool(request.schema) for request in llm.requests] == [False, True]
    assert llm.requests[1].schema["required"] == ["winner", "score"]


@pytest.mark.parametrize("case", UNFIT)
def test_a_misfit_is_asked_again_alone_with_the_reason_and_the_same_parameters(case: str) -> None:
    answers = ["An essay.", UNFIT[case], GOOD]
    llm = scripted(lambda _: answers.pop(0), offers=ALL)
    (row,) = Judged(llm=llm).process({"text": "x"})
    assert row["score"] == 3
    _, first, again = llm.requests
    assert again.messages[0] == first.messages[0]
    assert ("too long" if case == "cut" else "That cannot be used") in again.messages[-1]["content"]
    assert again.schema == first.schema
    assert again.max_tokens == first.max_tokens == 50


@pytest.mark.parametrize("max_reasks", [0, 1, 3])
def test_asking_again_is_bounded_and_then_the_row_is_rejected(max_reasks: int) -> None:
    class Source(GeneratorTask):
        async def generate_row(self, input: dict[str, Any]) -> Any:
            return await self.ask("Judge.", schema=Verdict)

    llm = scripted("never")
    done = run(Source(max_reasks=max_reasks), 1, llm=llm, max_attempts=1)
    assert (done.accepted, done.rejected, len(llm.requests)) == (0, 1, 1 + max_reasks)


def test_an_author_may_go_on_without_the_answer() -> None:
    class Lenient(Judged):
        async def generate_row(self, input: dict[str, Any]) -> Any:
            try:
                return {"score": (await self.ask("Judge.", schema=Verdict)).score}
            except Exception as error:
                raise Reject("no verdict") from error

    done = run(Lenient(), input=[{"text": "x"}], llm=scripted("never"))
    assert list(done.rejections) == ["no verdict"]


def test_a_schema_that_is_no_class_leaves_the_answer_a_text() -> None:
    class Raw(Judged):
        async def generate_row(self, input: dict[str, Any]) -> Any:
            return {"text": await self.ask("x", schema={"type": "object", "properties": {}})}

    assert Raw(llm=scripted(GOOD, offers=ALL)).process({"text": "x"})[0]["text"] == GOOD


@pytest.mark.parametrize("answer", ['["a", "b"]', '```json\n["a", "b"]\n```'])
def test_an_answer_may_be_a_list(answer: str) -> None:
    class Listed(Judged):
        async def generate_row(self, input: dict[str, Any]) -> Any:
            return {"words": (await self.ask("x", schema=RootModel[list[str]])).root}

    for offers in (ALL, None):
        llm = scripted(answer, **({"offers": offers} if offers else {}))
        assert Listed(llm=llm).process({"text": "x"})[0]["words"] == ["a", "b"]


class Callback(BaseModel):
    call: Callable[[int], int]


@pytest.mark.parametrize("schema", [int, "Verdict", Callback])
def test_what_has_no_schema_stops_the_run_before_anything_is_paid(schema: Any) -> None:
    class Wrong(GeneratorTask):
        async def generate_row(self, input: dict[str, Any]) -> Any:
            return {"x": str(await self.ask("x", schema=schema))}

    llm = scripted("x")
    with pytest.raises(UsageError):
        run(Wrong(), 5, llm=llm)
    assert not llm.requests


class Panel(GeneratorTask):
    """Three equal questions at once, each of which may be asked again."""

    max_reasks: int = 4

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"index": index}

    async def generate_row(self, input: dict[str, Any]) -> Any:
        asked = (self.ask(f"Judge {input['index']}.", schema=Verdict) for _ in range(3))
        return {"scores": [verdict.score for verdict in await asyncio.gather(*asked)]}


def panel(rows: int, delays: random.Random, name: str) -> tuple[list[Any], int]:
    async def answer(request: Request) -> str:
        for _ in range(delays.randrange(8)):
            await asyncio.sleep(0)
        drawn = random.Random(f"{request.seed}/{prompt(request)}")
        return "unfit" if drawn.random() < 0.5 else f'{{"winner": "a", "score": {drawn.randint(1, 5)}}}'

    llm = scripted(answer, offers=ALL)
    done = run(Panel(), rows, llm=llm, name=name)
    return [(row["index"], row["scores"]) for row in done.rows()], len(llm.requests)


@pytest.mark.slow
def test_equal_questions_at_once_have_the_same_answers_whatever_the_calls_take() -> None:
    first, calls = panel(12, random.Random(0), "first")
    assert calls > 12 * 3
    for number in range(1, 5):
        assert panel(12, random.Random(number), f"other-{number}") == (first, calls)
    panel(5, random.Random(7), "resumed")
    resumed, fewer = panel(12, random.Random(8), "resumed")
    assert resumed == first
    assert fewer < calls
