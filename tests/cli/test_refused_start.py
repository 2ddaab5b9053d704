"""A start that is refused leaves no run: no folder, no database, no entry in the list."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Reply

from seedbed.store import runs_folder

Seedbed = Callable[..., Result]

ECHO = ("--llm", "t.py:Echo/m")
HAIKU = ("run", "t.py:Haiku", *ECHO, "-n", "2")
OPENAI = ("run", "t.py:Haiku", "--llm", "openai/m", "-n", "2")
SOURCE = """
from seedbed import GeneratorTask, LLM, Response, Step, Task, hookimpl


class Unloaded(GeneratorTask):
    template: str = "x"

    def load(self):
        raise RuntimeError("no model")


class Unready(LLM):
    def load(self):
        raise RuntimeError("no weights")

    async def respond(self, request):
        return Response.of_text("x")


class NeedsKey(LLM):
    key_env_var = "NO_SUCH_KEY"
    needs_key = True

    async def respond(self, request):
        return Response.of_text("x")


class Copy(Step):
    def process(self, row):
        return dict(row)
"""

REFUSED: dict[str, tuple[str, ...]] = {
    "unknown task": ("run", "haikuu", *ECHO, "-n", "2"),
    "unknown class": ("run", "t.py:Haikuu", *ECHO, "-n", "2"),
    "unknown backend": ("run", "t.py:Haiku", "--llm", "nobody/m", "-n", "2"),
    "no llm": ("run", "t.py:Haiku", "-n", "2"),
    "no n": ("run", "t.py:Haiku", *ECHO),
    "unknown option": (*HAIKU, "--no-such-option"),
    "unknown parameter": (*HAIKU, "--set", "styel=calm"),
    "value that does not fit": (*HAIKU, "--set", "style=loud"),
    "missing parameter": ("run", "t.py:Needy", *ECHO, "-n", "2"),
    "parameter of the llm": (*HAIKU, "--set", "llm.nothing=1"),
    "missing key": ("run", "t.py:Haiku", "--llm", "t.py:Keyed/m", "-n", "2"),
    "missing key of the environment": OPENAI,
    "missing key of a backend": ("run", "t.py:Haiku", "--llm", "u.py:NeedsKey/m", "-n", "2"),
    "key that is refused": (*HAIKU, "--set", "llm.refuses=true"),
    "model that does not load": ("run", "t.py:Haiku", "--llm", "u.py:Unready/m", "-n", "2"),
    "step that does not load": ("run", "u.py:Unloaded", *ECHO, "-n", "2"),
    "broken class": ("run", "t.py:Clumsy", *ECHO, "-n", "2"),
    "no price for a cap": (*HAIKU, "--max-cost", "1"),
    "cap of nothing": (*HAIKU, "--max-cost", "0", "--price-input", "1", "--price-output", "1"),
    "cap of no tokens": (*HAIKU, "--max-tokens-total", "-1"),
    "cap of no time": (*HAIKU, "--max-time", "0s"),
    "rate of nothing": (*HAIKU, "--requests-per-minute", "0"),
    "concurrency of nothing": (*HAIKU, "--concurrency", "0"),
    "not a number of failures": (*HAIKU, "--max-failures", "many"),
    "attempts of nothing": (*HAIKU, "--max-attempts", "0"),
    "unknown observer": (*HAIKU, "--plugin", "nobody"),
    "unknown engine": (*HAIKU, "--engine", "nobody"),
    "unknown ending": (*HAIKU, "-o", "out.docx"),
    "place that is not there": (*HAIKU, "-o", "missing/out.jsonl"),
    "dataset that is a folder": (*HAIKU, "-o", "folder.jsonl"),
    "name that is none": (*HAIKU, "--name", "a/b"),
    "missing input": ("run", "t.py:Answer", *ECHO, "--input", "none.jsonl"),
    "input that is not JSON": ("run", "t.py:Answer", *ECHO, "--input", "bad.jsonl"),
    "input without the column": ("run", "t.py:Answer", *ECHO, "--input", "other.jsonl"),
    "unknown encoding": (
        "run",
        "t.py:Answer",
        *ECHO,
        "--input",
        "in.jsonl",
        "--encoding",
        "utf-99",
    ),
    "input for a generator": (*HAIKU, "--input", "in.jsonl"),
    "columns of no input": (*HAIKU, "--columns", "question"),
    "column of no input": (*HAIKU, "--drop", "question"),
    "encoding of no input": (*HAIKU, "--encoding", "utf-16"),
    "dataset on standard output": (*HAIKU, "-o", "-"),
    "missing pipeline": ("run", "none.yaml"),
    "pipeline that is not one": ("run", "bad.yaml"),
    "lock of other versions": ("--locked", "lock.toml", *HAIKU),
    "denied distribution": ("--deny", "seedbed-tasks", "run", "qa-pairs", *ECHO, "-n", "2"),
    "input as dataset": ("run", "t.py:Answer", *ECHO, "--input", "in.jsonl", "-o", "in.jsonl"),
}


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with what is refused in it, and runs kept where they are by default."""
    monkeypatch.delenv("SEEDBED_RUNS", raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_SUCH_KEY"):
        monkeypatch.delenv(name, raising=False)
    (folder / "u.py").write_text(SOURCE)
    (folder / "in.jsonl").write_text('{"question": "Why?"}\n')
    (folder / "other.jsonl").write_text('{"text": "Why?"}\n')
    (folder / "bad.jsonl").write_text("{not JSON\n")
    (folder / "bad.yaml").write_text("steps: 7\n")
    (folder / "lock.toml").write_text('[[distribution]]\nname = "seedbed-tasks"\nversion = "9.9"\n')
    (folder / "folder.jsonl").mkdir()
    return folder


@pytest.mark.variants(15)
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_start_leaves_no_run(seedbed: Seedbed, place: Path, case: str) -> None:
    result = seedbed(*REFUSED[case])
    assert result.status == 2, result
    assert not runs_folder().exists()
    assert seedbed("runs", "--json").out == "[]\n"


@pytest.mark.slow
@pytest.mark.variants(6)
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_start_removes_no_run_that_was_there(seedbed: Seedbed, place: Path, case: str) -> None:
    runs = {}
    for name in ("haiku", "out", "answer", "unloaded", "qa-pairs", "in", "needy"):
        seedbed("run", "t.py:Haiku", *ECHO, "-n", "1", "--name", name)
        runs[name] = seedbed("runs", "export", name).out
    seedbed(*REFUSED[case])
    seedbed(*REFUSED[case], "--restart")
    assert {name: seedbed("runs", "export", name).out for name in runs} == runs
    assert sorted(path.name for path in runs_folder().iterdir()) == sorted(runs)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}),
        (404, {"message": "The model `m` does not exist", "code": "model_not_found"}),
    ],
)
def test_a_first_call_that_is_refused_leaves_no_run(
    seedbed: Seedbed,
    place: Path,
    fault_server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: dict[str, str],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{fault_server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    fault_server.answer_with(Reply(status, body={"error": error}))
    result = seedbed(*OPENAI, "-o", "out.jsonl")
    assert result.status == 2, result
    assert fault_server.received
    assert not runs_folder().exists()
    assert not Path("out.jsonl").exists()


def test_what_was_paid_for_before_a_refusal_is_kept(
    seedbed: Seedbed, place: Path, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{fault_server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    good = Reply(body={"choices": [{"message": {"content": "One."}, "finish_reason": "stop"}]})
    refused = Reply(401, body={"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})
    fault_server.answer_with(good, refused)
    seedbed(*OPENAI, "-o", "out.jsonl", "--concurrency", "1")
    (one,) = json.loads(seedbed("runs", "--json").out)
    assert (one["name"], one["calls"]) == ("out", 1)
