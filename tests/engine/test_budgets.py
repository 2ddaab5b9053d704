"""Caps on tokens, money, time and failures: a run stops below them, and goes on from there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import (
    AuthenticationError,
    BudgetExhaustedError,
    Choice,
    GenerationParameters,
    GeneratorStep,
    GeneratorTask,
    Reject,
    Response,
    Run,
    ServerError,
    StopRun,
    Usage,
    UsageError,
    run,
)
from seedbed.store import RunReader


class Numbers(GeneratorTask):
    template: str = "{{ n }}"
    generation: GenerationParameters = GenerationParameters(max_tokens=50)

    def sample(self, index, rng):
        return {"n": index}


def counting() -> ScriptedLLM:
    """Return an LLM whose answers take 10 + 30 tokens each."""
    return scripted(lambda request: Response(choices=(Choice(text=prompt(request)),), usage=Usage(10, 30)))


def tokens_of(llm: ScriptedLLM) -> int:
    return 40 * len(llm.requests)


def test_a_run_stops_below_its_tokens_and_buys_nothing_twice_when_it_has_more() -> None:
    llm = counting()
    first = run(Numbers(llm=llm), 40, name="capped", max_tokens=800)

    assert first.outcome == "stopped"
    assert isinstance(first.stopped_by, BudgetExhaustedError)
    assert 0 < first.accepted < 40
    assert tokens_of(llm) <= 800

    again = run(Numbers(llm=llm), 40, name="capped", max_tokens=800)
    assert (again.accepted, again.calls.answered) == (first.accepted, 0)

    done = run(Numbers(llm=llm), 40, name="capped", max_tokens=40 * 100)
    assert (done.outcome, len(llm.requests)) == ("complete", 40)
    assert [row["n"] for row in done.rows()] == list(range(40))


def test_a_run_stops_below_its_dollars() -> None:
    llm = counting()
    prices: dict[str, Any] = {"price_input": 1000.0, "price_output": 1000.0}
    done = run(Numbers(llm=llm), 40, name="dear", max_cost=0.5, **prices)

    # A call costs 4 cents; the longest one that might come must have room.
    assert done.outcome == "stopped"
    assert 0 < done.calls.cost <= 0.5
    assert done.calls.cost == pytest.approx(0.04 * len(llm.requests))

    more = run(Numbers(llm=llm), 40, name="dear", max_cost=5, **prices)
    assert (more.outcome, len(llm.requests)) == ("complete", 40)


def test_a_cap_on_money_needs_a_price_before_anything_is_spent() -> None:
    llm = counting()
    with pytest.raises(UsageError, match="price of 'scripted/scripted' is not known"):
        run(Numbers(llm=llm), 4, max_cost=1)
    assert llm.requests == []


@pytest.mark.slow
def test_a_run_stops_when_its_time_is_up_while_a_call_is_under_way() -> None:
    async def answer(request):
        if prompt(request) == "3":
            await asyncio.sleep(0.6)
        return prompt(request)

    done = run(Numbers(llm=scripted(answer)), 40, name="slow", concurrency=1, max_seconds=0.3)

    assert done.outcome == "stopped"
    assert "0.3 s" in str(done.stopped_by)
    assert done.accepted <= 4
    assert done.accepted == len(list(done.rows()))


def test_a_run_stops_when_its_time_is_up_though_no_call_asks_for_it() -> None:
    class Waiting(GeneratorStep):
        def process(self, offset: int = 0):
            yield {"n": 0}
            gone.wait(60)
            yield {"n": 1}

    gone = threading.Event()
    done = run(Waiting(), max_seconds=0.2)
    gone.set()

    assert done.outcome == "stopped"
    # On a busy machine, 0.2 s may be over before the first row is there.
    assert done.accepted <= 1
    assert "0.2 s" in str(done.stopped_by)


@pytest.mark.slow
def test_too_many_failures_stop_a_run_and_what_is_left_waits() -> None:
    class Broken(Numbers):
        def format_output(self, output, input):
            raise ValueError("no")

    done = run(Broken(llm=counting()), 100, name="broken", max_failures=3, concurrency=1)
    assert (done.outcome, done.failed) == ("stopped", 4)
    assert isinstance(done.stopped_by, StopRun)

    share = run(Broken(llm=counting()), 100, max_failures="5%", concurrency=1)
    assert share.failed == 6

    for wrong in ("many", "-1", "200%"):
        with pytest.raises(UsageError, match="not a number of failures"):
            run(Broken(llm=counting()), 100, max_failures=wrong)


def test_rejected_rows_are_no_failures() -> None:
    class Picky(Numbers):
        def format_output(self, output, input):
            if input["n"] % 2:
                raise Reject("odd")
            return {"even": output}

    assert run(Picky(llm=counting()), 10, max_failures=0).outcome == "complete"


@pytest.mark.slow
def test_a_key_that_is_revoked_stops_a_run_with_one_error_and_the_run_goes_on_with_another() -> None:
    async def answer(request):
        refused = len(llm.requests) > 5
        await asyncio.sleep(0)
        if refused:
            raise AuthenticationError("the key is revoked")
        return prompt(request)

    llm = scripted(answer)
    done = run(Numbers(llm=llm), 1000, name="revoked", concurrency=1)
    assert (done.outcome, done.accepted, done.failed) == ("stopped", 5, 0)
    assert str(done.stopped_by) == "the key is revoked"
    assert len(llm.requests) <= 7

    other = scripted(prompt)
    more = run(Numbers(llm=other), 1000, name="revoked")
    assert (more.outcome, len(other.requests)) == ("complete", 995)


def test_a_wrong_key_costs_one_call_and_no_row() -> None:
    async def refuse(request):
        await asyncio.sleep(0)
        raise AuthenticationError("the key is refused")

    llm = scripted(refuse)
    with pytest.raises(AuthenticationError):
        run(Numbers(llm=llm), 1000, name="locked", concurrency=1)
    # The next call may have its permit when the answer to the first is read.
    assert len(llm.requests) <= 2


def test_a_cap_on_money_counts_calls_that_were_made_before_their_price_was_known() -> None:
    llm = counting()
    assert run(Numbers(llm=llm), 10, name="later").calls.cost is None
    # 10 calls of 10 + 30 tokens: four dollars, at a dollar for each hundred tokens.
    prices = {"price_input": 10_000.0, "price_output": 10_000.0}

    stopped = run(Numbers(llm=llm), 20, name="later", max_cost=0.41, **prices)
    assert isinstance(stopped.stopped_by, BudgetExhaustedError)
    assert "$4.0000" in str(stopped.stopped_by)
    assert len(llm.requests) == 10
    assert run(Numbers(llm=llm), 20, name="later", max_cost=100, **prices).outcome == "complete"


class Waits:
    """Fails one prompt when the calls of other rows have been sent, and answers those later."""

    def __init__(self, failing: str, error: Exception) -> None:
        self.failing, self.error, self.sent = failing, error, 0
        self.others_are_sent = asyncio.Event()

    async def __call__(self, request: Any) -> str:
        self.sent += 1
        if self.sent > 6:
            self.others_are_sent.set()
        if prompt(request) == self.failing:
            await self.others_are_sent.wait()
            raise self.error
        await asyncio.sleep(0.05)
        return "yes"


def kept_of(made: Run) -> int:
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        return reader.count_calls()


@pytest.mark.parametrize(
    "error", [ServerError("broken", retryable=False), AuthenticationError("the key is refused")]
)
def test_answers_in_flight_when_a_run_stops_are_kept(error: Exception) -> None:
    llm = scripted(Waits("4", error))
    # Before row 4, so that the run is returned and not the error raised.
    run(Numbers(llm=llm), 4, name="stopping")
    stopped = run(Numbers(llm=llm), 20, name="stopping", concurrency=8, max_failures=0)

    assert stopped.outcome == "stopped"
    assert len(llm.requests) > 6
    assert kept_of(stopped) == len(llm.requests) - 1


def test_an_answer_to_a_small_call_is_kept_if_a_larger_one_before_it_had_no_room() -> None:
    class Growing(Numbers):
        template: str = "{{ 'long ' * (100 if n % 4 == 3 else 1) }}{{ n }}"

    async def answer(request: Any) -> Response:
        await asyncio.sleep(0.01)
        return Response(choices=(Choice(text="yes"),), usage=Usage(10, 30))

    llm = scripted(answer)
    stopped = run(Growing(llm=llm), 12, name="small", max_tokens=300, concurrency=2)

    assert isinstance(stopped.stopped_by, BudgetExhaustedError)
    assert kept_of(stopped) == len(llm.requests)
