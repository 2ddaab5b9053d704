"""Shards, and their merge, that are killed at any moment come to what one run makes."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.engine.durability.conftest import COMMAND, PROGRAMS, Sessions
from tests.support.nursery import Nursery

from seedbed import GeneratorStep, run
from seedbed.store import list_runs, merge_runs, run_folder, runs_folder
from seedbed.tasks.rows import Row

ROWS = 60
OPTIONS = ("--llm", "openai/m", "-n", ROWS, "--concurrency", 8)


def started(run: Sessions, name: str, *more: object) -> None:
    task = f"{PROGRAMS}:Story"
    run.start(COMMAND, "run", task, *OPTIONS, "--name", name, "-o", f"{name}.jsonl", *more)


def ended(run: Sessions) -> None:
    assert run.child is not None
    assert run.child.wait() == 0, run.child.said


@pytest.mark.slow
def test_shards_that_are_killed_and_repeated_are_the_run_that_was_made_at_once(sessions) -> None:
    whole = sessions()
    started(whole, "whole")
    ended(whole)
    parts = sessions()
    rng = random.Random(6)
    for shard in (1, 2):
        of_one = len(whole.calls()) // 2
        for number in sorted(rng.randrange(5, of_one - 20) for _ in range(3)):
            started(parts, f"part-{shard}", "--shard", f"{shard}/2")
            parts.wait_for_answers((shard - 1) * of_one + number)
            assert parts.cut(signal.SIGKILL) == -signal.SIGKILL
        started(parts, f"part-{shard}", "--shard", f"{shard}/2")
        ended(parts)
    assert parts.bought_twice() == []
    asked = len(parts.asked())
    parts.start(COMMAND, "runs", "merge", "all", "part-1", "part-2")
    ended(parts)
    started(parts, "all")
    ended(parts)
    assert len(parts.asked()) == asked
    assert parts.calls() == whole.calls()
    assert (parts.folder / "all.jsonl").read_bytes() == (whole.folder / "whole.jsonl").read_bytes()


class Many(GeneratorStep):
    """Rows enough for a merge that takes a while."""

    def process(self, offset: int = 0) -> Iterator[Row]:
        yield from ({"number": number} for number in range(24_000))


@pytest.fixture
def united(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Three shards in the working directory, and the bytes of the run that was made at once."""
    monkeypatch.chdir(tmp_path)
    run(Many(), name="whole", out="whole.jsonl")
    for shard in (1, 2, 3):
        run(Many(), name=f"part-{shard}", out="part.jsonl", shard=f"{shard}/3")
    return Path("whole.jsonl").read_bytes()


@pytest.mark.slow
def test_a_merge_that_is_killed_leaves_no_run_and_is_repeated(united: bytes, nursery: Nursery) -> None:
    parts = [f"part-{shard}" for shard in (1, 2, 3)]
    begun = time.monotonic()
    merge_runs(run_folder("timed"), [run_folder(part) for part in parts])
    takes = time.monotonic() - begun
    making, rng, killed = runs_folder() / ".all.merging", random.Random(7), 0
    while killed < 8:
        # Of a merge that had just ended when it was killed.
        shutil.rmtree(run_folder("all"), ignore_errors=True)
        before = _version(making)
        command = (COMMAND, "runs", "merge", "all", *parts)
        merge = nursery.start(command, folder=Path.cwd(), environment={}, on_end=lambda: None)
        # What the merge before left is there until this one begins.
        while _version(making) in (None, before) and not merge.has_ended:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, takes))
        merge.send(signal.SIGKILL)
        if merge.wait() == 0:
            # It's faster than the first one was.
            takes /= 2
            continue
        killed += 1
        names = {entry.name for entry in list_runs(runs_folder())}
        assert "all" not in names or not making.exists()
        assert names <= {"whole", "timed", "all", *parts}
    if not run_folder("all").exists():
        merge_runs(run_folder("all"), [run_folder(part) for part in parts])
    run(Many(), name="all", out="all.jsonl")
    assert not making.exists()
    assert Path("all.jsonl").read_bytes() == united


def _version(folder: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = (folder / "run.db").stat()
        # A new file may have the number of one that was removed.
        return found.st_ino, found.st_ctime_ns
    return None
