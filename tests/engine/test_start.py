"""A start that's refused takes back its own run, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed import GeneratorTask, Run, UsageError, run
from seedbed.engine.run_start import Start
from seedbed.store import RunReader, RunStore, run_folder
from seedbed.testing import ScriptedLLM


class Words(GeneratorTask):
    template: str = "Word {{ n }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Others(Words):
    pass


def made(task: type[Words] = Words) -> Run:
    return run(task(llm=ScriptedLLM(lambda request: "word")), n=3, name="words")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path / "runs"))


def test_a_run_that_another_process_has_made_meanwhile_stays() -> None:
    start = Start("words")
    made()
    # As after a refusal: the other process was still writing it, and has finished since.
    start.take_back()
    with RunReader.open(run_folder("words")) as reader:
        assert len(reader.rows("words")) == 3


def test_a_run_of_another_task_that_came_between_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    opening: Callable[..., RunStore] = RunStore.open

    def open_late(folder: Path | None = None, *, ephemeral: bool = False) -> RunStore:
        monkeypatch.setattr(RunStore, "open", opening)
        made(Others)
        return opening(folder, ephemeral=ephemeral)

    monkeypatch.setattr(RunStore, "open", open_late)
    with pytest.raises(UsageError, match="belongs to 'others'"):
        made()
    with RunReader.open(run_folder("words")) as reader:
        assert len(reader.rows("others")) == 3


def test_a_run_that_nothing_was_made_in_is_taken_back() -> None:
    start = Start("words")
    with RunStore.open(run_folder("words")):
        pass
    start.take_back()
    assert not run_folder("words").parent.exists()
