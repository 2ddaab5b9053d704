"""The README's first command on a fresh clone, and its code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.slow
def test_the_first_command_makes_a_dataset_on_a_fresh_clone(tmp_path: Path) -> None:
    command = next(line.strip() for line in README.splitlines() if "uv run seedbed run qa-pairs" in line)
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, tmp_path / "clone"], check=True)
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("UV", "VIRTUAL"))
    }
    environment["PATH"] = os.pathsep.join([str(scripts), os.environ["PATH"]])

    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path / "clone",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (tmp_path / "clone" / "qa.jsonl").read_text().splitlines()]
    assert len(rows) == 8
    assert all(row["question"] and row["answer"] for row in rows)


def test_its_code_runs_as_it_stands(tmp_path: Path) -> None:
    task, usage, backend = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "haiku.py").write_text(task)
    (tmp_path / "parrot.py").write_text(backend)
    with_parrot = usage.replace("llamacpp/smollm2-135m", "parrot.py:ParrotLLM/any")

    ended = subprocess.run(
        [sys.executable, "-c", f"{task}\n{with_parrot}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert len(re.findall(r"Write a haiku about \w+\.", ended.stdout)) == 4
