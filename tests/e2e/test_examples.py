"""The examples, run as their README says on the model inside the process, and held to their contracts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.testing import StepContract, TaskContract

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples").glob("*.yaml"))

MANY = """
import hashlib
import re
from seedbed import LLM, Response

class Many(LLM):
    async def respond(self, request):
        digest = hashlib.sha256(str(request.messages).encode()).hexdigest()
        return Response.of_text("Explain " + " ".join(re.findall("....", digest)))
"""


def run(*command: str, folder: Path) -> str:
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, cwd=folder, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("program", "lines"), [("haiku.py", 8), ("debate.py", 4)])
def test_a_program_takes_a_backend_in_a_file(program: str, lines: int, tmp_path: Path) -> None:
    folder = ROOT / "examples"
    printed = run(str(folder / program), f"{folder / 'parrot.py'}:ParrotLLM/any", folder=tmp_path)

    assert len(printed.splitlines()) >= lines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("haiku.py", 8),
        ("triage.py", 3),
    ],
)
def test_a_program_prints_its_rows(program: str, lines: int, tmp_path: Path) -> None:
    printed = run(str(ROOT / "examples" / program), folder=tmp_path)

    assert len(printed.splitlines()) >= lines


@pytest.mark.slow
def test_a_backend_in_a_file_is_used_by_its_path(tmp_path: Path) -> None:
    llm = f"{ROOT / 'examples' / 'parrot.py'}:ParrotLLM/any"
    printed = run("-m", "seedbed", "run", "self-instruct", "--llm", llm, "-n", "1", folder=tmp_path)

    assert json.loads(printed)["model_name"] == "any"


def rows_of_pipeline(path: Path, rows: int, folder: Path, *options: str) -> list[dict[str, str]]:
    run("-m", "seedbed", "run", str(path), "-n", str(rows), "-o", "made.jsonl", *options, folder=folder)
    return [json.loads(line) for line in (folder / "made.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pipeline_file_makes_a_dataset(path: Path, tmp_path: Path) -> None:
    # Several threads of the model wait for each other, which is slow where tests share their cores.
    rows = rows_of_pipeline(path, 1, tmp_path, "--set", "llm.threads=1")

    assert len(rows) == 1
    assert all(row["instruction"] and row["generation"] for row in rows)


@pytest.mark.slow
@pytest.mark.variants(4)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pipeline_file_runs_with_another_backend(path: Path, tmp_path: Path) -> None:
    without_llm = re.sub(r"^llm:\n(  .*\n)*", "", path.read_text(), flags=re.MULTILINE)
    (tmp_path / path.name).write_text(without_llm)
    (tmp_path / "many.py").write_text(MANY)

    rows = rows_of_pipeline(tmp_path / path.name, 2, tmp_path, "--llm", "many.py:Many/m")

    assert [row["generation"][:7] for row in rows] == ["Explain"] * 2


class TestHaiku(TaskContract):
    task = f"{ROOT / 'examples' / 'haiku.py'}:Haiku"


class TestDebate(TaskContract):
    task = f"{ROOT / 'examples' / 'debate.py'}:Debate"


class TestTickets(TaskContract):
    task = f"{ROOT / 'examples' / 'triage.py'}:Tickets"


class TestLongEnough(StepContract):
    step = f"{ROOT / 'examples' / 'triage.py'}:LongEnough"
    inputs = [{"message": "My parcel has not arrived."}, {"message": "Help!"}]
