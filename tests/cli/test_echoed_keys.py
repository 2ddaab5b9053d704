"""A server that echoes what it was sent, as some gateways do, gets no key into rows or a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Received, Reply

Seedbed = Callable[..., Result]

KEY = "sk-canary-Zq7Rk2Wp9XvT4mBn"


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)
    Path("in.jsonl").write_text('{"instruction": "say hi"}\n')
    with FaultServer() as server:
        yield server


def echo(asked: Received) -> dict[str, Any]:
    said = f"hi {dict(asked.headers)} {asked.query}"
    return {
        "id": said,
        "model": said,
        "choices": [{"message": {"content": said}, "finish_reason": KEY}],
        "content": [{"type": "text", "text": said}],
        "type": "message",
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


@pytest.mark.parametrize(
    ("llm", "address"),
    [
        ("openai/m", "http://HOST/v1"),
        ("openai/m", f"http://HOST/v1?code={KEY}"),
        ("anthropic/m", "http://HOST"),
    ],
)
def test_an_answer_has_no_key_of_its_request(
    seedbed: Seedbed, server: FaultServer, runs: Path, llm: str, address: str
) -> None:
    server.answer_with(Reply(body=echo))
    address = address.replace("HOST", server.url.removeprefix("http://"))
    run = ("--input", "in.jsonl", "--llm", llm, "--set", f"llm.base_url={address}")
    said = [seedbed("run", "text-generation", *run, "--name", "r", "-o", "o.jsonl")]
    assert said[0].status == 0
    said += [seedbed("preview", "text-generation", *run), seedbed("runs", "show", "r", "--json")]
    said += [seedbed("runs", "explain", "r", "--json")]
    row = Path("o.jsonl").read_text()
    assert "hi {" in row
    assert "[secret]" in row
    assert KEY not in row
    assert not [one for one in said if KEY in one.out + one.err]
    assert not [path for path in runs.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("key", ["lm-studio", "x", "no-key-is-needed-here"])
def test_a_word_that_serves_as_a_key_stays_in_the_row(
    seedbed: Seedbed, server: FaultServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    server.answer_with(Reply(body=echo))
    run = ("--input", "in.jsonl", "--llm", "openai/m", "--set", f"llm.base_url={server.url}/v1")
    assert seedbed("run", "text-generation", *run, "-o", "o.jsonl").status == 0
    assert f"Bearer {key}" in Path("o.jsonl").read_text()
