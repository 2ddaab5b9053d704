"""The examples, run as their README says on the model inside the process, and held to their contracts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.pipeline.columns import check_columns
from seedbed.pipeline.file import load_pipeline
from seedbed.testing import StepContract, TaskContract

ROOT = Path(__file__).parents[2]


def run(*command: str, folder: Path) -> str:
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, cwd=folder, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize(
    ("program", "lines"),
    [("haiku.py", 8), ("debate.py", 4), pytest.param("triage.py", 3, marks=pytest.mark.slow)],
)
def test_a_program_prints_its_rows(program: str, lines: int, tmp_path: Path) -> None:
    printed = run(str(ROOT / "examples" / program), folder=tmp_path)

    assert len(printed.splitlines()) >= lines


def test_a_backend_in_a_file_is_used_by_its_path(tmp_path: Path) -> None:
    llm = f"{ROOT / 'examples' / 'parrot.py'}:ParrotLLM/any"
    printed = run("-m", "seedbed", "run", "self-instruct", "--llm", llm, "-n", "1", folder=tmp_path)

    assert json.loads(printed)["model_name"] == "any"


@pytest.mark.slow
def test_a_pipeline_file_makes_a_dataset(tmp_path: Path) -> None:
    pipeline = str(ROOT / "examples" / "instructions.yaml")
    run("-m", "seedbed", "run", pipeline, "-n", "2", "-o", "instructions.jsonl", folder=tmp_path)

    rows = [json.loads(line) for line in (tmp_path / "instructions.jsonl").read_text().splitlines()]
    assert len(rows) == 2
    assert all(row["instruction"] and row["generation"] for row in rows)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_pipeline_file_is_one_that_can_be_run(path: Path) -> None:
    check_columns(load_pipeline(path).topology())


class TestHaiku(TaskContract):
    task = f"{ROOT / 'examples' / 'haiku.py'}:Haiku"


class TestDebate(TaskContract):
    task = f"{ROOT / 'examples' / 'debate.py'}:Debate"


class TestTickets(TaskContract):
    task = f"{ROOT / 'examples' / 'triage.py'}:Tickets"


class TestLongEnough(StepContract):
    step = f"{ROOT / 'examples' / 'triage.py'}:LongEnough"
    inputs = [{"message": "My parcel has not arrived."}, {"message": "Help!"}]
