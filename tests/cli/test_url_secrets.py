"""A key in a base URL is in no output and not in the store, and a retry asks for it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Reply

Seedbed = Callable[..., Result]

CANARY = "CANARY-Q-0123"
REFUSED = Reply(400, body=lambda asked: {"error": {"message": f"no {asked.path} {asked.query} {CANARY}"}})
ANSWERED = Reply(
    body={
        "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
        "content": [{"type": "text", "text": "hi"}],
        "data": [{"id": "m"}],
        "type": "message",
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
)

SERVERS = {
    "query": ("openai/m", f"http://HOST/v1?key={CANARY}", "vllm"),
    "query with the SDK": ("openai/m", f"http://HOST/v1?api-version=1&sig={CANARY}", "openai"),
    "user": ("anthropic/m", f"http://me:{CANARY}@HOST", None),
}


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    Path("in.jsonl").write_text('{"instruction": "say hi"}\n')
    with FaultServer() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVERS)
def test_it_is_neither_kept_nor_shown(seedbed: Seedbed, server: FaultServer, runs: Path, kind: str) -> None:
    llm, url, preset = SERVERS[kind]
    url = url.replace("HOST", server.url.removeprefix("http://"))
    address = f"llm.base_url={url}"
    server.answer_with(REFUSED)
    run = ("run", "text-generation", "--input", "in.jsonl", "--llm", llm, "--name", "r", "--set", address)
    run += ("--set", f"llm.preset={preset}") if preset else ()
    said = [seedbed(*run), seedbed(*run, "--json"), seedbed("preview", *run[1:6])]
    said += [seedbed("runs", *words) for words in (("show", "r"), ("show", "r", "--json"), ("explain", "r"))]
    said += [seedbed("runs", "list", "--json"), seedbed("runs", "explain", "r", "--json")]
    refused = seedbed("runs", "retry", "r")
    assert refused.status == 2
    assert "--set llm.base_url=..." in refused.error
    server.answer_with(ANSWERED)
    again = seedbed("runs", "retry", "r", "--set", address)
    assert again.status == 0, again.err
    assert server.count >= 1
    assert not [one for one in (*said, refused, again) if CANARY in one.out + one.err]
    assert not [path for path in runs.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "value", [f"localhost:80/v1?key={CANARY}", f"ftp://h/v1?key={CANARY}", f"https://me:{CANARY}@h/v1"]
)
def test_an_address_that_is_refused_is_not_quoted(seedbed: Seedbed, folder: Path, value: str) -> None:
    refused = seedbed("run", "qa-pairs", "--llm", "openai/m", "-n", "1", "--set", f"llm.base_url={value}")
    assert refused.status == 2
    assert CANARY not in refused.error
    llm = f"{{use: openai/m, with: {{base_url: '{value}'}}}}"
    Path("p.yaml").write_text(f"llm: {llm}\nsteps: [{{use: qa-pairs}}]")
    assert CANARY not in seedbed("run", "p.yaml", "-n", "1").error


def test_a_setting_of_a_step_with_such_a_url_is_not_kept_either(
    seedbed: Seedbed, folder: Path, runs: Path
) -> None:
    seedbed(
        *("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "1", "--name", "s"),
        *("--set", f"title=https://me:{CANARY}@h/x", "--set", "style=wild"),
    )
    kept = seedbed("runs", "show", "s", "--json").out
    assert "style=wild" in kept
    assert CANARY not in kept


def test_a_key_and_a_user_in_the_address_exclude_each_other(
    seedbed: Seedbed, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-0123456789")
    url = SERVERS["user"][1].replace("HOST", server.url.removeprefix("http://"))
    llm = ("--llm", "anthropic/m", "--set", f"llm.base_url={url}")
    refused = seedbed("run", "text-generation", "--input", "in.jsonl", *llm)
    assert refused.status == 2
    assert "could not be loaded" not in refused.error
    assert CANARY not in refused.error
    assert server.count == 0


@pytest.mark.parametrize("name", ["api_key", "extra_headers", "Authorization"])
def test_a_key_within_a_setting_is_not_kept_either(seedbed: Seedbed, folder: Path, name: str) -> None:
    seedbed(
        *("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "1", "--name", "s", "--set", "llm.max_tokens=7"),
        *("--set", f'llm.extra={{"plain": {{"{name}": {{"x": "{CANARY}"}}}}}}'),
    )
    kept = seedbed("runs", "show", "s", "--json").out
    assert "llm.max_tokens=7" in kept
    assert CANARY not in kept
