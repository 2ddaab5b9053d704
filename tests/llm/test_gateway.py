"""What the gateway does for every backend: capabilities, permits, retries, seeds, and a check of answers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from tests.support.scripted_llm import ALL, IMPATIENT, impatient, prompt, scripted, user
from tests.support.virtual_clock import run_virtually

from seedbed import (
    BadRequestError,
    Choice,
    Gateway,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    Request,
    Response,
    RetryPolicy,
    ServerError,
    TimedOutError,
    TokenLogprob,
    ToolCall,
    UnsupportedError,
    Usage,
    image_part,
)
from seedbed.llm.calling.response_check import checked_response
from seedbed.llm.calling.scope import CallScope

SEEDED = replace(ALL, n=False)
PATIENT = RetryPolicy(tries=3, first_wait=0.001)


def failing(*errors):
    """Return an answer that raises each error once, and then says yes."""
    left = list(errors)

    def answer(request):
        if left:
            raise left.pop(0)
        return "yes"

    return answer


def test_only_an_error_that_says_so_is_tried_again():
    refused = impatient(scripted(failing(BadRequestError("no"))))
    with pytest.raises(BadRequestError):
        refused.generate([user("a")])
    assert len(refused.requests) == 1

    helped = impatient(scripted(failing(ServerError("oops"), BadRequestError("odd", retryable=True))))
    assert helped.generate([user("a")]) == [["yes"]]
    assert len(helped.requests) == 3
    assert helped._gateway.counts.retried == 2
    assert helped._gateway.counts.answered == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("half \ud83d of one", "half \ufffd of one"), ("\ud83d\ude00 a pair", "\U0001f600 a pair")],
)
def test_half_a_surrogate_pair_costs_its_mark_and_not_the_answer(sent, kept):
    def answer(text):
        tokens = (TokenLogprob(text, -1.0, ((text, -2.0),)),)
        choice = Choice(text=text, reasoning=text, tool_calls=(ToolCall(text, text, text),), logprobs=tokens)
        return Response(choices=(choice,), model=text)

    found = checked_response(scripted("yes"), Request(messages=(user("a"),)), answer(sent))
    assert found == answer(kept)


def test_a_whole_answer_is_passed_on_without_a_copy():
    answer = Response.of_text("naïve 😀")
    assert checked_response(scripted("yes"), Request(messages=(user("a"),)), answer) is answer


def test_the_last_error_is_raised_after_the_number_of_tries():
    llm = impatient(scripted(failing(*(ServerError(f"try {k}") for k in range(9)))))
    with pytest.raises(ServerError, match="try 2"):
        llm.generate([user("a")])
    assert len(llm.requests) == IMPATIENT.tries


def test_what_the_server_asks_to_wait_is_waited_out():
    times = []

    def answer(request):
        times.append(time.monotonic())
        if len(times) == 1:
            raise RateLimitedError("slow down", retry_after=0.05)
        return "yes"

    impatient(scripted(answer), retry=PATIENT).generate([user("a")])
    # The clock of uvloop counts whole milliseconds.
    assert times[1] - times[0] >= 0.048


def test_waits_grow_to_the_longest_and_an_absurd_one_is_given_up():
    policy = RetryPolicy(tries=20, first_wait=1.0, longest_wait=8.0)
    failed = ServerError("oops")
    for tries, longest in [(1, 1), (2, 2), (3, 4), (4, 8), (9, 8)]:
        waits = [policy.wait_after(failed, tries) for _ in range(50)]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 1
    assert policy.wait_after(failed, 20) is None
    assert policy.wait_after(RateLimitedError("x", retry_after=81), 1) is None
    assert 80 < policy.wait_after(RateLimitedError("x", retry_after=80), 1) <= 81


def waiting_for(peak, **fields):
    """Return an LLM that answers once so many calls have been under way at a time."""

    async def answer(request):
        while llm.record.peak < peak:  # noqa: ASYNC110 - nobody tells of a call
            await asyncio.sleep(0.001)
        return "yes"

    llm = scripted(answer, **fields)
    return llm


def test_the_cap_on_concurrency_holds_and_is_used():
    llm = impatient(waiting_for(5), concurrency=5)
    llm.generate([user(str(k)) for k in range(40)], num_generations=2)
    assert len(llm.requests) == 80
    assert llm.record.peak == 5


def test_a_backend_with_few_slots_lowers_the_cap_and_endpoints_have_caps_of_their_own():
    gateway = Gateway(concurrency=8)
    narrow = waiting_for(2, parallel=2).bound(gateway, None)
    elsewhere = waiting_for(8, place="elsewhere").bound(gateway, None)
    for llm in (narrow, elsewhere):
        llm.generate([user(str(k)) for k in range(30)])
    assert (narrow.record.peak, elsewhere.record.peak) == (2, 8)


def test_a_waiting_retry_holds_no_permit():
    refused = []

    def answer(request):
        if prompt(request) == "limited" and not refused:
            refused.append(request)
            raise RateLimitedError("slow down", retry_after=0.2)
        return prompt(request)

    order = []
    gateway = Gateway(concurrency=1, retry=PATIENT, recorder=lambda *call: order.append(prompt(call[1])))
    llm = scripted(answer).bound(gateway, None)
    llm.generate([user("limited"), user("other")])
    assert order == ["other", "limited"]


def test_several_generations_are_asked_at_once_where_the_backend_can():
    def answer(request):
        return Response(choices=tuple(Choice(text=f"{k}") for k in range(request.n)))

    llm = scripted(answer, offers=ALL)
    assert llm.generate([user("a")], num_generations=3) == [["0", "1", "2"]]
    assert [request.n for request in llm.requests] == [3]


def test_several_generations_are_several_requests_elsewhere():
    numbers = iter(range(9))

    def answer(request):
        return Response(
            choices=(Choice(text=str(next(numbers))),), usage=Usage(input_tokens=5, output_tokens=1), raw={}
        )

    llm = scripted(answer)
    response = llm.complete(user("a"), 3)
    assert [choice.text for choice in response.choices] == ["0", "1", "2"]
    assert response.usage == Usage(input_tokens=15, output_tokens=3)
    assert response.raw == [{}, {}, {}]
    assert [request.n for request in llm.requests] == [1, 1, 1]


def test_one_given_seed_would_be_one_answer_several_times():
    llm = scripted(offers=SEEDED)
    llm.generate([user("a")], num_generations=3, seed=7)
    assert sorted(request.seed for request in llm.requests) == [7, 8, 9]


def test_a_schema_becomes_an_instruction_where_the_backend_has_no_means():
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    native, plain = scripted(offers=ALL), scripted()
    for llm in (native, plain):
        llm.generate([[{"role": "system", "content": "Be brief."}, *user("a")]], schema=schema)
        llm.generate([user("a")], schema=schema)
    assert native.requests[0].schema == schema
    assert native.requests[1].messages == tuple(user("a"))
    assert [request.schema for request in plain.requests] == [None, None]
    joined, added = (request.messages[0] for request in plain.requests)
    assert joined["content"].startswith("Be brief.\n\nAnswer with one JSON object")
    assert added["role"] == "system"
    assert '"colour"' in added["content"]


UNDECLARED = {
    "tools": {"tools": [{"type": "function", "function": {"name": "f"}}]},
    "logprobs": {"logprobs": 0},
    "seed": {"seed": 1},
}


@pytest.mark.parametrize("capability", UNDECLARED)
def test_what_is_not_declared_cannot_be_asked(capability):
    llm, able = scripted(), scripted(offers=ALL)
    with pytest.raises(
        UnsupportedError, match=f"'scripted/scripted' does not declare the capability '{capability}'"
    ):
        llm.generate([user("a")], **UNDECLARED[capability])
    assert llm.requests == []
    able.generate([user("a")], **UNDECLARED[capability])


def test_an_image_needs_the_capability():
    message = {"role": "user", "content": [image_part("https://x/y.png")]}
    with pytest.raises(UnsupportedError, match="capability 'images'"):
        scripted().generate([[message]])
    assert scripted(offers=ALL).generate([[message]]) == [["yes"]]


def seeds(run, row, prompts, given=None):
    """Return the seeds that a row of a run sends."""
    llm = scripted(offers=SEEDED, seed=given).bound(Gateway(), CallScope(run, "step", row))
    for text in prompts:
        llm.generate([user(text)])
    return [request.seed for request in llm.requests]


def test_derived_seeds_differ_between_rows_and_agree_between_runs():
    first = seeds(0, "7", ["a", "a", "b"])
    assert first == seeds(0, "7", ["a", "a", "b"])
    assert first == [1036028151, 2044894472, 1036028151]
    assert not set(first) & set(seeds(0, "8", ["a", "a"]))
    assert not set(first) & set(seeds(1, "7", ["a", "a"]))
    assert all(0 <= seed < 2**31 for seed in first)


def test_a_given_seed_is_kept_and_0_is_one():
    assert seeds(0, "7", ["a", "b"], given=42) == [42, 42]
    assert seeds(0, "7", ["a"], given=0) == [0]


def test_outside_of_a_row_no_seed_is_made_up():
    llm = scripted(offers=SEEDED)
    llm.generate([user("a")])
    assert llm.requests[0].seed is None


STRANGERS = {
    "raises": (
        lambda _: {}["choices"],
        LLMError,
        "the backend of 'scripted/scripted' failed: KeyError: 'choices'",
    ),
    "no choices": (
        lambda _: Response(choices=()),
        InvalidResponseError,
        "gave 0 choices instead of 1",
    ),
    "None": (lambda _: None, LLMError, "gave NoneType where a Response was expected"),
    "a dictionary": (lambda _: {"choices": []}, LLMError, "gave dict where a Response was expected"),
    "no reason": (
        lambda _: Response(choices=(Choice(text="a", finish_reason=""),)),
        LLMError,
        "the backend of 'scripted/scripted' gave the finish_reason ''",
    ),
    "bytes": (
        lambda _: Response(choices=(Choice(text=b"a"),)),
        LLMError,
        "gave bytes where the text of a choice was expected",
    ),
    "a text": (lambda _: Response(choices=("a",)), LLMError, "gave str where a Choice was expected"),
    "no tuple": (
        lambda _: Response(choices=None),
        LLMError,
        "NoneType where a tuple of choices was expected",
    ),
    "no usage": (
        lambda _: Response(choices=(Choice(text="a"),), usage=None),
        LLMError,
        "gave NoneType where a Usage was expected",
    ),
    "tokens as text": (
        lambda _: Response(choices=(Choice(text="a"),), usage=Usage("a", None)),
        LLMError,
        "gave str where a number of tokens was expected",
    ),
    "tokens below zero": (
        lambda _: Response(choices=(Choice(text="a"),), usage=Usage(-1, 0)),
        LLMError,
        "gave -1 as a number of tokens",
    ),
    "tokens beyond all": (
        lambda _: Response(choices=(Choice(text="a"),), usage=Usage(0, 10**20)),
        LLMError,
        "gave 100000000000000000000 as a number of tokens",
    ),
    "an own timeout": (failing(*[TimeoutError()] * 3), TimedOutError, "its own code has timed out"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_what_a_strangers_backend_does_wrong_is_a_typed_error(case):
    answer, kind, text = STRANGERS[case]
    with pytest.raises(kind, match=text):
        impatient(scripted(answer)).generate([user("a")])


def test_of_more_choices_than_asked_for_the_first_are_taken():
    llm = impatient(scripted(lambda _: Response(choices=tuple(Choice(text=text) for text in "abc"))))
    assert llm.generate([user("a")]) == [["a"]]
    assert len(llm.requests) == 1


def test_a_reason_of_the_providers_own_is_kept_and_counted():
    gateway = Gateway()
    llm = scripted(lambda _: Response(choices=(Choice(text="a", finish_reason="recitation"),)))
    choice = llm.bound(gateway, None).complete(user("a")).choices[0]
    assert (choice.text, choice.finish_reason) == ("a", "recitation")
    assert gateway.counts.ended_otherwise == {"recitation": 1}


def test_a_backend_that_hangs_is_timed_out():
    async def hang(request):
        await asyncio.Event().wait()

    llm = impatient(scripted(hang, timeout=0.01))
    with pytest.raises(
        TimedOutError,
        match=r"within 0\.01 s\n.*timeout: --set llm\.timeout=0\.02 \(timeout=0\.02 in Python\)$",
    ):
        llm.generate([user("a")])
    assert len(llm.requests) == IMPATIENT.tries


def test_what_is_answered_is_counted_and_recorded():
    recorded = []

    def answer(request):
        return Response(
            choices=(Choice(text="a", finish_reason="length"),), usage=Usage(input_tokens=3, output_tokens=2)
        )

    gateway = Gateway(
        recorder=lambda scope, request, response, note: recorded.append((scope.row, request.seed))
    )
    scope = CallScope(0, "step", "7")
    scripted(answer, offers=SEEDED).bound(gateway, scope).generate([user("a"), user("b")])
    assert gateway.counts.answered == gateway.counts.truncated == 2
    assert gateway.counts.usage == Usage(input_tokens=6, output_tokens=4)
    assert recorded == [("7", scope.derive_seed(0))] * 2


def test_draining_lets_the_call_in_flight_end_and_sends_no_other():
    gateway = Gateway(concurrency=1)
    llm = scripted(lambda request: (gateway.drain(), "last")[1]).bound(gateway, None)

    async def both():
        return await asyncio.gather(*map(llm.agenerate, ([user("a")], [user("b")])), return_exceptions=True)

    # Which of the two is sent first is up to the threads that load the model.
    outcomes = asyncio.run(both())
    assert [["last"]] in outcomes
    assert [type(outcome) for outcome in outcomes].count(asyncio.CancelledError) == 1
    assert len(llm.requests) == 1


def test_the_row_of_the_lowest_rank_is_sent_first():
    async def answer(request):
        await asyncio.sleep(1.0)
        return prompt(request)

    async def run():
        gateway, llm = Gateway(concurrency=1), scripted(answer)
        calls = [
            gateway.respond(llm, llm.request(user(str(rank))), CallScope(0, "step", str(rank), rank=rank))
            for rank in (3, 2, 0, 1)
        ]
        await asyncio.gather(*calls)
        # The first had its permit before the others came.
        assert [prompt(request) for request in llm.requests] == ["3", "0", "1", "2"]

    run_virtually(run())


def test_who_has_had_its_answer_is_not_cancelled_with_the_calls():
    async def run():
        gateway, llm = Gateway(), scripted()
        answered, done = asyncio.Event(), asyncio.Event()

        async def row():
            response = await gateway.respond(llm, llm.request(user("a")), CallScope(0, "step", "row"))
            answered.set()
            await done.wait()
            return response.choices[0].text

        task = asyncio.create_task(row())
        await answered.wait()
        gateway.cancel()
        done.set()
        assert await task == "yes"

    run_virtually(run())
