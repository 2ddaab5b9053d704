"""A key that a user types in the wrong place isn't in what the command says about the mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

from seedbed.plugins.fields.misplaced_secrets import without_misplaced

Seedbed = Callable[..., Result]

KEY = "sk-canary-Zq7Rk2Wp9XvT4mBn"
RUN = ("run", "text-generation", "--input", "in.jsonl")


@pytest.mark.parametrize(
    "options",
    [
        ("--llm", "openai/m", "--set", "llm.api_key", KEY),
        ("--llm", "openai/m", "--set", f"llm.timeout={KEY}"),
        ("--llm", "openai/m", "--concurrency", KEY),
        ("--llm", f"openai:{KEY}"),
        ("--llm", f"openai/m?api_key={KEY}"),
        ("--llm", f"openai/https://me:{KEY}@h/m"),
        ("--llm", "openai/m", "--set", f"llm.base_url=http://me:a/{KEY}@127.0.0.1:1/v1"),
        ("--llm", "openai/m", "--set", f"llm.base_url=http://127.0.0.1:{KEY}/v1"),
        ("--llm", "openai/m", "--plugin", f"https://me:{KEY}@h"),
        ("--llm", "openai/m", "--engine", f"ray?key={KEY}"),
        ("--llm", "openai/m", "--allow-host", f"me:{KEY}@h"),
        ("--llm", "openai/m", "-o", f"hf://me/x?token={KEY}"),
        ("--llm", "openai/m", "-o", f"hf://me:{KEY}@x/y"),
        ("--llm", "openai/m", "-o", f"s3://AK:a/{KEY}@x/y.jsonl"),
    ],
)
def test_an_option(
    seedbed: Seedbed, folder: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another-one-0123")
    monkeypatch.setenv("SEEDBED_TRACEBACK", "1")
    (folder / "in.jsonl").write_text('{"instruction": "say hi"}\n')
    refused = seedbed(*RUN, *options)
    assert refused.status == 2
    assert "error: " in refused.err
    assert KEY not in refused.out + refused.err


@pytest.mark.slow
@pytest.mark.parametrize("command", [("run",), ("check",), ("check", "--json"), ("graph",)], ids=" ".join)
@pytest.mark.parametrize(
    "text",
    [
        "llm:\n  use: openai/m\n  with:\n    api_key:%s\n",
        "llm: {use: openai/m, with: 'api_key=%s'}\n",
        "llm: {use: openai/m, with: {timeout: %s}}\n",
        "llm: {use: openai/m, with: {%s: 1}}\n",
        "llm: 'https://me:%s@h'\n",
        "input: 's3://AK:%s@b/x.jsonl'\n",
        "input: 's3://AK:a/%s@b/x.jsonl'\n",
        "out: 'hf://me/x?token=%s'\n",
    ],
)
def test_a_pipeline_file(seedbed: Seedbed, folder: Path, command: tuple[str, ...], text: str) -> None:
    (folder / "p.yaml").write_text(f"{text % KEY}steps: [{{use: text-generation}}]\n")
    shown = seedbed(*command, "p.yaml")
    assert shown.status in (0, 1, 2)
    # JSON writes some letters in another way.
    as_text = json.dumps(json.loads(shown.out)) if "--json" in command else shown.out
    assert KEY not in as_text + shown.err


def test_what_messages_say_about_keys_stays(
    seedbed: Seedbed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (folder / "in.jsonl").write_text('{"instruction": "say hi"}\n')
    said = seedbed(*RUN, "--llm", "openai/m").err
    assert "OPENAI_API_KEY=..." in said
    assert "--set llm.api_key=..." in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("set api_key=VALUE; or password=...", "set api_key=VALUE; or password=..."),
        ("api_key: this field is required", "api_key: this field is required"),
        ("write key=${env:NAME}", "write key=${env:NAME}"),
        ("max_tokens=3000, password=hunter2", "max_tokens=3000, password=[secret]"),
        ("api_key:hunter2", "api_key:[secret]"),
        ("not 'hf_0123456789abcdef'", "not '[secret]'"),
    ],
)
def test_only_values_are_left_out(text: str, shown: str) -> None:
    assert without_misplaced(text) == shown
