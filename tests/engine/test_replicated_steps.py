"""Steps that fewer processes load than there are workers: each worker asks them, and loads none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.crews import Apart

from seedbed import PluginError, Reject, SeedbedError, Step, WorkerLink, run
from seedbed.engine.local import LocalEngine

ROWS = [{"n": n} for n in range(40)]


class Parse(Step):
    """Reads a file of its own, refuses some rows and fails on others."""

    keeps: ClassVar[bool] = True
    table: str
    fault: str = ""

    events: ClassVar[list[str]] = []

    def load(self) -> None:
        if self.fault == "load":
            raise ValueError("no table here")
        Parse.events.append("load")
        self._text = self.reads(self.table).read_text(encoding="utf-8")

    def unload(self) -> None:
        Parse.events.append("unload")

    def process(self, row: dict[str, Any]) -> Any:
        n = row["n"]
        if n % 7 == 3:
            raise Reject("one of seven")
        if n % 11 == 4:
            raise ValueError(f"{n} isn't a number")
        if n == 16:
            raise asyncio.CancelledError
        if n == 17:
            return {"other": n}
        row = {**row, "text": self._text}
        return [row, {**row, "twice": True}] if n % 5 == 0 else row


class Reading(Step):
    """Has no list that it changes: that would count as another step in the next run."""

    keeps: ClassVar[bool] = True
    table: str

    def process(self, row: dict[str, Any]) -> Any:
        return {**row, "text": self.reads(self.table).read_text(encoding="utf-8")}


class Before(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> Any:
        return {**row, "before": True}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    Parse.events.clear()
    path = tmp_path / "table.txt"
    path.write_text("seven", encoding="utf-8")
    return path


def pipeline(table: Path, **fields: Any) -> Any:
    return Before() >> Parse(table=str(table), **fields).with_resources(cpus=4, replicas=2)


def test_rows_reasons_and_failures_are_those_of_the_built_in_engine(tmp_path: Path, table: Path) -> None:
    local = run(pipeline(table), input=ROWS, out=tmp_path / "local.jsonl", engine=LocalEngine)
    assert Parse.events == ["load", "unload"]
    apart = run(pipeline(table), input=ROWS, out=tmp_path / "apart.jsonl", engine=Apart)

    assert Parse.events.count("load") == 1 + 2
    assert len(Apart.lines) == 2
    assert all(line.asked for line in Apart.lines)
    assert (tmp_path / "apart.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert local.failed
    assert local.rejected
    for name in ("accepted", "failed", "rejected", "reasons", "rejections"):
        assert getattr(apart, name) == getattr(local, name), name


@pytest.mark.slow
def test_rows_are_made_again_if_a_file_that_the_step_reads_there_has_changed(
    tmp_path: Path, table: Path
) -> None:
    options: dict[str, Any] = {"input": ROWS, "out": tmp_path / "rows.jsonl", "name": "rows", "engine": Apart}
    step = Reading(table=str(table)).with_resources(replicas=1)
    run(step, **options)
    table.write_text("eight", encoding="utf-8")
    made = run(step, **options)
    assert {row["text"] for row in made.rows()} == {"eight"}


def test_a_step_that_cannot_be_loaded_ends_the_run_before_its_first_row(table: Path) -> None:
    with pytest.raises(SeedbedError, match=r"step 'parse' could not be loaded: .*no table here"):
        run(pipeline(table, fault="load"), input=ROWS, engine=Apart)


class AllDie(Apart):
    async def start_workers(self) -> Sequence[WorkerLink]:
        links = await super().start_workers()
        for line in Apart.lines:
            line.deaths = 10**6
        return links


def test_a_row_with_which_all_processes_die_is_named(table: Path) -> None:
    with pytest.raises(PluginError, match=r"3 processes of step 'parse' have died with row '\w+\.\d'"):
        run(pipeline(table), input=ROWS[:1], engine=AllDie)
