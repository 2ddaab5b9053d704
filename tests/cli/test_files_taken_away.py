"""What others do to the files of a run while it goes on loses no row, and is said."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]
Change = Callable[[Path, Path], None]

RUN = (
    "run",
    "t.py:Waiting",
    "--llm",
    "t.py:Echo/m",
    "--set",
    "llm.waits_for=go",
    "-n",
    "8",
    "--concurrency",
    "2",
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="an open file can't be removed elsewhere")


@contextmanager
def waiting(start: Start, folder: Path) -> Iterator[Any]:
    """A run of which four rows are made, and whose other calls wait until the block ends."""
    run = start(*RUN, "-o", "a.jsonl", env={**os.environ, "SEEDBED_RUNS": "runs"})
    try:
        deadline = time.monotonic() + 20
        while not (folder / "waiting").exists():
            assert time.monotonic() < deadline, "no call waits"
            time.sleep(0.01)
        yield run
    finally:
        (folder / "go").touch()


def remove(run: Path, out: Path) -> None:
    shutil.rmtree(run)


def rename(run: Path, out: Path) -> None:
    run.rename(run.with_name("b"))


def replace(run: Path, out: Path) -> None:
    run.rename(run.with_name("b"))
    run.mkdir()
    (run / "run.db").write_text("something else")


def nothing(run: Path, out: Path) -> None:
    pass


def link(run: Path, out: Path) -> None:
    (out.with_name("other.jsonl")).write_text("old\n")
    out.symlink_to("other.jsonl")


def link_to_itself(run: Path, out: Path) -> None:
    out.symlink_to(out.name)


def broken_link(run: Path, out: Path) -> None:
    out.symlink_to("not-there.jsonl")


@pytest.mark.variants(4)
@pytest.mark.parametrize(
    "change",
    [remove, link_to_itself, replace, nothing, rename, link, broken_link],
    ids=lambda one: one.__name__,
)
def test_the_dataset_is_whole_and_a_run_that_is_gone_is_said(
    change: Change, start: Start, folder: Path
) -> None:
    with waiting(start, folder) as run:
        change(folder / "runs" / "a", folder / "a.jsonl")
    _, err = run.communicate()

    assert run.returncode == 0, err
    made = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    assert [row["index"] for row in made] == [*range(8)]
    is_gone = change in (remove, rename, replace)
    assert ("note: the run's folder" in err) == is_gone
    if change in (link, broken_link):
        assert (folder / "a.jsonl").is_symlink()


def test_a_folder_in_place_of_the_dataset_is_left_alone_and_the_run_goes_on(
    start: Start, folder: Path
) -> None:
    out = folder / "a.jsonl"
    with waiting(start, folder) as run:
        out.mkdir()
        (out / "mine").touch()
    _, err = run.communicate()
    assert run.returncode in (1, 3)
    assert "error: 'a.jsonl' is a folder" in err
    assert (out / "mine").exists()

    shutil.rmtree(out)
    again = start(*RUN, "-o", "a.jsonl", env={**os.environ, "SEEDBED_RUNS": "runs"})
    assert "8 kept" in again.communicate()[1]
    assert out.read_text().count("\n") == 8


@pytest.mark.variants(2)
@pytest.mark.parametrize(
    "args", [("run", "--restart"), ("runs", "retry", "a"), ("runs", "remove", "a", "--yes")], ids=str
)
def test_a_run_that_goes_on_is_not_taken_away_by_a_command(
    args: tuple[str, ...], start: Start, folder: Path
) -> None:
    words = (*RUN, "-o", "a.jsonl", "--restart") if args[0] == "run" else args
    with waiting(start, folder) as run:
        other = start(*words, env={**os.environ, "SEEDBED_RUNS": "runs"})
        _, said = other.communicate()
        assert other.returncode == 2
        assert str(run.pid) in said
    _, err = run.communicate()
    assert (run.returncode, "note:" in err) == (0, False), err
    assert (folder / "a.jsonl").read_text().count("\n") == 8
