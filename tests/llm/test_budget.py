"""Caps on tokens, money and time: never exceeded where max_tokens is set, and used as far as they go."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scripted_llm import scripted, user
from tests.support.virtual_clock import run_virtually

from seedbed import (
    Budget,
    BudgetExhaustedError,
    GenerationError,
    Prices,
    Response,
    RetryPolicy,
    ServerError,
    Spent,
    StopRun,
    Usage,
    UsageError,
    image_part,
)
from seedbed.llm.budget.budget import Cap
from seedbed.llm.budget.prompt_bound import prompt_bound
from seedbed.llm.calling.sender import Sender
from seedbed.llm.limits.waiting import ENOUGH_WAITING
from seedbed.llm.request import Request
from seedbed_embed_static import StaticEmbedder
from seedbed_llamacpp import LlamaCppLLM
from seedbed_openai import OpenAILLM

DOLLARS = Prices(price_input=2.0, price_output=10.0)
MINI = OpenAILLM(model="gpt-4.1-mini", api_key="x")


def random_llm(seed=0, failures=0.0):
    """Return an LLM whose answers take up to 100 tokens, a while, and now and then a failure."""
    rng = random.Random(seed)

    async def answer(request):
        await asyncio.sleep(rng.random())
        if rng.random() < failures:
            raise ServerError("oops")
        return Response.of_text("yes", Usage(rng.randrange(1, 9), rng.randrange(1, request.max_tokens + 1)))

    return scripted(answer, max_tokens=100)


async def send_all(budget, llm, number, **options):
    """Send so many calls, and return what became of each: its answer or its error."""
    sender = Sender(budget=budget, retry=RetryPolicy(tries=2, first_wait=0.01), **options)
    sent = (sender.send(llm, llm.request(user("Say yes.")), rank) for rank in range(number))
    return await asyncio.gather(*sent, return_exceptions=True)


@pytest.mark.parametrize("failures", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_a_cap_on_tokens_is_used_and_not_exceeded(seed, failures):
    async def run():
        budget = Budget(max_tokens=5_000)
        llm = random_llm(seed, failures)
        outcomes = await send_all(budget, llm, 500)
        assert {BudgetExhaustedError, Response} <= set(map(type, outcomes))
        one_call = 100 + prompt_bound(llm.requests[0])
        assert 5_000 - one_call < budget.spent.tokens <= 5_000
        answered = [outcome for outcome in outcomes if isinstance(outcome, Response)]
        assert budget.spent.tokens == sum(response.usage.total_tokens for response in answered)

    run_virtually(run())


@pytest.mark.parametrize("seed", range(5))
def test_a_cap_on_money_is_used_and_not_exceeded(seed):
    async def run():
        budget = Budget(max_cost=0.05, prices=DOLLARS)
        llm = random_llm(seed, 0.2)
        outcomes = await send_all(budget, llm, 500)
        assert BudgetExhaustedError in set(map(type, outcomes))
        assert 0.05 - (100 * 10 + prompt_bound(llm.requests[0]) * 2) / 1e6 < budget.spent.cost <= 0.05

    run_virtually(run())


def test_calls_under_way_are_waited_for_as_they_may_leave_enough():
    async def run():
        llm = random_llm()
        budget = Budget(max_tokens=200)
        outcomes = await send_all(budget, llm, 2)
        # Both together would not have fitted at their longest.
        assert [type(outcome) for outcome in outcomes] == [Response, Response]

    run_virtually(run())


def test_the_error_says_what_is_spent_and_how_to_go_on():
    async def run():
        (error,) = await send_all(Budget(max_tokens=100), random_llm(), 1)
        assert isinstance(error, StopRun)
        assert not isinstance(error, UsageError)
        assert str(error) == (
            "0 of 100 tokens are spent, and the next call may take 124\n"
            "  raise the cap and start the run again: it resumes where it stopped\n"
            "  or lower max_tokens: each call reserves its prompt and its longest answer"
        )

    run_virtually(run())


def test_what_earlier_sessions_spent_counts():
    async def run():
        budget = Budget(max_tokens=5_000, spent=Spent(tokens=4_900))
        assert [type(outcome) for outcome in await send_all(budget, random_llm(), 3)] == [
            BudgetExhaustedError
        ] * 3
        budget = Budget(max_cost=1.0, prices=DOLLARS, spent=Spent(cost=0.9999))
        assert BudgetExhaustedError in map(type, await send_all(budget, random_llm(), 1))
        budget = Budget(max_seconds=60, spent=Spent(seconds=60))
        assert BudgetExhaustedError in map(type, await send_all(budget, random_llm(), 1))
        assert budget.seconds_left == 0

    run_virtually(run())


def test_no_permit_and_no_reservation_outlives_a_cancelled_call():
    async def run():
        llm = random_llm()
        budget = Budget(max_tokens=300)
        sender = Sender(budget=budget)
        tasks = [asyncio.create_task(sender.send(llm, llm.request(user("a")))) for _ in range(10)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert sender.limiter(llm).in_flight == 0
        assert isinstance(await sender.send(llm, llm.request(user("a"))), Response)

    run_virtually(run())


def reserved(budget, text="a", rank=0, **options):
    """Return a task in which a call of 117 tokens at most reserves them."""
    llm = scripted(max_tokens=100)
    return asyncio.create_task(budget.reserve(llm, llm.request(user(text)), rank, **options))


def settle(budget, reservation, tokens=0):
    """End a call that took so many tokens."""
    budget.settle(scripted(), reservation, Response.of_text("yes", Usage(0, tokens)) if tokens else None)


def test_a_call_that_takes_exactly_what_is_left_fits():
    async def run():
        llm = random_llm()
        assert [type(one) for one in await send_all(Budget(max_tokens=124), llm, 1)] == [Response]
        longest = DOLLARS.cost_of(llm, Usage(24, 100))
        outcomes = await send_all(Budget(max_cost=longest, prices=DOLLARS), llm, 1)
        assert [type(one) for one in outcomes] == [Response]

    run_virtually(run())


def test_each_of_several_choices_may_take_its_longest():
    async def run():
        llm = scripted(max_tokens=100)
        reservation = await Budget(max_tokens=1000).reserve(llm, llm.request(user("a"), n=3))
        assert reservation.tokens == 317

    run_virtually(run())


def test_room_that_came_to_a_call_as_it_was_cancelled_is_given_back_once():
    async def run():
        budget = Budget(max_tokens=240)
        first, _ = await reserved(budget), await reserved(budget)
        third = reserved(budget)
        await asyncio.sleep(0)
        settle(budget, first)
        third.cancel()
        await asyncio.wait([third])
        await reserved(budget)
        reserved(budget)
        await asyncio.sleep(0)
        assert budget.waiting == 1

    run_virtually(run())


def test_a_call_that_was_refused_as_it_was_cancelled_gives_nothing_back():
    async def run():
        budget = Budget(max_tokens=120)
        first = await reserved(budget)
        second = reserved(budget)
        await asyncio.sleep(0)
        settle(budget, first, tokens=50)
        second.cancel()
        await asyncio.wait([second])
        # It would wait for a call under way if there seemed to be one.
        with pytest.raises(BudgetExhaustedError):
            await reserved(budget)

    run_virtually(run())


def test_the_next_call_has_the_turn_of_one_that_is_cancelled():
    async def run():
        budget = Budget(max_tokens=240)
        await reserved(budget)
        large, small = reserved(budget, text="a" * 50, rank=1), reserved(budget, rank=2)
        await asyncio.sleep(0)
        assert budget.waiting == 2
        large.cancel()
        assert (await small).tokens == 117

    run_virtually(run())


def test_the_next_call_has_the_turn_of_one_that_may_not_wait():
    async def refuse(room):
        raise asyncio.CancelledError

    async def run():
        budget = Budget(max_tokens=240)
        await reserved(budget)
        large, small = reserved(budget, text="a" * 50, rank=1, wait=refuse), reserved(budget, rank=2)
        assert (await small).tokens == 117
        assert large.cancelled()

    run_virtually(run())


def test_it_is_told_when_enough_calls_wait_and_when_half_of_them_are_left():
    async def run():
        budget = Budget(max_tokens=120)
        told = []
        budget.on_appetite = lambda: told.append(budget.waiting)
        await reserved(budget)
        seen, calls = [], []
        for _ in range(ENOUGH_WAITING + 1):
            calls.append(reserved(budget))
            await asyncio.sleep(0)
            seen.append(budget.has_enough)
        assert seen == [False] * (ENOUGH_WAITING - 1) + [True, True]
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert told == [ENOUGH_WAITING // 2]

    run_virtually(run())


def test_time_that_is_used_up_is_named():
    async def run():
        budget = Budget(max_seconds=60, spent=Spent(seconds=60))
        with pytest.raises(BudgetExhaustedError, match="the time of 60 s is used up"):
            budget.check_time()
        with pytest.raises(BudgetExhaustedError, match="the time of 60 s is used up"):
            await reserved(budget)

    run_virtually(run())


def test_a_server_that_counts_nothing_is_reckoned_at_the_most():
    async def run():
        budget = Budget(max_tokens=10_000, max_cost=1, prices=DOLLARS)
        await send_all(budget, scripted(max_tokens=100), 1)
        assert budget.spent.tokens == 124
        assert budget.spent.cost == pytest.approx((24 * 2 + 100 * 10) / 1e6)

    run_virtually(run())


@pytest.mark.slow
def test_an_error_of_the_budget_is_not_hidden_among_those_of_other_inputs():
    from seedbed import Gateway

    gateway = Gateway()
    gateway._sender._budget = Budget(max_tokens=1)
    with pytest.raises(BudgetExhaustedError):
        random_llm().bound(gateway, None).generate([user("a"), user("b")])
    with pytest.raises(GenerationError):
        random_llm(failures=1.0).bound(Gateway(retry=RetryPolicy(tries=1)), None).generate([user("a")] * 2)


@given(st.lists(st.text(max_size=200), max_size=3))
def test_no_prompt_has_more_tokens_than_its_bound(texts):
    # No token of a byte-level vocabulary is shorter than a byte.
    request = Request(messages=tuple({"role": "user", "content": text} for text in texts))
    assert prompt_bound(request) >= sum(len(text.encode()) for text in texts) + len(texts)


def test_images_are_not_counted_by_the_bytes_of_their_encoding():
    message = {"role": "user", "content": [image_part(b"x" * 1_000_000)]}
    assert 1000 < prompt_bound(Request(messages=(message,))) < 5000


def test_costs_are_those_of_the_list():
    from genai_prices import Usage as ListUsage
    from genai_prices import calc_price

    listed = calc_price(
        ListUsage(input_tokens=5000, output_tokens=700, cache_read_tokens=1000),
        "gpt-4.1-mini",
        provider_id="openai",
    )
    cost = Prices().cost_of(MINI, Usage(5000, 700, cached_tokens=1000))
    assert cost == pytest.approx(float(listed.total_price))


def test_prices_that_rise_with_the_prompt_do():
    llm = OpenAILLM(model="gemini-pro-1.5", preset="gemini", api_key="x")
    short, long = (Prices().cost_of(llm, Usage(tokens, 0)) for tokens in (100_000, 200_000))
    assert long > 2.5 * short


def test_given_prices_beat_the_list():
    assert DOLLARS.cost_of(MINI, Usage(1_000_000, 100_000)) == pytest.approx(3.0)


@pytest.mark.parametrize(
    "llm",
    [
        scripted(),
        OpenAILLM(model="of-tomorrow", api_key="x"),
        OpenAILLM(model="m", base_url="http://localhost:1"),
    ],
)
def test_under_a_cap_on_cost_a_model_without_a_price_is_a_usage_error(llm):
    with pytest.raises(UsageError, match=r"the price of '.*' is not known\n  give dollars per million"):
        Budget(max_cost=1).check(llm)
    assert Prices().cost_of(llm, Usage(1, 1)) is None
    Budget(max_tokens=1).check(llm)
    Budget(max_cost=1, prices=DOLLARS).check(llm)


@pytest.mark.parametrize("llm", [LlamaCppLLM(model="smollm2-135m"), StaticEmbedder(model="wordllama")])
def test_calls_of_models_of_this_machine_are_free_unless_prices_are_given(llm):
    Budget(max_cost=1).check(llm)
    assert Prices().cost_of(llm, Usage(1_000_000, 100_000)) == 0.0
    assert DOLLARS.cost_of(llm, Usage(1_000_000, 100_000)) == pytest.approx(3.0)


@pytest.mark.parametrize("options", [{"price_input": 1.0}, {"price_input": -1.0, "price_output": 1.0}])
def test_prices_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError):
        Prices(**options)


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("cap", ["max_cost", "max_tokens", "max_seconds"])
def test_caps_that_cannot_be_are_refused(cap, number):
    with pytest.raises(UsageError, match=cap):
        Budget(**{cap: number})


@pytest.mark.slow
def test_the_price_list_is_imported_only_when_it_is_asked():
    program = (
        "import sys, seedbed\n"
        "from seedbed_openai import OpenAILLM\n"
        "llm = OpenAILLM(model='gpt-4.1-mini', api_key='x')\n"
        "seedbed.Budget(max_tokens=5).check(llm)\n"
        "assert 'genai_prices' not in sys.modules\n"
        "seedbed.Budget(max_cost=5).check(llm)\n"
        "assert 'genai_prices' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_left_of_each_cap_that_is_set_is_known() -> None:
    budget = Budget(max_tokens=100, max_cost=2.0, spent=Spent(tokens=30, cost=0.5))
    assert budget.caps == [Cap("cost", 1.5, 2.0), Cap("tokens", 70, 100)]
    assert Budget().caps == []
    (seconds,) = Budget(max_seconds=60, spent=Spent(seconds=70)).caps
    assert seconds == Cap("seconds", 0, 60)
