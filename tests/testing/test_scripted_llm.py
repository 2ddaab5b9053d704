"""Doubles that answer from memory: in order, by a function, or with what they were asked."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.scripted_llm import ALL, user

from seedbed import (
    Choice,
    Gateway,
    GenerationError,
    GeneratorTask,
    RateLimitedError,
    Request,
    Response,
    RetryPolicy,
    Usage,
    run,
)
from seedbed.testing import EchoLLM, LLMContract, ScriptedLLM

ONCE = Gateway(retry=RetryPolicy(tries=1))


class TestEcho(LLMContract):
    llm_class = EchoLLM


class TestScripted(LLMContract):
    llm_class = ScriptedLLM
    model = "by-function"

    def new_llm(self, **fields: object) -> ScriptedLLM:
        return ScriptedLLM(lambda request: "Blue.", model=self.model, **fields)


class Colours(GeneratorTask):
    template: str = "Name colour {{ number }}."

    def sample(self, index, rng):
        return {"number": index}


def test_answers_come_in_the_order_in_which_they_were_given() -> None:
    cut = Response(choices=(Choice(text="Re", finish_reason="length"),), usage=Usage(3, 1))
    llm = ScriptedLLM("Blue.", cut, ["Red.", "Green."], offers=ALL)

    assert llm.complete(user("1")).choices[0].text == "Blue."
    assert llm.complete(user("2")) is cut
    assert llm.generate([user("3")], num_generations=2) == [["Red.", "Green."]]
    assert [request.messages[0]["content"] for request in llm.requests] == ["1", "2", "3"]


def test_an_error_among_the_answers_is_raised() -> None:
    llm = ScriptedLLM(RateLimitedError("slow down", retry_after=7), "Blue.").bound(ONCE, None)

    with pytest.raises(RateLimitedError) as caught:
        llm.complete(user("x"))

    assert caught.value.retry_after == 7
    assert llm.generate([user("x")]) == [["Blue."]]


def test_a_script_that_has_run_out_says_so_and_stops_a_run() -> None:
    llm = ScriptedLLM("Blue.", "Red.")

    with pytest.raises(GenerationError, match="the script has no answer left: it has 2"):
        llm.generate([user("x"), user("y"), user("z")])
    stopped = run(Colours(llm=ScriptedLLM("Blue.", "Red.")), 5)

    assert (stopped.outcome, stopped.accepted) == ("stopped", 2)


def test_a_function_may_await_and_sees_the_request() -> None:
    async def answer(request: Request) -> str:
        await asyncio.sleep(0)
        return f"{request.messages[-1]['content']} {request.temperature}"

    assert ScriptedLLM(answer, temperature=0.5).generate([user("x")]) == [["x 0.5"]]


def test_calls_under_way_at_once_are_counted() -> None:
    all_there = asyncio.Event()

    async def answer(request: Request) -> str:
        if llm.record.in_flight == 3:
            all_there.set()
        await all_there.wait()
        return "yes"

    llm = ScriptedLLM(answer)
    llm.generate([user("x")] * 3)
    assert llm.record.peak == 3


def test_an_echo_counts_words_and_keeps_to_max_tokens() -> None:
    answered = EchoLLM(max_tokens=2).complete([*user("one"), *user("two three four")])

    assert answered.choices == (Choice(text="two three", finish_reason="length"),)
    assert answered.usage == Usage(4, 2)
