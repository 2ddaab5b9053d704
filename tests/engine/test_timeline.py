"""Samples of a run's counts over time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed import get_task, run
from seedbed.store import remove_run
from seedbed.testing import EchoLLM

ROWS = [{"instruction": str(number)} for number in range(20)]


def test_a_short_run_writes_none(runs: Path) -> None:
    run(get_task("text-generation", llm=EchoLLM()), input=ROWS, name="short")

    assert not (runs / "short" / "run.db.timeline").exists()


def test_the_last_sample_has_the_counts_of_the_end(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.engine.timeline.SECONDS", 0.0)

    run(get_task("text-generation", llm=EchoLLM()), input=ROWS, name="sampled")

    samples = [json.loads(line) for line in (runs / "sampled" / "run.db.timeline").read_text().splitlines()]
    assert [samples[-1][name] for name in ("session", "accepted", "calls", "in_flight")] == [1, 20, 20, 0]
    seconds = [sample["seconds"] for sample in samples]
    assert seconds == sorted(seconds)


def test_samples_are_removed_with_their_run(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.engine.timeline.SECONDS", 0.0)
    run(get_task("text-generation", llm=EchoLLM()), input=ROWS, name="sampled")

    remove_run(runs / "sampled")

    assert not (runs / "sampled").exists()


def test_a_file_that_cannot_be_written_ends_the_samples_and_not_the_run(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedbed.engine.timeline.SECONDS", 0.0)
    (runs / "sampled" / "run.db.timeline").mkdir(parents=True)

    made = run(get_task("text-generation", llm=EchoLLM()), input=ROWS, name="sampled")

    assert made.accepted == 20
