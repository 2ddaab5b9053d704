"""A pool from the command line: named, described, interrupted and resumed like any other LLM."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

GPU = """
from t import Echo

class Gpu(Echo):
    connection_fields = Echo.connection_fields | {"at", "waits_for"}
    at: str = ""

    @property
    def endpoint(self):
        return self.at
"""


@pytest.fixture
def pool(folder: Path) -> tuple[str, ...]:
    """The options of a pool of two endpoints, which answer what waits once the file `go` is there."""
    Path("gpu.py").write_text(Path("t.py").read_text() + GPU.replace("from t import Echo", ""))
    members = [
        {"use": "gpu.py:Gpu/m", "with": {"at": f"http://gpu{number}", "waits_for": "go"}} for number in (1, 2)
    ]
    return ("--llm", "pool", "--set", f"llm.of={json.dumps(members)}", "--concurrency", "3")


@pytest.mark.slow
def test_ctrl_c_lets_the_calls_of_all_endpoints_finish_and_the_command_resumes(
    start: Start, seedbed: Seedbed, pool: tuple[str, ...]
) -> None:
    command = ("run", "t.py:Waiting", *pool, "-n", "12", "-o", "out.jsonl")
    process = start(*command)
    deadline = time.monotonic() + 60
    while not Path("waiting").exists():
        assert time.monotonic() < deadline, "no call came"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("calls in flight have 10 s to finish" in line for line in process.stderr)
    Path("go").touch()
    _, err = process.communicate()
    assert process.returncode == 3
    assert "the rows so far are kept: run the same command again to resume" in err
    result = seedbed(*command)
    assert (result.status, "12 rows in out.jsonl" in result.err) == (0, True)
    assert "resuming the run 'out': " in result.err


def test_pools_and_fallbacks_are_listed_shown_and_found_with_the_backends(seedbed: Seedbed) -> None:
    listed = {one["name"]: one for one in json.loads(seedbed("plugins", "--json").out)}
    assert {listed[name]["kind"] for name in ("pool", "fallback", "anthropic")} == {"LLM backend"}
    assert "llm.sticky" in seedbed("plugins", "show", "pool").out
    assert seedbed("plugins", "search", "endpoints").out.split()[0] == "pool"
    assert "'pool' is a part of Seedbed" in seedbed("plugins", "check", "pool").error


@pytest.mark.parametrize(
    ("reference", "meant"), [("poll", "pool"), ("poll/x", "pool"), ("fallbck", "fallback")]
)
def test_a_misspelt_one_is_understood(seedbed: Seedbed, reference: str, meant: str) -> None:
    assert f"did you mean {meant!r}?" in seedbed("run", "t.py:Haiku", "--llm", reference, "-n", "1").error


def test_a_pool_of_nothing_says_what_it_needs(seedbed: Seedbed) -> None:
    for value in ("[]", '["t.py:Echo/m", "t.py:Echo/other"]', "openai/m"):
        result = seedbed("run", "t.py:Haiku", "--llm", "pool", "--set", f"llm.of={value}", "-n", "1")
        assert result.status == 2
        assert "of" in result.error
