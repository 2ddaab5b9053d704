"""A run that is killed inside a step with a state, and resumed, ends with the same bytes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import seedbed
import seedbed_data

STEPS: dict[str, dict[str, Any]] = {
    "dedup-exact": {"by": ["text"]},
    "dedup-near": {"threshold": 0.7},
    "shuffle": {"seed": 3},
    "sort": {"by": "text"},
    "group": {"by": ["label"], "make": {"texts": "text", "count": "text | length"}},
    "balance": {"by": "label", "each": 500},
    "sample": {"share": 0.5},
    "split": {"parts": {"train": 0.8, "test": 0.2}, "stratify": "label"},
    "limit": {"rows": 1200},
}
# What the lines of a step are, and where rows of a step that needs all of them are kept.
FOLDERS = [Path(seedbed_data.__file__).parent, Path(seedbed.__file__).parent / "engine" / "sources"]


class Case:
    """One pipeline over one file, in a folder of its own."""

    def __init__(self, folder: Path, step: str) -> None:
        rng = random.Random(7)
        words = [f"word{number}" for number in range(40)]
        # As many as take longer than the quarter of a second in which a row is on disk: a resumed run must
        # find some of them, and not others.
        texts = [" ".join(rng.choices(words, k=12)) for _ in range(1000)]
        copies = [text.replace("word1", "word2", 1) for text in texts[:500]]
        rows = [{"text": text, "label": rng.choice("abc")} for text in [*texts, *copies, *texts[:500]]]
        rng.shuffle(rows)
        steps = [{"use": step, "with": STEPS[step]}, {"use": "map", "with": {"make": {"done": "1 + 1"}}}]
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "case.yaml").write_text(yaml.safe_dump({"steps": steps}))
        self.folder = folder

    def run(self, kill_at: int = 0) -> int:
        """Run the command, which may be killed, and return its status."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).with_name("killing")),
            "KILL_IN": os.pathsep.join(map(str, FOLDERS)),
            "KILL_AT": str(kill_at),
            "SEEDBED_RUNS": str(self.folder / "runs"),
        }
        command = ["run", "case.yaml", "--input", "rows.jsonl", "-o", "out.jsonl"]
        done = subprocess.run(
            [sys.executable, "-m", "seedbed", *command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode

    @property
    def dataset(self) -> bytes:
        """What the run wrote."""
        return (self.folder / "out.jsonl").read_bytes()

    @property
    def lines(self) -> int:
        """How many lines of steps a run that wasn't killed took."""
        return int((self.folder / "lines").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_inside_a_step_ends_with_the_same_bytes(step: str, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = Case(tmp_path / "whole", step)
    assert whole.run() == 0
    rng = random.Random(step)

    (tmp_path / "killed").mkdir()
    case = Case(tmp_path / "killed", step)
    assert case.run(rng.randrange(1, whole.lines)) == -signal.SIGKILL
    # Killed again while it resumes, if it gets that far.
    case.run(rng.randrange(1, whole.lines))
    assert case.run() == 0
    assert case.dataset == whole.dataset
