"""A server of Chat Completions that answers with the prompt in capitals, and runs made with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbed.cli import invoke
from seedbed.testing import Received, Reply, ScriptedServer


def _answer(received: Received) -> Any:
    text = received.json()["messages"][-1]["content"].upper()
    return {
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20},
    }


@contextmanager
def capitals() -> Iterator[ScriptedServer]:
    """Yield the server."""
    with ScriptedServer() as server:
        server.answer_with(Reply(body=_answer))
        yield server


def prompts_of(server: ScriptedServer) -> list[str]:
    """Return the prompts that were sent, in any order."""
    return sorted(str(one.json()["messages"][-1]["content"]) for one in server.received)


def make_run(server: ScriptedServer, what: str, *options: str) -> None:
    """Make a run with the command, in the working directory."""
    status = invoke([*command(server, what), *options])
    assert status == 0


def command(server: ScriptedServer, what: str) -> Sequence[str]:
    """Return the arguments of the command for a task."""
    return ("run", what, "--llm", "openai/m", "--set", f"llm.base_url={server.url}/v1")


def write_input(*instructions: str) -> None:
    """Write the rows of a task over rows into `in.jsonl`."""
    lines = [json.dumps({"instruction": one}) for one in instructions]
    Path("in.jsonl").write_text("\n".join(lines) + "\n")
