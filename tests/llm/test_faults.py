"""Whatever a real server does, every call ends with an answer or a typed error, and no permit is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.fault_server import FaultServer
from tests.support.faults import FAULTS, GOOD, HASTY, hasty_pace

from seedbed import Gateway, GenerationError, LLMError
from seedbed.llm.calling.loop import loop_thread
from seedbed_openai import OpenAILLM

pytestmark = pytest.mark.usefixtures("hasty_pace")

__all__ = ["hasty_pace"]


PATIENT = 60.0
"""Seconds for calls that have to be answered, however busy the machine is."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One server for all mixtures."""
    with FaultServer() as server:
        yield server


def caller(server: FaultServer, gateway: Gateway, timeout: float = 0.15) -> OpenAILLM:
    llm = OpenAILLM(model="m", base_url=f"{server.url}/v1", api_key="key", timeout=timeout)
    return llm.bound(gateway, None)


async def ask(llm: OpenAILLM, number: int) -> dict[int, str | LLMError]:
    """Ask so many times at once, and return what became of each."""
    inputs = [[{"role": "user", "content": f"{k}"}] for k in range(number)]
    try:
        answers = await llm.agenerate(inputs)
    except GenerationError as error:
        given = {k: texts[0] for k, texts in enumerate(error.generations) if texts is not None}
        return {**given, **error.errors}
    except LLMError as error:
        assert number == 1
        return {0: error}
    return {k: texts[0] for k, texts in enumerate(answers)}


def assert_as_free_as_at_the_start(gateway: Gateway) -> None:
    for limiter in gateway._sender._limiters.values():
        assert (limiter.in_flight, limiter.waiting) == (0, 0)


def run(coroutine):
    """Run on the library's loop; what hangs fails."""
    return loop_thread().run(asyncio.wait_for(coroutine, 60), twin="run")


MIXTURES = st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=24)
FEW = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.slow
@FEW
@given(mixture=MIXTURES, number=st.integers(1, 16), concurrency=st.sampled_from([None, 1, 4]))
def test_every_call_ends_with_an_answer_or_a_typed_error(server, mixture, number, concurrency):
    server.answer_with(*(FAULTS[name] for name in mixture), GOOD)
    gateway = Gateway(concurrency=concurrency, retry=HASTY)
    llm = caller(server, gateway)
    outcomes = run(ask(llm, number))
    assert sorted(outcomes) == list(range(number))
    for outcome in outcomes.values():
        assert outcome == "yes" or (isinstance(outcome, LLMError) and outcome.tries >= 1)
    assert_as_free_as_at_the_start(gateway)
    server.answer_with(GOOD)
    assert run(ask(caller(server, gateway, PATIENT), 3)) == {0: "yes", 1: "yes", 2: "yes"}
    assert gateway.counts.answered == 3 + list(outcomes.values()).count("yes")


@pytest.mark.slow
@FEW
@given(mixture=MIXTURES, number=st.integers(2, 16), patience=st.floats(0, 0.2))
def test_calls_that_are_cancelled_on_the_way_leave_nothing_behind(server, mixture, number, patience):
    async def cancelled():
        tasks = [asyncio.ensure_future(ask(llm, 1)) for _ in range(number)]
        await asyncio.sleep(patience)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    server.answer_with(*(FAULTS[name] for name in mixture), GOOD)
    gateway = Gateway(concurrency=4, retry=HASTY)
    llm = caller(server, gateway)
    run(cancelled())
    assert_as_free_as_at_the_start(gateway)
    server.answer_with(GOOD)
    assert run(ask(caller(server, gateway, PATIENT), 1)) == {0: "yes"}


@pytest.mark.parametrize("name", ["429", "429 with retry-after", "500", "dropped", "hang", "malformed"])
def test_a_server_that_only_fails_ends_every_call(server, name):
    server.answer_with(FAULTS[name])
    gateway = Gateway(retry=HASTY._replace(tries=2, patience=2))
    llm = caller(server, gateway)
    outcomes = run(ask(llm, 4))
    assert all(isinstance(outcome, LLMError) for outcome in outcomes.values())
    assert_as_free_as_at_the_start(gateway)
