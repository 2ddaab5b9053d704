"""Faults on demand are the same every time: by script, or by seed and request."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.support.scripted_llm import user
from tests.testing.plain_backend import PlainLLM

from seedbed import Gateway, LLMError, RetryPolicy, TimedOutError
from seedbed.testing import ChatCompletions, EchoLLM, FaultyLLM, LLMContract
from seedbed.testing.doubles.faulty_llm import PASSING, Fault


class TestWithoutFaults(LLMContract):
    """It is the LLM that it stands in for, while it lets all pass."""

    llm_class = FaultyLLM
    wire = ChatCompletions()

    def new_llm(self, **fields: Any) -> FaultyLLM:
        return FaultyLLM(PlainLLM(**{"model": self.model, "timeout": self.patience, **fields}))


PROMPTS = [user(f"prompt {number}") for number in range(200)]


def faults_of(order: list[Any], **fields: Any) -> dict[str, str | None]:
    """Return the kind of error of each prompt, asked one after the other."""
    llm = FaultyLLM(EchoLLM(), **fields)
    return {
        # A gateway for each: one for all would slow down after a rate limit.
        messages[0]["content"]: fault_of(llm.bound(Gateway(retry=RetryPolicy(tries=1)), None), messages)
        for messages in order
    }


def fault_of(llm: FaultyLLM, messages: list[Any]) -> str | None:
    try:
        llm.complete(messages)
    except LLMError as error:
        return type(error).__name__
    return None


@pytest.mark.slow
def test_a_rate_fails_as_many_in_the_long_run_whatever_the_order() -> None:
    failed = faults_of(PROMPTS, rate=0.25)

    assert 30 <= sum(kind is not None for kind in failed.values()) <= 70
    assert {*failed.values()} == {None, *(expected(kind) for kind in PASSING)}
    assert faults_of(PROMPTS[::-1], rate=0.25) == failed
    assert faults_of(PROMPTS, rate=0.25, faults_seed=1) != failed


@pytest.mark.slow
def test_tries_of_one_request_fail_apart_so_that_all_are_answered_in_the_end() -> None:
    llm = FaultyLLM(EchoLLM(), rate=0.5)
    tireless = llm.bound(Gateway(retry=RetryPolicy(tries=60, first_wait=0.001, longest_wait=0.001)), None)

    assert tireless.generate(PROMPTS[:40]) == [[messages[0]["content"]] for messages in PROMPTS[:40]]
    assert len(llm.faults) > 40


def test_a_script_fails_as_it_says_and_then_no_more() -> None:
    llm = FaultyLLM(script=["rate-limited", None, "context-overflow"])
    once = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)

    found = [fault_of(once, user("x")) for _ in range(5)]

    assert found == ["RateLimitedError", None, "ContextOverflowError", None, None]
    assert llm.faults == ("rate-limited", None, "context-overflow", None, None)


@pytest.mark.parametrize("fault", [fault for fault in get_args(Fault) if fault != "hang"])
def test_each_fault_is_the_error_of_its_name(fault: Fault) -> None:
    llm = FaultyLLM(script=[fault]).bound(Gateway(retry=RetryPolicy(tries=1)), None)
    assert fault_of(llm, user("x")) == expected(fault)


def test_a_call_that_hangs_ends_at_its_time_out() -> None:
    llm = FaultyLLM(script=["hang"], timeout=0.05).bound(Gateway(retry=RetryPolicy(tries=1)), None)
    with pytest.raises(TimedOutError):
        llm.complete(user("x"))


def expected(fault: str) -> str:
    name = fault.title().replace("-", "")
    return {"Connection": "LLMConnection"}.get(name, name) + "Error"
