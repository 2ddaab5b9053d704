"""What the real model answers, as a response."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from seedbed import (
    BadRequestError,
    Choice,
    ContextOverflowError,
    GenerationError,
    InvalidResponseError,
    Message,
    Request,
    RetryPolicy,
    TimedOutError,
    UnsupportedError,
    UsageError,
    image_part,
)
from seedbed.llm.calling.gateway import Gateway
from seedbed_llamacpp import LlamaCppLLM
from seedbed_llamacpp.call import Answer, Call
from seedbed_llamacpp.translate import response_of


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


JOKE = ask("Tell me a joke.")
# Without a system message the model's template adds one, which is three quarters of a short prompt.
SHORT = [{"role": "system", "content": "x"}, *ask("Joke?")]


@pytest.mark.slow
def test_an_answer_cut_at_its_longest_says_so(llm: LlamaCppLLM) -> None:
    # A joke may be over by then, if the model is let.
    response = llm.complete(JOKE, max_tokens=5, extra={"ignore_eos": True})
    (choice,) = response.choices
    assert choice.text
    assert choice.finish_reason == "length"
    assert choice.reasoning is None
    assert choice.logprobs is None
    assert response.usage.output_tokens == 5
    assert 20 < response.usage.input_tokens < 60
    assert response.usage.cached_tokens == 0
    assert response.model == "SmolLM2-135M-Instruct.Q4_1"


@pytest.mark.slow
def test_an_answer_ends_before_a_stop_text(llm: LlamaCppLLM) -> None:
    full = llm.complete(ask("Count: one two three four"), temperature=0, max_tokens=12).choices[0].text
    assert full
    stop = full.split()[2]
    (choice,) = llm.complete(
        ask("Count: one two three four"), temperature=0, max_tokens=12, stop=[stop]
    ).choices
    assert choice.finish_reason == "stop"
    assert choice.text == full[: full.index(stop)]


def test_the_longest_answer_is_bounded_unless_said_otherwise() -> None:
    assert LlamaCppLLM(model="smollm2-135m").request(JOKE).max_tokens == 512
    assert LlamaCppLLM(model="smollm2-135m", max_tokens=None).request(JOKE).max_tokens is None


@pytest.mark.slow
def test_one_seed_gives_one_answer_and_another_seed_another(llm: LlamaCppLLM) -> None:
    texts = [llm.generate([SHORT], seed=seed)[0][0] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2**32 - 1, -(2**40)])
def test_a_seed_of_any_size_is_a_seed(llm: LlamaCppLLM, seed: int) -> None:
    first, again = (llm.generate([SHORT], seed=seed, max_tokens=3) for _ in range(2))
    assert first == again


@pytest.mark.slow
def test_a_row_alone_is_the_row_among_many_to_the_last_bit() -> None:
    llm = LlamaCppLLM(model="smollm2-135m", threads=1, context=256, max_tokens=3)

    async def answer(*rows: list[Message]) -> list[Choice]:
        calls = (llm.acomplete(row, seed=7, logprobs=1) for row in rows)
        return [response.choices[0] for response in await asyncio.gather(*calls)]

    (first,) = asyncio.run(answer(SHORT))
    (again,) = asyncio.run(answer(SHORT))
    many = asyncio.run(answer(ask("Tell me a long story."), SHORT, [SHORT[0], *ask("Joke? Thank you.")]))
    llm.unload()
    assert first == again == many[1]


@pytest.mark.slow
def test_several_generations_are_several_answers(llm: LlamaCppLLM) -> None:
    first, second = llm.generate([SHORT], num_generations=2, seed=3)[0]
    assert first
    assert second
    assert first != second


@pytest.mark.slow
@pytest.mark.parametrize("alternatives", [0, 2])
def test_log_probabilities_have_as_many_alternatives_as_asked_for(
    llm: LlamaCppLLM, alternatives: int
) -> None:
    (choice,) = llm.complete(SHORT, logprobs=alternatives, max_tokens=4).choices
    assert choice.logprobs is not None
    assert "".join(token.token for token in choice.logprobs) == choice.text
    assert all(token.logprob <= 0 for token in choice.logprobs)
    assert {len(token.top) for token in choice.logprobs} == {alternatives}


@pytest.mark.slow
def test_every_role_of_the_contract_is_understood(llm: LlamaCppLLM) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": "Hello."},
        *JOKE,
    ]
    as_system = [{"role": "system", "content": "Be brief."}, *messages[1:]]
    assert llm.generate([messages], seed=1, max_tokens=3) == llm.generate([as_system], seed=1, max_tokens=3)


def test_a_prompt_longer_than_the_context_is_an_overflow(llm: LlamaCppLLM) -> None:
    with pytest.raises(ContextOverflowError, match=r"(?s)tokens, which don't fit into the 256 .*context"):
        llm.generate([ask("word " * 300)])


@pytest.mark.slow
def test_an_answer_may_fill_the_context_to_its_end(llm: LlamaCppLLM) -> None:
    response = llm.complete(ask("word " * 200), max_tokens=400, extra={"ignore_eos": True})
    assert response.choices[0].finish_reason == "length"
    assert response.usage.input_tokens + response.usage.output_tokens in range(250, 258)


@pytest.mark.slow
def test_a_row_that_fails_leaves_the_others_alone(llm: LlamaCppLLM) -> None:
    with pytest.raises(GenerationError) as caught:
        llm.generate([SHORT, ask("word " * 300), SHORT], max_tokens=3)
    assert [answer is None for answer in caught.value.generations] == [False, True, False]


def test_what_llama_cpp_refuses_is_a_bad_request(llm: LlamaCppLLM) -> None:
    with pytest.raises(BadRequestError, match="temperature"):
        llm.generate([JOKE], extra={"temperature": "hot"})
    with pytest.raises(BadRequestError, match="simpler"):
        llm.generate([JOKE], extra={"grammar": "root ::= nothing"})


@pytest.mark.parametrize("name", ["n", "stream", "messages"])
def test_extra_cannot_set_what_the_backend_relies_on(llm: LlamaCppLLM, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        llm.generate([JOKE], extra={name: 2})


def test_tools_and_images_are_not_declared(llm: LlamaCppLLM) -> None:
    with pytest.raises(UnsupportedError, match="tools"):
        llm.complete(JOKE, tools=[{"type": "function", "function": {"name": "f"}}])
    with pytest.raises(UnsupportedError, match="images"):
        llm.complete([{"role": "user", "content": [image_part(b"png")]}])


@pytest.mark.slow
def test_a_call_out_of_time_is_stopped_and_its_slot_is_free_again(llm: LlamaCppLLM) -> None:
    hurried = llm.model_copy(update={"timeout": 0.2, "max_tokens": None})
    with pytest.raises(TimedOutError):
        hurried.bound(Gateway(retry=RetryPolicy(tries=1)), None).generate([JOKE], extra={"ignore_eos": True})
    assert llm.generate([SHORT] * 8, max_tokens=1)


def test_a_cancelled_request_stops_the_model(llm: LlamaCppLLM) -> None:
    llm.ensure_loaded()
    assert llm._lease is not None
    calls = llm._lease.server._calls

    async def cancel() -> Call:
        task = asyncio.create_task(llm.respond(llm.request(JOKE, extra={"ignore_eos": True})))
        await asyncio.sleep(0)
        (call,) = calls
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return call

    assert isinstance(asyncio.run(cancel())._stopped, asyncio.CancelledError)


@pytest.mark.slow
def test_a_stopped_call_ends_at_its_next_chunk(llm: LlamaCppLLM) -> None:
    began = threading.Event()

    class Watched(Call):
        def _receive(self, chunk: Any) -> bool:
            began.set()
            return super()._receive(chunk)

    llm.ensure_loaded()
    assert llm._lease is not None
    call = Watched({"messages": JOKE, "stream": True, "ignore_eos": True})
    future = llm._lease.server.submit(call)
    assert began.wait(200)
    call.stop(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        future.result(200)
    assert call._answer.finish_reason is None


def test_reasoning_is_kept_apart_from_the_text() -> None:
    answer = Answer()
    for delta in ({"reasoning_content": "two and "}, {"reasoning_content": "two"}, {"content": "4"}):
        answer.add({"choices": [{"delta": delta, "finish_reason": None}]})
    answer.add({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    (choice,) = response_of(answer, Request(messages=()), "m").choices
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("4", "two and two", "stop")


def test_an_answer_without_an_end_is_invalid() -> None:
    with pytest.raises(InvalidResponseError):
        response_of(Answer(), Request(messages=()), "m")


def test_an_exception_in_the_callback_is_not_lost(llm: LlamaCppLLM) -> None:
    class BrokenAnswer(Answer):
        def add(self, chunk: object) -> None:
            raise ZeroDivisionError

    call = Call({"messages": JOKE, "stream": True})
    call._answer = BrokenAnswer()
    llm.ensure_loaded()
    assert llm._lease is not None
    with pytest.raises(ZeroDivisionError):
        llm._lease.server.submit(call).result(200)
