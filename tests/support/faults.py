"""What may go wrong at a server of the Chat Completions protocol, and how to wait for it but shortly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.fault_server import Reply

from seedbed import RetryPolicy

GOOD = Reply(body={"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]})
SLOW_DOWN = {"error": {"message": "slow down", "type": "requests"}}
EMPTY = {"x-ratelimit-limit-requests": "6000", "x-ratelimit-remaining-requests": "0"}

FAULTS = {
    "429": Reply(429, SLOW_DOWN),
    "429 with retry-after": Reply(429, SLOW_DOWN, {"retry-after": "0.05"}),
    "429 with retry-after-ms": Reply(429, SLOW_DOWN, {"retry-after-ms": "20"}),
    "429 with limits": Reply(429, SLOW_DOWN, {**EMPTY, "x-ratelimit-reset-requests": "60s"}),
    "429 with a date of long ago": Reply(429, SLOW_DOWN, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "500": Reply(500, {"error": "oops"}),
    "503": Reply(503, b"<html><title>Busy</title></html>"),
    "529": Reply(529, {"error": {"type": "overloaded_error", "message": "busy"}}),
    "dropped": Reply(drop=True),
    "cut": GOOD._replace(cut=True),
    "hang": Reply(hang=True),
    "drip": GOOD._replace(drip=0.001),
    "endless drip": GOOD._replace(drip=5.0),
    "malformed": Reply(body=b'{"choices": [{"mess'),
    "not an object": Reply(body=[1]),
    "no choices": Reply(body={"choices": []}),
    "an error of status 200": Reply(body={"error": {"code": 429, "message": "slow down"}}),
    "400": Reply(400, {"error": "too long"}),
    "good": GOOD,
}
HASTY = RetryPolicy(tries=4, first_wait=0.002, longest_wait=0.02, seconds=5.0)


@pytest.fixture(scope="module")
def hasty_pace() -> Iterator[None]:
    """Has calls be sent in quick succession, also after many refusals and failures in a row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seedbed.llm.limits.pace.SLOWEST", 50.0)
        patch.setattr("seedbed.llm.limits.circuit._FIRST_PROBE", 0.001)
        patch.setattr("seedbed.llm.limits.circuit._LONGEST_PROBE", 0.01)
        yield
