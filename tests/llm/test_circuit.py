"""What tells that an endpoint is down, and not only some calls."""

from __future__ import annotations

import math

from seedbed import AuthenticationError, BadRequestError, LLMConnectionError, RateLimitedError, ServerError
from seedbed.llm.limits.circuit import Circuit, CircuitPolicy

POLICY = CircuitPolicy(failures=5, seconds=60, first_seconds=10, refused_seconds=300)


def failing(circuit, error, times):
    """Return the first of the times at which the failure means that the endpoint is down."""
    return next((now for now in times if circuit.failed(now, error)), None)


def test_an_endpoint_that_never_answered_is_given_up_soon():
    assert failing(Circuit(POLICY), LLMConnectionError("no"), range(100)) == 10


def unknown_host():
    error = LLMConnectionError("no such name")
    error.is_unknown_host = True
    return error


def test_a_name_without_an_address_is_given_up_at_once():
    assert failing(Circuit(POLICY), unknown_host(), [0, 0.5, 1.0, 1.9, 2.0]) == 2.0
    assert failing(Circuit(POLICY), unknown_host(), [0, 9]) is None


def test_a_name_that_had_an_address_is_waited_for():
    circuit = Circuit(POLICY)
    circuit.failed(0.0, LLMConnectionError("refused"))
    assert failing(circuit, unknown_host(), range(1, 100)) == 10

    circuit = Circuit(POLICY)
    circuit.answered()
    assert failing(circuit, unknown_host(), range(100, 300)) == 160


def test_three_failures_in_that_time_are_enough_where_there_was_no_answer():
    assert failing(Circuit(POLICY), LLMConnectionError("no"), [0, 5, 10]) == 10


def test_an_endpoint_that_has_answered_is_given_a_minute():
    circuit = Circuit(POLICY)
    circuit.answered()
    assert failing(circuit, ServerError("oops"), range(100, 300)) == 160


def test_refusals_for_rate_limits_are_borne_for_longer():
    assert failing(Circuit(POLICY), RateLimitedError("slow down"), range(0, 1000, 20)) == 300


def test_a_wrong_key_is_known_at_the_third_refusal():
    assert failing(Circuit(POLICY), AuthenticationError("no"), [1, 2, 3, 4]) == 3


def test_an_answer_between_begins_anew():
    circuit = Circuit(POLICY)
    for now in range(0, 500, 9):
        assert not circuit.failed(now, ServerError("oops"))
        assert not circuit.failed(now + 8, AuthenticationError("no"))
        circuit.answered()


def test_a_request_that_is_refused_as_it_stands_is_an_answer():
    circuit = Circuit(POLICY)
    for now in range(0, 500, 9):
        assert not circuit.failed(now, ServerError("oops"))
        assert not circuit.failed(now + 1, BadRequestError("too long"))
    assert not circuit.is_suspect


def test_failures_of_long_ago_are_no_sign():
    circuit = Circuit(POLICY)
    assert failing(circuit, ServerError("oops"), range(0, 10_000, 1000)) is None
    assert not circuit.is_suspect
    assert failing(circuit, AuthenticationError("no"), range(10_000, 20_000, 1000)) is None


def test_a_suspect_endpoint_is_sent_one_call_at_a_time_and_ever_more_rarely():
    circuit = Circuit(POLICY)
    circuit.answered()
    for _ in range(4):
        circuit.failed(100.0, ServerError("oops"))
    assert circuit.delay(100.0, in_flight=50) == 0
    delays = []
    for _ in range(8):
        circuit.failed(100.0, ServerError("oops"))
        assert circuit.delay(100.0, in_flight=1) == math.inf
        delays.append(circuit.delay(100.0, in_flight=0))
    assert delays == [0.25, 0.5, 1, 2, 4, 5, 5, 5]
    circuit.answered()
    assert circuit.delay(100.0, in_flight=50) == 0
