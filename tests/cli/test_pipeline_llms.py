"""What --llm and --set do to the LLMs that a pipeline file names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result
from tests.support.answering_server import AnsweringServer

Seedbed = Callable[..., Result]

STEPS = """
steps:
  - use: text-generation
    name: write
    with: {template: 'Write about {{ topic }}', output_mappings: {generation: draft}}
  - use: text-generation
    name: judge
    llm: {use: openai/judge, with: {temperature: 0.9}}
    with: {template: 'Judge {{ draft }}'}
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringServer]:
    with AnsweringServer(seconds=0.0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield server


@pytest.fixture
def asked(seedbed: Seedbed, server: AnsweringServer) -> Callable[..., list[tuple[Any, Any, Any]]]:
    """Run a pipeline file, and return (model, temperature, max_tokens) of each call, in the steps' order."""

    def run(llm: str, *options: str) -> list[tuple[Any, Any, Any]]:
        Path("in.jsonl").write_text('{"topic": "rivers"}\n')
        Path("p.yaml").write_text(f"{llm}{STEPS}")
        result = seedbed("run", "p.yaml", "--input", "in.jsonl", "--restart", *options)
        assert result.status == 0, result.err
        bodies = [json.loads(call.body) for call in server.log]
        return [(body["model"], body.get("temperature"), body.get("max_tokens")) for body in bodies]

    return run


DEFAULT = "llm: {use: openai/writer, with: {temperature: 0.5}}"


@pytest.mark.parametrize(
    ("options", "writer", "judge"),
    [
        ((), ("writer", 0.5, None), ("judge", 0.9, None)),
        (("llm.max_tokens=7",), ("writer", 0.5, 7), ("judge", 0.9, None)),
        (("llm.temperature=0.1",), ("writer", 0.1, None), ("judge", 0.9, None)),
        (("judge.llm.max_tokens=7",), ("writer", 0.5, None), ("judge", 0.9, 7)),
        (("judge.llm.temperature=0",), ("writer", 0.5, None), ("judge", 0.0, None)),
        (("write.llm.temperature=0.2", "llm.temperature=0.1"), ("writer", 0.2, None), ("judge", 0.9, None)),
        (("judge.llm=openai/other",), ("writer", 0.5, None), ("other", None, None)),
        (("judge.llm=openai/other", "judge.llm.max_tokens=3"), ("writer", 0.5, None), ("other", None, 3)),
    ],
)
def test_a_setting_reaches_the_llm_that_it_names(asked: Any, options: Any, writer: Any, judge: Any) -> None:
    given = [word for option in options for word in ("--set", option)]
    assert asked(DEFAULT, *given) == [writer, judge]


def test_the_llm_option_replaces_that_of_the_file_and_not_that_of_a_step(asked: Any) -> None:
    assert asked(DEFAULT, "--llm", "openai/mine", "--set", "llm.max_tokens=7") == [
        ("mine", None, 7),
        ("judge", 0.9, None),
    ]


def test_the_llm_option_serves_the_steps_that_name_none(asked: Any) -> None:
    options = ("--llm", "openai/mine", "--set", "llm.temperature=0.3", "--set", "write.llm.max_tokens=5")
    assert asked("", *options) == [("mine", 0.3, 5), ("judge", 0.9, None)]


def test_where_each_step_has_an_llm_of_its_own_a_setting_of_the_llm_reaches_all(asked: Any) -> None:
    options = ("--set", "write.llm=openai/small", "--set", "llm.max_tokens=9")
    assert asked("", *options) == [("small", None, 9), ("judge", 0.9, 9)]


@pytest.mark.parametrize(
    ("llm", "option", "said"),
    [
        (DEFAULT, "jugde.llm.max_tokens=7", "did you mean 'judge'?"),
        (DEFAULT, "judge.llm.max_tokns=7", "did you mean 'max_tokens'?"),
        (DEFAULT, "llm.max_tokns=7", "did you mean 'max_tokens'?"),
        (DEFAULT, "judge.llm=opnai/m", "did you mean 'openai'?"),
        (DEFAULT, "judge.llm=openai", "openai/"),
        (DEFAULT, "llm=openai/x", "--llm"),
    ],
)
def test_a_setting_that_reaches_no_llm_is_refused(
    seedbed: Seedbed, server: AnsweringServer, llm: str, option: str, said: str
) -> None:
    Path("in.jsonl").write_text('{"topic": "rivers"}\n')
    Path("p.yaml").write_text(f"{llm}{STEPS}")
    result = seedbed("run", "p.yaml", "--input", "in.jsonl", "--set", option)
    assert result.status == 2
    assert said in result.error
    assert server.log == []


def test_a_setting_of_the_llm_where_every_task_has_one_of_its_own_names_the_form_that_reaches_one(
    seedbed: Seedbed, server: AnsweringServer
) -> None:
    Path("in.jsonl").write_text('{"draft": "rivers"}\n')
    judge = STEPS[STEPS.index("  - use: text-generation\n    name: judge") :]
    Path("p.yaml").write_text(f"{DEFAULT}\nsteps:\n{judge}")
    for options in (("--set", "llm.max_tokens=7"), ("--llm", "openai/mine")):
        result = seedbed("run", "p.yaml", "--input", "in.jsonl", *options)
        assert result.status == 2
        assert "STEP.llm" in result.error
    assert server.log == []


def test_a_retried_run_remembers_the_settings_of_its_llms(seedbed: Seedbed, server: AnsweringServer) -> None:
    Path("in.jsonl").write_text('{"topic": "rivers"}\n')
    Path("p.yaml").write_text(f"{DEFAULT}{STEPS}")
    server.answer = lambda body: None if b"judge" in body else "text"
    options = ("--set", "judge.llm.max_tokens=7", "--set", "judge.llm.timeout=20", "-o", "o.jsonl")
    assert seedbed("run", "p.yaml", "--input", "in.jsonl", *options).status != 0
    server.answer = lambda body: "text"
    assert seedbed("runs", "retry", "o").status == 0
    assert json.loads(server.log[-1].body)["max_tokens"] == 7
