"""Tries of a call, in virtual time: which are made, which are not, and what ends them all."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest
from tests.support.scripted_llm import scripted, user
from tests.support.virtual_clock import run_virtually

from seedbed import (
    AuthenticationError,
    Budget,
    BudgetExhaustedError,
    EndpointDownError,
    InvalidResponseError,
    LLMConnectionError,
    Prices,
    RateLimitedError,
    Response,
    RetryPolicy,
    ServerError,
    Usage,
)
from seedbed.llm.calling.sender import Sender
from seedbed.llm.limits.waiting import ENOUGH_WAITING


def now():
    return asyncio.get_running_loop().time()


def answering(decide, latency=0.1):
    """Return an LLM that raises what `decide(time)` returns, or says yes where that is None."""

    async def answer(request):
        await asyncio.sleep(latency)
        error = decide(now())
        if error is not None:
            raise error
        return Response.of_text("yes", Usage(1, 1))

    return scripted(answer)


async def send_all(sender, llm, number):
    """Send so many calls, and return what became of each: its answer or its error."""
    requests = [llm.request(user(str(k))) for k in range(number)]
    sent = (sender.send(llm, request, rank) for rank, request in enumerate(requests))
    return await asyncio.gather(*sent, return_exceptions=True)


@pytest.mark.parametrize(
    ("kind", "tries"),
    [(ServerError, 3), (InvalidResponseError, 3), (LLMConnectionError, 9), (RateLimitedError, 9)],
)
def test_what_says_nothing_of_the_request_is_tried_more_often(kind, tries):
    async def run():
        llm = answering(lambda _: kind("no"))
        sender = Sender(retry=RetryPolicy(tries=3, first_wait=0.001, longest_wait=0.001))
        (error,) = await send_all(sender, llm, 1)
        assert type(error) is kind
        assert error.tries == len(llm.requests) == tries
        assert sender.counts.retried == tries - 1

    run_virtually(run())


def no_such_name():
    error = LLMConnectionError("no such name")
    error.is_unknown_host = True
    return error


def test_a_misspelt_host_is_told_within_some_seconds():
    async def run():
        llm = answering(lambda _: no_such_name(), latency=0.01)
        begun = now()
        (error,) = await send_all(Sender(), llm, 1)
        assert isinstance(error, EndpointDownError)
        assert 2 <= now() - begun < 2.5

    run_virtually(run())


@pytest.mark.parametrize("back_after", [0.5, 1.5])
def test_a_name_server_that_stutters_loses_no_call(back_after):
    async def run():
        start = now()
        llm = answering(lambda time: no_such_name() if time < start + back_after else None, latency=0.01)
        assert [answer.choices[0].text for answer in await send_all(Sender(), llm, 5)] == ["yes"] * 5

    run_virtually(run())


def test_a_server_that_is_just_starting_loses_no_call():
    async def run():
        start = now()
        starting = LLMConnectionError("connection refused")
        llm = answering(lambda time: starting if time < start + 9 else None, latency=0.01)
        assert [answer.choices[0].text for answer in await send_all(Sender(), llm, 5)] == ["yes"] * 5

    run_virtually(run())


@pytest.mark.parametrize("lifts", [True, False])
def test_only_a_refusal_that_lifts_teaches_a_pace(lifts):
    async def run():
        llm = answering(lambda _: RateLimitedError("no credit left", retryable=lifts))
        sender = Sender(retry=RetryPolicy(tries=1))
        await send_all(sender, llm, 1)
        assert sender.counts.refused == lifts
        assert (sender.limiter(llm).pace.rate < math.inf) == lifts

    run_virtually(run())


def test_no_wait_is_longer_than_the_time_that_is_left():
    async def run():
        errors = [RateLimitedError("slow down", retry_after=300.0)]
        llm = answering(lambda _: errors.pop() if errors else None)
        await send_all(Sender(budget=Budget(max_seconds=60)), llm, 1)
        assert 59 < now() < 61

    run_virtually(run())


def test_an_answer_in_another_form_than_promised_is_asked_for_only_a_few_times():
    async def run():
        llm = answering(lambda _: InvalidResponseError("no"))
        (error,) = await send_all(Sender(retry=RetryPolicy(tries=6, misread=2, first_wait=0.001)), llm, 1)
        assert type(error) is InvalidResponseError
        assert error.tries == len(llm.requests) == 2

    run_virtually(run())


@pytest.mark.parametrize("kinds", [(LLMConnectionError, ServerError), (ServerError, LLMConnectionError)])
def test_lost_connections_do_not_use_up_the_tries_of_a_request(kinds):
    async def run():
        number = {LLMConnectionError: 4, ServerError: 2}
        errors = [kind("no") for kind in kinds for _ in range(number[kind])]
        llm = answering(lambda _: errors.pop() if errors else None)
        sender = Sender(retry=RetryPolicy(tries=3, first_wait=0.001))
        (response,) = await send_all(sender, llm, 1)
        assert response.choices[0].text == "yes"

    run_virtually(run())


def test_no_try_begins_after_the_time_of_a_call():
    async def run():
        llm = answering(lambda _: RateLimitedError("slow down", retry_after=4))
        sender = Sender(retry=RetryPolicy(seconds=10))
        (error,) = await send_all(sender, llm, 1)
        assert type(error) is RateLimitedError
        assert error.tries == 3
        assert now() < 10

    run_virtually(run())


def test_a_refused_call_waits_as_long_as_the_server_asks_and_the_others_do_not():
    async def run():
        refused = []

        async def answer(request):
            if request.messages[0]["content"] == "0" and not refused:
                refused.append(now())
                raise RateLimitedError("slow down", retry_after=50)
            answered.append((request.messages[0]["content"], now()))
            return Response.of_text("yes")

        answered = []
        await send_all(Sender(), scripted(answer), 30)
        assert answered[-1][0] == "0"
        assert answered[-1][1] >= 50
        assert answered[-2][1] < 5

    run_virtually(run())


def test_an_endpoint_that_is_not_there_ends_all_calls_with_one_error():
    async def run():
        llm = answering(lambda _: LLMConnectionError("cannot reach 'x'", "is it running?"), latency=0.001)
        outcomes = await send_all(Sender(), llm, 1000)
        assert {type(outcome) for outcome in outcomes} == {EndpointDownError}
        assert {str(outcome) for outcome in outcomes} == {
            "'scripted/scripted' doesn't answer; the last call failed: cannot reach 'x'\n  is it running?"
        }
        assert all(outcome.fatal for outcome in outcomes)
        assert len(llm.requests) < 60
        assert now() < 30

    run_virtually(run())


def test_a_single_call_to_what_never_answers_is_given_up_when_the_time_for_that_is_over():
    async def run():
        llm = answering(lambda _: LLMConnectionError("'x' closed the connection"), latency=0.001)
        (outcome,) = await send_all(Sender(), llm, 1)
        assert type(outcome) is EndpointDownError
        # Its own backoff alone would have it wait until 12 to 23 s after its first try.
        assert now() < 11

    run_virtually(run())


def test_tries_that_fail_are_counted_until_there_is_an_answer():
    async def run():
        failures = iter([LLMConnectionError("first"), ServerError("second")])
        seen = []

        async def answer(request):
            seen.append(sender.counts.unanswered)
            if (error := next(failures, None)) is not None:
                raise error
            return Response.of_text("yes")

        sender = Sender()
        await send_all(sender, scripted(answer), 1)
        assert [one and (one.tries, one.fact) for one in seen] == [None, (1, "first"), (2, "second")]
        assert sender.counts.unanswered is None

    run_virtually(run())


def test_a_wrong_key_is_not_tried_a_thousand_times():
    async def run():
        llm = answering(lambda _: AuthenticationError("wrong key"))
        outcomes = Counter(map(type, await send_all(Sender(), llm, 1000)))
        assert set(outcomes) == {AuthenticationError, EndpointDownError}
        assert len(llm.requests) <= 32

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LLMConnectionError, ServerError])
def test_an_outage_of_half_a_minute_costs_no_row(kind):
    async def run():
        llm = answering(lambda time: kind("down") if 5 < time < 35 else None)
        sender = Sender()
        outcomes = await send_all(sender, llm, 3000)
        failed = sum(isinstance(outcome, Exception) for outcome in outcomes)
        assert failed <= (1 if kind is ServerError else 0)
        assert sender.counts.retried < 150

    run_virtually(run())


def test_after_a_failure_of_all_calls_new_ones_are_sent_again():
    async def run():
        llm = answering(lambda time: ServerError("down") if time < 100 else None)
        sender = Sender()
        first = await send_all(sender, llm, 20)
        assert EndpointDownError in set(map(type, first))
        await asyncio.sleep(100)
        assert all(isinstance(outcome, Response) for outcome in await send_all(sender, llm, 20))

    run_virtually(run())


def test_draining_cancels_waiting_tries_and_calls():
    async def run():
        llm = answering(lambda _: RateLimitedError("slow down", retry_after=100))
        sender = Sender(concurrency=4)
        tasks = asyncio.gather(
            *(sender.send(llm, llm.request(user("a"))) for _ in range(20)), return_exceptions=True
        )
        await asyncio.sleep(1)
        sender.drain()
        assert {type(outcome) for outcome in await tasks} == {asyncio.CancelledError}
        assert now() < 2
        with pytest.raises(asyncio.CancelledError):
            await sender.send(llm, llm.request(user("a")))
        assert sender.limiter(llm).in_flight == 0

    run_virtually(run())


def test_a_call_in_flight_while_draining_ends_and_is_not_tried_again():
    async def run():
        errors = [ServerError("oops")]
        llm = answering(lambda _: errors.pop() if errors else None, latency=1.0)
        sender = Sender()
        task = asyncio.ensure_future(send_all(sender, llm, 2))
        await asyncio.sleep(0.5)
        sender.drain()
        assert {type(outcome) for outcome in await task} == {asyncio.CancelledError, Response}
        assert len(llm.requests) == 2

    run_virtually(run())


def test_no_call_is_sent_to_an_endpoint_that_is_first_asked_while_draining():
    async def run():
        sender, llm = Sender(), scripted()
        sender.drain()
        with pytest.raises(asyncio.CancelledError):
            await sender.send(llm, llm.request(user("a")))
        assert llm.requests == []

    run_virtually(run())


def test_no_timer_is_left_at_the_end():
    async def run():
        sender, llm = Sender(), scripted(timeout=600.0)
        await sender.send(llm, llm.request(user("a")))
        assert asyncio.get_running_loop().timers() >= 1
        sender.end()
        assert asyncio.get_running_loop().timers() == 0

    run_virtually(run())


def test_more_is_of_use_as_long_as_one_of_the_endpoints_has_too_little():
    async def run():
        busy, idle = answering(lambda _: None, latency=10.0), scripted(place="elsewhere")
        sender = Sender(concurrency=1)
        tasks = asyncio.ensure_future(send_all(sender, busy, 1 + ENOUGH_WAITING))
        await asyncio.sleep(1)
        assert sender.has_enough
        await sender.send(idle, idle.request(user("a")))
        assert not sender.has_enough
        sender.drain()
        await tasks

    run_virtually(run())


TIGHT = {
    "a permit": lambda: Sender(concurrency=1),
    "requests per minute": lambda: Sender(requests_per_minute=60),
    "tokens per minute": lambda: Sender(tokens_per_minute=200),
    "a cap on tokens": lambda: Sender(budget=Budget(max_tokens=250)),
    "a cap on money": lambda: Sender(
        budget=Budget(max_cost=0.0025, prices=Prices(price_input=10.0, price_output=10.0))
    ),
    "a permit, with a cap": lambda: Sender(concurrency=1, budget=Budget(max_tokens=100_000)),
}
"""Senders that let one or two calls through at a time, and what the others wait for."""


@pytest.mark.parametrize("place", TIGHT)
@pytest.mark.parametrize("turns", range(5))
def test_no_call_is_sent_after_draining_wherever_it_waits(place, turns):
    async def run():
        llm = answering(lambda _: None, latency=1.0)
        llm.max_tokens = 100
        sender = TIGHT[place]()
        tasks = asyncio.ensure_future(send_all(sender, llm, 10))
        # Calls end at one second sharp, and then some turns of the loop go by, in which the next ones are let
        # through: each of those turns may be the one in which the user stops.
        await asyncio.sleep(1.0)
        for _ in range(turns):
            await asyncio.sleep(0)
        sender.drain()
        sent = len(llm.requests)
        outcomes = await tasks
        assert 0 < sent == len(llm.requests) < 10
        assert {type(outcome) for outcome in outcomes} <= {asyncio.CancelledError, Response}
        assert sender.limiter(llm).in_flight == 0

    run_virtually(run())


@pytest.mark.parametrize("place", ["a permit", "a cap on tokens", "a cap on money"])
def test_calls_fail_with_their_endpoint_wherever_they_wait(place):
    async def run():
        llm = answering(lambda _: AuthenticationError("wrong key"), latency=1.0)
        llm.max_tokens = 100
        outcomes = await send_all(TIGHT[place](), llm, 50)
        assert set(map(type, outcomes)) == {AuthenticationError, EndpointDownError}
        assert len(llm.requests) <= 5

    run_virtually(run())


def test_a_call_that_waits_for_the_budget_keeps_no_permit_from_another():
    async def run():
        async def answer(request):
            await asyncio.sleep(1.0)
            return Response.of_text("yes", Usage(10, 10))

        llm = scripted(answer)
        sender = Sender(concurrency=2, budget=Budget(max_tokens=1000))
        large = llm.request(user("a"), max_tokens=900)
        small = llm.request(user("a"), max_tokens=50)
        ended = []

        async def send(request, rank):
            await sender.send(llm, request, rank)
            ended.append((rank, now()))

        await asyncio.gather(send(large, 0), send(large, 3), send(small, 1))
        assert ended == [(0, 1.0), (1, 1.0), (3, 2.0)]

    run_virtually(run())


def test_the_lowest_rank_has_the_room_that_a_call_leaves():
    async def run():
        async def answer(request):
            await asyncio.sleep(1.0)
            return Response.of_text("yes", Usage(1, 1))

        llm = scripted(answer, max_tokens=100)
        sender = Sender(budget=Budget(max_tokens=300))
        ended = []

        async def send(rank):
            await sender.send(llm, llm.request(user("a")), rank)
            ended.append(rank)

        await asyncio.gather(*map(send, (9, 5, 7, 6, 8, 1, 2, 3)))
        assert ended == [9, 5, 1, 2, 3, 6, 7, 8]

    run_virtually(run())


def test_no_call_is_sent_when_the_time_was_up_while_it_waited_for_a_permit():
    async def run():
        llm = answering(lambda _: None, latency=0.2)
        sender = Sender(concurrency=1, budget=Budget(max_seconds=3600))
        tasks = asyncio.ensure_future(send_all(sender, llm, 5))
        await asyncio.sleep(0.1)
        sender._budget._max_seconds = 1e-9
        outcomes = await tasks
        assert [type(outcome) for outcome in outcomes] == [Response] + [BudgetExhaustedError] * 4
        assert len(llm.requests) == 1

    run_virtually(run())


@pytest.mark.parametrize("place", ["a permit", "a cap on tokens"])
def test_more_is_asked_for_once_when_half_of_what_waits_is_gone(place):
    async def run():
        async def answer(request):
            await asyncio.sleep(1.0)
            return Response.of_text("yes", Usage(1, 1))

        llm = scripted(answer, max_tokens=100)
        sender = Sender(concurrency=1) if place == "a permit" else Sender(budget=Budget(max_tokens=350))
        asked = []
        sender.on_appetite = lambda: asked.append(len(llm.requests))
        tasks = asyncio.ensure_future(send_all(sender, llm, 90))
        while len(llm.requests) < 90 - ENOUGH_WAITING:
            await asyncio.sleep(0.1)
            assert sender.has_enough is (len(llm.requests) <= 90 - ENOUGH_WAITING)
        assert asked == []
        await tasks
        (at,) = asked
        assert at in range(90 - ENOUGH_WAITING // 2 - 1, 90 - ENOUGH_WAITING // 2 + 3)
        assert not sender.has_enough

    run_virtually(run())
