"""What servers answer wrongly, seen from the command line: a message, no traceback, no key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Reply

KEY = "sk-very-secret-key-of-mine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": {"message": f"bad {KEY}"}}, "answered 400"),
        (401, {"error": {"message": f"wrong key {KEY}"}}, "check the API key"),
        (404, {"error": {"message": "model not found"}}, "model"),
        (413, f"<html><title>Too large {KEY}</title></html>", "an HTML page"),
    ],
)
def test_a_refusal_is_told_without_traceback_and_key(
    fault_server: FaultServer, seedbed: Callable[..., Result], status: int, body: Any, said: str
) -> None:
    fault_server.answer_with(Reply(200, {"data": []}), Reply(status, body))
    address = ("--set", f"llm.base_url={fault_server.url}", "--set", f"llm.api_key={KEY}")

    ended = seedbed("run", "self-instruct", "--llm", "openai/m", "-n", "1", *address)

    assert ended.status in (1, 2)
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert KEY not in ended.err + ended.out
