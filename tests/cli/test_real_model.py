from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from seedbed.store import RunReader

Start = Callable[..., "subprocess.Popen[str]"]

pytest.importorskip("seedbed_llamacpp", reason="the llamacpp backend is not installed", exc_type=ImportError)

MODEL = ("--llm", "llamacpp/smollm2-135m")


@pytest.mark.slow
def test_a_real_model_writes_a_dataset(start: Start) -> None:
    process = start("run", "qa-pairs", *MODEL, "-n", "2", "-o", "qa.jsonl", "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert summary["accepted"] == 2
    assert summary["output_tokens"] > 0
    rows = [json.loads(line) for line in Path("qa.jsonl").read_text().splitlines()]
    assert all({"question", "answer", "topic", "model_name"} <= row.keys() for row in rows)


@pytest.mark.slow
def test_an_interrupted_real_model_leaves_its_rows(start: Start, runs: Path) -> None:
    process = start("run", "qa-pairs", *MODEL, "-n", "100000", "-o", "qa.jsonl")
    assert process.stderr is not None
    while process.stderr.readline()[0] not in "123456789":
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 3, err
    assert "Traceback" not in err
    with RunReader.open(runs / "qa") as reader:
        kept = len(reader.rows("qa-pairs"))
    assert kept
    assert f"interrupted: {kept:,} of 100,000 rows" in err
